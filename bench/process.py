"""Runs a child process and measures its wall time, CPU time and peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_LOOK_EVERY = 0.02
_MEBIBYTE = 1 << 20


class ChildFailed(Exception):
    """Raised when a measured program exits with an unexpected status."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a child process.

    Attributes:
        wall: seconds from start to end.
        cpu: CPU seconds, user and system, including those of its own children.
        own: CPU seconds without its children's, from the last sample.
        rss: peak resident set in MiB, as recorded by the kernel (VmHWM). ``ru_maxrss`` also counts
            memory that the child shared with this process between fork and exec.
        anon: highest sample of the anonymous part (RssAnon) in MiB.
    """

    wall: float
    cpu: float
    own: float
    rss: float
    anon: float


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
    expect: int | None = 0,
    look: Callable[[int], None] = lambda _: None,
    every: float = _LOOK_EVERY,
) -> Usage:
    """Run ``command`` to its end.

    Args:
        command: program and arguments.
        cwd: working directory.
        log: file for its output.
        environment: variables added to this process's environment.
        expect: expected exit status; None for any.
        look: called with the process id whenever memory is sampled.
        every: seconds between two samples.

    Raises:
        ChildFailed: it exited with another status; the message has the end of the log.
    """
    with log.open("wb") as out:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        rss = anon = own = 0.0
        while True:
            pid, status, used = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            memory = memory_of(process.pid)
            rss, anon = max(rss, memory["VmHWM"]), max(anon, memory["RssAnon"])
            own = max(own, cpu_of(process.pid))
            look(process.pid)
            time.sleep(every)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if expect is not None and process.returncode != expect:
        tail = log.read_text(errors="replace")[-2000:]
        raise ChildFailed(f"{command} ended with {process.returncode}, not {expect}:\n{tail}")
    return Usage(wall, used.ru_utime + used.ru_stime, own, rss, anon)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds of a process without its children; 0 if it ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    user, system = text.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> dict[str, float]:
    """Return peak and current resident set and anonymous memory in MiB; 0 if the process ended."""
    found = {"VmHWM": 0.0, "VmRSS": 0.0, "RssAnon": 0.0}
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024 / _MEBIBYTE
    except (FileNotFoundError, ProcessLookupError):
        pass
    return found
