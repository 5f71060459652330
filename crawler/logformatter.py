"""What is logged of single items: their id, never their text."""

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
    """Scrapy's formatter without items and without a line a page."""

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``; before its spider opens, Scrapy gives the log a new handler."""
        terminal.prepare()
        crawler.signals.connect(terminal.prepare, signal=signals.spider_opened)
        return cls()

    def crawled(self, *_: Any) -> None:  # type: ignore[override]
        """Log nothing of a page that was fetched: the progress counts it."""

    def scraped(self, *_: Any) -> None:  # type: ignore[override]
        """Log nothing of an item that was written: the progress counts it."""

    def dropped(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Log why an item was dropped."""
        return {"level": logging.WARNING, "msg": "Dropped: %(why)s", "args": {"why": exception}}

    def item_error(
        self,
        item: Any,
        exception: BaseException,
        response: Response | Failure | None,
        spider: Spider,
    ) -> LogFormatterResult:
        """Log which item an error of the program cost."""
        return {
            "level": logging.ERROR,
            "msg": "Error in the pipelines at item %(id)s",
            "args": {"id": getattr(item, "id", None)},
        }
