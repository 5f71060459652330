"""The processes that read pages: a pool for batches, and one for pages that may cost it."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING

from crawler.readers.pool import NO_POOL, UNSTARTABLE, Pool
from crawler.readers.worker import Unread, read_alone, read_batch, ready, too_costly

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.readers.pages import Bounds, Page, Reader

logger = logging.getLogger(__name__)

BATCH_PAGES = 60
BATCH_BYTES = 2 << 20
REBUILDS = 5
"""A pool that breaks more often is not rebuilt."""


class LoneReader:
    """Reads one page at a time in a process that the page may cost."""

    def __init__(self, read: Reader, bounds: Bounds, note: Callable[[str | None], None]) -> None:
        """Read with ``read`` within ``bounds``.

        ``note`` is called with the key of a page before it is read, and with None after.
        """
        self._read = read
        self._bounds = bounds
        self._note = note
        self._turn = asyncio.Lock()
        self._pool: Pool | None = None
        self._possible = True

    async def read(self, page: Unread, key: str) -> Page | None:
        """Read a page; None where no process can be started.

        Raises:
            PageError: it is no such page; with the reason ``too_costly``, it took too much CPU or
                memory, or killed its process.
        """
        async with self._turn:
            pool = await self._started()
            if pool is None:
                return None
            self._note(key)
            try:
                return await pool.run(read_alone, self._read, self._bounds, page)
            except BrokenExecutor as error:
                self.close()
                raise too_costly(self._bounds) from error
            finally:
                self._note(None)

    async def _started(self) -> Pool | None:
        """Return the pool of one process; None where it cannot be started."""
        if self._pool is None and self._possible:
            try:
                pool = Pool(1)
                await pool.run(ready)
            except NO_POOL as error:
                self._possible = False
                logger.warning(
                    "No process that reads pages can be started (%s); the crawler reads on itself",
                    error,
                )
            else:
                self._pool = pool
        return self._pool

    def close(self) -> None:
        """Accept no more pages."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None


class BatchPool:
    """Reads pages in batches: one by one, passing them on would cost more than reading them.

    A pool that a page breaks is rebuilt; the pages of its batch are read one by one, alone.
    """

    def __init__(self, width: int, read: Reader, bounds: Bounds, alone: LoneReader) -> None:
        """Read with ``read`` in ``width`` processes, each batch within ``bounds``."""
        self._width = width
        self._reader = read
        self._bounds = bounds
        self._alone = alone
        self._pool: Pool | None = None
        self._rebuilds = 0
        self._batch: list[tuple[Unread, asyncio.Future[Page | None]]] = []
        self._bytes = 0
        self._under_way: set[asyncio.Task[None]] = set()

    async def read(self, page: Unread, key: str) -> Page | None:
        """Read a page; None where the crawler is to read it itself.

        Raises:
            PageError: it is too costly.
        """
        loop = asyncio.get_running_loop()
        if not self._batch:
            loop.call_soon(self._send)  # after all fetches that are done by now
        read: asyncio.Future[Page | None] = loop.create_future()
        self._batch.append((page, read))
        self._bytes += len(page[2])
        if len(self._batch) >= BATCH_PAGES or self._bytes >= BATCH_BYTES:
            self._send()
        try:
            return await read
        except BrokenExecutor:
            return await self._alone.read(page, key)

    def _send(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        if batch:
            task = asyncio.ensure_future(self._read(batch))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)

    async def _read(self, batch: list[tuple[Unread, asyncio.Future[Page | None]]]) -> None:
        pool = None
        try:
            pool = self._started()
            pages = await pool.run(
                read_batch, self._reader, self._bounds, [page for page, _ in batch]
            )
        except NO_POOL as error:
            self._broke(pool, error)
            for _, read in batch:
                if not read.done():
                    read.set_exception(BrokenExecutor())
        else:
            for (_, read), page in zip(batch, pages, strict=True):
                if not read.done():
                    read.set_result(page)

    def _started(self) -> Pool:
        if self._rebuilds > REBUILDS:
            raise BrokenExecutor
        if self._pool is None:
            self._pool = Pool(self._width)
        return self._pool

    def _broke(self, pool: Pool | None, error: BaseException) -> None:
        """Have the pool rebuilt with the next batch, unless it cannot be, or was often."""
        if pool is not self._pool or self._rebuilds > REBUILDS:
            return  # several batches were under way in it
        self._pool = None
        self._rebuilds += 1
        if pool is not None:
            pool.close()
        if isinstance(error, UNSTARTABLE):
            self._rebuilds = REBUILDS + 1
            logger.warning("No pool of processes that read articles can be started (%s)", error)
        elif self._rebuilds > REBUILDS:
            logger.warning("Processes that read articles keep failing (%s): one is left", error)
        else:
            logger.warning("A process that reads articles died; its pages are read one by one")

    def close(self) -> None:
        """Accept no more pages."""
        for task in self._under_way:
            task.cancel()
        if self._pool is not None:
            self._pool.close()
