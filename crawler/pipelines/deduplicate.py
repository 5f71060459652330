"""Deduplicate: drops articles that the feed already has."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.items import Article, ArticleLine
from crawler.run.run import Run

T = TypeVar("T", bound=Article | ArticleLine)


class DeduplicatePipeline:
    """Drops an article whose id was written before, in this run or an earlier one.

    Only this pipeline guarantees one line per id. The frontier merely avoids needless fetches.
    """

    def __init__(self, run: Run) -> None:
        """Use the store of ``run``, which knows all ids written so far."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the crawler's run.

        Raises:
            NotConfigured: the crawler has no run.
        """
        return cls(Run.of(crawler))

    def process_item(self, item: T) -> T:
        """Return the article, or drop it; one that was read again to compare it goes on."""
        if not item.has_line and self.run.store.state.is_written(str(item.id)):
            self.run.counts.dropped += 1
            raise DropItem(f"{item.id} is already in the feed")
        return item
