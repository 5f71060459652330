"""The processors, memory and processes that this process may use.

The smallest limit counts: of the machine, CPU affinity, ``ulimit``, and the control groups
(versions 1 and 2) of the process up to their root.
"""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

_ROOT = Path("/")
_GROUPS = "sys/fs/cgroup"

READERS_AT_MOST = 8
"""More readers gain nothing, because the crawler's own process becomes the bottleneck."""
CRAWLER_BYTES = 512 << 20
"""Memory reserved for the crawler, git, and one process that reads a costly page."""
READER_BYTES = 128 << 20
"""Memory reserved for each reader, which needs 40 MB for ordinary pages."""


def reader_count(root: Path = _ROOT) -> int:
    """Return the number of additional processes for reading pages; 0 if the crawler reads them.

    ``proc`` and ``sys`` are mounted in ``root``.
    """
    processors = usable_processors(root)
    if processors < 2:  # noqa: PLR2004 - one is the crawler's
        return 0
    rooms = [
        (memory - CRAWLER_BYTES) // READER_BYTES for memory in _memory_limits(root)
    ]  # fmt: skip
    return max(0, min([processors, READERS_AT_MOST, *rooms, *_free_processes(root)]))


def most_readers(root: Path = _ROOT) -> int:
    """Return how many processes may be asked for: each holds pages, and more would only wait."""
    return max(READERS_AT_MOST, usable_processors(root))


def usable_processors(root: Path = _ROOT) -> int:
    """Return the number of processors that this process may use, at least 1."""
    return max(1, min([_known_processors(), *map(math.ceil, _quotas(root))]))


def _known_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _quotas(root: Path) -> Iterator[float]:
    for group in _groups(root, "cpu"):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        if not quota:
            quota, period = _text(group / "cpu.cfs_quota_us"), _text(group / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal() and int(period):
            yield int(quota) / int(period)


def _memory_limits(root: Path) -> Iterator[int]:
    yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        soft, _ = resource.getrlimit(kind)
        if soft != resource.RLIM_INFINITY:
            yield soft
    for group in _groups(root, "memory"):
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes"):
            if (limit := _text(group / name)).isdecimal():
                yield int(limit)


def _free_processes(root: Path) -> Iterator[int]:
    """Yield how many readers each group allows; a reader has up to three threads."""
    for group in _groups(root, "pids"):
        most, now = _text(group / "pids.max"), _text(group / "pids.current")
        if most.isdecimal() and now.isdecimal():
            # reserve eight threads for the crawler, git and the pool
            yield (int(most) - int(now) - 8) // 3


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the directories of this process's groups and of their ancestors."""
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if not controllers:  # version 2
            mounts = (_GROUPS, f"{_GROUPS}/unified")
        elif controller in controllers.split(","):
            mounts = (f"{_GROUPS}/{controllers}", f"{_GROUPS}/{controller}")
        else:
            continue
        group = Path(path.lstrip("/"))
        for mount, part in ((m, p) for m in mounts for p in chain([group], group.parents)):
            yield root / mount / part


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""
