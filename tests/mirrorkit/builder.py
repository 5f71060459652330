"""A mirror that grows: publish, write, publish, write."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mirrorkit.indexes import (
    Group,
    Row,
    Section,
    csv_line,
    entries_of,
    home_page,
    index_page,
    page_count,
)
from mirrorkit.pages import ArticleSpec, article_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

FIRST_UPDATE = dt.datetime(2023, 10, 2, 8, 45, tzinfo=dt.UTC)
"""When a built mirror was updated first; its cache-busters are made of it."""

BETWEEN_UPDATES = dt.timedelta(hours=4)
"""How often real mirrors are updated."""


@dataclass(slots=True)
class MirrorBuilder:
    """Builds a mirror in a directory, update after update.

    Attributes:
        groups: the lines of the home page.
        heading: the home page's first line.
        repository: the mirror's name in its tracking pixels.
        moment: time of the next update.
        rows: what each section lists, oldest first.
    """

    groups: tuple[Group, ...]
    heading: str = "大纪元新闻"
    repository: str = "epoch-news"
    moment: dt.datetime = FIRST_UPDATE
    rows: dict[str, list[Row]] = field(default_factory=dict)
    _new_pages: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start every section with an empty list."""
        for section in self.sections:
            self.rows.setdefault(section.id, [])

    @classmethod
    def simple(cls, *section_ids: str) -> MirrorBuilder:
        """Return a builder with these sections in one line of the home page."""
        sections = tuple(Section(name, f"版面{name}") for name in section_ids)
        return cls((Group("海岛新闻", sections),))

    @property
    def sections(self) -> list[Section]:
        """All sections in the order of the home page."""
        return [section for group in self.groups for section in group.sections]

    @property
    def stamp(self) -> str:
        """The cache-buster of the next update: ``MMDDHHMM``."""
        return f"{self.moment:%m%d%H%M}"

    def publish(
        self,
        spec: ArticleSpec,
        *section_ids: str,
        copies: Mapping[str, ArticleSpec] | None = None,
    ) -> None:
        """List an article in sections, each with a copy of its page.

        Args:
            spec: the article.
            section_ids: where it is listed.
            copies: the copy in a section, if it differs from ``spec``.

        Raises:
            KeyError: the mirror has no such section.
        """
        for name in section_ids:
            copy = (copies or {}).get(name, spec)
            self.rows[name].append((copy.id, copy.title))
            page = article_page(copy, name, self.repository)
            self._new_pages[f"pages/{name}/{copy.id}.md"] = page

    def write(self, directory: Path, *, stamp: str | None = None) -> list[str]:
        """Write the mirror, or the changes since the last write; return the changed files.

        Each update has its own cache-buster, so that the home page and the sections' indexes
        change even if nothing is new, as in real mirrors.

        Args:
            directory: base of the mirror; created if it does not exist.
            stamp: cache-buster of this update instead of the next one.
        """
        changed = [
            name
            for name, text in self.files(stamp or self.stamp)
            if _write_changed(directory / name, text)
        ]
        self._new_pages.clear()
        self.moment += BETWEEN_UPDATES
        return changed

    def files(self, stamp: str) -> Iterator[tuple[str, str]]:
        """Yield path and text of the pages published since the last write, and of all lists."""
        yield from self._new_pages.items()
        for section in self.sections:
            for name, text in section_files(section, self.rows[section.id], stamp):
                yield f"indexes/{name}", text
        yield "README.md", home_page(self.heading, self.groups, stamp)


def section_files(section: Section, rows: list[Row], stamp: str) -> Iterable[tuple[str, str]]:
    """Yield path under ``indexes/`` and text of each index file of a section."""
    last = page_count(len(rows))
    for number in range(1, last + 1):
        yield f"{section.id}/{number}.md", index_page(section, entries_of(rows, number), number)
    newest = index_page(section, entries_of(rows, last), last, stamp=stamp)
    yield f"{section.id}/README.md", newest
    yield f"{section.id}.csv", "".join(csv_line(row) for row in rows)


def _write_changed(path: Path, text: str) -> bool:
    data = text.encode()
    if path.exists() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return True
