"""Canonicalize: makes the URLs of an item absolute and canonical."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler

from crawler.items import Article, ArticleLine, Image, Link
from crawler.run.counts import RunCounts
from crawler.run.run import Run
from crawler.urls import UnusableURL, canonical

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
            self._settle(item)
            if item.before is not None:
                self._settle(item.before)
        return item

    def _settle(self, item: Article) -> None:
        item.url = self._canonical(item.url, "")
        base = item.url or ""
        item.image = self._canonical(item.image, base)
        item.images = [image for image in item.images if self._has_address(image, base)]
        for image in item.images:
            image["full_url"] = self._canonical(image["full_url"], base)
        if item.links is not None:
            item.links = [link for link in item.links if self._has_address(link, base)]
        if item.videos is not None:
            urls = (self._canonical(video, base) for video in item.videos)
            item.videos = list(dict.fromkeys(url for url in urls if url))

    def _has_address(self, thing: Image | Link, base: str) -> bool:
        """Make the URL of an image or a link canonical; return whether it is usable."""
        url = self._canonical(thing["url"], base)
        if url:
            thing["url"] = url
        return url is not None

    def _canonical(self, url: str | None, base: str) -> str | None:
        if url is None:
            return None
        try:
            return canonical(url, base)
        except UnusableURL:
            self.counts.unusable_urls += 1
            return None
