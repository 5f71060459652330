"""Reading parts in processes on this machine."""

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

STRIKES = 2
"""A part under way in so many processes that died is read carefully."""

DEATHS = 10
"""So many deaths in a row, without a part that was finished, end the reread."""


class PoolEngine:
    """The readers' pool. It is rebuilt when a process dies; parts under way are read again."""

    def __init__(self, width: int) -> None:
        """Read in ``width`` processes; 0: in this one, and each page in one of its own."""
        self._width = width
        self._strikes: Counter[Range] = Counter()
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
        under_way: dict[asyncio.Future[Summary], Range] = {}
        try:
            while waiting or under_way:
                if not self._fill(plan, waiting, under_way):
                    _run_here(plan, waiting, on_part)
                    return
                done, _ = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
                alive = [self._take(future, under_way, waiting, on_part) for future in done]
                if not all(alive):
                    self._rebuild(waiting, under_way)
        finally:
            if self._pool is not None:
                self._pool.close()

    def _fill(
        self, plan: Plan, waiting: deque[Range], under_way: dict[asyncio.Future[Summary], Range]
    ) -> bool:
        """Send parts to the pool; return False where none can be started."""
        try:
            if self._pool is None:
                self._pool = Pool(self._width)
            while waiting and len(under_way) < self._width + 1:
                part = waiting[0]
                careful = self._strikes[part] >= STRIKES
                under_way[self._pool.run(read_part, plan, part, careful=careful)] = part
                waiting.popleft()
        except BrokenExecutor:
            self._rebuild(waiting, under_way)
            return bool(under_way) or self._fill(plan, waiting, under_way)
        except NO_POOL as error:
            if under_way:
                return True
            logger.warning("no process can be started (%s): this one reads alone", error)
            return False
        return True

    def _take(
        self,
        future: asyncio.Future[Summary],
        under_way: dict[asyncio.Future[Summary], Range],
        waiting: deque[Range],
        on_part: OnPart,
    ) -> bool:
        """Take what came of a part; return False where its process died."""
        part = under_way.pop(future)
        try:
            summary = future.result()
        except (BrokenExecutor, MemoryError) as error:
            self._strikes[part] += 1
            waiting.append(part)
            return isinstance(error, MemoryError)
        self._deaths = 0
        on_part(part, summary)
        return True

    def _rebuild(
        self, waiting: deque[Range], under_way: dict[asyncio.Future[Summary], Range]
    ) -> None:
        """Drop the pool in which a process died, and have its parts read again."""
        self._deaths += 1
        if self._deaths > DEATHS:
            raise TryLater(f"{self._deaths} processes that read pages died, one after the other")
        for part in under_way.values():
            self._strikes[part] += 1
            waiting.append(part)
        for future in under_way:
            future.cancel()
        under_way.clear()
        if self._pool is not None:
            self._pool.close()
        self._pool = None


def _run_here(plan: Plan, parts: Sequence[Range] | deque[Range], on_part: OnPart) -> None:
    """Read parts in this process: it may not die of a page, so each is read in another."""
    for part in parts:
        on_part(part, read_part(plan, part, careful=True))
