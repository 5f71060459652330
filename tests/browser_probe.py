"""Fetches pages with the browser transport in a process of its own, and reports each result.

    python tests/browser_probe.py BASE OPTIONS-AS-JSON PATH...

Prints a line of JSON for each page, and at the end one with the stats of the run.
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
    """Fetches every path and prints the result. SIGUSR1 cancels the fetches in progress."""

    name = "probe"

    def __init__(self, base: str, paths: list[str], options: dict[str, Any], **kwargs: Any) -> None:
        """Set the base, the paths and the transport's options."""
        super().__init__(**kwargs)
        self.transport = BrowserTransport(base, self.download, **options)
        self.paths = paths
        self.started = time.monotonic()

    async def download(self, request: Request) -> Response:
        """Download through the engine."""
        assert self.crawler.engine is not None
        return await self.crawler.engine.download_async(request)

    async def start(self) -> AsyncIterator[Request]:
        """Fetch the pages in order, within the transport's window."""
        room = asyncio.Semaphore(self.transport.contexts)
        await asyncio.gather(*(self.read(path, room) for path in self.paths))
        nothing: tuple[Request, ...] = ()
        for request in nothing:
            yield request

    async def read(self, path: str, room: asyncio.Semaphore) -> None:
        """Fetch a page and print it, or the reason of its failure."""
        async with room:
            fetching = asyncio.ensure_future(self.transport.fetch(path))
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, fetching.cancel)
            try:
                fetched = await fetching
                assert fetched.restore is not None
                self.tell(path, text=fetched.restore(fetched.body).decode())
            except asyncio.CancelledError:
                self.tell(path, reason="cancelled")
            except PageError as error:
                self.tell(path, reason=error.reason, kind=type(error).__name__, message=str(error))

    def tell(self, path: str, **what: object) -> None:
        """Print one line."""
        at = round(time.monotonic() - self.started, 3)
        print(json.dumps({"path": path, "at": at, **what}), flush=True)


async def no_download(request: Request) -> Response:
    """Fail: this transport is used for its settings only."""
    raise NotImplementedError(request)


def main(base: str, options: dict[str, Any], paths: list[str]) -> None:
    """Crawl, and print the stats."""
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
