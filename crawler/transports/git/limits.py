"""Limits of time, memory and disk space for git, and a watch that enforces them."""

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
    """Limits for the git processes of one mirror.

    Attributes:
        page_bytes: maximum size of a page; a larger one is not loaded.
        clone_bytes: maximum size of the clone on disk.
        spare_bytes: free disk space below which git is killed.
        stall_seconds: git is killed after this time without output or growth of the clone.
        total_seconds: maximum duration of one git command.
        changed_paths: maximum number of changed paths. Above it all pages are compared, because more
            paths would cost more memory than they save time.
        memory_bytes: data segment of each git process (packs are mapped and do not count). Real
            mirrors of 80,000 articles clone within 128 MiB.
        cpu_seconds: CPU time of each git process.
        object_seconds: maximum time for git to unpack one object.
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
    """Checks whether a running git stalls, takes too long, or fills the disk."""

    limits: GitLimits
    folder: Path
    started: float = field(default_factory=time.monotonic)
    moved: float = field(default_factory=time.monotonic)
    size: int = 0

    def restart_stall_timer(self) -> None:
        """Restart the timer, because git printed something or the clone grew."""
        self.moved = time.monotonic()

    def check(self) -> None:
        """Raise MirrorUnusable if a limit is exceeded."""
        size = _size(self.folder)
        if size != self.size:
            self.size = size
            self.restart_stall_timer()
        now = time.monotonic()
        if now - self.moved > self.limits.stall_seconds:
            raise MirrorUnusable(
                f"the mirror's git server hangs: no data for {self.limits.stall_seconds:g} s"
            )
        if now - self.started > self.limits.total_seconds:
            raise MirrorUnusable(
                f"git was killed after {self.limits.total_seconds:g} s, the limit for one command"
            )
        self._check_disk()

    def _check_disk(self) -> None:
        if self.size > self.limits.clone_bytes:
            limit = _megabytes(self.limits.clone_bytes)
            raise MirrorUnusable(f"the mirror's clone exceeds its limit of {limit}")
        free = shutil.disk_usage(self.folder).free
        if free < self.limits.spare_bytes:
            raise MirrorUnusable(
                f"{self.folder} has only {_megabytes(free)} of free disk space, so git was killed:"
                " free some space"
            )


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"


def _size(folder: Path) -> int:
    """Return the total size of the files below ``folder``, skipping files that vanish."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total
