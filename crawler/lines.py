"""Builds an article's line in the process that reads its page.

It applies the same functions as the loader, ``CheckPipeline`` and ``WritePipeline`` apply to an article
that is read in the crawler's process.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage
from crawler.items import MAX_LINE_BYTES, ArticleLine, as_record
from crawler.readers.pages import Kind, Page, read_page
from crawler.schema import article_validator
from crawler.store.edition import digest_of, is_thin
from crawler.store.jsonlines import dumps

if TYPE_CHECKING:
    from crawler.loaders import ArticleContext


def read_or_finish(
    mirror_format: Format,
    bases: Sequence[str],
    kind: Kind,
    section: str,
    body: bytes,
    reading: ArticleContext | None = None,
) -> Page:
    """Read a page; with ``reading``, return an article's line if possible.

    Args:
        mirror_format: parses the page.
        bases: URLs below which the mirror's own pages are.
        kind: the kind of page that was requested.
        section: the section that the page belongs to.
        body: the page's bytes.
        reading: what is known about an article apart from its page.

    Raises:
        PageError: the content is not a page of this kind.
    """
    page = read_page(mirror_format, bases, kind, section, body)
    if reading is None or not isinstance(page, ArticlePage):
        return page
    return finished(page, reading, mirror_format) or page


def finished(
    page: ArticlePage, reading: ArticleContext, mirror_format: Format
) -> ArticleLine | None:
    """Return the line of an article, or None if the crawler's process has to handle the page.

    It reads further copies of a thin article, and counts an article that violates the schema as
    failed.
    """
    # Imported here because most scheduled runs find nothing new and need no loader.
    from crawler.loaders import load_article  # noqa: PLC0415

    mirror_format = _shared(type(mirror_format))
    article = load_article(page, reading, mirror_format)
    record = as_record(article)
    thin = is_thin(record)
    if (thin and reading.copies > 1) or not article_validator(mirror_format).is_valid(record):
        return None
    line = dumps(record)
    if len(line) > MAX_LINE_BYTES:
        return None
    return ArticleLine(
        id=page.original.id,
        content_sha256=article.content_sha256,
        date_published=article.date_published,
        mirror_url=article.mirror_url,
        digest=digest_of(record),
        thin=thin,
        unusable_urls=page.unusable_urls,
        replaced_bytes=page.replaced_bytes,
        line=line,
    )


@cache
def _shared(kind: type[Format]) -> Format:
    """Return the same instance of a format for every batch, so that its loader and validator are cached.

    Each batch of pages unpickles a new instance.
    """
    return kind()
