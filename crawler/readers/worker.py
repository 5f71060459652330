"""The code of a reader's process: reads pages within bounds, and ends when the crawler does."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

from crawler.exceptions import PageError
from crawler.readers.pages import Bounds, Kind
from crawler.reasons import TOO_COSTLY

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.readers.pages import Page, Reader

T = TypeVar("T")
_STATM: Final = Path("/proc/self/statm")
_DATA: Final = 5  # index of the size, in memory pages, that RLIMIT_DATA limits

Unread = tuple[Kind, str, bytes] | tuple[Kind, str, bytes, object]
"""A page to read: the arguments of a :class:`Reader`."""


def begin() -> None:
    """Set up a process of a pool, which ends when the crawler does."""
    leave_signals_to_crawler()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # imports take 0.1 s, which must not count towards the first page's CPU time
    import crawler.formats.registry  # noqa: F401, PLC0415

    with _without_scrapy():
        import itemloaders  # noqa: F401, PLC0415 - the loader needs it


def leave_signals_to_crawler() -> None:
    """Ignore the signals that stop a run, because the crawler ends this process; dump no core."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


@contextmanager
def _without_scrapy() -> Iterator[None]:
    """Make ``import scrapy`` fail.

    itemadapter imports Scrapy where it is installed, which takes 0.15 s and 40 MB, and the loader
    does not need it.
    """
    if "scrapy" in sys.modules:
        yield
        return
    sys.modules["scrapy"] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules["scrapy"]


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(0)


def ready() -> bool:
    """Return True; a call that succeeds shows that the process has started."""
    return True


def read_batch(read: Reader, bounds: Bounds, pages: list[Unread]) -> list[Page | None]:
    """Read pages; return None for each that fails, which the crawler then reads itself.

    Raises:
        MemoryError: one of the pages takes too much memory; reading them alone shows which.
    """
    bound(bounds)
    return [_page_or_none(read, page) for page in pages]


def _page_or_none(read: Reader, page: Unread) -> Page | None:
    try:
        return read(*page)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - the crawler reads the page again and reports the error
        return None


def read_alone(read: Callable[[], T], bounds: Bounds) -> T:
    """Read one page; the kernel kills the process if the page takes too much CPU time.

    Raises:
        PageError: ``read`` raised it or took too much memory.
    """
    bound(bounds)
    try:
        return read()
    except MemoryError:
        raise too_costly(bounds) from None


def too_costly(bounds: Bounds) -> PageError:
    """Return the error for a page that exceeds ``bounds`` or killed its process."""
    return PageError(
        f"reading the page takes more than {bounds.cpu_seconds} s of CPU time or "
        f"{bounds.memory_bytes >> 20} MB, or kills the process that reads it",
        reason=TOO_COSTLY,
    )


def bound(bounds: Bounds) -> None:
    """Set the process's limits to its usage until now plus ``bounds``."""
    _set_soft(resource.RLIMIT_CPU, int(time.process_time()) + 1 + bounds.cpu_seconds)
    if _STATM.exists():
        data = int(_STATM.read_text("ascii").split()[_DATA]) * resource.getpagesize()
        _set_soft(resource.RLIMIT_DATA, data + bounds.memory_bytes)


def _set_soft(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, hard))
