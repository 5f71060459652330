"""``scrapy report FEED --to report.html``: one page about a feed, readable offline.

Exit status:
    0   the page was written
    2   wrong usage: no such feed, or the page cannot be written
    5   the feed is damaged
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.locations import feed_at
from crawler.config.program import program
from crawler.exceptions import WrongUsage
from crawler.printable import printable
from crawler.run.scrapy_settings import require_other_name
from crawler.terminal import emit

if TYPE_CHECKING:
    import argparse


class Command(Tool, ScrapyCommand):
    """Writes a report on a feed."""

    def syntax(self) -> str:
        """Return the arguments for the usage line."""
        return "FEED --to FILE"

    def short_desc(self) -> str:
        """Return the description for the list of commands."""
        return "Write an HTML report on a feed: its articles and its runs"

    def long_desc(self) -> str:
        """Return the description for ``-h``."""
        return (
            "Read a feed (FEED is its directory or articles.jsonl) and write one HTML page: articles "
            "a month and by section, newest titles, authors, tags, how the runs went, what failed. "
            "The page needs no network, script or other file. Exit status: 0; 2 wrong usage; "
            "5 the feed has a damaged line."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""
        super().add_options(parser)
        parser.add_argument("--to", metavar="FILE", help="the page to write, or to replace")

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Write the page."""
        if len(args) != 1 or not opts.to:
            usage = f"{program()} report feeds/news --to report.html"
            raise WrongUsage(f"give one feed and a file to write: {usage}")
        from crawler.report.facts import gather  # noqa: PLC0415
        from crawler.report.page import render  # noqa: PLC0415

        require_other_name(Path(os.path.realpath(opts.to)), f"--to {opts.to}")
        facts = gather(feed_at(args[0], self.settings))
        try:
            _write(Path(opts.to), render(facts, datetime.now(UTC)))
        except OSError as error:
            raise WrongUsage(f"{opts.to}: {error.strerror}: give another file") from error
        runs = f"{len(facts.runs):,} run{'s' * (len(facts.runs) != 1)}"
        emit(f"{printable(opts.to)}: {facts.articles:,} articles, {runs}")
        return 0


def _write(path: Path, text: str) -> None:
    """Write ``text``; replace a file atomically, so that no reader sees half a page."""
    if path.exists() and not path.is_file():  # such as /dev/stdout, which must not be replaced
        path.write_text(text, encoding="utf-8")
        return
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.new")
    temporary.write_text(text, encoding="utf-8")
    os.replace(temporary, target)
