"""How a run ends: all endings are recorded, and the gravest is the outcome."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum, auto
from typing import Final, NamedTuple, Self

from crawler.exceptions import (
    FeedUnusable,
    MirrorMoved,
    MirrorUnusable,
    RunError,
    TryLater,
    WrongUsage,
)

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
"""Signals that stop a run gracefully."""


class Gravity(IntEnum):
    """The kinds of endings, from the gravest to the mildest."""

    SIGNAL = auto()
    CRASH = auto()
    USAGE = auto()
    FEED = auto()
    LATER = auto()
    MIRROR = auto()
    FAILURES = auto()
    LIMIT = auto()
    NONE = auto()


_ERRORS: Final[tuple[tuple[type[RunError], Gravity, str], ...]] = (
    # the first match counts
    (WrongUsage, Gravity.USAGE, "usage"),
    (FeedUnusable, Gravity.FEED, "feed"),
    (TryLater, Gravity.LATER, "later"),
    (MirrorMoved, Gravity.MIRROR, "moved"),
    (MirrorUnusable, Gravity.MIRROR, "unusable"),
    (RunError, Gravity.CRASH, "error"),
)


class Ending(NamedTuple):
    """One way in which a run ended.

    Attributes:
        gravity: of several endings, the one with the smallest is the outcome.
        status: its name in ``runs.jsonl`` and in the log.
        exit_code: the exit status of the process (``docs/operations.md``).
        reason: why the run ended early, as text; None if the status is enough.
        fatal: whether the run must stop.
    """

    gravity: Gravity
    status: str
    exit_code: int
    reason: str | None = None
    fatal: bool = False

    @classmethod
    def of_error(cls, error: RunError) -> Self:
        gravity, status = next((g, word) for kind, g, word in _ERRORS if isinstance(error, kind))
        return cls(gravity, status, error.exit_code, str(error), fatal=True)

    @classmethod
    def of_signal(cls, number: int) -> Self:
        return cls(Gravity.SIGNAL, "interrupted", 128 + number)


# An exit code that an error has too stands only there.
CRASHED: Final = Ending(Gravity.CRASH, "error", RunError.exit_code)
"""An unexpected exception occurred; other pages are still read."""
STALE: Final = Ending(Gravity.MIRROR, "stale", MirrorUnusable.exit_code)
"""The mirror's newest article is older than the user allows."""
FAILURES: Final = Ending(Gravity.FAILURES, "partial", 3)
"""Pages failed."""
LIMITED: Final = Ending(Gravity.LIMIT, "limited", 0)
"""The limit of new lines was reached."""
COMPLETE: Final = Ending(Gravity.NONE, "complete", 0)


def cut_short(reason: str) -> Ending:
    return FAILURES._replace(reason=f"the run was closed early: {reason}")


class Endings:
    """The endings of one run; of equally grave ones, the first counts."""

    def __init__(self) -> None:
        self._all: list[Ending] = []

    def add(self, ending: Ending) -> None:
        self._all.append(ending)  # atomic, because a signal handler calls it too

    @property
    def fatal(self) -> bool:
        return any(ending.fatal for ending in self._all)

    @property
    def gravest(self) -> Ending:
        """The outcome of the run."""
        return min(self._all, key=_gravity, default=COMPLETE)

    @property
    def reason(self) -> str | None:
        """Why the run ended early; None if it did not."""
        explained = (ending for ending in self._all if ending.reason)
        return min(explained, key=_gravity, default=COMPLETE).reason


def _gravity(ending: Ending) -> Gravity:
    return ending.gravity


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """Let SIGINT and SIGTERM end the process at once, before there is a run to end.

    Scrapy's handlers wait for the event loop, which may be blocked for a minute while the state of
    a large feed is rebuilt. A kill at that time loses nothing.
    """
    handlers = {number: signal.getsignal(number) for number in STOPPING}
    replaced = [number for number, handler in handlers.items() if callable(handler)]
    if threading.current_thread() is not threading.main_thread():
        replaced = []
    for number in replaced:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in replaced:
            signal.signal(number, handlers[number])
