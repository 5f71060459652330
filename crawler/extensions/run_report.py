"""Reports a run: its line in ``runs.jsonl``, its stats, and its summary in the log."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.statscollectors import StatsCollector

from crawler.exceptions import FeedUnusable
from crawler.extensions.feed_exports import FeedExports
from crawler.run.endings import CRASHED, cut_short
from crawler.run.run import Run
from crawler.run.summary import log_summary

logger = logging.getLogger(__name__)


class RunReport:
    """Closes the store when the spider closes, and reports how the run ended."""

    def __init__(self, run: Run, stats: StatsCollector) -> None:
        self.run = run
        self.stats = stats

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(Run.of(crawler), crawler.stats)
        crawler.signals.connect(extension.crashed, signal=signals.spider_error)
        crawler.signals.connect(extension.crashed, signal=signals.item_error)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(extension.engine_stopped, signal=signals.engine_stopped)
        return extension

    def crashed(self) -> None:
        self.run.end(CRASHED)

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Write the run's line, and the counts into Scrapy's stats."""
        if self.run.frontier is None or not self.run.frontier.finished:
            self.run.end(cut_short(reason))
        if exports := spider.crawler.get_extension(FeedExports):
            await exports.wait_closed()
        try:
            self.run.close(datetime.now(UTC))
        except FeedUnusable as error:
            logger.error("%s", error)  # noqa: TRY400 - no traceback needed
        for name, value in self.run.counts.stats().items():
            self.stats.set_value(f"epoch/{name}", value)
        outcome = self.run.outcome
        self.stats.set_value("epoch/status", outcome.status)
        self.stats.set_value("epoch/exit_code", outcome.exit_code)

    def engine_stopped(self) -> None:
        """Log the summary, after everything else."""
        log_summary(logger, self.run)
