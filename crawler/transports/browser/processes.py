"""Chromium's processes, as Linux's ``/proc`` lists them, and their memory.

Playwright tells no process ids. On systems without ``/proc`` nothing is found: pages are not
bounded in memory there, and a hanging browser is left to Playwright to end.
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
#: Field of ``/proc/PID/stat`` behind the command's name, counted from the state.
_PARENT, _RESIDENT = 1, 21


@dataclass(frozen=True)
class Process:
    """A process of Chromium.

    Attributes:
        pid: its id.
        resident: bytes of memory that it has in use.
        renderer: whether it renders pages; others serve the whole browser.
    """

    pid: int
    resident: int
    renderer: bool

    def kill(self) -> None:
        """Kill it, whatever state it is in."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)


def chromium_processes() -> list[Process]:
    """Return the processes of every Chromium that this process started, main ones first."""
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
    """Return the children of every process, and its resident memory in bytes."""
    children: dict[int, list[int]] = defaultdict(list)
    resident = {}
    page = os.sysconf("SC_PAGE_SIZE")
    with suppress(FileNotFoundError):
        for name in filter(str.isdigit, os.listdir(_PROC)):
            with suppress(OSError, IndexError):  # it has just ended
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
