"""Whose turn it is at a host, and how long it is parked: kept on the disk for several runs.

For each host there is one file. A run that wants to send a request locks it, reads when the host
may be asked next, and writes down when after that. A run that is told to wait writes until when.
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
_LONGEST_QUEUE: Final = 100
"""Turns that may lie ahead; more is what a clock that ran differently has left."""
_LONGEST_PARK: Final = 86_400.0
"""Seconds for which a host may be parked; of more, a clock that ran differently is the cause."""
_TRIES: Final = 100
_PAUSE: Final = 0.01
"""Seconds between two tries for the lock, which is held for less than a millisecond."""


class _Noted(NamedTuple):
    """What a host's file says, by the clock that all processes share until a reboot.

    Attributes:
        next: when the host may be asked next.
        parked: when it may be asked at all.
    """

    next: float = 0.0
    parked: float = 0.0


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

        def taken(noted: _Noted, now: float) -> tuple[float, _Noted]:
            turn = min(max(noted.next, now), now + _LONGEST_QUEUE * delay)
            return turn - now, noted._replace(next=turn + delay)

        return await self._change(host, taken) if delay > 0 else 0.0

    async def park(self, host: str, seconds: float) -> None:
        """Tell all runs to send ``host`` no request for so many seconds."""

        def parked(noted: _Noted, now: float) -> tuple[float, _Noted]:
            until = now + min(seconds, _LONGEST_PARK)
            return 0.0, noted._replace(parked=max(noted.parked, until))

        await self._change(host, parked)

    async def parked(self, host: str) -> float:
        """Return for how many seconds ``host`` is parked, 0 or less if it is not."""
        return await self._change(host, lambda noted, now: (noted.parked - now, noted))

    async def _change(
        self, host: str, change: Callable[[_Noted, float], tuple[float, _Noted]]
    ) -> float:
        """Apply ``change`` to what is noted of ``host``; return its result, 0 without a file."""
        if self._directory is None:
            return 0.0
        try:
            return await self._changed(self._directory / quote(host, safe=""), change)
        except OSError as error:
            logger.info(
                "Other runs may ask the hosts as often as this one does: %s: %s; name a writable "
                "directory in CACHE_DIRECTORY", self._directory, error.strerror,
            )  # fmt: skip
            self._directory = None
            return 0.0

    async def _changed(
        self, path: Path, change: Callable[[_Noted, float], tuple[float, _Noted]]
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


def _read(file: int, now: float) -> _Noted:
    """Return what is noted; times from before a reboot and far in the future count as past."""
    try:
        noted = json.loads(os.pread(file, 1000, 0))
        if noted["boot"] != _boot():
            return _Noted()
        turn, parked = float(noted["next"]), float(noted.get("parked", 0))
    except (ValueError, TypeError, KeyError, AttributeError):
        return _Noted()
    is_parked = parked <= now + _LONGEST_PARK
    return _Noted(turn if isfinite(turn) else 0.0, parked if is_parked else 0.0)


def _write(file: int, noted: _Noted) -> None:
    times = {name: round(time, 4) for name, time in noted._asdict().items()}
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({"boot": _boot(), **times}).encode(), 0)


@cache
def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
