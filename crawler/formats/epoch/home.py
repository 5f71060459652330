"""The home page: which sections the mirror has, or where it has moved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from crawler.formats.epoch.headings import MAX_NAME
from crawler.formats.epoch.links import links, path_of, unified
from crawler.urls import HOME, section_of

# 该项目已迁移至 [owner/repo](https://github.com/owner/repo). Possessive: a long run of blanks is
# looked at once.
_MOVED = re.compile(r"该项目已迁移至\s*+\[([^\[\]\n]*+)\]\([ \t]*+([^()\s]++)[ \t]*+\)")


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


def read_home(text: str, bases: Sequence[str] = ()) -> Home:
    """Read the home page; navigation, ads and other mirrors are no sections.

    Args:
        text: the page.
        bases: addresses below which the mirror's own pages lie.
    """
    text = unified(text)
    found: dict[str, Label] = {}
    repeated: list[Label] = []
    unnamed: list[str] = []
    for link in links(text):
        path = path_of(HOME, link.address, bases)
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
    """Return where the notice on a page says that the mirror has moved, None without one."""
    match = _MOVED.search(text)
    return match[2] if match else None
