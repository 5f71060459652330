"""Makes the URLs of an article canonical, for formats whose readers do not."""

from __future__ import annotations

from crawler.items import Article, Image, Link
from crawler.urls import UnusableURL, canonical


def canonicalize(item: Article) -> int:
    """Make all URLs of ``item`` canonical; return the number of unusable ones, which are removed."""
    urls = _Urls()
    item.url = urls.canonical(item.url)
    urls.base = item.url or ""
    item.image = urls.canonical(item.image)
    item.images = [image for image in item.images if urls.has_url(image)]
    for image in item.images:
        image["full_url"] = urls.canonical(image["full_url"])
    if item.links is not None:
        item.links = [link for link in item.links if urls.has_url(link)]
    if item.videos is not None:
        videos = map(urls.canonical, item.videos)
        item.videos = list(dict.fromkeys(filter(None, videos)))
    return urls.unusable


class _Urls:
    """Makes URLs relative to ``base`` canonical, and counts unusable ones."""

    def __init__(self) -> None:
        self.base = ""
        self.unusable = 0

    def has_url(self, thing: Image | Link) -> bool:
        """Make the URL of an image or a link canonical; return False if it is unusable."""
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
