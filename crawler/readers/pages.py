"""Parses a page's bytes. The functions are pure, so that any process can run them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage, Home, Index
from crawler.items import ArticleLine

Kind = Literal["home", "index", "archive", "article"]

Page = Home | Index | ArticlePage | ArticleLine
Reader = Callable[..., Page]
"""Reads a page, given its kind, section and bytes. It must be picklable.

With a fourth argument, a :class:`crawler.loaders.ArticleContext`, it may return an article's line.
"""

LARGE_BYTES = 256 << 10
"""Larger pages are read in a separate process. The largest of 132,101 has 555,303 bytes."""


class Bounds(NamedTuple):
    """The resources a process may use for one page, or one batch of pages.

    Attributes:
        cpu_seconds: CPU time; the largest of 132,101 real pages takes 0.1 s.
        memory_bytes: memory in addition to what the process uses before it reads.
    """

    cpu_seconds: int = 10
    memory_bytes: int = 512 << 20


BOUNDS = Bounds()


_LINE_BREAKS = b"\n" * 256
_MANY_TAGS = 10_000


def read_page(
    mirror_format: Format, bases: Sequence[str], kind: Kind, section: str, body: bytes
) -> Page:
    """Read a page; ``bases`` are the URLs below which the mirror's own pages are.

    Raises:
        PageError: the content is not a page of this kind.
    """
    if kind == "article":
        return mirror_format.read_article(body)
    if kind == "home":
        return mirror_format.read_home(body, bases)
    return mirror_format.read_index(body, section, bases)


def is_suspicious(body: bytes) -> bool:
    """Return whether a page is so large or unusual that it may take too much time or memory."""
    return len(body) > LARGE_BYTES or _LINE_BREAKS in body or body.count(b"<") > _MANY_TAGS
