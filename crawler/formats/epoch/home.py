"""Reads the home page: which sections the mirror has, or where it has moved."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.formats.epoch.headings import MAX_NAME
from crawler.formats.epoch.links import links, path_of, unified
from crawler.formats.epoch.paths import HOME, section_of
from crawler.formats.pages import Home, Label

# 该项目已迁移至 [owner/repo](https://github.com/owner/repo). The quantifiers are possessive, so that
# a long run of blanks is scanned once.
_MOVED = re.compile(r"该项目已迁移至\s*+\[([^\[\]\n]*+)\]\([ \t]*+([^()\s]++)[ \t]*+\)")


def read_home(text: str, bases: Sequence[str] = ()) -> Home:
    """Read the home page. Links to other mirrors, navigation and ads are not sections.

    Args:
        text: the page.
        bases: URLs below which the mirror's own pages are.
    """
    text = unified(text)
    found: dict[str, Label] = {}
    repeated: list[Label] = []
    unnamed: list[str] = []
    for link in links(text):
        path = path_of(HOME, link.url, bases)
        index = section_of(path) if path else None
        if index is None or index[1] is not None:
            continue
        label = Label(link.text, index[0])
        if len(label.text) > MAX_NAME:
            unnamed.append(label.section)
            label = Label("", label.section)
        if label.section in found:
            repeated.append(label)
        else:
            found[label.section] = label
    moved = None if found else moved_to(text)
    return Home(tuple(found.values()), tuple(repeated), tuple(unnamed), moved)


def moved_to(text: str) -> str | None:
    """Return the URL in the notice that the mirror has moved, or None if there is no notice."""
    match = _MOVED.search(text)
    return match[2] if match else None
