"""``scrapy runspider`` with the exit status of ``scrapy crawl``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.commands.runspider import Command as RunSpiderCommand

from crawler.commands.status import TruthfulStatus

if TYPE_CHECKING:
    import argparse

    from scrapy import Spider
    from scrapy.crawler import Crawler


class Command(TruthfulStatus, RunSpiderCommand):
    """Runs a spider from a file and exits with the status of its run."""

    crawler: Crawler | None = None

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider in the file that ``args`` names."""
        self.begin()
        super().run(args, opts)
        if self.crawler is not None:
            self.end(self.crawler)

    def _create_crawler(self, spidercls: type[Spider] | str) -> Crawler:
        """Keep the crawler that Scrapy's command creates, and watch it."""
        self.crawler = super()._create_crawler(spidercls)
        self.watch(self.crawler)
        return self.crawler
