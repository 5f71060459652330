"""Which copy of an article its line is made from, where several were read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crawler.items import Article

AS_LONG: Final = 50
"""Texts that differ by no more characters are the same text, edited."""


def best_copy(copies: Sequence[Article]) -> Article:
    """Return the copy to publish: of those as long as the longest, the first with a lead image.

    Where none of these has one, it is the first of them. Two to three in a hundred articles differ
    between their sections, because they were edited between two fetches of the mirror's maker.

    Args:
        copies: what the copies gave that could be read, in the order of the article's sections;
            at least one.
    """
    longest = max(map(_length, copies))
    long = [copy for copy in copies if _length(copy) >= longest - AS_LONG]
    return next((copy for copy in long if copy.image), long[0])


def _length(copy: Article) -> int:
    return len(copy.content_text or "")
