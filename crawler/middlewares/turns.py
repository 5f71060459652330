"""Shares the pace of a host between runs, by a file for each host.

Before a run sends a request, it locks the host's file, reads the time of the next turn, and writes
the time of the turn after that.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import Final
from urllib.parse import quote

logger = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_QUEUE: Final = 100
"""Maximum number of turns ahead; more can only come from a wrong clock."""
_TRIES: Final = 100
_PAUSE: Final = 0.01
"""Seconds between two tries to lock the file; a lock is held for less than a millisecond."""


class Turns:
    """Assigns turns at hosts, shared by all runs with the same directory."""

    def __init__(self, directory: Path | None) -> None:
        """Keep the files in ``directory``, created when needed; None for no sharing."""
        self._directory = directory

    async def take(self, host: str, delay: float) -> float:
        """Take the next turn at ``host``, ``delay`` seconds long; return the seconds until it."""
        if self._directory is None or delay <= 0:
            return 0.0
        try:
            return await self._take(self._directory, host, delay)
        except OSError as error:
            logger.info(
                "The pace is not shared with other runs: %s: %s; set CACHE_DIRECTORY to a writable "
                "directory", self._directory, error.strerror,
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
        return 0.0  # a process that holds the lock for a second is stopped


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
    """Return the time of the next turn, by the monotonic clock that all processes share."""
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
