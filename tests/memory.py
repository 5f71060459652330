"""Reads the peak memory of a process."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def peak_kib(process: int | str = "self") -> int:
    """Return the peak resident set of a process (default: this one) in KiB; 0 if it has ended.

    This is the kernel's VmHWM. ``getrusage`` includes the parent's memory at the fork, so a crawl
    that a large test process starts would seem large itself.
    """
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
