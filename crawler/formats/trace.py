"""Traces what readers cut from a page's text, and by which rule.

Readers always report their cuts with :func:`note`, which does nothing unless tracing is on.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple


class Cut(NamedTuple):
    """A part of a page that is not in the reading text.

    Attributes:
        rule: the rule that cut it, as ``module.what``: ``credits.byline``, ``cuts.end mark``.
        text: the text that was cut.
    """

    rule: str
    text: str


_traced: list[Cut] | None = None


@contextmanager
def traced() -> Iterator[list[Cut]]:
    """Collect the cuts of all pages read meanwhile, in order."""
    global _traced  # noqa: PLW0603 - a context variable is slower, and every cut reads it
    cuts: list[Cut] = []
    outer, _traced = _traced, cuts
    try:
        yield cuts
    finally:
        _traced = outer


def note(rule: str, text: str) -> None:
    """Record a cut if tracing is on and there is text."""
    if _traced is not None and text.strip():
        _traced.append(Cut(rule, text))


def is_traced() -> bool:
    """Return whether tracing is on; if not, readers skip what only a trace needs."""
    return _traced is not None
