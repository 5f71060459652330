"""Deduplicate: an article id that the feed has a line of goes no further."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.items import Article, ArticleLine
from crawler.run.run import Run

T = TypeVar("T", Article, ArticleLine)


class DeduplicatePipeline:
    """Drops an article whose id was written before, in this run or an earlier one.

    The promise of one line per id is kept here and nowhere else: the frontier only chooses which
    pages are worth a fetch.
    """

    def __init__(self, run: Run) -> None:
        """Use the run's store, which knows every id that was written."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``'s run."""
        return cls(Run.of(crawler))

    def process_item(self, item: T) -> T:
        """Return the article, or drop it."""
        if self.run.store.state.is_written(str(item.id)):
            self.run.counts.dropped += 1
            raise DropItem(f"{item.id} is in the feed already")
        return item
