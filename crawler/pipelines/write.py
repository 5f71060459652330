"""Write: one line of the feed for every article, and one for every change of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self, TypeVar

from scrapy.crawler import Crawler
from scrapy.exceptions import DropItem

from crawler.exceptions import FeedUnusable, PageTooLarge
from crawler.items import Article, ArticleLine, as_record
from crawler.run.run import Run

T = TypeVar("T", bound=Article | ArticleLine)


class WritePipeline:
    """Appends new articles to ``articles.jsonl``, changed ones to ``changes.jsonl``.

    A feed that cannot be written ends the run.
    """

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

    def process_item(self, item: T) -> T:
        """Return the article once its line is written; drop one that reads as it did before."""
        try:
            changed = self._write(item)
        except FeedUnusable as error:
            self.run.end(error)
            raise DropItem(f"{item.id} could not be written") from error
        except PageTooLarge as error:
            self.run.refuse(str(item.id), error.reason)
            raise DropItem(f"{item.id}: {error}") from error
        if not changed:
            raise DropItem(f"{item.id} reads as before", log_level="DEBUG")
        return item

    def _write(self, item: Article | ArticleLine) -> bool:
        """Write what there is to write of an article; return whether there was anything."""
        store, counts = self.run.store, self.run.counts
        if isinstance(item, ArticleLine):
            store.write_line(item)
            counts.new += 1
            return True
        record = as_record(item)
        if not item.has_line:
            store.write(record, blob=item.blob_id)
            counts.new += 1
            return True
        before = as_record(item.before) if item.before is not None else None
        kind = store.write_change(record, datetime.now(UTC), blob=item.blob_id, before=before)
        if kind is not None:
            counts.change(kind, str(item.id))
        return kind is not None
