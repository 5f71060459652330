"""Check: drops items that break the feed contract."""

from __future__ import annotations

from scrapy.exceptions import DropItem

from crawler.exceptions import PageError
from crawler.items import Article, as_record
from crawler.lines import require_valid
from crawler.pipelines.base import Item, RunPipeline


class CheckPipeline(RunPipeline):
    """Drops an article that is not valid, and counts it as a failure of its page."""

    def process_item(self, item: Item) -> Item:
        if isinstance(item, Article):  # a finished line was checked when it was made
            try:
                require_valid(as_record(item), self.run.options.mirror.format)
            except PageError as error:
                self.run.fail(str(item.id), error.reason)
                raise DropItem(f"{item.id} {error}") from error
        return item
