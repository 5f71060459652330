"""The early end of a run: who asks for it, and how those who hold requests back hear of it.

Scrapy closes a spider only after its last request under way is done, and sends no signal before
that: a request that waits ten minutes for a parked host would keep a stopped run alive as long.
Whoever holds requests back therefore listens to `run_ending`.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from scrapy import signals
from scrapy.utils.defer import deferred_from_coro

if TYPE_CHECKING:
    from scrapy.crawler import Crawler

    from crawler.exceptions import RunError

logger = logging.getLogger(__name__)

run_ending = object()
"""Signal: the run is about to end early, let go of what you hold back.

Its argument ``error`` is the `RunError` that ends the run, ``None`` where a signal of the system or
a limit of Scrapy's does.
"""

_DONE = "finished"  # Scrapy's reason where there was nothing left to do


def end_run(crawler: Crawler, error: RunError, *, reason: str) -> None:
    """End the run early because of ``error``; what was fetched is still written.

    The spider closes with ``reason``, and the message is kept in the stats under
    ``epoch/run_error``. Where a run has several reasons to end, the first one stands.
    """
    if crawler.stats.get_value("epoch/run_error") is not None:
        return
    logger.error("%s", error)
    crawler.stats.set_value("epoch/run_error", str(error))
    crawler.signals.send_catch_log(signal=run_ending, error=error)
    # Not awaited: closing waits for the very request whose middleware asks for it.
    deferred_from_coro(_close_spider(crawler, reason))


async def _close_spider(crawler: Crawler, reason: str) -> None:
    """Close the spider, unless that has happened meanwhile."""
    if crawler.engine.spider is not None:
        await crawler.engine.close_spider_async(reason=reason)


class StopWatch:
    """Sends `run_ending` when anybody else ends the run before it is done.

    A signal of the system (SIGINT, SIGTERM), or one of Scrapy's own limits (``CLOSESPIDER_…``,
    ``MEMUSAGE_LIMIT_MB``): all of them ask the engine to close the spider, and Scrapy tells nobody
    of it until the last request is done.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Watch ``crawler`` from the opening of its spider."""
        self._crawler = crawler
        crawler.signals.connect(self._step_in, signal=signals.spider_opened)

    def _step_in(self) -> None:
        """Stand between the engine and those who ask it to close the spider."""
        engine = self._crawler.engine
        close = engine.close_spider_async

        async def announced(*, reason: str = "cancelled") -> None:
            if reason != _DONE:
                self._crawler.signals.send_catch_log(signal=run_ending, error=None)
            await close(reason=reason)

        engine.close_spider_async = announced  # type: ignore[method-assign]
