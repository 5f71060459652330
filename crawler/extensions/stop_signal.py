"""Which signal stopped the run: Scrapy knows only that one did."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import call_later

from crawler.run import Run

_STOPPING = (signal.SIGINT, signal.SIGTERM)


class StopSignal:
    """Notes SIGINT and SIGTERM on their way to Scrapy's own handlers."""

    def __init__(self, run: Run) -> None:
        """Take the run, where the signal is noted."""
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to ``crawler``'s start."""
        extension = cls(Run.of(crawler))
        crawler.signals.connect(extension.engine_started, signal=signals.engine_started)
        return extension

    def engine_started(self) -> None:
        """Step in front of Scrapy's handlers, which are there once the reactor runs."""
        call_later(0, self._step_in)

    def _step_in(self) -> None:
        for number in _STOPPING:
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
        self.run.signal = self.run.signal or signum
        handler(signum, frame)
