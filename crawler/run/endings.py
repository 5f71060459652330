"""How a run ends: all endings are recorded, and the gravest is the outcome."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
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

_ERRORS: Final[tuple[tuple[type[RunError], int, str], ...]] = (
    # the first match counts; with wrong usage, a run has not even started
    (WrongUsage, 2, "usage"),
    (FeedUnusable, 4, "feed"),
    (TryLater, 5, "later"),
    (MirrorMoved, 6, "moved"),
    (MirrorUnusable, 6, "unusable"),
    (RunError, 3, "error"),
)


class Ending(NamedTuple):
    """One way in which a run ended.

    Attributes:
        gravity: rank among several endings; the smallest is the outcome.
        status: its name in ``runs.jsonl`` and in the log.
        exit_code: the exit status of the process (``docs/operations.md``).
        reason: why the run ended early, as text; None if the status is enough.
        fatal: whether the run must stop.
    """

    gravity: int
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
        return cls(0, "interrupted", 128 + number)


CRASHED: Final = Ending(1, "error", 1)
"""An unexpected exception occurred; other pages are still read."""
FAILURES: Final = Ending(7, "partial", 3)
"""Pages failed."""
LIMITED: Final = Ending(8, "limited", 0)
"""The limit of new lines was reached."""
STALE: Final = Ending(6, "stale", 4)
"""The mirror's newest article is older than the user allows."""
COMPLETE: Final = Ending(9, "complete", 0)


def cut_short(reason: str) -> Ending:
    return FAILURES._replace(reason=f"the run was closed early: {reason}")


class Endings:
    """The endings of one run."""

    def __init__(self) -> None:
        self._all: list[Ending] = []

    def add(self, ending: Ending) -> None:
        """Record an ending; of equally grave ones, the first counts."""
        self._all.append(ending)

    @property
    def fatal(self) -> bool:
        return any(ending.fatal for ending in self._all)

    @property
    def gravest(self) -> Ending:
        """The outcome of the run."""
        return min([*self._all, COMPLETE], key=lambda ending: ending.gravity)

    @property
    def reason(self) -> str | None:
        """Why the run ended early; None if it did not."""
        explained = [ending for ending in self._all if ending.reason]
        if not explained:
            return None
        return min(explained, key=lambda ending: ending.gravity).reason


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
