"""The newspaper's columnists, whose names head their titles in every section: ``王友群：…``."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

FEWEST_ARTICLES: Final = 5
"""Articles of the comment mirror that a columnist heads.

Read on the news and special mirrors: of 467 titles without column and byline that begin with such a
name, down to this number, the name is the author's in all.
"""


def _read() -> frozenset[str]:
    text = files(__package__).joinpath("columnists.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines()[1:])
    return frozenset(name for name, articles in rows if int(articles) >= FEWEST_ARTICLES)


COLUMNISTS: Final = _read()
