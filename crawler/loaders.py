"""From what a page says to the item: the loader computes, the rest is set as it is."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from itemloaders import ItemLoader
from itemloaders.processors import Identity, TakeFirst

from crawler.formats.epoch.article import ArticlePage
from crawler.formats.epoch.caption import split_caption
from crawler.formats.epoch.dateline import publication_date
from crawler.formats.epoch.headline import column
from crawler.formats.epoch.writers import writers_of
from crawler.items import Article, Person, Section, timestamp

_EDITIONS = {"gb": "zh-Hans", "b5": "zh-Hant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of an article apart from its page.

    Attributes:
        mirror: the mirror's name.
        mirror_url: where the copy lies, below the mirror's public base.
        sections: that list the article, in the mirror's order.
        at: when it was read.
        unsupported_keys: keys that the way cannot see; they become null.
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


def _person(name: str) -> Person:
    return Person(name=name)


class ArticleLoader(ItemLoader):
    """Loads the keys that are computed from raw text; its processors are functions of ``pages``."""

    default_item_class = Article
    default_output_processor = TakeFirst()

    # as itemloaders finds them, without asking the item's fields and without a failed look for
    # each processor's name: together a tenth of the time a record takes
    def get_input_processor(self, field_name: str) -> Callable[..., Any]:
        """Return the processor declared as ``<field_name>_in``, or the default one."""
        return getattr(type(self), f"{field_name}_in", self.default_input_processor)

    def get_output_processor(self, field_name: str) -> Callable[..., Any]:
        """Return the processor declared as ``<field_name>_out``, or the default one."""
        return getattr(type(self), f"{field_name}_out", self.default_output_processor)

    column_in = _Each(column)
    date_published_in = _Each(lambda dated: dated[0].isoformat())
    date_source_in = _Each(lambda dated: dated[1])
    authors_in = translators_in = _Each(_person)
    authors_out = translators_out = Identity()
    content_sha256_in = _Each(lambda text: hashlib.sha256(text.encode()).hexdigest())


def load_article(page: ArticlePage, reading: Reading) -> Article:
    """Return the item of a page that was read."""
    loader = ArticleLoader()
    in_address = date(page.original.year, page.original.month, page.original.day)
    dated = publication_date(page.dateline, in_address)
    loader.add_value("column", page.title)
    loader.add_value("date_published", [dated])
    loader.add_value("date_source", [dated])
    writers = writers_of(page, [section["id"] for section in reading.sections])
    loader.add_value("authors", writers.authors)
    loader.add_value("translators", writers.translators)
    if page.caption:
        caption, credit = split_caption(page.caption)
        loader.add_value("image_caption", caption)
        loader.add_value("image_credit", credit)
    loader.add_value("content_sha256", page.content_text)
    article: Article = loader.load_item()
    _set_finished(article, page, reading)
    for key in reading.unsupported_keys:
        setattr(article, key, None)
    return article


def _set_finished(article: Article, page: ArticlePage, reading: Reading) -> None:
    """Set the keys that the page gives finished."""
    article.id = page.original.id
    article.url = page.original.url
    article.title = page.title
    article.language = _EDITIONS[page.original.edition]
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
