"""Downloads over HTTP that let go when the run ends."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from scrapy.core.downloader.handlers.base import BaseDownloadHandler
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler
from scrapy.utils.asyncio import call_later

from crawler.middlewares.refusals import RunEnding
from crawler.run.ending import run_ending

if TYPE_CHECKING:
    from typing import Any

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response

_GRACE = 2.0  # seconds: what is nearly there is still fetched and written


class LettingGo(BaseDownloadHandler):
    """Makes a download handler's slow downloads not keep a stopped run alive.

    Scrapy closes a spider after the last download under way is done; a host that accepts a request
    and says nothing would hold a stopped run for the whole of ``DOWNLOAD_TIMEOUT``.
    """

    lazy = True  # ways that read from disk need no certificates loaded

    def __init__(self, crawler: Crawler) -> None:
        """Listen for the end of the run."""
        super().__init__(crawler)
        self._under_way: set[asyncio.Task[Any] | None] = set()
        crawler.signals.connect(self._give_grace, signal=run_ending)

    async def download_request(self, request: Request) -> Response:
        """Download ``request``.

        Raises:
            RunEnding: the run ended and the answer did not come in time.
        """
        task = asyncio.current_task()
        self._under_way.add(task)
        try:
            return await super().download_request(request)  # type: ignore[safe-super]
        except asyncio.CancelledError:
            raise RunEnding(request.url) from None
        finally:
            self._under_way.discard(task)

    def _give_grace(self) -> None:
        call_later(_GRACE, self._let_go)

    def _let_go(self) -> None:
        for task in filter(None, tuple(self._under_way)):
            task.cancel()


class LettingGoHandler(LettingGo, HTTP11DownloadHandler):
    """Scrapy's own handler, letting go."""
