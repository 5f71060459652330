"""Crawls a few URLs with the project's middlewares, in a process of its own.

    python manners_crawl.py '[{"urls": ["http://127.0.0.1:8000/a"], "settings": {}}, …]'

Each order is a crawl, and all run at the same time. The log goes to stderr. The reports go to
stdout as JSON: the outcome of each URL (``ok`` and its size, or the reason of its failure), the
stats, and the peak memory of the process.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any

from memory import peak_kib
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import CloseSpider
from scrapy.settings import Settings

from crawler import settings as project
from crawler.driver.window import Window
from crawler.exceptions import PageError, RunError
from crawler.politeness.pace import Pace, chosen_pace
from crawler.transports.http import HttpTransport

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import AsyncIterator

    from crawler.transports.base import Fetched

_NAMES = (
    "ROBOTSTXT_OBEY", "COOKIES_ENABLED", "TELNETCONSOLE_ENABLED", "REMOTE_CONTROL_ENABLED",
    "DOWNLOAD_VERIFY_CERTIFICATES", "DOWNLOAD_MAXSIZE", "DOWNLOAD_WARNSIZE", "DOWNLOAD_TIMEOUT",
    "RETRY_TIMES", "RETRY_HTTP_CODES", "RETRY_GIVE_UP_LOG_LEVEL", "DOWNLOAD_HANDLERS",
    "DOWNLOADER_MIDDLEWARES_BASE", "DOWNLOADER_MIDDLEWARES",
    "PARK_FIRST_WAIT", "PARK_MAX_WAIT", "PARK_BUDGET", "RETRY_FIRST_WAIT",
)  # fmt: skip
MANNERS: dict[str, Any] = {
    **{name: getattr(project, name) for name in _NAMES},
    "USER_AGENT": "epoch-mirror/0.1 (+mailto:operator@example.org)",
    "ROBOTSTXT_USER_AGENT": "epoch-mirror",
    "MEMUSAGE_ENABLED": False,
}
"""The project's settings for politeness."""


class ListSpider(Spider):
    """Fetches a list of URLs as the project does, and records the outcome of each."""

    name = "list"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ListSpider:
        """Set the pace of the first URL's host."""
        pace = chosen_pace(kwargs["urls"][0], crawler.settings)
        crawler.settings.setdict(pace.as_settings(), priority="spider")
        return super().from_crawler(crawler, *args, pace=pace, **kwargs)

    def __init__(self, urls: list[str], outcomes: dict[str, str], pace: Pace) -> None:
        """Fetch ``urls`` and record their ``outcomes``."""
        super().__init__()
        self.urls = urls
        self.outcomes = outcomes
        self.pace = pace

    async def start(self) -> AsyncIterator[Request]:
        """Fetch all URLs, until an error ends the run."""
        window: Window[str, Fetched] = Window(ordered=False)
        transport = HttpTransport("", self.crawler.engine.download_async, window=0)
        urls = iter(self.urls)
        try:
            while True:
                for url in islice(urls, self.pace.concurrency - len(window)):
                    window.start(url, transport.fetch(url))
                if not window:
                    return
                self.note(*await window.next())
        except RunError as error:
            self.crawler.stats.set_value("run_error", str(error))
            raise CloseSpider(type(error).__name__) from error
        finally:
            window.cancel()
        yield  # type: ignore[unreachable] # makes this a generator, as Scrapy wants it

    def note(self, url: str, task: Task[Fetched]) -> None:
        """Record the outcome of one URL."""
        try:
            self.outcomes[url] = f"ok {len(task.result().body)}"
        except PageError as error:
            self.outcomes[url] = error.reason


def main(orders: list[dict[str, Any]]) -> None:
    """Run all orders at the same time and print their reports."""
    process = AsyncCrawlerProcess({"LOG_LEVEL": "INFO", "STATS_DUMP": False})
    reports: list[dict[str, Any]] = []
    for order in orders:
        outcomes: dict[str, str] = {}
        crawler = Crawler(ListSpider, Settings(MANNERS | order["settings"]))
        process.crawl(crawler, urls=order["urls"], outcomes=outcomes)
        reports.append({"outcomes": outcomes, "stats": crawler})
    process.start()
    for report in reports:
        report["stats"] = report["stats"].stats.get_stats()
        report["peak_kib"] = peak_kib()
    print(json.dumps(reports, default=str))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
