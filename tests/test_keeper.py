"""The keeper leaves nothing of what it runs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from crawler.transports.browser import keeper

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc and prctl")

#: A tree as Chromium's: a child, one that left the group, one that cannot react; ids in a file.
TREE = """
import os, signal, subprocess, sys, time
sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
plain = subprocess.Popen(sleep)
away = subprocess.Popen(sleep, start_new_session=True)
stopped = subprocess.Popen(sleep)
os.kill(stopped.pid, signal.SIGSTOP)
with open(sys.argv[1] + ".part", "w") as file:
    print(os.getpid(), plain.pid, away.pid, stopped.pid, file=file)
os.rename(sys.argv[1] + ".part", sys.argv[1])
if sys.argv[2] == "stay":
    time.sleep(60)
sys.exit(7)
"""


@dataclass
class Kept:
    """A tree of processes under a keeper.

    Attributes:
        keeper: the keeper's process.
        lifeline: the end of the named pipe that the crawler holds.
        tree: ids of the processes it keeps.
        profile: a browser's profile.
    """

    keeper: subprocess.Popen[bytes]
    lifeline: int
    tree: list[int]
    profile: Path


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Kept]]:
    """Return a function that starts a tree, one that stays or one that ends."""
    begun: list[Kept] = []

    def run(how: str) -> Kept:
        pipe, ids, profile = tmp_path / "lifeline", tmp_path / "ids", tmp_path / "playwright_x"
        profile.mkdir()
        os.mkfifo(pipe)
        lifeline = os.open(pipe, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        tree = [sys.executable, "-c", TREE, str(ids), how, f"{keeper.PROFILE}{profile}"]
        process = subprocess.Popen([sys.executable, keeper.__file__, str(pipe), *tree])
        begun.append(Kept(process, lifeline, [], profile))
        assert until(ids.exists)
        begun[-1].tree = [int(number) for number in ids.read_text().split()]
        return begun[-1]

    yield run
    for kept in begun:
        for pid in (*kept.tree, kept.keeper.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        kept.keeper.wait()
        with suppress(OSError):
            os.close(kept.lifeline)


def until(true: Callable[[], bool], seconds: float = 20) -> bool:
    """Tell whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def alive(pid: int) -> bool:
    """Tell whether a process runs; a zombie does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_the_end_of_the_crawler_is_the_end_of_all(start: Callable[[str], Kept]) -> None:
    """The kernel closes the lifeline, however the crawler ends; the profile goes too."""
    kept = start("stay")
    assert all(map(alive, kept.tree))
    os.close(kept.lifeline)
    assert kept.keeper.wait(20) == 137
    assert not any(map(alive, kept.tree))
    assert not kept.profile.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_all(start: Callable[[str], Kept], number: signal.Signals) -> None:
    """From whoever."""
    kept = start("stay")
    kept.keeper.send_signal(number)
    assert kept.keeper.wait(20) == 137
    assert not any(map(alive, kept.tree))


def test_the_browsers_own_end_leaves_no_helpers(start: Callable[[str], Kept]) -> None:
    """Its status is the keeper's; its profile is the driver's to remove."""
    kept = start("end")
    assert kept.keeper.wait(20) == 7
    assert not any(map(alive, kept.tree))
    assert kept.profile.exists()


def test_a_killed_keeper_takes_the_browser_along(start: Callable[[str], Kept]) -> None:
    """By the kernel; the browser's own processes then lose their parent and end themselves."""
    kept = start("stay")
    kept.keeper.kill()
    assert until(lambda: not alive(kept.tree[0]))


def test_a_crawler_that_ended_before_is_noticed(tmp_path: Path) -> None:
    """No one has the lifeline open when the keeper looks for it."""
    pipe = tmp_path / "lifeline"
    os.mkfifo(pipe)
    command = [sys.executable, keeper.__file__, str(pipe), "/bin/sleep", "60"]
    assert subprocess.run(command, timeout=20, check=False).returncode == 137
