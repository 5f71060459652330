"""Reads index pages: a section's own index, or one of its archive pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from crawler.exceptions import PageTooLarge
from crawler.formats.epoch.headings import MAX_NAME, first_heading
from crawler.formats.epoch.home import moved_to
from crawler.formats.epoch.links import (
    MAX_URL,
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
        bases: URLs below which the mirror's own pages are.

    Raises:
        PageTooLarge: the heading is longer than a section's name may be.
    """
    text = unified(text)
    found = list(links(text))
    entries: dict[str, Entry] = {}
    strays: list[str] = []
    places: set[tuple[int, str]] = set()
    first, last = len(text), 0
    for link in found:
        copy = article_of(link.url, bases) if len(link.url) <= MAX_URL else None
        if copy is not None and copy.section == section:
            known = entries.get(copy.id)
            if known is None or not known.title:
                entries[copy.id] = Entry(copy.id, link.text)
            places.add((link.line, copy.id))
            first, last = min(first, link.line), link.end
        elif _is_stray(link, section, bases):
            strays.append(link.url)
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
    """Return whether a link is not an entry but looks like one, by its URL or its form."""
    if _LOOKS_LIKE_AN_ARTICLE.search(link.url[:MAX_URL]):
        return True
    if not link.in_heading or not link.url.partition("?")[0].endswith(".md"):
        return False
    path = path_of(index_path(section), link.url, bases)
    return "://" not in link.url and (path is None or not _is_page(path))


def _is_page(path: str) -> bool:
    return path == HOME or section_of(path) is not None or copy_of(path) is not None


def _heading(text: str) -> str | None:
    heading = first_heading(text, behind_text=False)
    if heading is not None and len(heading) > MAX_NAME:
        raise PageTooLarge(
            f"its heading has {len(heading)} characters; at most {MAX_NAME} are allowed"
        )
    return heading


def _last_page(
    text: str, found: Iterable[ListLink], section: str, last_entry: int, bases: Sequence[str]
) -> int:
    """Return the highest page in the pager: links after the entries, or on a line 第 … 页."""
    here = index_path(section)
    end_of_list = last_entry
    if not end_of_list:
        end_of_list = max((rule.end() for rule in _RULE.finditer(text)), default=0)
    pagers: dict[int, int] = {}  # start of a line -> end of its 第
    highest = 0
    for link in found:
        path = path_of(here, link.url, bases)
        index = section_of(path) if path else None
        if not index or index[0] != section or not index[1]:
            continue
        if link.line not in pagers:  # all links of a pager are on one line
            pager = _PAGER_LINE.match(text, link.line)
            pagers[link.line] = pager.end() if pager else len(text) + 1
        if link.end > end_of_list or pagers[link.line] <= link.end:
            highest = max(highest, index[1])
    return highest
