"""Canonicalize: makes the URLs of an item absolute and canonical."""

from __future__ import annotations

from crawler.canonical import canonicalize
from crawler.items import Article
from crawler.pipelines.base import Item, RunPipeline


class CanonicalizePipeline(RunPipeline):
    """Makes URLs canonical, unless the format's reader already did (``Format.canonical_urls``).

    A reader that renders HTML or drops repeated links needs canonical URLs itself. Other readers
    return URLs as the page has them. A URL that cannot be made canonical is counted and removed.
    """

    def process_item(self, item: Item) -> Item:
        if isinstance(item, Article) and not self.run.options.mirror.format.canonical_urls:
            for article in filter(None, (item, item.before)):
                self.run.counts.unusable_urls += canonicalize(article)
        return item
