"""A page's bytes in, what the page says out. Pure, so that any process may do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage, Home, Index
from crawler.items import ArticleLine

Kind = Literal["home", "index", "archive", "article"]

Page = Home | Index | ArticlePage | ArticleLine
Reader = Callable[..., Page]
"""Reads a page, given its kind, its section and its bytes; it can be pickled.

With what is known of an article apart from its page (a ``Reading``) it may return its line.
"""

LARGE_BYTES = 256 << 10
"""None of 22,000 real pages is larger; of 132,101 the largest has 555,303 bytes."""

TOO_COSTLY = "too_costly"
"""Reason of a page that takes more CPU or memory than any real one, or kills who reads it."""


class Bounds(NamedTuple):
    """What a process may use for one page, or one batch.

    Attributes:
        cpu_seconds: the largest of 132,101 real pages takes 0.1 s.
        memory_bytes: above what the process has when it begins.
    """

    cpu_seconds: int = 10
    memory_bytes: int = 512 << 20


_LINE_BREAKS = b"\n" * 256
_MANY_TAGS = 10_000


def read_page(
    mirror_format: Format, bases: Sequence[str], kind: Kind, section: str, body: bytes
) -> Page:
    """Read a page.

    Args:
        mirror_format: knows how.
        bases: addresses below which the mirror's own pages lie.
        kind: which kind of page was asked for.
        section: the section it belongs to.
        body: its bytes.

    Raises:
        PageError: it is no such page.
    """
    if kind == "article":
        return mirror_format.read_article(body)
    if kind == "home":
        return mirror_format.read_home(body, bases)
    return mirror_format.read_index(body, section, bases)


def is_suspicious(body: bytes) -> bool:
    """Return whether a page is so large or odd that reading it may cost far more than others do."""
    return len(body) > LARGE_BYTES or _LINE_BREAKS in body or body.count(b"<") > _MANY_TAGS
