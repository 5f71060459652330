"""Generates the bundled sample mirror: ``python tests/make_sample.py``.

The news are invented. Their data is in ``tests/sample_news``; the generated files are
committed under ``sample/`` and never edited by hand.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mirrorkit import (
    ABSOLUTE_AD,
    RELATIVE_AD,
    ArticleSpec,
    Group,
    Link,
    MirrorBuilder,
    Picture,
    Section,
    figure,
)

if TYPE_CHECKING:
    import datetime as dt

NEWS = Path(__file__).parent / "sample_news"
SAMPLE = Path(__file__).parent.parent / "sample"
SPECIAL = "https://github.com/example/epoch-special/blob/master/README.md"

GROUPS = (
    Group(
        "群岛新闻",
        (
            Section("ncid900101", "海岛经济", ad=ABSOLUTE_AD),
            Section("ncid900102", "城镇生活", ad=RELATIVE_AD),
        ),
    ),
    Group("专题与评论", (
        Section("nf900201", "灯塔与航路", heading="群岛专题：灯塔与航路"),
        Section("nsc900301", "海岛随笔", heading="海岛评论：海岛随笔"),
    )),
    Group("特别专题", (Link("群岛百年历史", SPECIAL),)),
)  # fmt: skip
"""The home page. Its last line links out of the mirror, as on a real one."""

_FIGURE = re.compile(r"@figure (?P<name>id(?P<number>\d+)\S*) (?P<caption>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Entry:
    """An article of the sample, its sections, and the copies that differ."""

    spec: ArticleSpec
    sections: tuple[str, ...]
    copies: dict[str, ArticleSpec]


def sample_builder() -> MirrorBuilder:
    """Return a builder with all news of the sample published, oldest first."""
    builder = MirrorBuilder(GROUPS, heading="青屿群岛新闻")
    for entry in sample_entries():
        builder.publish(entry.spec, *entry.sections, copies=entry.copies)
    return builder


def sample_entries() -> list[Entry]:
    """Return all articles of the sample in order of their dates."""
    entries = [entry for path in sorted(NEWS.glob("*.toml")) for entry in _entries_of(path)]
    return sorted(entries, key=lambda entry: entry.spec.date)


def _entries_of(path: Path) -> list[Entry]:
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    articles = data.pop("article")
    return [_entry({**data, **article}) for article in articles]


def _entry(data: dict[str, Any]) -> Entry:
    sections = (*data.pop("sections"), *data.pop("also", ()))
    copies = data.pop("copies", {})
    spec = _spec(data)
    return Entry(spec, sections, {name: replace(spec, **keys) for name, keys in copies.items()})


def _spec(data: dict[str, Any]) -> ArticleSpec:
    date = data["date"]
    lead = Picture(**data["lead"]) if "lead" in data else None
    blocks = tuple(_block(text, date) for text in data.pop("body").strip().split("\n\n"))
    after = tuple(data.get("after_editor", ()))
    return ArticleSpec(**{**data, "blocks": blocks, "lead": lead, "after_editor": after})


def _block(text: str, date: dt.date) -> str:
    found = _FIGURE.fullmatch(text)
    if not found:
        return text
    return figure(Picture(found["name"], found["caption"]), date, int(found["number"]))


def main() -> None:
    """Replace the sample's files."""
    for folder in ("indexes", "pages"):
        shutil.rmtree(SAMPLE / folder, ignore_errors=True)
    sample_builder().write(SAMPLE)


if __name__ == "__main__":
    main()
