"""Write: one line of the feed for every article that came through."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.exceptions import FeedUnusable
from crawler.items import Article, ArticleLine, as_record
from crawler.run.run import Run

T = TypeVar("T", Article, ArticleLine)


class WritePipeline:
    """Appends articles to ``articles.jsonl``; a feed that cannot be written ends the run."""

    def __init__(self, run: Run) -> None:
        """Use the run's store."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``'s run."""
        return cls(Run.of(crawler))

    def process_item(self, item: T) -> T:
        """Return the article once its line is written."""
        try:
            line = item.line if isinstance(item, ArticleLine) else None
            self.run.store.write(as_record(item), blob=item.blob_id, line=line)
        except FeedUnusable as error:
            self.run.end(error)
            raise DropItem(f"{item.id} could not be written") from error
        self.run.counts.new += 1
        return item
