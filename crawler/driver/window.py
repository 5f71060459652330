"""A window of coroutines under way, and the memory that their pages may take."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Window(Generic[K, T]):
    """Coroutines that run as tasks, each under a key.

    Attributes:
        ordered: whether :meth:`next` returns them in the order they were started, not as they end.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered
        self._keys: dict[asyncio.Task[T], K] = {}
        self._queue: deque[asyncio.Task[T]] = deque()
        self._ended: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()

    def __len__(self) -> int:
        """Return how many were started and not yet returned."""
        return len(self._keys)

    def start(self, key: K, coroutine: Coroutine[Any, Any, T], *, first: bool = False) -> None:
        """Run ``coroutine``; ``first``: in an ordered window it is the next to be returned."""
        task = asyncio.ensure_future(coroutine)
        self._keys[task] = key
        if self.ordered and first:
            self._queue.appendleft(task)
        elif self.ordered:
            self._queue.append(task)
        else:
            task.add_done_callback(self._ended.put_nowait)

    async def next(self) -> tuple[K, asyncio.Task[T]]:
        """Wait for the next task to end; return its key and the task."""
        if self.ordered:
            task = self._queue.popleft()
            if not task.done():
                await asyncio.wait([task])
        else:
            task = await self._ended.get()
        return self._keys.pop(task), task

    def cancel(self) -> None:
        """Cancel what is under way; :meth:`next` still returns it."""
        for task in self._keys:
            task.add_done_callback(_retrieve)
            task.cancel()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Look at the exception of a task that nobody waits for, or asyncio logs it."""
    if not task.cancelled():
        task.exception()


class PageMemory:
    """Bytes of the pages that were fetched and not yet handed to the frontier."""

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` bytes, and one page more for each fetch that is under way then."""
        self.limit = limit
        self.held = 0
        self._freed = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether the next fetch has to wait."""
        return self.held >= self.limit

    async def wait(self) -> None:
        """Wait until there is room for a page."""
        while self.full:
            self._freed.clear()
            await self._freed.wait()

    def hold(self, size: int) -> None:
        """Count a page of ``size`` bytes."""
        self.held += size

    def free(self, size: int) -> None:
        """Count it no more."""
        self.held -= size
        self._freed.set()
