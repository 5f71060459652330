"""The home page: which sections the mirror has, or where it has moved."""

from __future__ import annotations

import re

from crawler.formats.epoch.paths import HOME, section_of
from crawler.formats.pages import Home, Label
from crawler.text import one_line, visible
from crawler.urls import mirror_path

# Possessive, here and in the other patterns of lists: a long run of blanks is looked at once.
LINK = re.compile(r"\[([^\[\]\n]*+)\]\([ \t]*+([^()\s]*+)[ \t]*+\)")

# 该项目已迁移至 [owner/repo](https://github.com/owner/repo)
_MOVED = re.compile(r"该项目已迁移至\s*+\[([^\[\]\n]*+)\]\([ \t]*+([^()\s]++)[ \t]*+\)")


def read_home(text: str) -> Home:
    """Read the home page; navigation, ads and other mirrors are no sections."""
    seen: set[str] = set()
    labels: list[Label] = []
    repeated: list[Label] = []
    for match in LINK.finditer(text):
        path = mirror_path(HOME, match[2])
        index = section_of(path) if path else None
        if index is None or index[1] is not None:
            continue
        label = Label(one_line(visible(match[1])), index[0])
        (repeated if label.section in seen else labels).append(label)
        seen.add(label.section)
    return Home(tuple(labels), tuple(repeated), None if labels else moved_to(text))


def moved_to(text: str) -> str | None:
    """Return where the notice on a page says that the mirror has moved, None without one."""
    match = _MOVED.search(text)
    return match[2] if match else None
