"""What a mirror may cost in time and disk, and the watch over a git that is running."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawler.exceptions import MirrorUnusable
from crawler.formats.pages import MAX_PAGE_BYTES

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class GitLimits:
    """What a mirror may cost.

    Attributes:
        page_bytes: a page above this size is refused unread.
        clone_bytes: the clone may not grow above this size on disk.
        spare_bytes: the disk keeps at least this much free space.
        stall_seconds: git is ended when nothing moved for this long.
        total_seconds: one command of git is ended after this long in any case.
        changed_paths: a larger difference is "everything"; to hold it would cost more memory
            than it saves time.
        memory_bytes: data segment of each git process (packs are mapped and do not count). Real
            mirrors of 80,000 articles clone within 128 MiB.
        cpu_seconds: CPU time of each git process.
        object_seconds: how long git may take to unpack one object that is read.
    """

    page_bytes: int = MAX_PAGE_BYTES
    clone_bytes: int = 4 << 30
    spare_bytes: int = 512 << 20
    stall_seconds: float = 120.0
    total_seconds: float = 3600.0
    changed_paths: int = 50_000
    memory_bytes: int = 512 << 20
    cpu_seconds: float = 1800.0
    object_seconds: float = 10.0


@dataclass(slots=True)
class Watch:
    """Ends a git that stands still, takes too long, or fills the disk."""

    limits: GitLimits
    folder: Path
    started: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    size: int = 0

    def heard(self) -> None:
        """Note a sign of life."""
        self.moved = time.monotonic()

    def check(self) -> None:
        """Raise MirrorUnusable where a limit is passed."""
        size = _size(self.folder)
        if size != self.size:
            self.size = size
            self.heard()
        now = time.monotonic()
        if now - self.moved > self.limits.stall_seconds:
            message = (
                f"the mirror's git server hangs: nothing came for {self.limits.stall_seconds:g} s"
            )
            raise MirrorUnusable(message)
        if now - self.started > self.limits.total_seconds:
            message = (
                f"git was ended after {self.limits.total_seconds:g} s (the limit for one command)"
            )
            raise MirrorUnusable(message)
        self._check_disk()

    def _check_disk(self) -> None:
        if self.size > self.limits.clone_bytes:
            limit = _megabytes(self.limits.clone_bytes)
            message = f"the mirror is larger than the limit for a clone, {limit}"
            raise MirrorUnusable(message)
        free = shutil.disk_usage(self.folder).free
        if free < self.limits.spare_bytes:
            message = (
                f"only {_megabytes(free)} are free at {self.folder}; git was ended before the disk"
                " is full"
            )
            raise MirrorUnusable(message)


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _size(folder: Path) -> int:
    """Return the bytes of the files below ``folder``; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
