"""A process pool whose processes run only this project's code."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, Final, ParamSpec, TypeVar

from crawler.readers import worker

P = ParamSpec("P")
T = TypeVar("T")

UNSTARTABLE: Final = (OSError, ImportError, NotImplementedError)
"""Exceptions of a pool that cannot be started: no processes, no memory, no semaphores."""

NO_POOL: Final = (RuntimeError, MemoryError, *UNSTARTABLE)
"""Exceptions of a pool that cannot be started or is broken. ``BrokenExecutor`` is a RuntimeError."""


class Pool:
    """A ``ProcessPoolExecutor`` for asyncio."""

    def __init__(self, width: int) -> None:
        """Set up ``width`` processes, which start on demand.

        Raises:
            OSError, ImportError, NotImplementedError: the system does not support it
                (``UNSTARTABLE``).
        """
        context = multiprocessing.get_context("spawn")
        with _bare_start():  # the executor's queues start Python's resource tracker
            self._executor = ProcessPoolExecutor(
                width, mp_context=context, initializer=worker.begin
            )
        self._processes: set[BaseProcess] = set()
        self._loop: asyncio.AbstractEventLoop | None = None

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Run ``function`` in one of the processes.

        Raises:
            BrokenExecutor: a process died, and the pool is unusable. The future raises it too.
            OSError: a process cannot be started.
        """
        others = set(multiprocessing.active_children()) - self._processes
        try:
            with _bare_start():
                return asyncio.wrap_future(self._executor.submit(function, *args, **kwargs))
        finally:
            self._watch(set(multiprocessing.active_children()) - others - self._processes)

    def close(self) -> None:
        """Kill the processes, then shut down the executor.

        The order matters: a broken executor keeps its lock until its processes have ended, and
        they ignore the signal that it sends them.
        """
        self._kill()
        # wait for its thread; Python would wake it at exit through a pipe that may be closed
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _watch(self, started: set[BaseProcess]) -> None:
        """Break the executor as soon as one of the processes dies."""
        self._loop = asyncio.get_running_loop()
        self._processes |= started
        for process in started:
            self._loop.add_reader(process.sentinel, self._kill)

    def _kill(self) -> None:
        """Kill the processes, and let the executor notice.

        If a process is killed while it writes a result, the executor waits for the rest, and other
        processes wait for the pipe. The executor does not look at its processes meanwhile. It stops
        when no process has the pipe open for writing, including this one.
        """
        for process in self._processes:
            if self._loop is not None and not self._loop.is_closed():
                self._loop.remove_reader(process.sentinel)
            process.kill()
        self._executor._result_queue._writer.close()  # type: ignore[attr-defined]  # noqa: SLF001


@contextmanager
def _bare_start() -> Iterator[None]:
    """Start processes that import neither the main module nor anything from the working directory.

    Signals are blocked, so that Ctrl-C or a service manager cannot kill them before they ignore the
    signals.
    """
    environment: dict[str, Any] = dict(os.environ)
    main = sys.modules["__main__"]
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    os.environ["PYTHONSAFEPATH"] = "1"
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
        if "PYTHONSAFEPATH" not in environment:
            del os.environ["PYTHONSAFEPATH"]
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
