"""An article's line, made in the process that read its page.

The pipelines' verbs are the same functions wherever they run: what is done to an article here is what
the loader, ``CheckPipeline`` and ``WritePipeline`` do to one that the crawler's own process reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage
from crawler.items import ArticleLine, as_record
from crawler.readers.pages import Kind, Page, read_page
from crawler.schema import article_validator
from crawler.store.jsonlines import dumps

if TYPE_CHECKING:
    from crawler.loaders import Reading


def read_or_finish(
    mirror_format: Format,
    bases: Sequence[str],
    kind: Kind,
    section: str,
    body: bytes,
    reading: Reading | None = None,
) -> Page:
    """Read a page; with ``reading``, return an article's line where one can be made at once.

    Args:
        mirror_format: knows how.
        bases: addresses below which the mirror's own pages lie.
        kind: which kind of page was asked for.
        section: the section it belongs to.
        body: its bytes.
        reading: what is known of an article apart from its page.

    Raises:
        PageError: it is no such page.
    """
    page = read_page(mirror_format, bases, kind, section, body)
    if reading is None or not isinstance(page, ArticlePage):
        return page
    return finished(page, reading, mirror_format) or page


def finished(page: ArticlePage, reading: Reading, mirror_format: Format) -> ArticleLine | None:
    """Return the line of an article; None for one that is cut short or breaks the contract.

    Those two are the crawler's to decide about: another copy may be whole, a failure is counted.
    """
    # Here, not above: nearly all runs of a crontab find nothing new, and need no loader.
    from crawler.loaders import load_article  # noqa: PLC0415

    if page.truncated:
        return None
    mirror_format = _only(type(mirror_format))
    article = load_article(page, reading, mirror_format)
    record = as_record(article)
    if not article_validator(mirror_format).is_valid(record):
        return None
    return ArticleLine(
        id=page.original.id,
        content_sha256=article.content_sha256,
        mirror_url=reading.mirror_url,
        unusable_urls=page.unusable_urls,
        replaced_bytes=page.replaced_bytes,
        line=dumps(record),
    )


@cache
def _only(kind: type[Format]) -> Format:
    """Return one instance of a format, whose loader and validator are kept.

    Every batch of pages brings an instance of its own into a process.
    """
    return kind()
