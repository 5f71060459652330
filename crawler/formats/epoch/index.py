"""A section's index page, its own or an archive page: which articles it lists."""

from __future__ import annotations

import re

from crawler.formats.epoch.home import LINK, moved_to
from crawler.formats.epoch.paths import copy_of, index_path, section_of
from crawler.formats.pages import Entry, Index
from crawler.text import one_line, visible
from crawler.urls import mirror_path

_HEADING = re.compile(r"\A\s*+#{1,6}[ \t]++(?!\[)(\S.*)")
# Titles hold no brackets (0 of 132,101), but a reader must survive one that does.
_ENTRY = re.compile(r"^#{1,6}[ \t]*+\[(.*)\]\([ \t]*+([^()\s]*+)[ \t]*+\)[ \t]*+$", re.MULTILINE)


def read_index(text: str, section: str) -> Index:
    """Read an index page of ``section``.

    An advertisement between the entries (absolute, or relative: ``ok?10021200``) and an
    address out of the section are no entries; the latter are told as ``strays``.
    """
    here = index_path(section)
    entries: dict[str, Entry] = {}
    strays: list[str] = []
    lines = 0
    for match in _ENTRY.finditer(text):
        path = mirror_path(here, match[2])
        copy = copy_of(path) if path else None
        if copy is not None and copy.section == section:
            lines += 1
            entries.setdefault(copy.id, Entry(copy.id, one_line(visible(match[1]))))
        elif match[2].partition("?")[0].endswith(".md"):
            strays.append(match[2])
    heading = _HEADING.match(text)
    moved = None if entries else moved_to(text)
    return Index(
        heading=(one_line(visible(heading[1])) or None) if heading and not moved else None,
        entries=tuple(entries.values()),
        lines=lines,
        last_page=_last_page(text, section),
        strays=tuple(strays),
        moved_to=moved,
    )


def _last_page(text: str, section: str) -> int:
    here = index_path(section)
    last = 0
    for match in LINK.finditer(text, max(text.rfind("\n---"), 0)):
        path = mirror_path(here, match[2])
        index = section_of(path) if path else None
        if index and index[0] == section and index[1]:
            last = max(last, index[1])
    return last
