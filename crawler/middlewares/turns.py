"""Whose turn it is at a host: kept on the disk, so that several runs together hold its pace.

For each host there is one file. A run that wants to send a request locks it, reads when the host
may be asked next, and writes down when after that. A host that answers one run that it is busy is
parked for all.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import logging
import os
from contextlib import ExitStack, contextmanager, suppress
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = logging.getLogger(__name__)

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_QUEUE: Final = 100
"""Turns that may lie ahead; more is what a clock that ran differently has left."""
_LONGEST_PARK: Final = 3600.0
"""Seconds for which one run may park a host for all."""
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
        for _ in range(_TRIES):
            try:
                with self._note(host, delay) as note:
                    now = monotonic()
                    turn = _time(note, "next", now, _LONGEST_QUEUE * delay)
                    note["next"] = round(turn + delay, 4)
                    return turn - now
            except BlockingIOError:
                await asyncio.sleep(_PAUSE)
        return 0.0  # who holds it for a second has been stopped

    def park(self, host: str, delay: float, seconds: float) -> float:
        """Let no run ask ``host`` for so many seconds; return how many it is parked for now.

        Args:
            host: the host's name.
            delay: seconds between two turns at it.
            seconds: how long it asked to wait; 0 to learn what other runs were told.
        """
        with suppress(BlockingIOError), self._note(host, delay) as note:
            now = monotonic()
            until = max(_time(note, "parked", now, _LONGEST_PARK), now + seconds)
            if until > now:
                note["parked"] = round(until, 4)
            return until - now
        return seconds

    @contextmanager
    def _note(self, host: str, delay: float) -> Iterator[dict[str, Any]]:
        """Yield what is noted of a host, to be changed; nothing where this run is alone.

        Raises:
            BlockingIOError: another run holds the file.
        """
        with ExitStack() as stack:
            file = self._locked_file(stack, host) if delay > 0 else None
            note = {} if file is None else _read(file)
            before = dict(note)
            yield note
            if file is not None and note != before:
                _write(file, note)

    def _locked_file(self, stack: ExitStack, host: str) -> int | None:
        """Return the host's file, locked until ``stack`` ends; None where this run is alone.

        Raises:
            BlockingIOError: another run holds it.
        """
        if self._directory is None:
            return None
        try:
            return stack.enter_context(_locked(self._directory / quote(host, safe="")))
        except BlockingIOError:
            raise
        except OSError as error:
            logger.info(
                "Other runs may ask the hosts as often as this one does: %s: %s; name a writable "
                "directory in CACHE_DIRECTORY", self._directory, error.strerror,
            )  # fmt: skip
            self._directory = None
            return None


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


def _read(file: int) -> dict[str, Any]:
    """Return the times noted since the machine started; those before mean nothing."""
    try:
        note = json.loads(os.pread(file, 1000, 0))
    except ValueError:
        return {}
    return note if isinstance(note, dict) and note.get("boot") == _boot() else {}


def _time(note: dict[str, Any], name: str, now: float, most: float) -> float:
    """Return a time of the clock that all processes share: not before ``now``, nor long after."""
    time = note.get(name)
    if not isinstance(time, (int, float)) or not isfinite(time):
        return now
    return min(max(time, now), now + most)


def _write(file: int, note: dict[str, Any]) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, json.dumps({**note, "boot": _boot()}).encode(), 0)


def _boot() -> str:
    try:
        return _BOOT.read_text("ascii").strip()
    except OSError:
        return ""
