"""What the pages of a mirror say, as values: the results of a format's readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from crawler.items import Image, Link

MAX_PAGE_BYTES = 4 << 20
"""No page is larger; the largest of 132,101 real ones has 555,303 bytes."""


class Copy(NamedTuple):
    """One copy of an article: the section it lies under, and its id."""

    section: str
    id: str


@dataclass(frozen=True, slots=True)
class Label:
    """One link of the home page to a section: what it is called there, and its id."""

    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Home:
    """The home page.

    Attributes:
        labels: links to sections, in order, each section once (its first label).
        repeated: labels that lead to a section which another label already named.
        unnamed: sections whose label is longer than a name may be.
        moved_to: address of the mirror's new place where the page is such a notice.
    """

    labels: tuple[Label, ...]
    repeated: tuple[Label, ...] = ()
    unnamed: tuple[str, ...] = ()
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One listed article: its id and the title as listed (cut at an ASCII comma there)."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Index:
    """An index page.

    Attributes:
        heading: text of its first heading, None where it has none.
        entries: the articles it lists, newest first, each once.
        lines: how many lines are entries, repeated ones too.
        last_page: the highest archive page its pager names; 0 without a pager.
        strays: links of entries that are no article of this section.
        moved_to: address of the mirror's new place where the page is such a notice.
    """

    heading: str | None
    entries: tuple[Entry, ...]
    lines: int = 0
    last_page: int = 0
    strays: tuple[str, ...] = ()
    moved_to: str | None = None


class Original(NamedTuple):
    """What the address of an article at its publisher tells.

    Attributes:
        url: the address, canonical.
        language: ``zh-Hans`` or ``zh-Hant``.
        published: the date in the address.
        id: the article's id.
    """

    url: str
    language: str
    published: date
    id: str


@dataclass(slots=True, kw_only=True)
class ArticlePage:
    """What an article's page says, before anything is concluded from it.

    Attributes:
        title: text of the page's title line.
        original: the article at its publisher.
        dateline: raw text inside the first dateline's brackets.
        byline: raw text inside the parentheses that name who wrote.
        lines: short lines of header and body that may be signed (``作者：X``).
        editors: names behind 责任编辑.
        tags, images, videos, links: in order of appearance in the body.
        image, caption: the lead image's address and its caption, credit included.
        player: the trace of a removed video player is left.
        truncated: the end mark is missing.
        unusable_urls: how many addresses of the body could not be made absolute.
        replaced_bytes: how many sequences of the page are not UTF-8 and became U+FFFD.
    """

    title: str
    original: Original
    dateline: str | None = None
    byline: str | None = None
    lines: list[str] = field(default_factory=list)
    editors: tuple[str, ...] = ()
    tags: list[str] = field(default_factory=list)
    image: str | None = None
    caption: str | None = None
    images: list[Image] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    player: bool = False
    content_text: str = ""
    content_html: str = ""
    truncated: bool = False
    unusable_urls: int = 0
    replaced_bytes: int = 0
