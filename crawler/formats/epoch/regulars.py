"""People whom the newspaper names often: columnists and editors, with how often."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

FEWEST_ARTICLES: Final = 5
"""Articles of the comment mirror that a columnist heads.

Read on the news and special mirrors: of 464 titles without column and byline that begin with such a
name, down to this number, the name is the author's in all.
"""
_FEWEST_EDITED: Final = 3


def _read(file: str, fewest: int) -> frozenset[str]:
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return frozenset(name for name, articles in rows if int(articles) >= fewest)


COLUMNISTS: Final = _read("columnists.tsv", FEWEST_ARTICLES)
"""Names that head their titles in every section: ``王友群：…``."""

EDITORS: Final = _read("editors.tsv", _FEWEST_EDITED)
"""Editors of several articles, so that misspelt names are not among them: their names end where they end, whatever is glued on."""
