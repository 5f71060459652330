"""Canonical addresses in an article whose reader gives them as the page has them."""

from __future__ import annotations

from crawler.items import Article, Image, Link
from crawler.urls import UnusableURL, canonical


def canonicalize(item: Article) -> int:
    """Make every address of ``item`` canonical; return how many cannot be, and are left out."""
    settling = _Settling()
    item.url = settling.canonical(item.url)
    settling.base = item.url or ""
    item.image = settling.canonical(item.image)
    item.images = [image for image in item.images if settling.has_address(image)]
    for image in item.images:
        image["full_url"] = settling.canonical(image["full_url"])
    if item.links is not None:
        item.links = [link for link in item.links if settling.has_address(link)]
    if item.videos is not None:
        urls = (settling.canonical(video) for video in item.videos)
        item.videos = list(dict.fromkeys(url for url in urls if url))
    return settling.unusable


class _Settling:
    """The addresses of one article, relative to ``base``."""

    def __init__(self) -> None:
        self.base = ""
        self.unusable = 0

    def has_address(self, thing: Image | Link) -> bool:
        """Make the address of an image or a link canonical; tell whether it has one."""
        url = self.canonical(thing["url"])
        if url:
            thing["url"] = url
        return url is not None

    def canonical(self, url: str | None) -> str | None:
        if url is None:
            return None
        try:
            return canonical(url, self.base)
        except UnusableURL:
            self.unusable += 1
            return None
