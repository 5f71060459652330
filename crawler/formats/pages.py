"""The results of a format's readers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from crawler.items import Image, Link

MAX_PAGE_BYTES = 4 << 20
"""Maximum size of a page; the largest of 132,101 real ones has 555,303 bytes."""


class Copy(NamedTuple):
    """One copy of an article: its section and its id."""

    section: str
    id: str


@dataclass(frozen=True, slots=True)
class Label:
    """A link of the home page to a section: its text and the section's id."""

    text: str
    section: str


@dataclass(frozen=True, slots=True)
class Home:
    """The home page.

    Attributes:
        labels: the first label of each section, in order.
        repeated: further labels of these sections.
        unnamed: sections whose label is too long for a name.
        moved_to: the mirror's new address, if the page says that the mirror has moved.
    """

    labels: tuple[Label, ...]
    repeated: tuple[Label, ...] = ()
    unnamed: tuple[str, ...] = ()
    moved_to: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A listed article: its id, and its title as listed (truncated at an ASCII comma)."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class Index:
    """An index page.

    Attributes:
        heading: text of its first heading, if any.
        entries: the articles that it lists, newest first, each once.
        lines: number of lines that are entries, including repeated ones.
        last_page: the highest number in its pager; 0 without a pager.
        strays: links of entries that are not articles of this section.
        moved_to: the mirror's new address, if the page says that the mirror has moved.
    """

    heading: str | None
    entries: tuple[Entry, ...]
    lines: int = 0
    last_page: int = 0
    strays: tuple[str, ...] = ()
    moved_to: str | None = None


class Original(NamedTuple):
    """The URL of an article at its publisher, and what it contains.

    Attributes:
        url: the canonical URL.
        language: ``zh-Hans`` or ``zh-Hant``.
        published: the date in the URL.
        id: the article's id.
    """

    url: str
    language: str
    published: date
    id: str


@dataclass(slots=True, kw_only=True)
class ArticlePage:
    """The content of an article's page.

    Attributes:
        title: text of the page's title line.
        original: the article at its publisher.
        dateline: text inside the brackets of the first dateline.
        byline: text inside the parentheses of the byline.
        lines: short lines of header and body that may name an author (``作者：X``).
        editors: names after 责任编辑.
        tags, images, videos, links: in order of appearance in the body.
        image, caption: URL and caption of the lead image; the caption includes the credit.
        player: whether there is a trace of a removed video player.
        truncated: whether the end mark is missing.
        unusable_urls: number of URLs in the body that cannot be made absolute.
        replaced_bytes: number of byte sequences that are not UTF-8 and became U+FFFD.
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
