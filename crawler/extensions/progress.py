"""How far the run is: a live display on a terminal, a line every half minute elsewhere."""

from __future__ import annotations

import logging
import sys
import time
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import create_looping_call

from crawler.run.run import Run

if TYPE_CHECKING:
    from crawler.extensions.display import Display

logger = logging.getLogger(__name__)

LOG_EVERY = 30.0
"""Seconds between two lines of the log."""
_REDRAW_EVERY = 0.5


class Progress:
    """Shows lists walked, articles known, fetched, new, failed, the rate and the time left."""

    def __init__(self, run: Run, display: Display | None) -> None:
        """Take the run, and the display to draw on; None: the log gets a line now and then."""
        self.run = run
        self.display = display
        self.call = create_looping_call(self.tell)
        self.started = time.monotonic()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Connect to ``crawler``'s signals."""
        run = Run.of(crawler)
        display = None
        if sys.stderr.isatty():
            # only here: a run of the crontab does without rich's start-up
            from crawler.extensions.display import Display  # noqa: PLC0415

            display = Display(run.options.mirror.name)
        extension = cls(run, display)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        """Begin."""
        self.started = time.monotonic()
        if self.display is None:
            self.call.start(LOG_EVERY, now=False)
        else:
            self.display.start()
            self.call.start(_REDRAW_EVERY)

    def spider_closed(self) -> None:
        """End; the display goes, the log stays."""
        if self.call.running:
            self.call.stop()
        if self.display is not None:
            self.display.stop()

    def tell(self) -> None:
        """Tell how far the run is."""
        if self.display is None:
            logger.info("%s", self.line())
        else:
            self.display.show(self.line())

    def line(self) -> str:
        """Return how far the run is, in one line."""
        counts = self.run.counts
        pages = counts.pages
        if self.run.doing and not pages:
            return self.run.doing
        elapsed = max(time.monotonic() - self.started, 0.001)
        text = (
            f"lists {pages['home'] + pages['index'] + pages['archive']}, "
            f"new listings {counts.listings}, "
            f"articles {counts.new} of {counts.wanted}, failed {counts.failed}"
        )
        if not counts.new:
            return text
        rate = counts.new / elapsed
        left = max(counts.wanted - counts.new - counts.failed, 0) / rate
        return f"{text}, {rate:.1f} a second, {_duration(left)} left"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
