"""A process pool for reading, started so that it runs this project's code and nothing else."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final, ParamSpec, TypeVar

from crawler.readers import worker

P = ParamSpec("P")
T = TypeVar("T")

NO_POOL: Final = (BrokenExecutor, OSError, ImportError, NotImplementedError)
"""What a pool fails with that cannot be started: no processes, no memory, no semaphores."""


class Pool:
    """A standard process pool on asyncio. Any other ``Executor`` would serve as well."""

    def __init__(self, width: int) -> None:
        """Run ``width`` processes; each starts when it is needed.

        Raises:
            OSError, ImportError, NotImplementedError: the system has no means for it (``NO_POOL``).
        """
        context = multiprocessing.get_context("spawn")
        self._executor = ProcessPoolExecutor(width, mp_context=context, initializer=worker.begin)

    def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Run ``function`` in one of the processes.

        Raises:
            BrokenExecutor: a process died; the pool is of no more use. Also raised by the future.
            OSError: a process cannot be started.
        """
        with _bare_start():
            return asyncio.wrap_future(self._executor.submit(function, *args, **kwargs))

    def close(self) -> None:
        """Accept no more work; processes end when they are done."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def kill_all() -> None:
    """Kill all processes of all pools, whatever they are doing."""
    for process in multiprocessing.active_children():
        process.kill()


@contextmanager
def _bare_start() -> Iterator[None]:
    """Start processes that import nothing from the working directory, and no program's main module.

    They inherit blocked signals: a service's stop, or Ctrl-C, would kill them before they can
    ignore it.
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
