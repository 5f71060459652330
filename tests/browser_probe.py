"""Fetches pages through the browser in a process of its own, and says how each went.

    python tests/browser_probe.py BASE OPTIONS-AS-JSON PATH...

A line of JSON for each page on standard output, one with the figures of the run at the end.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from memory import peak_kib
from scrapy import Spider
from scrapy.crawler import CrawlerProcess

from crawler.exceptions import PageError
from crawler.transports.browser.transport import BrowserTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Request, Response


class Probe(Spider):
    """Fetches every path; prints what came. SIGUSR1 cancels what is under way."""

    name = "probe"

    def __init__(self, base: str, paths: list[str], options: dict[str, Any], **kwargs: Any) -> None:
        """Note what to read."""
        super().__init__(**kwargs)
        self.transport = BrowserTransport(base, self.download, **options)
        self.paths = paths
        self.started = time.monotonic()

    async def download(self, request: Request) -> Response:
        """Download through the engine."""
        assert self.crawler.engine is not None
        return await self.crawler.engine.download_async(request)

    async def start(self) -> AsyncIterator[Request]:
        """Fetch the pages in order, as many at once as there is room for."""
        room = asyncio.Semaphore(self.transport.contexts)
        await asyncio.gather(*(self.read(path, room) for path in self.paths))
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    async def read(self, path: str, room: asyncio.Semaphore) -> None:
        """Print a page, or why there is none."""
        async with room:
            fetching = asyncio.ensure_future(self.transport.fetch(path))
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, fetching.cancel)
            try:
                self.tell(path, text=(await fetching).body.decode())
            except asyncio.CancelledError:
                self.tell(path, reason="cancelled")
            except PageError as error:
                self.tell(path, reason=error.reason, kind=type(error).__name__, message=str(error))

    def tell(self, path: str, **what: object) -> None:
        """Print one line."""
        at = round(time.monotonic() - self.started, 3)
        print(json.dumps({"path": path, "at": at, **what}), flush=True)


async def no_download(request: Request) -> Response:
    """Fail: only the settings are wanted."""
    raise NotImplementedError(request)


def main(base: str, options: dict[str, Any], paths: list[str]) -> None:
    """Crawl, and print the figures."""
    settings = {
        "LOG_LEVEL": "INFO",
        "RETRY_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "USER_AGENT": "epoch-tests",
        **BrowserTransport(base, no_download, **options).settings(),
    }
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(Probe)
    process.crawl(crawler, base=base, paths=paths, options=options)
    process.start()
    assert crawler.stats is not None
    stats = {key: value for key, value in crawler.stats.get_stats().items() if "/" in key}
    print(json.dumps({"stats": stats, "crawler_mb": peak_kib() // 1024}, default=str), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:])
