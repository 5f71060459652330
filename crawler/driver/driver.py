"""Fetches the targets of a frontier through a transport."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from crawler.driver.window import PageMemory, Window
from crawler.exceptions import MirrorMoved, PageError, RunError
from crawler.frontier.frontier import Frontier
from crawler.frontier.plan import NextTargets
from crawler.frontier.target import Target
from crawler.items import Article, ArticleLine
from crawler.readers.readers import PageReaders
from crawler.reasons import ERROR
from crawler.run.endings import CRASHED, LIMITED
from crawler.run.run import Run
from crawler.transports.base import Fetched, Hinted, Transport

if TYPE_CHECKING:
    from asyncio import Task

    from crawler.loaders import ArticleContext
    from crawler.readers.pages import Page

logger = logging.getLogger(__name__)

CHECK_SECONDS = 0.1
"""Seconds between two checks whether the run is stopping."""

HELD_BYTES = 16 << 20
"""Bytes of fetched pages that may wait for the frontier; one page may have up to 4 MiB."""


class Driver:
    """Fetches pages, a window of them at a time, and hands each to the frontier.

    Every page ends in :meth:`Frontier.on_page` or, if it fails, in :meth:`Frontier.on_error`.
    Stopping the run cancels the fetches in progress.

    Attributes:
        moved: raised by the frontier when the mirror has moved; ends :meth:`articles`.
    """

    def __init__(
        self,
        run: Run,
        frontier: Frontier,
        transport: Transport,
        fallback: Transport | None,
        readers: PageReaders,
        *,
        closing: Callable[[], bool],
        lines: bool = False,
    ) -> None:
        """Set up the driver; :meth:`articles` starts it.

        Args:
            run: ended by the driver if a RunError or an unexpected error occurs.
            frontier: decides what to fetch.
            transport: fetches the pages; must be open.
            fallback: fetches the targets that the frontier marks for it.
            readers: read pages outside of this process.
            closing: whether Scrapy is closing the spider.
            lines: whether the readers may make the lines of articles.
        """
        self.run = run
        self.frontier = frontier
        self.transport = transport
        self.fallback = fallback
        self.readers = readers
        self.moved: MirrorMoved | None = None
        self._closing = closing
        self._lines = lines
        self._memory = PageMemory(HELD_BYTES)
        self._turns = asyncio.Semaphore(transport.window)
        self._window: Window[Target, tuple[Fetched, Page | None]] = Window(
            ordered=transport.ordered
        )

    async def articles(self) -> AsyncIterator[Article | ArticleLine]:
        """Yield articles until the frontier has no more targets or the run stops."""
        watch = asyncio.ensure_future(self._watch())
        try:
            while await self._fill():
                target, task = await self._window.next()
                if self._stopped:
                    return
                if article := self._take(target, task):
                    yield article
                if self.transport.ordered and not self._stopped:
                    for copy in self.frontier.next_copies():
                        self._window.start(copy, self._fetch(copy, waits=False), first=True)
            if self.frontier.limited:
                self.run.end(LIMITED)
        finally:
            watch.cancel()
            self.cancel()

    def cancel(self) -> None:
        self._window.cancel()

    @property
    def _stopped(self) -> bool:
        return self.moved is not None or self.run.must_stop or self._closing()

    async def _watch(self) -> None:
        """Cancel the fetches in progress once the run stops.

        Scrapy closes a spider only after its last download, and sends no signal before. A request
        that waits ten minutes for its host would keep the run alive for as long.
        """
        while not self._stopped:  # noqa: ASYNC110 - Scrapy has no event for it
            await asyncio.sleep(CHECK_SECONDS)
        self.cancel()

    async def _fill(self) -> bool:
        """Start fetches if the window has room; return whether any is in progress."""
        more = True
        while more and self._room >= self._step and not self._memory.full and not self._stopped:
            targets, more = self._next_targets(self._room)
            if self.transport.bulk:
                articles = max(self.run.counts.wanted, self.frontier.promised)
                self.readers.prepare_for(articles, one_by_one=not self.transport.ordered)
            if isinstance(self.transport, Hinted):
                self.transport.prefetch([target.path for target in targets])
            for target in targets:
                self._window.start(target, self._fetch(target))
            await asyncio.sleep(0)  # let signal handlers and the progress display run
        return len(self._window) > 0

    @property
    def _step(self) -> int:
        """The least number of fetches to start at once, so that hints cover as many pages."""
        return self.transport.window if self.transport.ordered else 1

    @property
    def _room(self) -> int:
        batches = self.readers.batches if self.transport.bulk else 1
        return batches * self.transport.window - len(self._window)

    def _next_targets(self, room: int) -> NextTargets:
        try:
            return self.frontier.next(room)
        except RunError as error:
            self.run.end(error)
        except Exception:
            logger.exception("unexpected error")
            self.run.end(CRASHED)
        return NextTargets([])

    async def _fetch(self, target: Target, *, waits: bool = True) -> tuple[Fetched, Page | None]:
        """Fetch a page; read it if that happens outside of this process.

        A page that is taken before others must not wait until they free memory.
        """
        transport = self.transport
        if target.use_fallback and self.fallback is not None:
            transport = self.fallback
        if waits:
            await self._memory.wait()
        async with self._turns:
            fetched = await transport.fetch(target.path)
        if fetched.restore is not None:
            fetched = Fetched(
                await self.readers.restored(fetched.restore, fetched.body, target.key)
            )
        self._memory.hold(len(fetched.body))
        try:
            page = await self.readers.read(
                target.kind, target.section, fetched.body, target.key, self._context_of(target)
            )
        except BaseException:
            self._memory.free(len(fetched.body))
            raise
        return fetched, page

    def _context_of(self, target: Target) -> ArticleContext | None:
        """Return what the readers need to make an article's line; None if they must not.

        The frontier compares an article that is read again, and chooses among several copies.
        """
        if not (self._lines and self.readers.pooled) or target.kind != "article":
            return None
        chosen = target.published or target.copies or target.trouble
        return None if chosen else self.frontier.context_of(target)

    def _take(
        self, target: Target, task: Task[tuple[Fetched, Page | None]]
    ) -> Article | ArticleLine | None:
        """Hand the result of a fetch to the frontier; return its article, if any."""
        try:
            return self._processed(target, task)
        except MirrorMoved as notice:
            self.moved = notice
        except RunError as error:
            self.run.end(error)
        except Exception:
            logger.exception("%s: unexpected error", target.path)
            self.run.end(CRASHED)
        finally:
            self.frontier.settled()
        return None

    def _processed(
        self, target: Target, task: Task[tuple[Fetched, Page | None]]
    ) -> Article | ArticleLine | None:
        try:
            fetched, page = task.result()
            self._memory.free(len(fetched.body))
            return self.frontier.on_page(target, fetched.body, page, fetched.blob_id)
        except PageError as error:
            failure = error
        except RunError:
            raise
        except (Exception, asyncio.CancelledError):
            # a bug that one page reveals must not lose the other pages
            logger.exception("%s: unexpected error", target.path)
            self.run.end(CRASHED)
            failure = PageError("unexpected error", reason=ERROR)
        return self.frontier.on_error(target, failure)
