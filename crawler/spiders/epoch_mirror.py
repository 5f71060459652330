"""The spider: it asks the walk what to read, has it read, and hands on what comes of it."""

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

from crawler.exceptions import MirrorMoved, PageError, RunError
from crawler.items import Article
from crawler.middlewares.guard import GuardMiddleware
from crawler.mirrors import moved
from crawler.options import CrawlOptions
from crawler.quantities import amount
from crawler.run import Run
from crawler.visit import Visit
from crawler.walk import Walk
from crawler.ways.bulk import Bulk, readers_for
from crawler.ways.failures import failure_of
from crawler.ways.opening import both, way_of
from crawler.ways.protocols import ComparingWay, LocalWay, RemoteWay


class EpochMirrorSpider(Spider):
    """Crawls one mirror into its feed; ``CrawlOptions`` has the arguments."""

    name = "epoch_mirror"

    run: Run
    walk: Walk
    way: LocalWay | RemoteWay
    second_way: LocalWay | RemoteWay | None = None
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
        """Take the way that ``options`` name, for a walk from the start; return its settings."""
        self.way, needed = way_of(options.mirror, options.via, self.settings, self.run.say)
        self.walk = Walk(
            options,
            self.run.ledger,
            self.run.tally,
            clock=lambda: datetime.now(UTC),
            unseen=self.way.unseen,
            shrunk_share=amount(self.settings, "MIRROR_SHRUNK_SHARE", most=1),
        )
        if options.fallback:
            self.second_way, more = way_of(
                options.mirror, options.fallback, self.settings, self.run.say
            )
            self.walk.second_unseen = self.second_way.unseen
            needed = both(needed, more)
        return needed

    async def start(self) -> AsyncIterator[Article | Request]:
        """Open the way; yield the articles of a local one, the first request of a remote one."""
        walk = None
        while walk is not self.walk:  # a mirror that has moved is walked at its new place
            walk = self.walk
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
            async for article in self.read(walk):
                yield article

    def compare(self) -> None:
        """Tell the walk what changed since the last crawl, where the way knows."""
        if isinstance(self.way, ComparingWay):
            since = self.run.ledger.state.get("commit")
            self.walk.changes = self.way.changed_since(since if isinstance(since, str) else None)
            self.walk.blob_id = self.way.blob_id
            self.walk.compare_all = since is not None and self.walk.changes is None

    async def read(self, walk: Walk) -> AsyncIterator[Article]:
        """Read page after page on this machine; yield the articles."""
        bulk = Bulk(cast("LocalWay", self.way), self.readers)
        try:
            async for visit, had, page in bulk.pages(self.visits, lambda: self.run.tally.wanted):
                if self.closing or self.run.tally.error:
                    return
                took = partial(self.walk.took, visit, page=page)
                for article in self.answer(visit, partial(_given, had, took)):
                    yield article
                if walk is not self.walk:
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
        room = 2 * self.settings.getint("CONCURRENT_REQUESTS") - self.walk.in_flight
        for visit in self.visits(max(room, 0)):
            yield self.way_for(visit).request(
                visit.path,
                callback=self.parse,
                errback=self.not_had,
                cb_kwargs={"visit": visit},
            )

    def way_for(self, visit: Visit) -> RemoteWay:
        """Return the way that a visit is made by."""
        return cast("RemoteWay", self.second_way if visit.second_way else self.way)

    def parse(self, response: Response, visit: Visit) -> Iterator[Article | Request]:
        """Yield the article of a page, if any, and what to ask for next."""
        way = self.way_for(visit)
        yield from self.answer(visit, lambda: self.walk.took(visit, way.page(response)))
        yield from self.requests()

    def not_had(self, failure: Failure) -> Iterator[Article | Request]:
        """Count a page that could not be had, and go on."""
        visit: Visit = failure.request.cb_kwargs["visit"]  # type: ignore[attr-defined]
        yield from self.answer(visit, partial(_raise, failure_of(failure)))
        yield from self.requests()

    def visits(self, room: int) -> list[Visit]:
        """Return what to read next; nothing once the run is to end."""
        if self.run.tally.error:
            self.walk.stop()
        try:
            return self.walk.next(room)
        except RunError as error:
            self.run.end(error)
        except Exception:
            self.logger.exception("an error of the program")
            self.run.crashed = True
            self.walk.stop()
        return []

    def answer(self, visit: Visit, take: Callable[[], Article | None]) -> Iterator[Article]:
        """Have the walk take what came of a visit; yield the article that it gives, if any."""
        article = None
        try:
            try:
                article = take()
            except PageError as error:
                article = self.walk.failed(visit, error)
        except MirrorMoved as error:
            self.follow(error)
        except RunError as error:
            self.run.end(error)
        except Exception:
            # one page never costs another, not even where the program is wrong
            self.logger.exception("%s: an error of the program", visit.path)
            self.run.crashed = True
            self.walk.failed(visit, PageError("an error of the program", reason="error"))
        if article is not None:
            yield article

    def follow(self, notice: MirrorMoved) -> None:
        """Go on where the mirror has moved to, if the user wants that; else end the run."""
        options = self.walk.options
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
        self.walk.lists.forget_moves()
        self.way.close()
        bases = self.take(replace(options, mirror=mirror)).get("MIRROR_BASES", [])
        if guard := self.crawler.get_downloader_middleware(GuardMiddleware):
            for base in bases:
                guard.allow(base)

    def closed(self, reason: str) -> None:
        """Let go of the way."""
        self.run.lists_complete = self.walk.lists_complete
        self.run.lists_asked = self.walk.lists_asked
        if not (self.walk.finished or self.run.tally.error):
            self.run.cut_short = f"it ended before its time: {reason}"
        self.way.close()


def _given(had: bytes | Exception, take: Callable[[bytes], Article | None]) -> Article | None:
    if isinstance(had, Exception):
        raise had
    return take(had)


def _raise(error: PageError | RunError) -> NoReturn:
    raise error
