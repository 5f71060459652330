"""Known people: columnists and editors with several articles.

The lists have the number of each person's articles. A columnist heads the titles of at least five in
the comment mirror: of 464 titles in the news and special mirrors that begin with such a name and have
neither column nor byline, all name the author. An editor has at least three, which leaves out
misspelt names.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def _names_in(file: str) -> frozenset[str]:
    rows = files(__package__).joinpath(file).read_text(encoding="utf-8").splitlines()[1:]
    return frozenset(row.partition("\t")[0] for row in rows)


COLUMNISTS: Final = _names_in("columnists.tsv")
"""Names that are authors at the beginning of a title in any section: ``王友群：…``."""

EDITORS: Final = _names_in("editors.tsv")
"""Editors who are recognized even if other text directly follows."""
