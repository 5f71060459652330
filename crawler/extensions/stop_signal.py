"""Records which signal stopped the run; Scrapy does not report it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Self

from scrapy.crawler import Crawler

from crawler.run.endings import STOPPING, Ending
from crawler.run.run import Run


class StopSignal:
    """Records SIGINT and SIGTERM before Scrapy's own handlers run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Wrap Scrapy's handlers once the reactor is running and they are installed."""
        from twisted.internet import reactor  # noqa: PLC0415 - Scrapy has installed it by now

        extension = cls(Run.of(crawler))
        reactor.callWhenRunning(extension.wrap_handlers)
        return extension

    def wrap_handlers(self) -> None:
        """Wrap the handler of each signal that stops a run; only the main thread may have any."""
        if threading.current_thread() is not threading.main_thread():
            return
        for number in STOPPING:
            handler = signal.getsignal(number)
            if callable(handler):
                signal.signal(number, partial(self._record, handler))

    def _record(
        self,
        handler: Callable[[int, FrameType | None], object],
        signum: int,
        frame: FrameType | None,
    ) -> None:
        self.run.end(Ending.of_signal(signum))
        handler(signum, frame)
