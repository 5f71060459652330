"""``scrapy audit FEED``: what a feed contains, which values are odd, and whether it meets floors."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.locations import feed_at, mirrors_file
from crawler.config.mirrors import load_mirrors
from crawler.config.program import program
from crawler.exceptions import FeedUnusable, RunError, WrongUsage
from crawler.feedfile import FeedFile
from crawler.printable import MESSAGE, printable, printable_json
from crawler.terminal import emit

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from crawler.formats.base import Format

FLOOR_MISSED = 3


class Command(Tool, ScrapyCommand):
    """Audits a feed."""

    usage = "[options] FEED"
    summary = "Audit a feed: how many lines have each key, and which values are odd"
    description = (
        "Read a feed's articles (FEED is its directory or articles.jsonl) and print, for each "
        "key, how many lines have it, and the most frequent and the rarest odd values. "
        "Exit status: 0; 2 wrong usage; 3 the feed misses a floor of --floors; 5 the feed "
        "has a damaged line, or --verify found a broken promise."
    )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""
        super().add_options(parser)
        parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
        parser.add_argument(
            "--verify", action="store_true", help="check every promise of the feed's four files"
        )
        parser.add_argument("--all", action="store_true", help="print every odd value")
        parser.add_argument(
            "--floors",
            metavar="FILE",
            help="TOML file with at_least and at_most bounds",
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Audit the feed and print the report."""
        if len(args) != 1:
            raise WrongUsage(f"give one feed: {program()} audit feeds/news")
        feed = feed_at(args[0], self.settings)
        mirror_format = _format_of(feed, self.settings["MIRRORS_FILE"] if self.settings else None)
        if opts.verify:
            if opts.floors or opts.all:
                raise WrongUsage("--verify counts nothing: give it without --floors and --all")
            return _verify(feed, mirror_format, as_json=opts.json)
        from crawler.audit.audit import audit  # noqa: PLC0415
        from crawler.audit.floors import missed, read_floors  # noqa: PLC0415

        bounds = read_floors(Path(opts.floors)) if opts.floors else []
        report = {"feed": args[0], **audit(feed, mirror_format).report()}
        report["floors_missed"] = missed(report, bounds)
        if opts.json:
            emit(printable_json(json.dumps(report, ensure_ascii=False, indent=1)))
        else:
            _print_tables(report, everything=opts.all)
        return exit_status(report)


def _format_of(feed: Path, setting: str | None) -> Format | None:
    """Return the format of a feed's mirror; None if the feed or the mirrors file does not tell."""
    try:
        with FeedFile(feed / "articles.jsonl" if feed.is_dir() else feed) as articles:
            name = articles.first().get("mirror")
        mirrors = load_mirrors(mirrors_file(setting)).mirrors
    except RunError:  # the audit itself reports a feed that cannot be read
        return None
    return mirrors[name].format if isinstance(name, str) and name in mirrors else None


def _print_tables(report: Mapping[str, Any], *, everything: bool) -> None:
    from rich.console import Console  # noqa: PLC0415

    from crawler.audit.tables import print_tables  # noqa: PLC0415

    printed = io.TextIOWrapper(io.BytesIO(), sys.stdout.encoding, "backslashreplace")
    console = Console(file=printed, force_terminal=sys.stdout.isatty() or None)
    print_tables(report, console, everything=everything)
    printed.seek(0)
    emit(printed.read().rstrip("\n"))


def _verify(feed: Path, mirror_format: Format | None, *, as_json: bool) -> int:
    """Verify a feed, print the problems, and return the exit status."""
    from crawler.audit.verify import verify  # noqa: PLC0415

    found = verify(feed, mirror_format)
    if as_json:
        emit(printable_json(json.dumps(asdict(found), ensure_ascii=False, indent=1)))
        return FeedUnusable.exit_code if found.count else 0
    for problem in found.problems:
        emit(printable(problem))
    if found.count > len(found.problems):
        emit(f"… {found.count - len(found.problems):,} more")
    for name, size in found.tails.items():
        emit(f"{name}: {size:,} bytes of an incomplete line, which the next run removes")
    lines = ", ".join(f"{count:,} {name}" for name, count in found.lines.items())
    emit(printable(f"{feed}: {lines}; {found.count:,} problems", MESSAGE))
    return FeedUnusable.exit_code if found.count else 0


def exit_status(report: Mapping[str, Any]) -> int:
    """Return the command's exit status for a report."""
    if report["damaged"]["count"]:
        return FeedUnusable.exit_code
    return FLOOR_MISSED if report["floors_missed"] else 0
