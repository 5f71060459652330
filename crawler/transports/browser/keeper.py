"""Runs Chromium and sees to it that nothing of it outlives the crawler.

A program of its own, started in Chromium's place, with nothing but the standard library::

    python keeper.py LIFELINE CHROMIUM ARGUMENT...

``LIFELINE`` is a named pipe whose writing end the crawler holds open. When the crawler ends, by
whatever means (also kill -9), the kernel closes it, and the keeper kills every process that
descends from Chromium: also stopped ones and those that left its process group. Were the keeper
itself killed, the kernel would kill Chromium (the parent-death signal), whose own processes end
with it.
"""

from __future__ import annotations

import ctypes
import os
import select
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
PROFILE = "--user-data-dir="


def main(lifeline: str, command: list[str]) -> int:
    """Run ``command`` until it or the crawler ends; return its exit status."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    handed_down = [descriptor for descriptor in (3, 4) if _is_open(descriptor)]
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    child = _start(command)
    # what the driver speaks to Chromium by must not be held open here
    for descriptor in handed_down:
        os.close(descriptor)
    status = _watch(child, lifeline, waking)
    ended_by_itself = status is not None
    _kill_descendants()
    if not ended_by_itself:
        _remove_profile(command)
        _remove_folder(lifeline)
    return 137 if status is None else os.waitstatus_to_exitcode(status) % 256


def _prctl(option: int, value: int) -> None:
    """Call prctl where there is one: on other systems the process group must do."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _start(command: list[str]) -> int:
    keeper = os.getpid()
    child = os.fork()
    if child == 0:
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == keeper:
            os.execv(command[0], command)  # noqa: S606 - the program the user named, no shell
        os._exit(127)
    return child


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _watch(child: int, lifeline: str, waking: int) -> int | None:
    """Wait for the end of ``child``: its status; or of the crawler, or a signal: None."""
    descriptor = os.open(lifeline, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    poll.register(waking, select.POLLIN)
    while _held(descriptor):
        for ready, _ in poll.poll():
            if ready != waking:
                continue
            numbers = os.read(waking, 64)
            if numbers.strip(bytes([signal.SIGCHLD])):
                return None
            status = _reap(child)
            if status is not None:
                return status
    return None


def _held(lifeline: int) -> bool:
    """Tell whether the other end of the named pipe is still open."""
    try:
        return os.read(lifeline, 64) != b""
    except BlockingIOError:
        return True


def _reap(child: int) -> int | None:
    """Reap what has ended; return the status of ``child`` if it is among them."""
    with suppress(ChildProcessError):
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == child:
                return status
            if ended == 0:
                return None
    return None


def _kill_descendants() -> None:
    """Kill children until none is left: those of a killed one become the keeper's own."""
    while True:
        for child in _children():
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Return the ids of the keeper's children, as the kernel lists them."""
    keeper = str(os.getpid())
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if entry.read_text(errors="replace").rpartition(")")[2].split()[1] == keeper:
                found.append(int(entry.parent.name))
    return found


def _remove_profile(command: list[str]) -> None:
    """Remove the profile that the killed driver cannot remove any more."""
    for argument in command:
        profile = Path(argument.removeprefix(PROFILE))
        if argument.startswith(PROFILE) and profile.name.startswith("playwright"):
            shutil.rmtree(profile, ignore_errors=True)


def _remove_folder(lifeline: str) -> None:
    """Remove what a crawler that was killed made for this browser."""
    folder = Path(lifeline).parent
    if folder.name.startswith("epoch-browser-"):
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
