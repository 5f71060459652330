"""Shares the pace of hosts, and their parking, between runs through files.

There is one file for each host. Before a run sends a request, it locks the file, reads the time of
the next request, and writes the time of the one after that. A run that a host asks to wait writes
until when.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from contextlib import contextmanager
from functools import cache
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_MAX_QUEUE: Final = 100
"""Number of requests that may be scheduled ahead; more means that the file has a wrong time."""
_MAX_PARK_SECONDS: Final = 86_400.0
"""Seconds for which a host may be parked; more means that the file has a wrong time."""
_TRIES: Final = 100
_PAUSE: Final = 0.01
"""Seconds between two tries for the lock, which a run keeps for less than a millisecond."""


class _Times(NamedTuple):
    """The times in a host's file, of the monotonic clock that all processes share until a reboot.

    Attributes:
        next: time of the next request.
        parked: time until which the host is parked.
    """

    next: float = 0.0
    parked: float = 0.0


class Turns:
    """The request times of all hosts, shared by the runs that use the same directory."""

    def __init__(self, directory: Path | None) -> None:
        """Share times in ``directory``, which is created when needed; None shares nothing."""
        self._directory = directory

    async def take(self, host: str, delay: float) -> float:
        """Reserve the next request to ``host``; return the seconds until it may be sent.

        ``delay`` is the time between two requests.
        """

        def taken(times: _Times, now: float) -> tuple[float, _Times]:
            turn = min(max(times.next, now), now + _MAX_QUEUE * delay)
            return turn - now, times._replace(next=turn + delay)

        return await self._change(host, taken) if delay > 0 else 0.0

    async def park(self, host: str, seconds: float) -> None:
        """Park ``host`` for all runs."""

        def parked(times: _Times, now: float) -> tuple[float, _Times]:
            until = now + min(seconds, _MAX_PARK_SECONDS)
            return 0.0, times._replace(parked=max(times.parked, until))

        await self._change(host, parked)

    async def parked(self, host: str) -> float:
        """Return for how many seconds ``host`` is parked, 0 or less if it is not."""
        return await self._change(host, lambda times, now: (times.parked - now, times))

    async def _change(
        self, host: str, change: Callable[[_Times, float], tuple[float, _Times]]
    ) -> float:
        """Apply ``change`` to the times of ``host``; return its result, or 0 without a directory."""
        if self._directory is None:
            return 0.0
        try:
            return await self._changed(self._directory / quote(host, safe=""), change)
        except OSError as error:
            logger.info(
                "%s cannot be used (%s), keeping the hosts' pace without other runs: set "
                "CACHE_DIRECTORY to a writable directory", self._directory, error.strerror,
            )  # fmt: skip
            self._directory = None
            return 0.0

    async def _changed(
        self, path: Path, change: Callable[[_Times, float], tuple[float, _Times]]
    ) -> float:
        for _ in range(_TRIES):
            try:
                with _locked(path) as file:
                    now = monotonic()
                    before = _read(file, now)
                    result, after = change(before, now)
                    if after != before:
                        _write(file, after)
                    return result
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
        return 0.0  # a process that keeps the lock for a second is suspended


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


def _read(file: int, now: float) -> _Times:
    """Return the times in a file; those from before a reboot or too far in the future are ignored."""
    try:
        content = json.loads(os.pread(file, 1000, 0))
        if content["boot"] != _boot():
            return _Times()
        turn, parked = float(content["next"]), float(content.get("parked", 0))
    except (ValueError, TypeError, KeyError, AttributeError):
        return _Times()
    is_parked = parked <= now + _MAX_PARK_SECONDS
    return _Times(turn if isfinite(turn) else 0.0, parked if is_parked else 0.0)


def _write(file: int, times: _Times) -> None:
    rounded = {name: round(time, 4) for name, time in times._asdict().items()}
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"boot": _boot(), **rounded}).encode(), 0)


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
