"""Known people: columnists and editors with several articles."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

FEWEST_ARTICLES: Final = 5
"""Titles of the comment mirror that begin with a columnist's name, at least.

With this number, of 464 titles in the news and special mirrors that begin with such a name and have
neither column nor byline, all name the author.
"""
_FEWEST_EDITED: Final = 3


def _read(file: str, fewest: int) -> frozenset[str]:
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return frozenset(name for name, articles in rows if int(articles) >= fewest)


COLUMNISTS: Final = _read("columnists.tsv", FEWEST_ARTICLES)
"""Names that are authors at the beginning of a title in any section: ``王友群：…``."""

EDITORS: Final = _read("editors.tsv", _FEWEST_EDITED)
"""Editors of several articles, which leaves out misspelt names. They are recognized even if other
text directly follows."""
