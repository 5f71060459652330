"""Reads one page by its URL, without a run, for ``scrapy parse``."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import unquote

from crawler.config.mirrors import Mirror, Mirrors
from crawler.exceptions import PageMalformed
from crawler.formats.pages import Copy
from crawler.items import Article, Section
from crawler.loaders import ArticleContext, load_canonical


def read_single(url: str, body: bytes, mirrors: Mirrors, now: datetime) -> Article:
    """Return the article of a page at one of the ``mirrors``, or at any other.

    No lists are read, so the only section is the one in the URL, and its id is used as its name.

    Raises:
        PageError: the page is not an article.
        WrongUsage: the URL cannot belong to a mirror.
    """
    mirror, path, copy = _located(url, mirrors)
    context = ArticleContext(
        mirror=mirror.name,
        mirror_url=mirror.public + path,
        sections=[Section(id=copy.section, name=copy.section)] if copy.section else [],
        at=now,
    )
    page = mirror.format.read_article(body)
    if page.original.id != copy.id:
        raise PageMalformed(f"it is the page of {page.original.id}")
    return load_canonical(page, context, mirror.format)


def _located(url: str, mirrors: Mirrors) -> tuple[Mirror, str, Copy]:
    """Return the mirror of a URL, the page's path in it, and the copy at this path."""
    for mirror in mirrors.mirrors.values():
        for base in (mirror.roots.get("http"), mirror.public):
            path = unquote(url.removeprefix(base)) if base and url.startswith(base) else ""
            if copy := mirror.format.copy_at(path):
                return mirror, path, copy
    for at in (at for at, character in enumerate(url) if character == "/"):
        mirror, path = Mirror("", url[: at + 1], {}), unquote(url[at + 1 :])
        if copy := mirror.format.copy_at(path):
            return mirrors.find(mirror.public), path, copy
    raise PageMalformed("its URL is not that of an article, such as …/pages/ncid278/n1.md")
