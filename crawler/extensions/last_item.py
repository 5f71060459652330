"""The end of a spider that is closed while items of its ``start()`` are on their way.

Scrapy 2.19 waits for them, but when the last one is done it looks only behind an answer from
the network whether all is done now: a crawl through a directory would wait for ever.
"""

from __future__ import annotations

from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import create_looping_call

_LOOK_EVERY = 0.1
"""Seconds."""


class LastItem:
    """Lets a spider that is to be closed go once its last item is done."""

    def __init__(self, crawler: Crawler) -> None:
        """Take the crawler, whose engine is there once the spider is open."""
        self.crawler = crawler
        self.call = create_looping_call(self.look)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to ``crawler``'s signals."""
        extension = cls(crawler)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        """Begin to look."""
        self.call.start(_LOOK_EVERY, now=False)

    def spider_closed(self) -> None:
        """End."""
        if self.call.running:
            self.call.stop()

    def look(self) -> None:
        """Tell Scrapy that the last item is done."""
        engine, spider = self.crawler.engine, self.crawler.spider
        slot = engine.scraper.slot if engine else None
        if slot and spider and slot.closing and slot.is_idle() and not slot.closing.called:
            slot.closing.callback(spider)
