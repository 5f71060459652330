"""A trace of what a reader takes out of a page's text, and by which rule.

Readers note their cuts always; nothing is kept unless somebody traces. Noting costs one look at a
module's variable.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Cut(NamedTuple):
    """A part of a page that is not in the reading text.

    Attributes:
        rule: the rule that took it, as ``module.what``: ``credits.byline``, ``cuts.end mark``.
        text: what was taken, as it stood in the text.
    """

    rule: str
    text: str


_traced: list[Cut] | None = None


@contextmanager
def traced() -> Iterator[list[Cut]]:
    """Collect the cuts of all pages that are read meanwhile, in the order they are made."""
    global _traced  # noqa: PLW0603 - read for every cut of every page: a context variable is slower
    cuts: list[Cut] = []
    outer, _traced = _traced, cuts
    try:
        yield cuts
    finally:
        _traced = outer


def note(rule: str, text: str) -> None:
    """Note a cut, if somebody traces and there is text."""
    if _traced is not None and text.strip():
        _traced.append(Cut(rule, text))


def is_traced() -> bool:
    """Return whether somebody traces: what only a trace needs is computed then."""
    return _traced is not None
