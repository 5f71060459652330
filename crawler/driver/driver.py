"""Drives one frontier over its transports."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING

from crawler.driver.window import PageMemory, Window
from crawler.exceptions import MirrorMoved, PageError, RunError
from crawler.frontier.frontier import Frontier
from crawler.frontier.target import Target
from crawler.items import Article, ArticleLine
from crawler.readers.readers import PageReaders
from crawler.run.run import Run
from crawler.transports.base import Fetched, Hinted, Transport

if TYPE_CHECKING:
    from asyncio import Task

    from crawler.loaders import Reading
    from crawler.readers.pages import Page

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often the driver looks whether the run is to stop."""

HELD_BYTES = 16 << 20
"""So much of fetched pages waits for the frontier; the largest page alone may have 4 MiB."""


class Driver:
    """Fetches pages, a window at a time, and hands each to the frontier.

    A page that is fetched and read travels one road, :meth:`Frontier.on_page`; one that fails, the
    other, :meth:`Frontier.on_error`. Stopping cancels what is under way.

    Attributes:
        moved: the notice that ended the drive, where the mirror has moved.
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
        """Prepare a drive.

        Args:
            run: the run, which is told how it ends.
            frontier: decides what to fetch.
            transport: fetches it; it is open.
            fallback: fetches the targets that the frontier marks for it.
            readers: read pages outside of this process.
            closing: tells whether somebody else ends the run.
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
        self._window: Window[Target, tuple[Fetched, Page | None]] = Window(
            ordered=transport.ordered
        )

    async def articles(self) -> AsyncIterator[Article | ArticleLine]:
        """Yield the articles of the pages, until the frontier has no more or the run is to stop."""
        watch = asyncio.ensure_future(self._watch())
        try:
            while await self._fill():
                target, task = await self._window.next()
                if self._stopped:
                    return
                if article := self._take(target, task):
                    yield article
        finally:
            watch.cancel()
            self.cancel()

    def cancel(self) -> None:
        """Cancel the fetches under way."""
        self._window.cancel()

    @property
    def _stopped(self) -> bool:
        return self.moved is not None or self.run.failed or self._closing()

    async def _watch(self) -> None:
        """Cancel the fetches under way once the run is to stop.

        Scrapy closes a spider only after its last download, and announces it to nobody before: a
        request that waits ten minutes for its host would keep the run alive as long.
        """
        while not self._stopped:  # noqa: ASYNC110 - there is no event
            await asyncio.sleep(LOOK_SECONDS)
        self.cancel()

    # -- out -------------------------------------------------------------------------------

    async def _fill(self) -> bool:
        """Start fetches where the window has room; return whether any is under way."""
        if self._room >= self._step and not self._memory.full and not self._stopped:
            targets = self._due(self._room)
            # where pages arrive one by one, a pool would have too little to do
            if self.transport.ordered:
                self.readers.expect(self.run.counts.wanted)
            if isinstance(self.transport, Hinted):
                self.transport.expect([target.path for target in targets])
            for target in targets:
                self._window.start(target, self._visit(target))
            await asyncio.sleep(0)  # also gives others their turn: signals, progress
        return len(self._window) > 0

    @property
    def _step(self) -> int:
        """How many fetches are started at once: hints come for as many pages."""
        return self.transport.window if self.transport.ordered else 1

    @property
    def _room(self) -> int:
        batches = self.readers.batches if self.transport.ordered else 1
        return batches * self.transport.window - len(self._window)

    def _due(self, room: int) -> list[Target]:
        try:
            return self.frontier.next(room)
        except RunError as error:
            self.run.end(error)
        except Exception:
            logger.exception("an error of the program")
            self.run.crash()
        return []

    async def _visit(self, target: Target) -> tuple[Fetched, Page | None]:
        """Fetch a page; read it where that is done outside of this process."""
        transport = self.transport
        if target.second_transport and self.fallback is not None:
            transport = self.fallback
        await self._memory.wait()
        fetched = await transport.fetch(target.path)
        self._memory.hold(len(fetched.body))
        try:
            page = await self.readers.read(
                target.kind, target.section, fetched.body, target.key, self._reading(target)
            )
        except BaseException:
            self._memory.free(len(fetched.body))
            raise
        return fetched, page

    def _reading(self, target: Target) -> Reading | None:
        """Return what the readers need to make an article's line; None where they are not to."""
        if not (self._lines and self.readers.pooled) or target.kind != "article":
            return None
        # what the feed has already is compared, not written
        return None if target.published else self.frontier.reading(target)

    # -- back ------------------------------------------------------------------------------

    def _take(
        self, target: Target, task: Task[tuple[Fetched, Page | None]]
    ) -> Article | ArticleLine | None:
        """Hand the result of a visit to the frontier; return the article it gives, if any."""
        try:
            try:
                fetched, page = task.result()
            except PageError as error:
                return self.frontier.on_error(target, error)
            self._memory.free(len(fetched.body))
            return self.frontier.on_page(target, fetched.body, page, fetched.version)
        except MirrorMoved as notice:
            self.moved = notice
        except RunError as error:
            self.run.end(error)
        except (Exception, asyncio.CancelledError):
            # one page never costs another, not even where the program is wrong
            logger.exception("%s: an error of the program", target.path)
            self.run.crash()
            self.frontier.on_error(target, PageError("an error of the program", reason="error"))
        return None
