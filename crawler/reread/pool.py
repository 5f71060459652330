"""Reads parts in processes on this machine."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor

from crawler.exceptions import TryLater
from crawler.readers.pool import NO_POOL, Pool
from crawler.reread.parts import Range, read_part
from crawler.reread.plan import Plan

logger = logging.getLogger(__name__)

OnPart = Callable[[Range], None]

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
        self._waiting: deque[Range] = deque()
        self._running: dict[asyncio.Future[None], Range] = {}
        self._crashes: Counter[Range] = Counter()
        self._deaths = 0
        self._pool: Pool | None = None

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            RunError: a part cannot be read, or processes keep dying.
        """
        self._waiting.extend(parts)
        if self._width:
            asyncio.run(self._run(plan, on_part))
        for part in self._waiting:  # in this process, with each page in a separate one
            read_part(plan, part, careful=True)
            on_part(part)

    async def _run(self, plan: Plan, on_part: OnPart) -> None:
        """Read parts until none is left, or no process can be started."""
        try:
            while self._fill(plan):
                done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                alive = [self._on_done(future, on_part) for future in done]
                if not all(alive):
                    self._rebuild()
        finally:
            if self._pool is not None:
                self._pool.close()

    def _fill(self, plan: Plan) -> bool:
        """Submit parts to the pool; return whether any is running."""
        try:
            if self._pool is None:
                self._pool = Pool(self._width)
            while self._waiting and len(self._running) < self._width + 1:
                part = self._waiting[0]
                careful = self._crashes[part] >= MAX_CRASHES
                self._running[self._pool.run(read_part, plan, part, careful=careful)] = part
                self._waiting.popleft()
        except BrokenExecutor:
            self._rebuild()
            return self._fill(plan)
        except NO_POOL as error:
            if not self._running:
                logger.warning("no process can be started (%s), reading in this one", error)
        return bool(self._running)

    def _on_done(self, future: asyncio.Future[None], on_part: OnPart) -> bool:
        """Handle the result of a part; return False if its process died."""
        part = self._running.pop(future)
        try:
            future.result()
        except (BrokenExecutor, MemoryError) as error:
            self._crashes[part] += 1
            self._waiting.append(part)
            return isinstance(error, MemoryError)
        self._deaths = 0
        on_part(part)
        return True

    def _rebuild(self) -> None:
        """Drop the pool in which a process died, and queue its parts again."""
        self._deaths += 1
        if self._deaths > MAX_DEATHS:
            raise TryLater(f"{self._deaths} processes died in a row while reading pages")
        self._crashes.update(self._running.values())
        self._waiting.extend(self._running.values())
        for future in self._running:
            future.cancel()
        self._running.clear()
        if self._pool is not None:
            self._pool.close()
        self._pool = None
