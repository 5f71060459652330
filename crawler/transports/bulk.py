"""The pages of a way that reads on this machine, batch after batch.

No request is made of them: Scrapy's engine costs 2.6 ms a page, reading one costs 1 ms.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from crawler.exceptions import PageError, RunError, TransportDamaged, WrongUsage
from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage
from crawler.transports.base import LocalTransport

if TYPE_CHECKING:
    from crawler.transports.readers import Readers

logger = logging.getLogger(__name__)

BATCH = 60
"""How many pages the way is told of ahead, and are read before others have their turn."""

MANY = 1000
"""From so many articles on, processes of their own read them: they need a second to begin."""

Had = bytes | PageError | RunError
"""A page's bytes, or why they could not be had."""


def readers_for(setting: int | str | None) -> int:
    """Return how many processes read, by the setting ``READERS``.

    Args:
        setting: their number; None or ``""``: one for each processor, none where there is but one.

    Raises:
        WrongUsage: it is no number, or less than none.
    """
    if setting in (None, ""):
        count = _processors()
        return count if count > 1 else 0
    try:
        wanted = int(str(setting))
    except ValueError:
        wanted = -1
    if wanted < 0:
        raise WrongUsage(f"READERS={setting}: give a number of processes, 0 for none")
    return wanted


def _processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Place(Protocol):
    """What is to be read: a page's path, and its article's id where it is an article's."""

    @property
    def path(self) -> str:
        """Below the mirror's base."""

    @property
    def id(self) -> str:
        """The article's; empty for a list."""


P = TypeVar("P", bound=Place)


class Bulk:
    """Reads pages of a local way.

    Attributes:
        readers: the processes that read articles, once they are started.
        over: why the way was closed, where what it keeps could not be mended.
    """

    def __init__(self, way: LocalTransport, processes: int, mirror_format: Format) -> None:
        """Set up the reading of a mirror.

        Args:
            way: gives the pages.
            processes: how many may read articles where there are many.
            mirror_format: reads an article's page.
        """
        self.way = way
        self.processes = processes
        self._format = mirror_format
        self.readers: Readers | None = None
        self.over: RunError | None = None

    async def pages(
        self, due: Callable[[int], list[P]], wanted: Callable[[], int]
    ) -> AsyncIterator[tuple[P, Had, ArticlePage | None]]:
        """Yield what is due, with what was had of it, and an article's page where it is read.

        Args:
            due: gives at most so many pages to read next; none while it waits for others.
            wanted: tells how many articles there are to read, as far as is known.
        """
        ahead: deque[tuple[list[P], list[Had], Awaitable[Sequence[ArticlePage | None]]]] = deque()
        while True:
            width = self.readers.width if self.readers else 0
            if len(ahead) <= 2 * width and (places := due(BATCH)):
                if self.readers is None and self.processes and wanted() >= MANY:
                    await self._start_readers()
                if self.over is None:
                    self.way.expect([place.path for place in places])
                had = [await self._had(place.path) for place in places]
                ahead.append((places, had, self._read(places, had)))
            elif ahead:
                places, had, reading = ahead.popleft()
                for place, one, page in zip(places, had, await reading, strict=True):
                    yield place, one, page
            else:
                return
            await asyncio.sleep(0)  # others have their turn: signals, progress

    async def _start_readers(self) -> None:
        from crawler.transports.readers import Readers  # noqa: PLC0415 (0.2 s that few runs need)

        self.readers = Readers(self.processes, self._format)
        await self.readers.start()

    def _read(
        self, places: Sequence[Place], had: Sequence[Had]
    ) -> Awaitable[Sequence[ArticlePage | None]]:
        """Have articles read; lists are read where they are taken in."""
        if self.readers and all(place.id for place in places):
            return self.readers.read([one if isinstance(one, bytes) else b"" for one in had])
        return _nothing(len(places))

    async def _had(self, path: str) -> Had:
        """Return a page's bytes, or what came instead; a damaged clone is mended once.

        Where mending fails the way is closed, and that is what came of all that follows.
        """
        if self.over is not None:
            return self.over
        try:
            return self.way.read(path)
        except PageError as error:
            return error
        except TransportDamaged as damage:
            logger.warning("%s: it is made anew", damage)
        try:
            await self.way.repair()
            return self.way.read(path)
        except PageError as error:
            return error
        except RunError as error:
            self.over = error
            return error

    def close(self) -> None:
        """End the processes."""
        if self.readers:
            self.readers.close()


async def _nothing(count: int) -> Sequence[None]:
    return [None] * count
