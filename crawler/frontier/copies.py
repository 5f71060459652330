"""Chooses among the copies of an article in several sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from crawler.items import Article

AS_LONG: Final = 50
"""Two texts whose lengths differ by at most so many characters count as equally long."""


def best_copy(copies: Sequence[Article]) -> Article:
    """Return the copy to publish.

    Of the copies that are about as long as the longest, those with a lead image are considered, or
    all if none has one. Of these, it is the first that is not truncated, or else the first. The
    copies of 2 to 3 % of all articles differ, because the article was edited between two fetches by
    the mirror's generator.

    Args:
        copies: the readable copies, in the order of the article's sections; at least one.
    """
    longest = max(map(_length, copies))
    long = [copy for copy in copies if _length(copy) >= longest - AS_LONG]
    pictured = [copy for copy in long if copy.image] or long
    return next((copy for copy in pictured if not copy.truncated), pictured[0])


def _length(copy: Article) -> int:
    return len(copy.content_text or "")
