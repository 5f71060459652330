"""Write: appends articles to the feed."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.exceptions import FeedUnusable
from crawler.items import Article, as_record
from crawler.run.run import Run


class WritePipeline:
    """Appends articles to ``articles.jsonl``; ends the run if the feed cannot be written."""

    def __init__(self, run: Run) -> None:
        """Write to the store of ``run``; end ``run`` on failure."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the crawler's run.

        Raises:
            NotConfigured: the crawler has no run.
        """
        return cls(Run.of(crawler))

    def process_item(self, item: Article) -> Article:
        """Write the article's line and return the article.

        Raises:
            DropItem: the feed cannot be written.
        """
        try:
            self.run.store.write(as_record(item), blob=item.blob_id)
        except FeedUnusable as error:
            self.run.end(error)
            raise DropItem(f"{item.id} could not be written") from error
        self.run.counts.new += 1
        return item
