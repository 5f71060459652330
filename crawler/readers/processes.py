"""Processes that read pages: a pool for batches, and a single process for risky pages."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import BrokenExecutor
from functools import partial
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from crawler.readers.pool import NO_POOL, UNSTARTABLE, Pool
from crawler.readers.worker import Unread, read_alone, read_batch, ready, too_costly

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from crawler.readers.pages import Bounds, Page, Reader

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)

BATCH_PAGES = 60
BATCH_BYTES = 2 << 20
REBUILDS = 5
"""How often a broken pool is rebuilt."""


class LoneReader:
    """Reads one page at a time in a separate process, which the page may kill."""

    def __init__(self, bounds: Bounds, note: Callable[[str | None], None]) -> None:
        """Set up without starting a process.

        ``note`` is called with the key of a page before it is read, and with None after.
        """
        self._bounds = bounds
        self._note = note
        self._turn = asyncio.Lock()
        self._pool: Pool | None = None
        self._possible = True

    async def run(
        self, key: str, read: Callable[P, T], *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Return ``read(*args, **kwargs)``, or None if no process can be started.

        Raises:
            PageError: ``read`` raised it; with the reason ``too_costly``, the page took too much
                CPU time or memory, or killed its process.
        """
        async with self._turn:
            pool = await self._started()
            if pool is None:
                return None
            self._note(key)
            try:
                return await pool.run(read_alone, partial(read, *args, **kwargs), self._bounds)
            except BrokenExecutor as error:
                self.close()
                raise too_costly(self._bounds) from error
            finally:
                self._note(None)

    async def _started(self) -> Pool | None:
        """Return the pool of one process, or None if it cannot be started."""
        if self._pool is None and self._possible:
            try:
                pool = Pool(1)
                await pool.run(ready)
            except NO_POOL as error:
                self._possible = False
                logger.warning(
                    "Cannot start a process to read pages (%s), reading them in the crawler",
                    error,
                )
            else:
                self._pool = pool
        return self._pool

    def close(self) -> None:
        """Kill the process, whatever it is doing; the next page starts another."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None


class BatchPool:
    """Reads pages in batches, because sending one page to a process takes longer than reading it.

    If a page breaks the pool, the pool is rebuilt, and a :class:`LoneReader` reads the pages of the
    batch one by one.
    """

    def __init__(
        self, width: int, read: Reader, bounds: Bounds, alone: LoneReader, patience: float = 0.0
    ) -> None:
        """Set up ``width`` processes, which :meth:`start` or the first batch starts.

        A batch waits ``patience`` seconds for more pages; with 0, it consists of the pages that are
        already fetched.
        """
        self._width = width
        self._reader = read
        self._bounds = bounds
        self._alone = alone
        self._patience = patience
        self._pool: Pool | None = None
        self._rebuilds = 0
        self._batch: list[tuple[Unread, asyncio.Future[Page | None]]] = []
        self._bytes = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start the processes now, so that they are ready for the first page."""
        self._start_task(self._start())

    async def _start(self) -> None:
        pool = None
        try:
            pool = self._started()
            await asyncio.gather(*(pool.run(ready) for _ in range(self._width)))
        except NO_POOL as error:
            self._discard(pool, error)

    async def read(self, page: Unread, key: str) -> Page | None:
        """Read a page; return None if the crawler has to read it itself.

        Raises:
            PageError: the page is too costly.
        """
        loop = asyncio.get_running_loop()
        if not self._batch:
            loop.call_later(self._patience, self._send)
        read: asyncio.Future[Page | None] = loop.create_future()
        self._batch.append((page, read))
        self._bytes += len(page[2])
        if len(self._batch) >= BATCH_PAGES or self._bytes >= BATCH_BYTES:
            self._send()
        try:
            return await read
        except BrokenExecutor:
            return await self._alone.run(key, self._reader, *page)

    def _send(self) -> None:
        batch, self._batch, self._bytes = self._batch, [], 0
        if batch:
            self._start_task(self._read(batch))

    def _start_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self, batch: list[tuple[Unread, asyncio.Future[Page | None]]]) -> None:
        pool = None
        try:
            pool = self._started()
            pages = await pool.run(
                read_batch, self._reader, self._bounds, [page for page, _ in batch]
            )
        except NO_POOL as error:
            self._discard(pool, error)
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

    def _discard(self, pool: Pool | None, error: BaseException) -> None:
        """Close the pool. The next batch starts another, up to ``REBUILDS`` times."""
        if pool is not self._pool or self._rebuilds > REBUILDS:
            return  # another batch of the same pool has already closed it
        self._pool = None
        self._rebuilds += 1
        if pool is not None:
            pool.close()
        if isinstance(error, UNSTARTABLE):
            self._rebuilds = REBUILDS + 1
            logger.warning("Processes that read articles cannot be started (%s)", error)
        elif self._rebuilds > REBUILDS:
            logger.warning("Processes that read articles keep failing (%s), using one", error)
        else:
            logger.warning("A process that reads articles died, reading its pages one by one")

    def close(self) -> None:
        """Kill the processes and cancel the batches in progress."""
        for task in self._tasks:
            task.cancel()
        if self._pool is not None:
            self._pool.close()
