"""The spider for mirrors: builds transports, frontier and driver from its arguments."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response

from crawler import pipelines, terminal
from crawler.config.locations import mirrors_file
from crawler.config.mirrors import Mirror, load_mirrors
from crawler.config.moves import moved
from crawler.config.options import CrawlOptions
from crawler.config.own_settings import require_valid_settings, setting
from crawler.driver.driver import Driver
from crawler.exceptions import MirrorMoved, PageError, PageUnreachable, RunError, WrongUsage
from crawler.frontier.frontier import Frontier
from crawler.items import Article, ArticleLine
from crawler.lines import read_or_finish
from crawler.middlewares.offsite import OffsiteMiddleware
from crawler.readers.readers import PageReaders
from crawler.run.endings import ended_by_signals
from crawler.run.run import Run
from crawler.run.scrapy_settings import require_exports_apart, require_working_features
from crawler.run.summary import log_opening
from crawler.transports.base import Transport, snapshot_of
from crawler.transports.registry import settings_for, transport_for

logger = logging.getLogger(__name__)


class EpochMirrorSpider(Spider):
    """Crawls one mirror into its feed; ``CrawlOptions`` has the arguments.

    Attributes:
        run: the run; it does not exist in ``scrapy shell``, ``fetch``, ``parse`` and ``check``.
        options: the options of the run, with the mirror's new address after a move.
        frontier: decides what to fetch; None until the transport is open.
        driver: fetches it; None until the transport is open.
        followed: whether the run has followed a move.
    """

    name = "epoch_mirror"

    run: Run
    options: CrawlOptions
    readers: PageReaders
    transport: Transport
    fallback: Transport | None = None
    frontier: Frontier | None = None
    driver: Driver | None = None
    followed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> Self:
        """Validate the arguments, open the feed, and choose the transport.

        Raises:
            RunError: an argument is invalid, or the feed cannot be opened.
        """
        terminal.prepare()
        settings = crawler.settings
        if settings.frozen or cls.start.__module__.startswith("scrapy.commands."):
            # scrapy shell, fetch, parse and check do not crawl the mirror, so they need no run and
            # no feed. shell freezes the settings first; the others replace start()
            return super().from_crawler(crawler, *args)
        require_working_features(settings)
        require_valid_settings(settings)
        options = CrawlOptions.from_arguments(
            arguments,
            mirrors_file=mirrors_file(settings["MIRRORS_FILE"]),
            feeds=Path(settings["FEEDS_DIRECTORY"]),
        )
        require_exports_apart(settings, options.feed)
        spider = super().from_crawler(crawler, *args)
        log_opening(logger, options)
        spider.logger.info("Writing the feed in %s", options.feed)
        with ended_by_signals():
            spider.run = Run(options, stale_after_days=setting(settings, "STALE_AFTER_DAYS"))
        with spider.run.closed_on_error():
            settings.update(spider.set_up(options), priority="spider")
        return spider

    def set_up(self, options: CrawlOptions) -> dict[str, Any]:
        """Build readers and transports for ``options``; return the Scrapy settings they need."""
        self.options = options
        read = partial(read_or_finish, options.mirror.format, options.mirror.bases)
        self.readers = PageReaders(setting(self.settings, "READERS"), self.run.store, read)
        self.transport = self.new_transport(options.mirror, options.via)
        if options.fallback:
            self.fallback = self.new_transport(options.mirror, options.fallback)
        return settings_for(self.transport, self.fallback)

    def new_transport(self, mirror: Mirror, via: str) -> Transport:
        return transport_for(
            mirror, via, self.settings, download=self.download, on_progress=self.run.say
        )

    def makes_lines(self, mirror: Mirror) -> bool:
        """Return whether only the project's pipelines process items, so that readers may make lines."""
        given = self.settings.getdict("ITEM_PIPELINES").items()
        used = sorted((order, name) for name, order in given if order is not None)
        others = self.settings.getdict("FEEDS") or self.settings.getdict("SPIDER_MIDDLEWARES")
        own = tuple(name for _, name in used) == pipelines.OWN
        return own and not others and mirror.format.canonical_urls

    async def download(self, request: Request) -> Response:
        assert self.crawler.engine is not None  # noqa: S101 - pages are fetched while it runs
        return await self.crawler.engine.download_async(request)

    async def open_mirror(self) -> Driver:
        """Open the transport, and build frontier and driver for what it knows.

        Raises:
            RunError: the mirror cannot be reached, or has moved.
        """
        await self.transport.open()
        self.run.commit = self.transport.commit
        mirror, since = self.options.mirror, self.run.store.state.get("commit")
        since = since if isinstance(since, str) else None
        snapshot = await snapshot_of(self.transport, self.fallback, mirror.format, since)
        self.frontier = self.run.frontier = Frontier(
            self.options,
            self.run.store,
            self.run.counts,
            clock=lambda: datetime.now(UTC),
            snapshot=snapshot,
            shrunk_share=setting(self.settings, "MIRROR_SHRUNK_SHARE"),
        )
        return Driver(
            self.run, self.frontier, self.transport, self.fallback, self.readers,
            closing=self.closing, lines=self.makes_lines(mirror),
        )  # fmt: skip

    async def start(self) -> AsyncIterator[Article | ArticleLine]:
        """Yield the articles of the mirror, and after a move those at its new address."""
        while True:
            try:
                self.driver = await self.open_mirror()
            except MirrorMoved as error:
                notice: MirrorMoved | None = error
            except RunError as error:
                self.run.end(error)
                break
            else:
                async for article in self.driver.articles():
                    yield article
                notice = self.driver.moved
            if notice is None or not self.follow(notice):
                break
        if self.run.must_stop:
            raise CloseSpider(self.run.outcome.status)

    def parse(self, response: Response) -> Iterator[Article]:
        """Yield the article of a page that ``scrapy parse`` has fetched, without a run."""
        from crawler.spiders.single_page import read_single  # noqa: PLC0415

        try:
            if response.status != HTTPStatus.OK:
                raise PageUnreachable(f"the host answered {response.status}")
            mirrors = load_mirrors(mirrors_file(self.settings["MIRRORS_FILE"]))
            yield read_single(response.url, response.body, mirrors, datetime.now(UTC))
        except (PageError, WrongUsage) as error:
            logger.error("%s: %s", response.url, error)  # noqa: TRY400 - no traceback needed

    def closing(self) -> bool:
        """Return whether Scrapy is closing the spider; it still accepts items from :meth:`start`.

        The engine backs out for no other reason, because the driver's window limits the requests
        (``Pace.as_settings``).
        """
        engine = self.crawler.engine
        return engine is not None and engine.needs_backout()

    def follow(self, notice: MirrorMoved) -> bool:
        """Prepare to continue at the mirror's new address; return False if the run ends instead."""
        options = self.options
        if not options.follow_move or self.followed:
            self.run.end(notice)
            return False
        try:
            needed = [options.via, *filter(None, [options.fallback])]
            mirror = moved(options.mirror, needed, notice.address)
        except RunError as error:
            self.run.end(error)
            return False
        self.logger.warning(
            "mirror %r has moved: continuing at %s; update the mirrors file",
            mirror.name,
            mirror.public,
        )
        self.followed = True
        if self.frontier is not None:
            self.frontier.lists.forget_moves()
        self.frontier = self.run.frontier = None
        self.transport.close()
        self.readers.close()
        settings = self.set_up(replace(options, mirror=mirror))
        if guard := self.crawler.get_downloader_middleware(OffsiteMiddleware):
            for base in settings.get("MIRROR_BASES", []):
                guard.allow(base)
        return True

    def closed(self, reason: str) -> None:  # noqa: ARG002 - Scrapy passes it
        """Cancel fetches in progress, and end other processes."""
        if not hasattr(self, "run"):
            return
        if self.driver is not None:
            self.driver.cancel()
        self.readers.close()
        self.transport.close()
