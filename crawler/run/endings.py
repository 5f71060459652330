"""How a run ends: every reason is noted, and the gravest is its outcome."""

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
"""Signals that stop a run in good order."""

_ERRORS: Final[tuple[tuple[type[RunError], int, str], ...]] = (
    # the first that fits; usage is graver than the rest, for such a run never began
    (WrongUsage, 2, "usage"),
    (FeedUnusable, 4, "feed"),
    (TryLater, 5, "later"),
    (MirrorMoved, 6, "moved"),
    (MirrorUnusable, 6, "unusable"),
    (RunError, 3, "error"),
)


class Ending(NamedTuple):
    """One reason for which a run ended as it did.

    Attributes:
        gravity: of several endings, the one with the smallest number is the run's.
        status: the word for it, in ``runs.jsonl`` and in the log.
        exit_code: what the process exits with; ``docs/operations.md`` says what to do.
        reason: why the run ended early, for people; None where the status says it all.
        fatal: whether the run must not go on.
    """

    gravity: int
    status: str
    exit_code: int
    reason: str | None = None
    fatal: bool = False

    @classmethod
    def of_error(cls, error: RunError) -> Self:
        """Return the ending that ``error`` is."""
        gravity, status = next((g, word) for kind, g, word in _ERRORS if isinstance(error, kind))
        return cls(gravity, status, error.exit_code, str(error), fatal=True)

    @classmethod
    def of_signal(cls, number: int) -> Self:
        """Return the ending by the signal ``number``; Scrapy stops the run."""
        return cls(0, "interrupted", 128 + number)


CRASHED: Final = Ending(1, "error", 1)
"""An error of the program happened; other pages are still read."""
FAILURES: Final = Ending(7, "partial", 3)
"""Pages failed."""
LIMITED: Final = Ending(8, "limited", 0)
"""The limit of new lines was reached."""
STALE: Final = Ending(6, "stale", 4)
"""The mirror's newest article is older than the user allows."""
COMPLETE: Final = Ending(9, "complete", 0)


def cut_short(reason: str) -> Ending:
    """Return the ending of a run that was closed early, with Scrapy's ``reason``."""
    return FAILURES._replace(reason=f"it ended before its time: {reason}")


class Endings:
    """The endings of one run."""

    def __init__(self) -> None:
        self._all: list[Ending] = []

    def add(self, ending: Ending) -> None:
        """Note an ending; of equally grave ones the first stands."""
        self._all.append(ending)

    @property
    def fatal(self) -> bool:
        """Whether the run must not go on."""
        return any(ending.fatal for ending in self._all)

    @property
    def gravest(self) -> Ending:
        """The outcome of the run."""
        return min([*self._all, COMPLETE], key=lambda ending: ending.gravity)

    @property
    def reason(self) -> str | None:
        """Why the run ended early; None where it did not."""
        told = [ending for ending in self._all if ending.reason]
        return min(told, key=lambda ending: ending.gravity).reason if told else None


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
