"""Parses documents for tests: sections, tables, links, code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

_KEY = re.compile(r"^### `(\w+)` — (.+)$", re.MULTILINE)
_EXAMPLE = re.compile(r"^Example(?: \(`(n\d+)`\))?: `(.*)`$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^()\s]+)\)")
_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class Key(NamedTuple):
    """One key as ``docs/data-format.md`` describes it.

    Attributes:
        name: the key.
        type: description of its type.
        example: the JSON of its example.
        article: id of the article that the example is from; None for the usual one.
        text: its whole description.
    """

    name: str
    type: str
    example: str
    article: str | None
    text: str


def part(text: str, heading: str) -> str:
    """Return the text of the section ``## heading``."""
    _, found, rest = text.partition(f"\n## {heading}\n")
    assert found, f"no heading {heading!r}"
    return rest.partition("\n## ")[0]


def keys(text: str) -> list[Key]:
    """Return the keys that a section describes, in order."""
    pieces = _KEY.split(text)[1:]
    described = []
    for name, kind, said in zip(pieces[::3], pieces[1::3], pieces[2::3], strict=True):
        examples = _EXAMPLE.findall(said)
        assert len(examples) == 1, f"{name}: one example is wanted"
        article, example = examples[0]
        described.append(Key(name, kind, example, article or None, said))
    return described


def table(text: str) -> list[list[str]]:
    """Return the rows of the first table without its header; cells are stripped."""
    rows = []
    for line in text.splitlines():
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    return rows[2:]


def code_names(cell: str) -> list[str]:
    """Return the texts in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def code_blocks(text: str, language: str) -> list[str]:
    """Return the fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def indented_lines(text: str) -> list[str]:
    """Return the lines of code blocks that are indented by four spaces."""
    return re.findall(r"^ {4}(?! )(.+)$", _FENCE.sub("", text), re.MULTILINE)


def links(path: Path) -> list[str]:
    """Return the targets of a document's links, except in code."""
    return _LINK.findall(re.sub(r"`[^`\n]*`", "", _FENCE.sub("", path.read_text(encoding="utf-8"))))


def anchors(path: Path) -> set[str]:
    """Return the anchors of a document's headings, as GitHub generates them."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}
