"""The preview of a page: its record, and the text that was cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from crawler.formats.trace import Cut, traced
from crawler.items import Section, as_record
from crawler.loaders import ArticleContext, load_canonical
from crawler.preview.source import Source


@dataclass(frozen=True, slots=True)
class Preview:
    """The preview of a page.

    Attributes:
        record: the record, as in ``articles.jsonl``.
        cuts: text of the page that is not in ``content_text``, each with its rule.
    """

    record: dict[str, Any]
    cuts: list[Cut]


def preview(source: Source, section_ids: Sequence[str]) -> Preview:
    """Read a page.

    Args:
        source: the page.
        section_ids: sections that list the article, each also named by its id; if there are none,
            the section in the page's path.

    Raises:
        PageError: the page yields no record.
    """
    mirror_format = source.format
    copy = mirror_format.copy_at(source.path)
    if not section_ids and copy and copy.section:
        section_ids = [copy.section]
    with traced() as cuts:
        page = mirror_format.read_article(source.body)
    context = ArticleContext(
        mirror=source.mirror,
        mirror_url=source.url,
        sections=[Section(id=one, name=one) for one in section_ids],
        at=datetime.now(UTC),
    )
    return Preview(as_record(load_canonical(page, context, mirror_format)), cuts)
