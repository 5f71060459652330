"""Which signal stopped the run: Scrapy knows only that one did."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Self

from scrapy.crawler import Crawler

from crawler.run.endings import STOPPING
from crawler.run.run import Run


class StopSignal:
    """Notes SIGINT and SIGTERM on their way to Scrapy's own handlers."""

    def __init__(self, run: Run) -> None:
        """Take the run, where the signal is noted."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Step in front of Scrapy's handlers, which are there once the reactor runs."""
        from twisted.internet import reactor  # noqa: PLC0415 - Scrapy has chosen it by now

        extension = cls(Run.of(crawler))
        reactor.callWhenRunning(extension.step_in)
        return extension

    def step_in(self) -> None:
        """Note a signal before Scrapy's handler is told of it."""
        for number in STOPPING:
            handler = signal.getsignal(number)
            if not callable(handler):
                continue

            signal.signal(number, partial(self._noted, handler))

    def _noted(
        self,
        handler: Callable[[int, FrameType | None], object],
        signum: int,
        frame: FrameType | None,
    ) -> None:
        self.run.interrupt(signum)
        handler(signum, frame)
