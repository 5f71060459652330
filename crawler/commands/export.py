"""``scrapy export FEED --to FILE``: exports a feed to SQLite, for queries, or to Parquet."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.extras import require_extra
from crawler.config.locations import feed_at
from crawler.config.program import program
from crawler.exceptions import WrongUsage
from crawler.outputfile import output_file
from crawler.printable import MESSAGE, printable
from crawler.run.scrapy_settings import require_other_name
from crawler.terminal import emit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from crawler.export.published import PublishedFeed

SQLITE = (".db", ".sqlite", ".sqlite3")
PARQUET = ".parquet"


class Command(Tool, ScrapyCommand):
    """Exports feeds."""

    interrupted = "stopped: export again to continue"

    usage = "[options] FEED [FEED ...] --to FILE"
    summary = "Export a feed to SQLite with full-text search, or to Parquet"
    description = (
        "Export feeds (each FEED is a feed's directory) to FILE. To an SQLite file (.db, .sqlite, "
        ".sqlite3), add what is new since its last export; write a Parquet file from scratch. "
        "Exit status: 0; 2 wrong usage; 5 a feed is damaged or altered; 75 try again later; 130 interrupted."
    )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""
        super().add_options(parser)
        parser.add_argument(
            "--to", metavar="FILE", help="feed.db for SQLite, feed.parquet for Parquet"
        )
        parser.add_argument("--html", action="store_true", help="also export content_html")
        parser.add_argument(
            "--datasette", metavar="FILE", help="write a metadata.json for Datasette"
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Export the feeds and print the number of rows."""
        from crawler.export.published import PublishedFeed  # noqa: PLC0415

        if not args or not opts.to:
            raise WrongUsage(f"give feeds and a file: {program()} export feeds/sample --to feed.db")
        target = Path(opts.to)
        require_other_name(opts.to, f"--to {target}")
        _check_target(target, opts)
        export = _to_parquet if target.suffix.lower() == PARQUET else _to_sqlite
        with ExitStack() as opened:
            paths = [feed_at(feed, self.settings) for feed in args]
            feeds = [opened.enter_context(PublishedFeed(path)) for path in paths]
            _check_mirrors(feeds)
            emit(printable(f"{target}: {export(feeds, target, opts)}", MESSAGE))
        return 0


def _check_target(target: Path, opts: argparse.Namespace) -> None:
    suffix = target.suffix.lower()
    if suffix not in (*SQLITE, PARQUET):
        raise WrongUsage(
            f"--to {target}: the file name must end in .db, .sqlite or .sqlite3 for SQLite, "
            "or in .parquet for Parquet"
        )
    if opts.datasette and suffix == PARQUET:
        raise WrongUsage("--datasette serves an SQLite file: export with --to feed.db")
    if opts.datasette and not opts.datasette.endswith(".json"):
        raise WrongUsage(f"--datasette {opts.datasette}: the file name must end in .json")


def _check_mirrors(feeds: list[PublishedFeed]) -> None:
    """Refuse two feeds of one mirror, whose articles would have the same keys."""
    known: dict[str, Path] = {}
    for feed in feeds:
        if feed.mirror is None:  # nothing is published yet
            continue
        if feed.mirror in known:
            raise WrongUsage(
                f"{known[feed.mirror]} and {feed.directory} are both feeds of mirror "
                f"{feed.mirror!r}: give one of them"
            )
        known[feed.mirror] = feed.directory


def _to_sqlite(feeds: list[PublishedFeed], target: Path, opts: argparse.Namespace) -> str:
    from crawler.export.database import Database  # noqa: PLC0415
    from crawler.export.sync import pending_bytes, sync  # noqa: PLC0415

    with Database(target, html=opts.html) as database:
        total = sum(pending_bytes(database, feed) for feed in feeds)
        with _progress(total) as watch:
            added = sync(database, feeds, watch)
    if opts.datasette:
        _write_metadata(Path(opts.datasette), target)
    names = ("article", "change", "listing", "run")
    return ", ".join(_new(added[f"{name}s.jsonl"], name) for name in names)


def _new(number: int, name: str) -> str:
    return f"{number:,} new {name}" + "s" * (number != 1)


def _write_metadata(path: Path, database: Path) -> None:
    from crawler.export.datasette import metadata  # noqa: PLC0415

    text = json.dumps(metadata(database), ensure_ascii=False, indent=1)
    with output_file(path) as file:
        file.write(f"{text}\n".encode())


def _to_parquet(feeds: list[PublishedFeed], target: Path, opts: argparse.Namespace) -> str:
    require_extra("parquet", f"--to {target}")
    from crawler.export.parquet import write_parquet  # noqa: PLC0415

    with _progress(sum(feed.files["articles.jsonl"].end for feed in feeds)) as watch:
        written = write_parquet(target, feeds, watch, html=opts.html)
    return f"{written:,} articles"


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on a terminal; yield a function to call with the bytes done."""
    if not sys.stderr.isatty():
        yield lambda _size: None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415

    columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("export", total=total)
        yield lambda size: bar.advance(task, size)
