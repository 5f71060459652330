"""One page by its address, outside a run: what ``scrapy parse`` shows."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from crawler.config.mirrors import Mirror, Mirrors
from crawler.exceptions import PageMalformed
from crawler.formats.pages import Copy
from crawler.items import Article, Section
from crawler.loaders import Reading, load_article


def read_single(url: str, body: bytes, mirrors: Mirrors, now: datetime) -> Article:
    """Return the article of a page.

    No list was read: the section of the page's address is the only one that is known, and its
    id stands for its name.

    Args:
        url: the page's address, at a mirror that is described or at any other.
        body: its bytes.
        mirrors: the mirrors that are described.
        now: the time of reading, in UTC.

    Raises:
        PageError: it is not the page of an article.
        WrongUsage: its address cannot be a mirror's.
    """
    mirror, path, copy = _located(url, mirrors)
    reading = Reading(
        mirror=mirror.name,
        mirror_url=mirror.public + path,
        sections=[Section(id=copy.section, name=copy.section)] if copy.section else [],
        at=now,
    )
    page = mirror.format.read_article(body)
    if page.original.id != copy.id:
        raise PageMalformed(f"it is the page of {page.original.id}")
    return load_article(page, reading, mirror.format)


def _located(url: str, mirrors: Mirrors) -> tuple[Mirror, str, Copy]:
    """Return the mirror that an address belongs to, the page's path there, and what it names."""
    for mirror in mirrors.mirrors.values():
        for base in (mirror.ways.get("http"), mirror.public):
            path = unquote(url.removeprefix(base)) if base and url.startswith(base) else ""
            if copy := mirror.format.copy_at(path):
                return mirror, path, copy
    for at in (at for at, character in enumerate(url) if character == "/"):
        mirror, path = Mirror("", url[: at + 1], {}), unquote(url[at + 1 :])
        if copy := mirror.format.copy_at(path):
            return mirrors.find(mirror.public), path, copy
    raise PageMalformed("its address names no article's page, such as …/pages/ncid278/n1.md")
