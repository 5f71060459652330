"""Reads one page into a record, and lists the text that was cut."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from crawler.exceptions import PageMissing, PageTooLarge, PageUnreachable
from crawler.formats.base import Format
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.formats.trace import Cut, traced
from crawler.items import Section, as_record
from crawler.loaders import ArticleContext, load_article


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page that was read.

    Attributes:
        record: the record, as in ``articles.jsonl``.
        cuts: text of the page that is not in ``content_text``, each with its rule.
    """

    record: dict[str, Any]
    cuts: list[Cut]


def bytes_of(path: Path) -> bytes:
    """Return the content of a page's file.

    Raises:
        PageMissing: there is no such regular file.
        PageTooLarge: it is larger than ``MAX_PAGE_BYTES``.
        PageUnreachable: it cannot be read, for example because of its permissions.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PageMissing(f"{path} is not a file")
        with path.open("rb") as file:
            body = file.read(MAX_PAGE_BYTES + 1)
    except FileNotFoundError as error:
        raise PageMissing(f"there is no file {path}") from error
    except OSError as error:
        raise PageUnreachable(f"{path}: {error.strerror}", reason="unreadable") from error
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"{path} has more than {MAX_PAGE_BYTES} bytes")
    return body


def page_path(name: str, mirror_format: Format) -> str | None:
    """Return the mirror's path of an article at the end of a path or URL, or None."""
    *folders, last = name.split("/")
    parts = [*folders, re.split("[?#]", last)[0]]
    paths = ("/".join(parts[-count:]) for count in range(1, len(parts) + 1))
    return next((path for path in paths if mirror_format.copy_at(path)), None)


def section_of(name: str, mirror_format: Format) -> str | None:
    """Return the section in a page's path, or None; directories before the path are ignored."""
    path = page_path(name, mirror_format)
    copy = mirror_format.copy_at(path) if path else None
    return copy.section or None if copy else None


def read(
    body: bytes, url: str, mirror: str, section_ids: Sequence[str], mirror_format: Format
) -> ReadPage:
    """Read one page.

    Args:
        body: the page.
        url: the page's URL, for ``mirror_url``.
        mirror: the mirror's name.
        section_ids: sections that list the article; each id also serves as the name.
        mirror_format: the mirror's format.

    Raises:
        PageError: the page yields no record.
    """
    with traced() as cuts:
        page = mirror_format.read_article(body)
    reading = ArticleContext(
        mirror=mirror,
        mirror_url=url,
        sections=[Section(id=one, name=one) for one in section_ids],
        at=datetime.now(UTC),
    )
    return ReadPage(as_record(load_article(page, reading, mirror_format)), cuts)
