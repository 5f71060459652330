"""``scrapy crawl`` with an exit status that tells the truth."""

from __future__ import annotations

import argparse

from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from crawler.commands.status import TruthfulStatus


class Command(TruthfulStatus, CrawlCommand):
    """Runs a spider; ends with what its run has come to (``crawler.run.endings``)."""

    def long_desc(self) -> str:
        """Return the help text."""
        return (
            "Run a spider of the project. Exit status: 0 complete, 1 error of the program, 2 wrong "
            "usage, 3 partial, 4 mirror unusable, 5 feed unusable, 75 try again later, 130 and 143 "
            "stopped by a signal."
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider that ``args`` names."""
        self.begin()
        if len(args) != 1:
            raise UsageError("say which spider: scrapy crawl epoch_mirror")
        assert self.crawler_process is not None  # noqa: S101 - a promise of Scrapy's
        crawler = self._create_crawler(args[0])
        self.watch(crawler)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        self.end(crawler)
