"""Shows the progress of a run: live on a terminal, elsewhere as a log line every half minute."""

from __future__ import annotations

import logging
import sys
import time
from collections import deque
from typing import TYPE_CHECKING, Self

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.utils.asyncio import create_looping_call

from crawler.run.run import Run

if TYPE_CHECKING:
    from crawler.extensions.display import Display

logger = logging.getLogger(__name__)

LOG_EVERY = 30.0
"""Seconds between two log lines."""
WINDOW = 30.0
"""Seconds over which the rate is measured; an average over the run would include the clone."""
_SETTLED = 3.0
_REDRAW_EVERY = 0.5
_SAMPLE_EVERY = 1.0
_PER_MINUTE_BELOW = 0.1
_ROUNDED_FROM = 10


class Progress:
    """Shows the time left, the articles written, the rate and failures; at first, the lists read."""

    def __init__(self, run: Run, display: Display | None) -> None:
        self.run = run
        self.display = display
        self.rate = RecentRate()
        self.sampling = create_looping_call(self.sample)
        self.showing = create_looping_call(self.show)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        run = Run.of(crawler)
        display = None
        if sys.stderr.isatty():
            # imported here because scheduled runs do not need rich, which takes time to import
            from crawler.extensions.display import Display  # noqa: PLC0415

            display = Display(run.options.mirror.name)
        extension = cls(run, display)
        crawler.signals.connect(extension.spider_opened, signal=signals.spider_opened)
        crawler.signals.connect(extension.spider_closed, signal=signals.spider_closed)
        return extension

    def spider_opened(self) -> None:
        self.sampling.start(_SAMPLE_EVERY)
        if self.display is None:
            self.showing.start(LOG_EVERY, now=False)
        else:
            self.display.start()
            self.showing.start(_REDRAW_EVERY)

    def spider_closed(self) -> None:
        for call in (self.sampling, self.showing):
            if call.running:
                call.stop()
        if self.display is not None:
            self.display.stop()

    def sample(self) -> None:
        self.rate.add(time.monotonic(), self._done)

    def show(self) -> None:
        if self.display is None:
            logger.info("%s", self.line())
        else:
            self.display.show(self.line())

    @property
    def _done(self) -> int:
        """Number of articles that are finished; it never falls."""
        counts = self.run.counts
        if counts.again:
            return counts.pages["article"] + counts.failure_count + counts.dropped
        return counts.new + counts.failure_count + counts.dropped if counts.wanted else 0

    def line(self) -> str:
        counts = self.run.counts
        if self.run.doing and not counts.pages:
            return self.run.doing
        parts = self._articles() if counts.wanted or counts.again else self._lists()
        if counts.failure_count:
            parts.append(f"{counts.failure_count:,} failed")
        return ", ".join(parts)

    def _lists(self) -> list[str]:
        counts = self.run.counts
        lists = sum(counts.pages[kind] for kind in ("home", "index", "archive"))
        return [f"{lists:,} lists read", f"{counts.listings:,} new listings"]

    def _articles(self) -> list[str]:
        counts = self.run.counts
        left = counts.wanted - self._done
        parts = [f"{counts.new:,} of {counts.wanted:,} articles"]
        if counts.again:
            done = max(counts.pages["article"] - counts.new, 0)
            left = counts.again - done
            parts = [f"{done:,} of {counts.again:,} articles read again"]
        rate = self.rate.per_second
        if rate is not None:
            parts.append(_shown_rate(rate))
        if rate:
            parts.insert(0, f"{_duration(max(left, 0) / rate)} left")
        return parts


class RecentRate:
    """The rate of a growing count over the last half minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, count: int) -> None:
        """Add a sample of the count, which never falls; the time while it is 0 is ignored."""
        samples = self._samples
        if count == 0:
            samples.clear()
        samples.append((now, count))
        while len(samples) > 1 and samples[1][0] <= now - WINDOW:
            samples.popleft()

    @property
    def per_second(self) -> float | None:
        """The rate; None during the first seconds."""
        if not self._samples:
            return None
        (begin, first), (end, last) = self._samples[0], self._samples[-1]
        return (last - first) / (end - begin) if last and end - begin >= _SETTLED else None


def _shown_rate(rate: float) -> str:
    if 0 < rate < _PER_MINUTE_BELOW:
        return f"{60 * rate:.1f}/min"
    return f"{rate:,.0f}/s" if rate >= _ROUNDED_FROM or not rate else f"{rate:.1f}/s"


def _duration(seconds: float) -> str:
    """Return ``m:ss``, or ``h:mm:ss`` from one hour on."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
