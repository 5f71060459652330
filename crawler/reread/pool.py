"""Reads parts in processes on this machine."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor

from crawler.exceptions import TryLater
from crawler.readers.pool import NO_POOL, Pool
from crawler.reread.parts import Range, Summary, read_part
from crawler.reread.plan import Plan

logger = logging.getLogger(__name__)

OnPart = Callable[[Range, Summary], None]

MAX_CRASHES = 2
"""Number of processes that died while reading a part, after which it is read carefully."""

MAX_DEATHS = 10
"""The reread fails after more deaths than this in a row, without a finished part between."""


class PoolEngine:
    """Reads parts in a process pool.

    If a process dies, the pool is rebuilt and its unfinished parts are read again.
    """

    def __init__(self, width: int) -> None:
        """Read in ``width`` processes; with 0, read in this one and each page in a separate one."""
        self._width = width
        self._crashes: Counter[Range] = Counter()
        self._deaths = 0
        self._pool: Pool | None = None

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            RunError: a part cannot be read, or processes keep dying.
        """
        if self._width:
            asyncio.run(self._run(plan, deque(parts), on_part))
        else:
            _run_here(plan, parts, on_part)

    async def _run(self, plan: Plan, waiting: deque[Range], on_part: OnPart) -> None:
        running: dict[asyncio.Future[Summary], Range] = {}
        try:
            while waiting or running:
                if not self._fill(plan, waiting, running):
                    _run_here(plan, waiting, on_part)
                    return
                done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
                alive = [self._on_done(future, running, waiting, on_part) for future in done]
                if not all(alive):
                    self._rebuild(waiting, running)
        finally:
            if self._pool is not None:
                self._pool.close()

    def _fill(
        self, plan: Plan, waiting: deque[Range], running: dict[asyncio.Future[Summary], Range]
    ) -> bool:
        """Submit parts to the pool; return False if no process can be started."""
        try:
            if self._pool is None:
                self._pool = Pool(self._width)
            while waiting and len(running) < self._width + 1:
                part = waiting[0]
                careful = self._crashes[part] >= MAX_CRASHES
                running[self._pool.run(read_part, plan, part, careful=careful)] = part
                waiting.popleft()
        except BrokenExecutor:
            self._rebuild(waiting, running)
            return bool(running) or self._fill(plan, waiting, running)
        except NO_POOL as error:
            if running:
                return True
            logger.warning("no process can be started (%s), reading in this one", error)
            return False
        return True

    def _on_done(
        self,
        future: asyncio.Future[Summary],
        running: dict[asyncio.Future[Summary], Range],
        waiting: deque[Range],
        on_part: OnPart,
    ) -> bool:
        """Handle the result of a part; return False if its process died."""
        part = running.pop(future)
        try:
            summary = future.result()
        except (BrokenExecutor, MemoryError) as error:
            self._crashes[part] += 1
            waiting.append(part)
            return isinstance(error, MemoryError)
        self._deaths = 0
        on_part(part, summary)
        return True

    def _rebuild(
        self, waiting: deque[Range], running: dict[asyncio.Future[Summary], Range]
    ) -> None:
        """Drop the pool in which a process died, and queue its parts again."""
        self._deaths += 1
        if self._deaths > MAX_DEATHS:
            raise TryLater(f"{self._deaths} processes died in a row while reading pages")
        for part in running.values():
            self._crashes[part] += 1
            waiting.append(part)
        for future in running:
            future.cancel()
        running.clear()
        if self._pool is not None:
            self._pool.close()
        self._pool = None


def _run_here(plan: Plan, parts: Sequence[Range] | deque[Range], on_part: OnPart) -> None:
    """Read parts in this process, with each page in a separate one, which a page may kill."""
    for part in parts:
        on_part(part, read_part(plan, part, careful=True))
