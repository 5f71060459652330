"""Finds the processes that a crawl starts, and checks whether they have ended."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Process:
    """One process, distinguished from a later one with the same id."""

    pid: int
    started: str
    command: str

    @property
    def alive(self) -> bool:
        """Whether it is running (a zombie is not)."""
        found = _process(self.pid)
        return found is not None and found[0].started == self.started


def _process(pid: int) -> tuple[Process, int] | None:
    """Return a process and its parent's id; None if it has ended."""
    try:
        command = (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in "ZX" else (Process(pid, fields[19], command), int(fields[1]))


def descendants(pid: int) -> list[Process]:
    """Return the processes that descend from ``pid``."""
    entries = [_process(int(path.name)) for path in Path("/proc").glob("[0-9]*")]
    parents = dict(filter(None, entries))
    found, below = [], {pid}
    while new := [p for p, parent in parents.items() if parent in below and p not in found]:
        found += new
        below = {process.pid for process in new}
    return found


def of_kind(processes: list[Process], words: str, *but: str) -> Process:
    """Return the only process whose command line has ``words`` but nothing of ``but``."""
    found = [p for p in processes if words in p.command and not any(x in p.command for x in but)]
    assert len(found) == 1, found
    return found[0]


def browser_of(processes: list[Process]) -> Process:
    """Return Chromium's main process."""
    return of_kind(processes, "--remote-debugging-pipe", "--type=")


def is_running(pid: int) -> bool:
    """Return whether there is a process with this id (a zombie is none)."""
    return _process(pid) is not None


def wait_until(true: Callable[[], object], seconds: float = 120) -> bool:
    """Return whether a condition becomes true; by default in far more time than it needs."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
