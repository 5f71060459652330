"""Write: one line of the feed for every article, and one for every change of it."""

from __future__ import annotations

from datetime import UTC, datetime

from scrapy.exceptions import DropItem

from crawler.exceptions import FeedUnusable, PageTooLarge
from crawler.items import Article, ArticleLine, as_record
from crawler.lines import line_of
from crawler.pipelines.base import Item, RunPipeline


class WritePipeline(RunPipeline):
    """Appends new articles to ``articles.jsonl``, changed ones to ``changes.jsonl``.

    Drops an article that cannot be written or has not changed. A feed that cannot be written ends
    the run.
    """

    def process_item(self, item: Item) -> Item:
        try:
            changed = self._write(item)
        except FeedUnusable as error:
            self.run.end(error)
            raise DropItem(f"{item.id} could not be written") from error
        except PageTooLarge as error:
            self.run.fail(str(item.id), error.reason)
            raise DropItem(f"{item.id}: {error}") from error
        if not changed:
            raise DropItem(f"{item.id} has not changed", log_level="DEBUG")
        return item

    def _write(self, item: Article | ArticleLine) -> bool:
        """Write the article; return False if it has not changed."""
        store, counts = self.run.store, self.run.counts
        line = item if isinstance(item, ArticleLine) else line_of(as_record(item))
        if not item.has_line:
            store.write(line, blob_id=item.blob_id)
            counts.new += 1
            return True
        before = as_record(item.before) if item.before is not None else None
        kind = store.write_change(line, datetime.now(UTC), blob_id=item.blob_id, before=before)
        if kind is not None:
            counts.change(kind, line.id)
        return kind is not None
