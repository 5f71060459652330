"""The spider of the mirror's catalogue of books: ``scrapy crawl epoch_books -O books.jsonl``."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, NoReturn, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.config.catalogue import DEFAULT_MIRROR, Catalogue, catalogue_at
from crawler.config.suggestions import suggestion
from crawler.exceptions import MirrorUnusable, PageError, WrongUsage
from crawler.formats.books import read_catalogue
from crawler.items import timestamp

_OK = 200


class EpochBooksSpider(Spider):
    """Yields one item for each title; it fetches the catalogue's page, and no file of a book.

    ``-a mirror=`` names a repository at GitHub (which is read at its raw host), the base address
    of raw files, or a directory. Items go to Scrapy's own exports; there is no feed and no state.
    """

    name = "epoch_books"
    catalogue: Catalogue
    custom_settings = {  # noqa: RUF012 - Scrapy's own, an instance's for its types
        "DOWNLOAD_HANDLERS": {"file": "scrapy.core.downloader.handlers.file.FileDownloadHandler"},
        # default True: a failed crawl would replace an earlier export by an empty file
        "FEED_STORE_EMPTY": False,
    }

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> Self:
        """Check the arguments, and confine the crawl to the mirror.

        Raises:
            WrongUsage: an argument is unknown, or names no mirror.
        """
        catalogue = catalogue_at(arguments.pop("mirror", "") or DEFAULT_MIRROR)
        if unknown := [name for name in arguments if not name.startswith("_")]:
            meant = suggestion(unknown[0], ["mirror"])
            raise WrongUsage(f"unknown argument -a {unknown[0]}={meant}: the only one is mirror")
        spider = super().from_crawler(crawler, *args)
        spider.catalogue = catalogue
        crawler.settings.set("MIRROR_BASES", [catalogue.base], priority="spider")
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """Ask for the catalogue."""
        local = self.catalogue.base.startswith("file:")
        yield Request(
            self.catalogue.fetched, errback=self.failed, meta={"dont_obey_robotstxt": local}
        )

    def parse(self, response: Response) -> Iterator[dict[str, Any]]:
        """Yield the books.

        Raises:
            MirrorUnusable: the page is no catalogue.
        """
        if response.status != _OK:
            raise MirrorUnusable(f"{response.url}: the host answered {response.status}")
        try:
            books = read_catalogue(response.body, self.catalogue.linked)
        except PageError as error:
            raise MirrorUnusable(f"{response.url} is no catalogue of books: {error}") from error
        now = timestamp(datetime.now(UTC))
        for book in books:
            yield {**book, "mirror_url": self.catalogue.shown, "crawled_at": now}

    def failed(self, failure: Failure) -> NoReturn:
        """End without the catalogue.

        Raises:
            MirrorUnusable: always.
        """
        raise MirrorUnusable(f"{self.catalogue.fetched}: {failure.value}") from failure.value
