"""Canonicalize: every address of an item absolute and in its one form."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler

from crawler.canonical import canonicalize
from crawler.items import Article
from crawler.run.counts import RunCounts
from crawler.run.run import Run


class CanonicalizePipeline:
    """Makes the addresses that a page gives canonical, each where it was not made so before.

    The reader of a format that renders HTML, or drops repeated links, needs canonical addresses
    itself; its articles pass (``Format.canonical_urls``). Those of any other format give addresses
    as the page has them. One that cannot be made canonical is counted and left out.
    """

    def __init__(self, counts: RunCounts, *, settled: bool) -> None:
        """Set up the pipeline.

        Args:
            counts: where unusable addresses are counted.
            settled: the reader of articles gives canonical addresses.
        """
        self.counts = counts
        self.settled = settled

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``'s run."""
        run = Run.of(crawler)
        return cls(run.counts, settled=run.options.mirror.format.canonical_urls)

    def process_item(self, item: Article) -> Article:
        """Return the article with canonical addresses."""
        if not self.settled:
            self.counts.unusable_urls += canonicalize(item)
        return item
