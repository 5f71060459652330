"""From what a page says to the item: every key of a line, and what fills it.

A processor of the loader computes a key from raw text; keys that the page gives finished are
assigned, because a processor costs 10 to 30 µs a key. Rules that depend on how a mirror writes
come from its format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from itemloaders import ItemLoader
from itemloaders.processors import TakeFirst

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage
from crawler.items import Article, Person, Section, timestamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of an article apart from its page.

    Attributes:
        mirror: the mirror's name.
        mirror_url: where the copy lies, below the mirror's public base.
        sections: that list the article, in the mirror's order.
        at: when it was read.
        unsupported_keys: keys that the transport cannot see; they become null.
    """

    mirror: str
    mirror_url: str
    sections: list[Section]
    at: datetime
    unsupported_keys: frozenset[str] = frozenset()


class _Each:
    """An input processor: a function of every value, without the Nones."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self.function = function

    def __call__(self, values: Iterable[Any]) -> list[Any]:
        return [out for value in values if (out := self.function(value)) is not None]


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class ArticleLoader(ItemLoader):
    """Computes keys from raw text.

    Each of its keys has both processors declared, so that itemloaders never looks for defaults in
    the item's fields, which would take a tenth of a record's time.
    """

    default_item_class = Article

    column_out = TakeFirst()
    content_sha256_in = _Each(_sha256)
    content_sha256_out = TakeFirst()


@cache
def loader_for(mirror_format: Format) -> type[ArticleLoader]:
    """Return the loader of a format's articles: with those processors that follow its rules."""

    class FormatLoader(ArticleLoader):
        column_in = _Each(mirror_format.column)

    return FormatLoader


def load_article(page: ArticlePage, reading: Reading, mirror_format: Format) -> Article:
    """Return the item of a page that was read."""
    section_ids = [section["id"] for section in reading.sections]
    writers = mirror_format.writers(page, section_ids)
    loader = loader_for(mirror_format)()
    loader.add_value("column", page.title)
    loader.add_value("content_sha256", page.content_text)
    article: Article = loader.load_item()
    article.authors = [Person(name=name) for name in writers.authors]
    article.translators = [Person(name=name) for name in writers.translators]
    published = mirror_format.published(page)
    article.date_published = published.date.isoformat()
    article.date_source = published.source
    if page.caption:
        article.image_caption, article.image_credit = mirror_format.split_caption(page.caption)
    _assign_finished(article, page, reading)
    for key in reading.unsupported_keys:
        setattr(article, key, None)
    return article


def _assign_finished(article: Article, page: ArticlePage, reading: Reading) -> None:
    """Assign the keys that need no computing."""
    article.id = page.original.id
    article.url = page.original.url
    article.title = page.title
    article.language = page.original.language
    article.dateline = page.dateline
    article.byline = page.byline
    article.editors = list(page.editors)
    article.sections = reading.sections
    article.tags = page.tags
    article.image = page.image
    article.images = page.images
    article.videos = page.videos
    article.has_video = page.player or bool(page.videos)
    article.links = page.links
    article.content_text = page.content_text
    article.content_html = page.content_html
    article.truncated = page.truncated
    article.mirror = reading.mirror
    article.mirror_url = reading.mirror_url
    article.crawled_at = timestamp(reading.at)
