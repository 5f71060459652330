"""What runs in a reader's process. It reads pages, within bounds, and ends with the crawler."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from crawler.exceptions import PageError
from crawler.readers.pages import TOO_COSTLY, Bounds, Kind

if TYPE_CHECKING:
    from crawler.readers.pages import Page, Reader

_STATM: Final = Path("/proc/self/statm")
_DATA: Final = 5  # the field that RLIMIT_DATA counts, in memory pages


Unread = tuple[Kind, str, bytes] | tuple[Kind, str, bytes, object]
"""A page that is to be read: the arguments of a :class:`Reader`."""


def begin() -> None:
    """Prepare the process: signals are the crawler's to handle, and it ends when the crawler does."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # the patterns take 0.2 s to compile: not on the account of the first page
    import crawler.formats.registry  # noqa: F401, PLC0415


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
    os._exit(0)


def ready() -> bool:
    """Return True: the process has started."""
    return True


def read_batch(read: Reader, bounds: Bounds, pages: list[Unread]) -> list[Page | None]:
    """Read pages; None for one that the crawler is to read itself, to meet the same error there.

    Raises:
        MemoryError: one of them takes too much; which one, the pages tell when read alone.
    """
    _bound(bounds)
    return [_page_or_none(read, page) for page in pages]


def _page_or_none(read: Reader, page: Unread) -> Page | None:
    try:
        return read(*page)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - whatever it is, the crawler meets it again and reports it
        return None


def read_alone(read: Reader, bounds: Bounds, page: Unread) -> Page:
    """Read one page; the process dies where the page costs too much CPU.

    Raises:
        PageError: it is no such page, or takes too much memory.
    """
    _bound(bounds)
    try:
        return read(*page)
    except MemoryError:
        raise too_costly(bounds) from None


def too_costly(bounds: Bounds) -> PageError:
    """Return the failure of a page that passed ``bounds``, or killed its process."""
    return PageError(
        f"reading it takes more than {bounds.cpu_seconds} s of CPU or "
        f"{bounds.memory_bytes >> 20} MB, or kills the process that reads it",
        reason=TOO_COSTLY,
    )


def _bound(bounds: Bounds) -> None:
    """Let the process use so much more of processor and memory than it has used until now."""
    _set_soft(resource.RLIMIT_CPU, int(time.process_time()) + 1 + bounds.cpu_seconds)
    if _STATM.exists():
        data = int(_STATM.read_text("ascii").split()[_DATA]) * resource.getpagesize()
        _set_soft(resource.RLIMIT_DATA, data + bounds.memory_bytes)


def _set_soft(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (value, hard))
