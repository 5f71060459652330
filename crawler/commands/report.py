"""``scrapy report FEED --to report.html``: one page about a feed, readable offline."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.locations import feed_at
from crawler.config.program import program
from crawler.exceptions import WrongUsage
from crawler.outputfile import output_file
from crawler.printable import printable
from crawler.run.scrapy_settings import require_other_name
from crawler.terminal import emit

if TYPE_CHECKING:
    import argparse


class Command(Tool, ScrapyCommand):
    """Writes a report on a feed."""

    usage = "FEED --to FILE"
    summary = "Write an HTML report on a feed: its articles and its runs"
    description = (
        "Read a feed (FEED is its directory or articles.jsonl) and write one HTML page: articles "
        "a month and by section, newest titles, authors, tags, how the runs went, what failed. "
        "The page needs no network, script or other file. Exit status: 0; 2 wrong usage; "
        "5 the feed has a damaged line; 75 the disk is full."
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

        require_other_name(opts.to, f"--to {opts.to}")
        facts = gather(feed_at(args[0], self.settings))
        with output_file(Path(opts.to)) as file:
            file.write(render(facts, datetime.now(UTC)).encode())
        runs = f"{len(facts.runs):,} run{'s' * (len(facts.runs) != 1)}"
        emit(f"{printable(opts.to)}: {facts.articles:,} articles, {runs}")
        return 0
