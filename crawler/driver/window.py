"""A window of concurrent coroutines, and a limit on the memory of their pages."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

K = TypeVar("K")
T = TypeVar("T")


class Window(Generic[K, T]):
    """Coroutines that run as tasks, each with a key.

    Attributes:
        ordered: whether :meth:`next` returns tasks in the order of their start, not of completion.
    """

    def __init__(self, *, ordered: bool) -> None:
        self.ordered = ordered
        self._keys: dict[asyncio.Task[T], K] = {}
        self._queue: deque[asyncio.Task[T]] = deque()
        self._ended: asyncio.Queue[asyncio.Task[T]] = asyncio.Queue()

    def __len__(self) -> int:
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
        """Wait for the next task to finish; return its key and the task."""
        if self.ordered:
            task = self._queue.popleft()
            if not task.done():
                await asyncio.wait([task])
        else:
            task = await self._ended.get()
        return self._keys.pop(task), task

    def cancel(self) -> None:
        """Cancel all tasks; :meth:`next` still returns them."""
        for task in self._keys:
            task.add_done_callback(_retrieve)
            task.cancel()


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Retrieve the exception of a task that nobody awaits; otherwise asyncio logs it."""
    if not task.cancelled():
        task.exception()


class PageMemory:
    """Limits the bytes of pages that were fetched and not yet handed to the frontier."""

    def __init__(self, limit: int) -> None:
        """Allow ``limit`` bytes, which fetches in progress may exceed by one page each."""
        self.limit = limit
        self.held = 0
        self._freed = asyncio.Event()

    @property
    def full(self) -> bool:
        return self.held >= self.limit

    async def wait(self) -> None:
        while self.full:
            self._freed.clear()
            await self._freed.wait()

    def hold(self, size: int) -> None:
        self.held += size

    def free(self, size: int) -> None:
        self.held -= size
        self._freed.set()
