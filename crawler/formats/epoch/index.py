"""A section's index page, its own or an archive page: which articles it lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from crawler.exceptions import PageTooLarge
from crawler.formats.epoch.headings import MAX_NAME, first_heading
from crawler.formats.epoch.home import moved_to
from crawler.formats.epoch.links import (
    MAX_ADDRESS,
    ListLink,
    article_of,
    links,
    path_of,
    unified,
)
from crawler.formats.epoch.paths import HOME, copy_of, index_path, section_of
from crawler.formats.pages import Entry, Index

_LOOKS_LIKE_AN_ARTICLE = re.compile(r"pages[/\\%].*n[0-9]", re.IGNORECASE)
_RULE = re.compile(r"^[^\S\n]*+(?:-{3,}+|\*{3,}+|_{3,}+)[^\S\n]*+$", re.MULTILINE)
_PAGER_LINE = re.compile(r"\W*+第\W")


def read_index(text: str, section: str, bases: Sequence[str] = ()) -> Index:
    """Read an index page of ``section``.

    Args:
        text: the page.
        section: its id.
        bases: addresses below which the mirror's own pages lie.

    Raises:
        PageTooLarge: its heading is longer than a section's name may be.
    """
    text = unified(text)
    found = list(links(text))
    entries: dict[str, Entry] = {}
    strays: list[str] = []
    places: set[tuple[int, str]] = set()
    first, last = len(text), 0
    for link in found:
        copy = article_of(link.address, bases) if len(link.address) <= MAX_ADDRESS else None
        if copy is not None and copy.section == section:
            known = entries.get(copy.id)
            if known is None or not known.title:
                entries[copy.id] = Entry(copy.id, link.text)
            places.add((link.line, copy.id))
            first, last = min(first, link.line), link.end
        elif _is_stray(link, section, bases):
            strays.append(link.address)
            first = min(first, link.line)
    moved = None if entries else moved_to(text)
    return Index(
        heading=None if moved else _heading(text[:first]),
        entries=tuple(entries.values()),
        lines=len(places),
        last_page=_last_page(text, found, section, last, bases),
        strays=tuple(strays),
        moved_to=moved,
    )


def _is_stray(link: ListLink, section: str, bases: Sequence[str]) -> bool:
    """Tell whether a link looks like an entry: an article's address, or an entry's form."""
    if _LOOKS_LIKE_AN_ARTICLE.search(link.address[:MAX_ADDRESS]):
        return True
    if not link.in_heading or not link.address.partition("?")[0].endswith(".md"):
        return False
    path = path_of(index_path(section), link.address, bases)
    return "://" not in link.address and (path is None or not _is_page(path))


def _is_page(path: str) -> bool:
    return path == HOME or section_of(path) is not None or copy_of(path) is not None


def _heading(text: str) -> str | None:
    heading = first_heading(text, behind_text=False)
    if heading is not None and len(heading) > MAX_NAME:
        raise PageTooLarge(f"its heading has {len(heading)} characters; at most {MAX_NAME}")
    return heading


def _last_page(
    text: str, found: Iterable[ListLink], section: str, last_entry: int, bases: Sequence[str]
) -> int:
    """Return the highest page that the pager names: links behind the entries, or a line 第 … 页."""
    here = index_path(section)
    behind = last_entry
    if not behind:
        behind = max((rule.end() for rule in _RULE.finditer(text)), default=0)
    pagers: dict[int, int] = {}  # by line: where its 第 ends
    highest = 0
    for link in found:
        path = path_of(here, link.address, bases)
        index = section_of(path) if path else None
        if not index or index[0] != section or not index[1]:
            continue
        if link.line not in pagers:  # all links of a pager stand on one line
            pager = _PAGER_LINE.match(text, link.line)
            pagers[link.line] = pager.end() if pager else len(text) + 1
        if link.end > behind or pagers[link.line] <= link.end:
            highest = max(highest, index[1])
    return highest
