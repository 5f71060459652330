"""Formats Scrapy's log messages about pages and items: ids only, never text."""

from __future__ import annotations

import logging
from typing import Any, Self

from scrapy import Spider, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.logformatter import LogFormatter, LogFormatterResult
from twisted.python.failure import Failure

from crawler import terminal


class BriefLogFormatter(LogFormatter):
    """Scrapy's formatter without the content of items and without a line for each page."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``; Scrapy sets a new log handler before the spider opens."""
        terminal.prepare()
        logging.getLogger("scrapy.core.engine").addFilter(_prepared)  # it is the first to log then
        crawler.signals.connect(terminal.prepare, signal=signals.spider_opened)
        return cls()

    def crawled(self, *_: Any) -> None:  # type: ignore[override]
        """Log nothing for a fetched page: the progress display counts it."""

    def scraped(self, *_: Any) -> None:  # type: ignore[override]
        """Log nothing for a written item: the progress display counts it."""

    def dropped(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Log the reason for dropping an item, without the item."""
        level = getattr(exception, "log_level", None) or "WARNING"
        return {
            "level": logging.getLevelNamesMapping()[level],
            "msg": "Dropped: %(why)s",
            "args": {"why": exception},
        }

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Log the id of an item that was lost to an unexpected error."""
        return {
            "level": logging.ERROR,
            "msg": "Error in the pipelines at item %(id)s",
            "args": {"id": getattr(item, "id", None)},
        }


def _prepared(_: logging.LogRecord) -> bool:
    terminal.prepare()
    return True
