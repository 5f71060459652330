"""The spider: it asks the frontier what to read, has it read, and hands on what comes of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, NoReturn, Self, cast

from scrapy import Request, Spider
from scrapy.crawler import Crawler
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.config.mirrors import moved
from crawler.config.numbers import nonnegative_float
from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorMoved, PageError, RunError
from crawler.frontier.frontier import Frontier
from crawler.frontier.target import Target
from crawler.items import Article
from crawler.middlewares.offsite import OffsiteMiddleware
from crawler.run.run import Run
from crawler.transports.base import ComparingTransport, LocalTransport, RemoteTransport
from crawler.transports.bulk import Bulk, readers_for
from crawler.transports.failures import failure_of
from crawler.transports.registry import both, transport_for


class EpochMirrorSpider(Spider):
    """Crawls one mirror into its feed; ``CrawlOptions`` has the arguments."""

    name = "epoch_mirror"

    run: Run
    frontier: Frontier
    way: LocalTransport | RemoteTransport
    second_transport: LocalTransport | RemoteTransport | None = None
    readers = 0
    followed = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **arguments: Any) -> Self:
        """Check the arguments, open the feed, choose the way.

        Raises:
            RunError: an argument is wrong, or the feed cannot be had.
        """
        settings = crawler.settings
        options = CrawlOptions.from_arguments(
            arguments,
            mirrors_file=Path(settings["MIRRORS_FILE"]),
            feeds=Path(settings["FEEDS_DIRECTORY"]),
        )
        spider = super().from_crawler(crawler, *args)
        spider.readers = readers_for(settings["READERS"])
        spider.run = Run.begin(crawler, options)
        settings.update(spider.take(options), priority="spider")
        return spider

    def take(self, options: CrawlOptions) -> dict[str, Any]:
        """Take the way that ``options`` name, for a frontier from the start; return its settings."""
        self.way, needed = transport_for(options.mirror, options.via, self.settings, self.run.say)
        self.frontier = Frontier(
            options,
            self.run.store,
            self.run.counts,
            clock=lambda: datetime.now(UTC),
            unsupported_keys=self.way.unsupported_keys,
            shrunk_share=nonnegative_float(self.settings, "MIRROR_SHRUNK_SHARE", most=1),
        )
        if options.fallback:
            self.second_transport, more = transport_for(
                options.mirror, options.fallback, self.settings, self.run.say
            )
            self.frontier.second_unsupported_keys = self.second_transport.unsupported_keys
            needed = both(needed, more)
        return needed

    async def start(self) -> AsyncIterator[Article | Request]:
        """Open the way; yield the articles of a local one, the first request of a remote one."""
        frontier = None
        while frontier is not self.frontier:  # a mirror that has moved is walked at its new place
            frontier = self.frontier
            try:
                await self.way.open()
                self.run.commit = self.way.commit
                self.compare()
            except RunError as error:
                self.run.end(error)
                return
            if self.way.kind == "remote":
                for request in self.requests():
                    yield request
                return
            async for article in self.read(frontier):
                yield article

    def compare(self) -> None:
        """Tell the frontier what changed since the last crawl, where the way knows."""
        if self.way.kind == "local":
            self.frontier.sections_present = cast("LocalTransport", self.way).sections
        if isinstance(self.way, ComparingTransport):
            since = self.run.store.state.get("commit")
            self.frontier.changes = self.way.changed_since(
                since if isinstance(since, str) else None
            )
            self.frontier.blob_id = self.way.blob_id
            self.frontier.compare_all = since is not None and self.frontier.changes is None

    async def read(self, frontier: Frontier) -> AsyncIterator[Article]:
        """Read page after page on this machine; yield the articles."""
        bulk = Bulk(cast("LocalTransport", self.way), self.readers)
        try:
            async for target, had, page in bulk.pages(self.targets, lambda: self.run.counts.wanted):
                if self.closing or self.run.counts.error:
                    return
                took = partial(self.frontier.took, target, page=page)
                for article in self.answer(target, partial(_given, had, took)):
                    yield article
                if frontier is not self.frontier:
                    return
        finally:
            bulk.close()

    @property
    def closing(self) -> bool:
        """Whether Scrapy is about to close the spider; it goes on to take what ``start`` gives."""
        engine = self.crawler.engine
        return engine is not None and engine.needs_backout()

    def requests(self) -> Iterator[Request]:
        """Yield the requests that are due, so that the downloader always has work."""
        room = 2 * self.settings.getint("CONCURRENT_REQUESTS") - self.frontier.in_flight
        for target in self.targets(max(room, 0)):
            yield self.transport_of(target).request(
                target.path,
                callback=self.parse,
                errback=self.not_had,
                cb_kwargs={"target": target},
            )

    def transport_of(self, target: Target) -> RemoteTransport:
        """Return the way that a target is made by."""
        return cast(
            "RemoteTransport", self.second_transport if target.second_transport else self.way
        )

    def parse(self, response: Response, target: Target) -> Iterator[Article | Request]:
        """Yield the article of a page, if any, and what to ask for next."""
        way = self.transport_of(target)
        yield from self.answer(target, lambda: self.frontier.took(target, way.page(response)))
        yield from self.requests()

    def not_had(self, failure: Failure) -> Iterator[Article | Request]:
        """Count a page that could not be had, and go on."""
        target: Target = failure.request.cb_kwargs["target"]  # type: ignore[attr-defined]
        yield from self.answer(target, partial(_raise, failure_of(failure)))
        yield from self.requests()

    def targets(self, room: int) -> list[Target]:
        """Return what to read next; nothing once the run is to end."""
        if self.run.counts.error:
            self.frontier.stop()
        try:
            return self.frontier.next(room)
        except RunError as error:
            self.run.end(error)
        except Exception:
            self.logger.exception("an error of the program")
            self.run.crashed = True
            self.frontier.stop()
        return []

    def answer(self, target: Target, take: Callable[[], Article | None]) -> Iterator[Article]:
        """Have the frontier take what came of a target; yield the article that it gives, if any."""
        article = None
        try:
            try:
                article = take()
            except PageError as error:
                article = self.frontier.failed(target, error)
        except MirrorMoved as error:
            self.follow(error)
        except RunError as error:
            self.run.end(error)
        except Exception:
            # one page never costs another, not even where the program is wrong
            self.logger.exception("%s: an error of the program", target.path)
            self.run.crashed = True
            self.frontier.failed(target, PageError("an error of the program", reason="error"))
        if article is not None:
            yield article

    def follow(self, notice: MirrorMoved) -> None:
        """Go on where the mirror has moved to, if the user wants that; else end the run."""
        options = self.frontier.options
        if not options.follow_move or self.followed:
            self.run.end(notice)
            return
        try:
            needed = [options.via, *filter(None, [options.fallback])]
            mirror = moved(options.mirror, needed, notice.address)
        except RunError as error:
            self.run.end(error)
            return
        self.logger.warning(
            "mirror %r has moved: this run goes on at %s; change the mirrors file to it",
            mirror.name,
            mirror.public,
        )
        self.followed = True
        self.frontier.lists.forget_moves()
        self.way.close()
        bases = self.take(replace(options, mirror=mirror)).get("MIRROR_BASES", [])
        if guard := self.crawler.get_downloader_middleware(OffsiteMiddleware):
            for base in bases:
                guard.allow(base)

    def closed(self, reason: str) -> None:
        """Let go of the way."""
        self.run.lists_complete = self.frontier.lists_complete
        self.run.lists_asked = self.frontier.lists_asked
        if not (self.frontier.finished or self.run.counts.error):
            self.run.cut_short = f"it ended before its time: {reason}"
        self.way.close()


def _given(had: bytes | Exception, take: Callable[[bytes], Article | None]) -> Article | None:
    if isinstance(had, Exception):
        raise had
    return take(had)


def _raise(error: PageError | RunError) -> NoReturn:
    raise error
