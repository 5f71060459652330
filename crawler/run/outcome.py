"""The truth at the end: what a run has come to, as a word and as an exit status."""

from __future__ import annotations

import signal
from typing import Final, NamedTuple

from crawler.exceptions import (
    FeedUnusable,
    MirrorMoved,
    MirrorUnusable,
    RunError,
    TryLater,
    WrongUsage,
)
from crawler.run.counts import RunCounts

_WORDS: tuple[tuple[type[RunError], str], ...] = (
    (WrongUsage, "usage"),
    (FeedUnusable, "feed"),
    (TryLater, "later"),
    (MirrorMoved, "moved"),
    (MirrorUnusable, "unusable"),
)


STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop a run in good order."""

# Where several errors end a run, the first of these is told. Usage: it never began.
_GRAVEST: Final = (2, 1, 5, 75, 4)


class Outcome(NamedTuple):
    """What a run has come to.

    Attributes:
        status: complete, limited, partial, unusable, moved, later, feed, usage, interrupted, error.
        exit_code: what the process ends with; ``docs/operations.md`` says what to do.
    """

    status: str
    exit_code: int


def graver(first: RunError | None, second: RunError) -> RunError:
    """Return the graver of two errors that end a run; of equal ones the first."""
    if first is None:
        return second
    return min(first, second, key=lambda error: _GRAVEST.index(error.exit_code))


def outcome_of(
    counts: RunCounts,
    *,
    stopped_by: int | None = None,
    crashed: bool = False,
    cut_short: bool = False,
) -> Outcome:
    """Return what a run has come to; where several apply, what is gravest.

    Args:
        counts: the run's counts.
        stopped_by: number of the signal that stopped it.
        crashed: an error of the program itself happened.
        cut_short: something else ended it before it was done (``-s CLOSESPIDER_TIMEOUT=…``).
    """
    if stopped_by is not None:
        return Outcome("interrupted", 128 + stopped_by)
    if crashed:
        return Outcome("error", 1)
    if counts.error is not None:
        return outcome_of_error(counts.error)
    if counts.counted_failures or cut_short:
        return Outcome("partial", 3)
    return Outcome("limited" if counts.limited else "complete", 0)


def outcome_of_error(error: RunError) -> Outcome:
    """Return what a run that ``error`` ended has come to."""
    word = next((word for kind, word in _WORDS if isinstance(error, kind)), "error")
    return Outcome(word, error.exit_code)
