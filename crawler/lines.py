"""Makes the lines of articles: for the pipelines, the readers' processes, and rereads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from crawler.exceptions import PageError
from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage
from crawler.items import ArticleLine, as_record
from crawler.readers.pages import Kind, Page, read_page
from crawler.reasons import CONTRACT
from crawler.schema import article_validator
from crawler.store.edition import digest_of, is_thin
from crawler.store.jsonlines import dumps

if TYPE_CHECKING:
    from crawler.loaders import ArticleContext


def require_valid(record: Mapping[str, Any], mirror_format: Format) -> None:
    """Check a record against the feed contract.

    Raises:
        PageError: a value breaks the contract; the message says which.
    """
    validator = article_validator(mirror_format)
    if validator.is_valid(record):
        return
    error = next(validator.iter_errors(record))
    where = "/".join(map(str, error.instance_path))
    raise PageError(f"breaks the feed contract at {where}: {error.message[:200]}", reason=CONTRACT)


def line_of(record: Mapping[str, Any]) -> ArticleLine:
    """Return the line of a record, and what the state keeps of it.

    Raises:
        PageTooLarge: the line would be longer than ``MAX_LINE_BYTES``.
    """
    return ArticleLine(
        id=record["id"],
        content_sha256=record["content_sha256"],
        date_published=record["date_published"],
        mirror_url=record["mirror_url"],
        digest=digest_of(record),
        thin=is_thin(record),
        line=dumps(record),
    )


def read_or_finish(
    mirror_format: Format,
    bases: Sequence[str],
    kind: Kind,
    section: str,
    body: bytes,
    context: ArticleContext | None = None,
) -> Page:
    """Read a page, as ``read_page`` does; with ``context``, return an article's line if possible.

    Raises:
        PageError: the content is not a page of this kind.
    """
    page = read_page(mirror_format, bases, kind, section, body)
    if context is None or not isinstance(page, ArticlePage):
        return page
    return finished(page, context, mirror_format) or page


def finished(
    page: ArticlePage, context: ArticleContext, mirror_format: Format
) -> ArticleLine | None:
    """Return the line of an article, or None if the crawler's process has to handle the page.

    It reads further copies of a thin article, and counts an article without a valid line as failed.
    """
    # Imported here because most scheduled runs find nothing new and need no loader.
    from crawler.loaders import load_article  # noqa: PLC0415

    mirror_format = _shared(type(mirror_format))
    record = as_record(load_article(page, context, mirror_format))
    try:
        require_valid(record, mirror_format)
        line = line_of(record)
    except PageError:
        return None
    line.unusable_urls, line.replaced_bytes = page.unusable_urls, page.replaced_bytes
    return None if line.thin and context.copies > 1 else line


@cache
def _shared(kind: type[Format]) -> Format:
    """Return the same instance of a format for every batch, so that its loader and validator are cached.

    Each batch of pages unpickles a new instance.
    """
    return kind()
