"""Canonicalize: makes the URLs of an item absolute and canonical."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler

from crawler.canonical import canonicalize
from crawler.items import Article, ArticleLine
from crawler.run.counts import RunCounts
from crawler.run.run import Run

T = TypeVar("T", bound=Article | ArticleLine)


class CanonicalizePipeline:
    """Makes URLs canonical, unless the format's reader already did (``Format.canonical_urls``).

    A reader that renders HTML or drops repeated links needs canonical URLs itself. Other readers
    return URLs as the page has them. A URL that cannot be made canonical is counted and removed.
    """

    def __init__(self, counts: RunCounts, *, settled: bool) -> None:
        """Set up the pipeline.

        Args:
            counts: counts unusable URLs.
            settled: whether the reader already returns canonical URLs.
        """
        self.counts = counts
        self.settled = settled

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the crawler's run.

        Raises:
            NotConfigured: the crawler has no run.
        """
        run = Run.of(crawler)
        return cls(run.counts, settled=run.options.mirror.format.canonical_urls)

    def process_item(self, item: T) -> T:
        """Return the article with canonical URLs; a finished line has them."""
        if not self.settled and isinstance(item, Article):
            self.counts.unusable_urls += canonicalize(item)
            if item.before is not None:
                self.counts.unusable_urls += canonicalize(item.before)
        return item
