"""Reads pages through the browser's way in a process of its own, and says how each went.

    python tests/browser_probe.py BASE OPTIONS-AS-JSON PATH...

A line of JSON for each page on standard output, one with the figures of the run at the end.
"""

from __future__ import annotations

import json
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
    from twisted.python.failure import Failure


class Probe(Spider):
    """Asks for every path; prints what came."""

    name = "probe"

    def __init__(self, way: BrowserTransport, paths: list[str], **kwargs: Any) -> None:
        """Note what to read."""
        super().__init__(**kwargs)
        self.way = way
        self.paths = paths
        self.started = time.monotonic()

    async def start(self) -> AsyncIterator[Request]:
        """Request every page, in order."""
        for number, path in enumerate(self.paths):
            yield self.way.request(
                path,
                callback=self.parse,
                errback=self.failed,
                cb_kwargs={"path": path},
                priority=-number,
            )

    def parse(self, response: Response, path: str) -> None:
        """Print the page, or why there is none."""
        try:
            self.tell(path, text=self.way.page(response).decode(), status=response.status)
        except PageError as error:
            self.tell(path, reason=error.reason, kind=type(error).__name__, message=str(error))

    def failed(self, failure: Failure) -> None:
        """Print why the page could not be had."""
        error = failure.value
        path = failure.request.cb_kwargs["path"]  # type: ignore[attr-defined]
        reason = getattr(error, "reason", "unforeseen")
        self.tell(path, reason=reason, kind=type(error).__name__, message=str(error))

    def tell(self, path: str, **what: object) -> None:
        """Print one line."""
        at = round(time.monotonic() - self.started, 3)
        print(json.dumps({"path": path, "at": at, **what}), flush=True)


async def no_download(request: Request) -> Response:
    """Fail: the probe asks by requests of its own."""
    raise NotImplementedError(request)


def main(base: str, options: dict[str, Any], paths: list[str]) -> None:
    """Crawl, and print the figures."""
    extra = options.pop("settings", {})
    way = BrowserTransport(base, no_download, **options)
    settings = {
        "LOG_LEVEL": "INFO",
        "RETRY_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "USER_AGENT": "epoch-tests",
        **way.settings(),
        **extra,
    }
    process = CrawlerProcess(settings)
    crawler = process.create_crawler(Probe)
    process.crawl(crawler, way=way, paths=paths)
    process.start()
    assert crawler.stats is not None
    stats = {key: value for key, value in crawler.stats.get_stats().items() if "/" in key}
    print(json.dumps({"stats": stats, "crawler_mb": peak_kib() // 1024}, default=str), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]), sys.argv[3:])
