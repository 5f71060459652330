"""The spider for the mirror's catalogue of books: ``scrapy crawl epoch_books -O books.jsonl``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, NoReturn, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.config.mirrors import mirror_at
from crawler.config.suggestions import suggestion
from crawler.exceptions import MirrorUnusable, PageError, WrongUsage
from crawler.formats.books import read_catalogue
from crawler.items import timestamp


class EpochBooksSpider(Spider):
    """Yields the titles of a catalogue, for Scrapy's own exports. It fetches no book."""

    name = "epoch_books"
    custom_settings = {  # noqa: RUF012 - Scrapy declares it as an instance attribute
        "DOWNLOAD_HANDLERS": {"file": "scrapy.core.downloader.handlers.file.FileDownloadHandler"},
        # default True, with which a failed crawl replaces an earlier export with an empty file
        "FEED_STORE_EMPTY": False,
    }

    def __init__(self, mirror: str = "", **others: Any) -> None:
        """Find the catalogue: on GitHub, at the base URL of raw files, or in a directory."""
        super().__init__()
        if unknown := [name for name in others if not name.startswith("_")]:  # _job: Scrapyd's
            meant = suggestion(unknown[0], ["mirror"])
            raise WrongUsage(f"unknown argument -a {unknown[0]}={meant}: the only one is mirror")
        found = mirror_at(mirror or "https://github.com/gfw-breaker/books", "books")
        if found is None or found.roots.keys().isdisjoint({"http", "path"}):
            raise WrongUsage(f"mirror must be a URL http(s)://…/ or a directory, not {mirror!r}")
        self.base = found.roots.get("http", found.public)
        self.page = f"{found.public}README.md"

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> Self:
        spider = super().from_crawler(crawler, *args, **arguments)
        crawler.settings.set("MIRROR_BASES", [spider.base], priority="spider")
        return spider

    async def start(self) -> AsyncIterator[Request]:
        meta = {"dont_obey_robotstxt": self.base.startswith("file:")}
        yield Request(f"{self.base}README.md", errback=self.failed, meta=meta)

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        if response.status != HTTPStatus.OK:
            raise MirrorUnusable(f"{response.url}: the host answered {response.status}")
        try:
            books = read_catalogue(response.body, self.page)
        except PageError as error:
            raise MirrorUnusable(f"{response.url} is not a catalogue of books: {error}") from error
        now = timestamp(datetime.now(UTC))
        for book in books:
            yield {**book, "mirror_url": self.page, "crawled_at": now}

    def failed(self, failure: Failure) -> NoReturn:
        raise MirrorUnusable(f"{self.base}README.md: {failure.value}") from failure.value
