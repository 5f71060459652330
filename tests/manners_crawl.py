"""Crawls a few addresses with the project's manners, in a process of its own.

    python manners_crawl.py '[{"urls": ["http://127.0.0.1:8000/a"], "settings": {}}, …]'

All orders run at once, each a crawl of its own. The log goes to stderr, the reports to stdout as
JSON: what became of each address (``ok`` and its size, or the reason of its failure), the stats,
and the peak memory of the process.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from memory import peak_kib
from scrapy import Request, Spider
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.settings import Settings

from crawler.middlewares.pace import chosen_pace
from crawler.ways.failures import failure_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response
    from twisted.python.failure import Failure

_SCRAPY = "scrapy.downloadermiddlewares"

MANNERS: dict[str, Any] = {
    "USER_AGENT": "epoch-mirror/0.1 (+mailto:operator@example.org)",
    "ROBOTSTXT_USER_AGENT": "epoch-mirror",
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "REMOTE_CONTROL_ENABLED": False,
    "DOWNLOAD_VERIFY_CERTIFICATES": True,
    "DOWNLOAD_MAXSIZE": 8 * 1024 * 1024,
    "DOWNLOAD_WARNSIZE": 0,
    "DOWNLOAD_TIMEOUT": 30,
    "RETRY_TIMES": 3,
    "RETRY_HTTP_CODES": [408, 500, 502, 504, 522, 524],
    "RETRY_GIVE_UP_LOG_LEVEL": "DEBUG",
    "DOWNLOAD_HANDLERS": {
        "http": "crawler.middlewares.handler.LettingGoHandler",
        "https": "crawler.middlewares.handler.LettingGoHandler",
        "data": None,
        "file": None,
        "ftp": None,
        "s3": None,
    },
    "DOWNLOADER_MIDDLEWARES": {
        f"{_SCRAPY}.offsite.OffsiteMiddleware": None,
        f"{_SCRAPY}.robotstxt.RobotsTxtMiddleware": None,
        f"{_SCRAPY}.httpauth.HttpAuthMiddleware": None,
        f"{_SCRAPY}.redirect.MetaRefreshMiddleware": None,
        f"{_SCRAPY}.redirect.RedirectMiddleware": None,
        f"{_SCRAPY}.cookies.CookiesMiddleware": None,
        f"{_SCRAPY}.httpcache.HttpCacheMiddleware": None,
        "crawler.middlewares.guard.GuardMiddleware": 50,
        "crawler.middlewares.robots.RobotsMiddleware": 100,
        "crawler.middlewares.parking.ParkingMiddleware": 800,
    },
    "LOG_LEVEL": "INFO",
    "MEMUSAGE_ENABLED": False,
}


class ListSpider(Spider):
    """Asks for a list of addresses and notes what becomes of each."""

    name = "list"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> ListSpider:
        """Set the pace of the first address' host."""
        pace = chosen_pace(kwargs["urls"][0], crawler.settings)
        crawler.settings.setdict(pace.as_settings(), priority="spider")
        return super().from_crawler(crawler, *args, **kwargs)

    def __init__(self, urls: list[str], outcomes: dict[str, str]) -> None:
        """Ask for ``urls``, note in ``outcomes``."""
        super().__init__()
        self.urls = urls
        self.outcomes = outcomes

    async def start(self) -> AsyncIterator[Request]:
        """Ask for all of them."""
        for url in self.urls:
            yield Request(url, self.parse, errback=self.failed, cb_kwargs={"asked": url})

    def parse(self, response: Response, asked: str) -> None:
        """Note an answer."""
        self.outcomes[asked] = f"ok {len(response.body)}"

    def failed(self, failure: Failure) -> None:
        """Note a failure."""
        asked = failure.request.cb_kwargs["asked"]
        self.outcomes[asked] = failure_of(failure).reason


def main(orders: list[dict[str, Any]]) -> None:
    """Carry out all orders at once and print what came of each."""
    process = AsyncCrawlerProcess({"LOG_LEVEL": "INFO", "STATS_DUMP": False})
    reports = []
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
