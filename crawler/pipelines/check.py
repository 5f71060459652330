"""Check: drops items that break the feed contract."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.items import Article, ArticleLine, as_record
from crawler.run.run import Run
from crawler.schema import article_validator

T = TypeVar("T", bound=Article | ArticleLine)


class CheckPipeline:
    """Drops an article that is not valid, and counts it as a failure of its page."""

    def __init__(self, run: Run) -> None:
        """Use the validator of the run's format."""
        self.run = run
        self.validator = article_validator(run.options.mirror.format)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the crawler's run.

        Raises:
            NotConfigured: the crawler has no run.
        """
        return cls(Run.of(crawler))

    def process_item(self, item: T) -> T:
        """Return the article if it is valid; a finished line is.

        Raises:
            DropItem: the article breaks the contract.
        """
        if isinstance(item, ArticleLine):
            return item
        record = as_record(item)
        if self.validator.is_valid(record):
            return item
        error = next(self.validator.iter_errors(record))
        where = "/".join(str(part) for part in error.instance_path)
        self.run.refuse(str(item.id), "contract")
        raise DropItem(f"{item.id} breaks the feed contract at {where}: {error.message[:200]}")
