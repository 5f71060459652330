"""Canonicalize: every address of an item absolute and in its one form."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler

from crawler.items import Article, Image, Link
from crawler.run.counts import RunCounts
from crawler.run.run import Run
from crawler.urls import UnusableURL, canonical


class CanonicalizePipeline:
    """Makes an article's addresses canonical; one that cannot be is counted and left out.

    The reader of the body has done so where addresses stand in HTML; the same pure
    function is asked here for every key, so that no way into the pipelines is without.
    """

    def __init__(self, counts: RunCounts) -> None:
        """Take the counts, where unusable addresses are counted."""
        self.counts = counts

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``'s run."""
        return cls(Run.of(crawler).counts)

    def process_item(self, item: Article) -> Article:
        """Return the article with canonical addresses."""
        base = item.url or ""
        item.image = self._one(item.image, base)
        item.images = [image for image in item.images if self._settle(image, base)]
        for image in item.images:
            image["full_url"] = self._one(image["full_url"], base)
        if item.links is not None:
            item.links = [link for link in item.links if self._settle(link, base)]
        if item.videos is not None:
            urls = (self._one(video, base) for video in item.videos)
            item.videos = list(dict.fromkeys(url for url in urls if url))
        return item

    def _settle(self, thing: Image | Link, base: str) -> bool:
        """Make the address of an image or a link canonical; tell whether it has one."""
        url = self._one(thing["url"], base)
        if url:
            thing["url"] = url
        return url is not None

    def _one(self, url: str | None, base: str) -> str | None:
        if url is None:
            return None
        try:
            return canonical(url, base)
        except UnusableURL:
            self.counts.unusable_urls += 1
            return None
