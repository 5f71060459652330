"""Copies a part of a mirror: pages from all over it, with generated index pages."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from mirrorkit.indexes import Group, Section, entries_of, home_page, index_page, page_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from mirrorkit.indexes import Row

_STAMP = "11010600"


def lay_out_part(mirror: Path, place: Path, articles: int) -> Path:
    """Write a mirror of at most ``articles`` articles of ``mirror`` to ``place``.

    Crawls need no limit then, so every program reads the same pages.
    """
    if place.exists():
        return place
    sections: dict[str, list[Row]] = {}
    for page in _spread(mirror, articles):
        section = page.parent.name
        copy = place / "pages" / section / page.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(page, copy)
        title = page.read_text("utf-8", errors="replace").partition("\n")[0].lstrip("# ")
        sections.setdefault(section, []).append((page.stem, title))
    for section, rows in sections.items():
        _write_lists(place, Section(section, section), rows)
    home = home_page("part", [Group("part", tuple(Section(one, one) for one in sections))], _STAMP)
    (place / "README.md").write_text(home, encoding="utf-8")
    return place


def _spread(mirror: Path, articles: int) -> list[Path]:
    """Return one page of each of ``articles`` articles, evenly spread over the mirror."""
    copies: dict[str, Path] = {}
    for page in sorted(mirror.glob("pages/*/*.md")):
        copies.setdefault(page.stem, page)
    pages = list(copies.values())
    return pages[:: max(len(pages) // articles, 1)][:articles]


def _write_lists(place: Path, section: Section, rows: Sequence[Row]) -> None:
    folder = place / "indexes" / section.id
    folder.mkdir(parents=True)
    last = page_count(len(rows))
    for number in range(1, last + 1):
        text = index_page(section, entries_of(rows, number), number)
        (folder / f"{number}.md").write_text(text, encoding="utf-8")
    own = index_page(section, entries_of(rows, last), last, stamp=_STAMP)
    (folder / "README.md").write_text(own, encoding="utf-8")
