"""Suggests a correct name for a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

_SHORTEST_PART = 3


def suggestion(given: str, choices: Iterable[str]) -> str:
    """Return `` (did you mean …?)`` for an error message, or an empty string.

    Case is ignored. A choice that contains ``given`` or is contained in it also matches:
    ``epoch-news`` suggests ``news``.
    """
    folded = {choice.casefold(): choice for choice in choices}
    wanted = given.strip().casefold()
    close = []
    if len(wanted) >= _SHORTEST_PART:
        close = [one for one in folded if wanted in one or one in wanted]
    close = close or get_close_matches(wanted, folded, n=1)
    if not close:
        return ""
    return f" (did you mean {' or '.join(sorted(folded[one] for one in close))}?)"
