"""Whose turn it is at a host: kept on the disk, so that several runs together hold its pace.

For each host there is one file. A run that wants to send a request locks it, reads when the host
may be asked next, and writes down when after that.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_QUEUE: Final = 100
"""Turns that may lie ahead; more is what a clock that ran differently has left."""
_TRIES: Final = 100
_PAUSE: Final = 0.01
"""Seconds between two tries for the lock, which is held for less than a millisecond."""


class Turns:
    """The turns at all hosts, shared by the runs that use the same directory."""

    def __init__(self, directory: Path | None) -> None:
        """Keep the files in ``directory``, made when needed; None: this run is alone."""
        self._directory = directory

    async def take(self, host: str, delay: float) -> float:
        """Take the next turn at ``host``; return the seconds until it comes.

        Args:
            host: the host's name.
            delay: seconds between this turn and the next.
        """
        if self._directory is None or delay <= 0:
            return 0.0
        try:
            return await self._take(self._directory, host, delay)
        except OSError as error:
            logger.info(
                "Other runs may ask the hosts as often as this one does: %s: %s; name a writable "
                "directory in CACHE_DIRECTORY", self._directory, error.strerror,
            )  # fmt: skip
            self._directory = None
            return 0.0

    async def _take(self, directory: Path, host: str, delay: float) -> float:
        for _ in range(_TRIES):
            try:
                with _locked(directory / quote(host, safe="")) as file:
                    now = monotonic()
                    turn = _next_turn(file, now, delay)
                    _note(file, turn + delay)
                    return turn - now
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
        return 0.0  # who holds it for a second has been stopped


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    file = os.open(path, flags, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file
    finally:
        os.close(file)


def _next_turn(file: int, now: float, delay: float) -> float:
    """Return when the host may be asked, by the clock that all processes share until a reboot."""
    try:
        noted = json.loads(os.pread(file, 1000, 0))
        turn = float(noted["next"]) if noted["boot"] == _boot() else now
    except (ValueError, TypeError, KeyError):
        return now
    return min(max(turn, now), now + _LONGEST_QUEUE * delay) if isfinite(turn) else now


def _note(file: int, turn: float) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"boot": _boot(), "next": round(turn, 4)}).encode(), 0)


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
