"""How much memory a process has taken."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def peak_kib(process: int | str = "self") -> int:
    """Return the peak resident set of a process, by default of this one, in KiB; 0: it has ended.

    The kernel's VmHWM: ``getrusage`` keeps what the parent had when it forked, so a crawl started
    by a test process that has grown seemed to have grown itself.
    """
    with suppress(FileNotFoundError, ProcessLookupError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0
