"""Check: an item that breaks the contract gives no line."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.items import Article, ArticleLine, as_record
from crawler.run.run import Run
from crawler.schema import article_validator

T = TypeVar("T", Article, ArticleLine)


class CheckPipeline:
    """Drops an article that does not validate, and counts it as a failure of its page."""

    def __init__(self, run: Run) -> None:
        """Use the validator of the format's schema."""
        self.run = run
        self.validator = article_validator(run.options.mirror.format)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``'s run."""
        return cls(Run.of(crawler))

    def process_item(self, item: T) -> T:
        """Return the article, or drop it; one that comes as its line is valid."""
        if isinstance(item, ArticleLine):
            return item
        record = as_record(item)
        if self.validator.is_valid(record):
            return item
        error = next(self.validator.iter_errors(record))
        where = "/".join(str(part) for part in error.instance_path)
        self.run.refuse(str(item.id), "contract")
        raise DropItem(f"{item.id} breaks the feed contract at {where}: {error.message[:200]}")
