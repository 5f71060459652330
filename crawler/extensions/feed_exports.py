"""Makes failures of Scrapy's exports (``-O``) count for the run."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Self

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.extensions.feedexport import FeedExporter, FeedSlot

from crawler.run.run import Run

logger = logging.getLogger(__name__)

_FAILED = "feedexport/failed_count/"


class FeedExports(FeedExporter):
    """Scrapy's extension, except that a run whose export fails is partial.

    Scrapy's own logs a traceback for each item, or nothing, and the run succeeds.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._closed = asyncio.Event()
        self._failed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        try:
            return super().from_crawler(crawler)
        except NotConfigured:
            if crawler.settings.getdict("FEEDS"):
                _report(crawler, "the setting FEEDS has no valid export")
            raise

    def open_spider(self, spider: Spider) -> None:
        try:
            super().open_spider(spider)
        except Exception as error:  # noqa: BLE001 - a storage may fail in any way
            self._fail(error)

    def item_scraped(self, item: Any, spider: Spider) -> None:
        if self._failed:
            return
        try:
            super().item_scraped(item, spider)
        except Exception as error:  # noqa: BLE001
            self._fail(error)

    async def close_spider(self, spider: Spider) -> None:
        try:
            await super().close_spider(spider)
            stats = self.crawler.stats.get_stats() if self.crawler.stats else {}
            if any(name.startswith(_FAILED) for name in stats):
                self._fail("it could not be stored, see above")
        finally:
            self._closed.set()

    async def wait_closed(self) -> None:
        await self._closed.wait()

    async def _close_slot(self, slot: FeedSlot, spider: Spider) -> None:
        try:
            await super()._close_slot(slot, spider)
        except Exception as error:  # noqa: BLE001
            self._fail(error)

    def _fail(self, why: object) -> None:
        if not self._failed:
            self._failed = True
            _report(self.crawler, f"{', '.join(self.feeds)}: {why}")


def _report(crawler: Crawler, why: str) -> None:
    message = f"the export (-O, FEEDS) is incomplete: {why}; the feed is complete"
    logger.error("%s", message)
    try:
        Run.of(crawler).export_failed(message)
    except NotConfigured:
        return
