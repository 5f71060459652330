"""Deduplicate: drops articles that the feed already has."""

from __future__ import annotations

from scrapy.exceptions import DropItem

from crawler.pipelines.base import Item, RunPipeline


class DeduplicatePipeline(RunPipeline):
    """Drops an article whose id was written before, in this run or an earlier one.

    One that was read again to compare it passes. Only this pipeline guarantees one line per id; the
    frontier merely avoids needless fetches.
    """

    def process_item(self, item: Item) -> Item:
        if not item.has_line and self.run.store.state.is_written(str(item.id)):
            self.run.counts.dropped += 1
            raise DropItem(f"{item.id} is already in the feed")
        return item
