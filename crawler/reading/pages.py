"""One page to its record, with what was taken out of its text."""

from __future__ import annotations

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
from crawler.loaders import Reading, load_article


@dataclass(frozen=True, slots=True)
class ReadPage:
    """A page that was read.

    Attributes:
        record: the line it gives, as an object.
        cuts: what is in the page and not in ``content_text``, each with its rule.
    """

    record: dict[str, Any]
    cuts: list[Cut]


def bytes_of(path: Path) -> bytes:
    """Return the content of a page's file.

    Raises:
        PageMissing: there is no such regular file.
        PageTooLarge: it is larger than any page.
        PageUnreachable: the system refuses.
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


def section_of(path: str, mirror_format: Format) -> str | None:
    """Return the section that a page's path names, however long the path before it is."""
    parts = path.split("/")
    copies = (mirror_format.copy_at("/".join(parts[-count:])) for count in range(1, len(parts) + 1))
    return next((copy.section for copy in copies if copy is not None and copy.section), None)


def read(
    body: bytes, url: str, mirror: str, section_ids: Sequence[str], mirror_format: Format
) -> ReadPage:
    """Read one page.

    Args:
        body: the page.
        url: where it lies; it becomes ``mirror_url``.
        mirror: the mirror's name.
        section_ids: sections that list the article; they have no names here.
        mirror_format: knows how to read it.

    Raises:
        PageError: it gives no line.
    """
    with traced() as cuts:
        page = mirror_format.read_article(body)
    reading = Reading(
        mirror=mirror,
        mirror_url=url,
        sections=[Section(id=one, name=one) for one in section_ids],
        at=datetime.now(UTC),
    )
    return ReadPage(as_record(load_article(page, reading, mirror_format)), cuts)
