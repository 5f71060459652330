"""Finds Chromium's processes and their memory use in Linux's ``/proc``.

Playwright does not expose process ids. Without ``/proc`` no process is found: the memory of pages
is then unlimited, and only Playwright can end a hanging browser.
"""

from __future__ import annotations

import os
import signal
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_PARENT, _RESIDENT = 1, 21
"""Indexes into the fields of ``/proc/PID/stat`` after the command's name, with the state as 0."""


@dataclass(frozen=True)
class Process:
    """A process of Chromium.

    Attributes:
        pid: process id.
        resident: resident memory in bytes.
        renderer: whether it renders pages; all others serve the whole browser.
    """

    pid: int
    resident: int
    renderer: bool

    def kill(self) -> None:
        """Send SIGKILL; do nothing if the process has already ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def chromium_processes() -> list[Process]:
    """Return the processes of every Chromium below this process; each main process comes first."""
    children, resident = _processes()
    found: list[Process] = []
    for pid in _below(os.getpid(), children):
        command = _command(pid)
        if b"--remote-debugging-pipe" in command and b"--type=" not in command:
            family = [pid, *_below(pid, children)]
            found += [
                Process(member, resident[member], b"--type=renderer" in _command(member))
                for member in family
            ]
    return found


def _processes() -> tuple[dict[int, list[int]], dict[int, int]]:
    """Return the children and the resident memory in bytes of every process."""
    children: dict[int, list[int]] = defaultdict(list)
    resident = {}
    page = os.sysconf("SC_PAGE_SIZE")
    with suppress(FileNotFoundError):
        for name in filter(str.isdigit, os.listdir(_PROC)):
            with suppress(OSError, IndexError):  # the process has just ended
                fields = (_PROC / name / "stat").read_bytes().rpartition(b")")[2].split()
                children[int(fields[_PARENT])].append(int(name))
                resident[int(name)] = int(fields[_RESIDENT]) * page
    return children, resident


def _below(pid: int, children: dict[int, list[int]]) -> list[int]:
    """Return the descendants of a process, parents first."""
    found = list(children.get(pid, ()))
    for descendant in found:
        found += children.get(descendant, ())
    return found


def _command(pid: int) -> bytes:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes()
    except OSError:
        return b""
