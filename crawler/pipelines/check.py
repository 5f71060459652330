"""Check: drops items that break the feed contract."""

from __future__ import annotations

from scrapy.exceptions import DropItem

from crawler.items import ArticleLine, as_record
from crawler.pipelines.base import Item, RunPipeline
from crawler.schema import article_validator


class CheckPipeline(RunPipeline):
    """Drops an article that is not valid, and counts it as a failure of its page."""

    def process_item(self, item: Item) -> Item:
        """Return the article if it is valid; a finished line was validated when it was made.

        Raises:
            DropItem: the article breaks the contract.
        """
        if isinstance(item, ArticleLine):
            return item
        record = as_record(item)
        validator = article_validator(self.run.options.mirror.format)
        if validator.is_valid(record):
            return item
        error = next(validator.iter_errors(record))
        where = "/".join(str(part) for part in error.instance_path)
        self.run.refuse(str(item.id), "contract")
        raise DropItem(f"{item.id} breaks the feed contract at {where}: {error.message[:200]}")
