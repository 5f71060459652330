"""Lets Scrapy finish closing a spider whose last items came from ``start()``.

``Scraper.close_spider_async`` (scrapy/core/scraper.py, Scrapy 2.19) waits until its slot is idle, but
only ``Scraper.enqueue_scrape``, which handles responses, checks that (``_check_if_closing``).
``Scraper.start_itemproc_async``, which handles the items of ``start()``, does not. If a spider is
closed while such items are in the pipelines and no response is being handled, it never closes.
"""

from __future__ import annotations

from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import create_looping_call

_CHECK_INTERVAL = 0.1
"""Seconds."""


class LastItem:
    """Completes the closing of a spider once its last item has left the pipelines."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.call = create_looping_call(self.check)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        self.call.start(_CHECK_INTERVAL, now=False)

    def spider_closed(self) -> None:
        if self.call.running:
            self.call.stop()

    def check(self) -> None:
        """Do the same as ``_check_if_closing``."""
        engine, spider = self.crawler.engine, self.crawler.spider
        slot = engine.scraper.slot if engine else None
        if slot and spider and slot.closing and slot.is_idle() and not slot.closing.called:
            slot.closing.callback(spider)
