"""Home page, section indexes, archive pages and lists of a mirror."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

PER_PAGE = 30
"""Entries on every index page of a section that has as many."""

PAGER_DEPTH = 8
"""An index page links to itself and to at most seven pages before it."""

AD_AFTER = 3
"""Number of entries after which a section's index has its advertisement."""

ABSOLUTE_AD = "[油管热门视频 网站代理 翻墙必看视频](http://192.0.2.72:81/youtube.html?{stamp})"
"""Advertisement to another host. (192.0.2.0/24 belongs to nobody.)"""

RELATIVE_AD = "[油管热门频道 翻墙必看视频 新闻](ok?{stamp})"
"""Advertisement whose address is relative: it seems to lie beside the index."""

Row = tuple[str, str]
"""An entry of a section's list: article id and title."""


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a mirror.

    Attributes:
        id: directory under ``indexes/`` and ``pages/``: ``ncid…``, ``nf…`` or ``nsc…``.
        label: what the home page calls it.
        heading: first line of its index; None for ``label``.
        ad: Markdown of its advertisement with ``{stamp}``; empty for none.
        linked: whether the home page links to it (the special mirror lacks a link).
    """

    id: str
    label: str
    heading: str | None = None
    ad: str = ""
    linked: bool = True

    @property
    def name(self) -> str:
        """The heading of the section's index."""
        return self.label if self.heading is None else self.heading


@dataclass(frozen=True, slots=True)
class Link:
    """A link of the home page out of the mirror, or to a wrong section."""

    label: str
    address: str


@dataclass(frozen=True, slots=True)
class Group:
    """A line of the home page: a label and its links."""

    label: str
    entries: tuple[Section | Link, ...]

    @property
    def sections(self) -> list[Section]:
        """The sections among the links."""
        return [entry for entry in self.entries if isinstance(entry, Section)]


def home_page(heading: str, groups: Iterable[Group], stamp: str) -> str:
    """Return the home page; a line with a link out of the mirror ends with two spaces."""
    lines = [line for group in groups if (line := _home_line(group, stamp))]
    return "\n\n".join([f"## {heading}", *lines]) + "\n\n"


def _home_line(group: Group, stamp: str) -> str:
    links = [
        f"[{entry.label}]({_address(entry)}?{stamp})"
        for entry in group.entries
        if isinstance(entry, Link) or entry.linked
    ]
    end = "  " if any("://" in link for link in links) else ""
    return (
        f"#### {group.label} &nbsp;>&nbsp; {' &nbsp;| &nbsp; '.join(links)}{end}" if links else ""
    )


def _address(entry: Section | Link) -> str:
    return entry.address if isinstance(entry, Link) else f"indexes/{entry.id}/README.md"


def page_count(rows: int) -> int:
    """Return the number of archive pages for this many rows; one if there are none."""
    return max(1, math.ceil(rows / PER_PAGE))


def entries_of(rows: Sequence[Row], number: int) -> Sequence[Row]:
    """Return the rows on archive page ``number``, in the order of the list.

    The last page has the last thirty rows and may overlap the previous page.
    """
    if number == page_count(len(rows)):
        return rows[-PER_PAGE:]
    return rows[PER_PAGE * (number - 1) : PER_PAGE * number]


def index_page(
    section: Section,
    rows: Sequence[Row],
    number: int,
    *,
    stamp: str = "",
) -> str:
    """Return archive page ``number`` with ``rows``; with ``stamp``, the section's index."""
    buster = f"?{stamp}" if stamp else ""
    lines = [_entry(section.id, row, buster) for row in reversed(rows)]
    if stamp and section.ad and len(lines) >= AD_AFTER:
        lines.insert(AD_AFTER, f"#### {section.ad.replace('{stamp}', stamp)}")
    listed = "".join(f"{line}\n" for line in lines)
    return f"### {section.name}\n---\n{listed}\n---\n{pager(number, buster)}\n"


def _entry(section_id: str, row: Row, buster: str) -> str:
    """Return the line of one entry, with its title up to the first ASCII comma."""
    article_id, title = row
    return f"#### [{title.split(',', 1)[0]}](../../pages/{section_id}/{article_id}.md{buster}) "


def pager(number: int, buster: str = "") -> str:
    """Return the pager, which links from page ``number`` to older ones."""
    pages = range(number, max(0, number - PAGER_DEPTH), -1)
    return f"#### 第 [ {' / '.join(f'[{n}](./{n}.md{buster})' for n in pages)} ] 页"


def csv_line(row: Row) -> str:
    """Return a line of a section's list; the title is never quoted."""
    return f"{row[0]},{row[1]}\n"


def moved_notice(address: str, *, pixel: str = "") -> str:
    """Return the page of a mirror that has moved to ``address``, ``owner/repo``."""
    image = f"<img src='{pixel}' width='0px' height='0px'/>\n\n" if pixel else ""
    notice = f"### 感谢您的持续关注，该项目已迁移至 [{address}](https://github.com/{address})"
    return f"\n{notice}\n\n{image}"
