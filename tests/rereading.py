"""Rereads for real: ``scrapy reread`` in a process of its own, and a Dask cluster on loopback."""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import forkserver
from crawling import ROOT, Feed, clean_environment
from processes import Process, descendants

if TYPE_CHECKING:
    from collections.abc import Iterable

SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
"""Where the random moments come from; a failing test names it."""

FILES = ("articles.jsonl", "listings.jsonl", "changes.jsonl", "runs.jsonl")
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Reread:
    """What came of a reread."""

    exit_code: int
    output: str
    feed: Feed
    seconds: float


@dataclass
class Rereading:
    """A reread that goes on."""

    process: forkserver.Process
    target: Path
    output: IO[bytes]
    started: float = field(default_factory=time.monotonic)

    @property
    def work(self) -> Path:
        """The directory of its parts."""
        return self.target.with_name(f"{self.target.name}.reread")

    @property
    def parts(self) -> list[Path]:
        """The files of finished parts."""
        return sorted((self.work / "parts").glob("*.part"))

    @property
    def bytes_read(self) -> int:
        """The size of the finished parts, in bytes of ``articles.jsonl``."""
        ranges = [path.name.split(".")[0].split("-") for path in self.parts]
        return sum(int(end) - int(start) for start, end in ranges)

    def wait_for_parts(self, count: int = 1, seconds: float = 60) -> None:
        """Wait until so many parts are finished, or the reread has ended."""
        end = time.monotonic() + seconds
        while len(self.parts) < count and self.process.poll() is None:
            assert time.monotonic() < end, "no part was finished"
            time.sleep(0.005)

    def children(self, words: str) -> list[Process]:
        """Return its processes, at any depth, whose command line has these words."""
        return [one for one in descendants(self.process.pid) if words in one.command]

    def finish(self, seconds: float = 120) -> Reread:
        """Wait for the end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        took = time.monotonic() - self.started
        with self.output:
            self.output.seek(0)
            output = self.output.read().decode(errors="replace")
        return Reread(code, output, Feed(self.target), took)


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def start_reread(feed: Path, target: Path, *options: str) -> Rereading:
    """Start a reread."""
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
    process = forkserver.start(
        [*forkserver.SCRAPY, "reread", str(feed), "--to", str(target), *options],
        cwd=ROOT,
        env=clean_environment(),
        stdout=output.fileno(),
        stderr=output.fileno(),
    )
    return Rereading(process, target, output)


def reread(feed: Path, target: Path, *options: str) -> Reread:
    """Reread to the end."""
    return start_reread(feed, target, *options).finish()


def remove(target: Path) -> None:
    """Remove a new feed, and what is left of its making."""
    for path in (target, target.with_name(f"{target.name}.reread")):
        shutil.rmtree(path, ignore_errors=True)


def files_of(feed: Feed) -> dict[str, bytes]:
    """Return the feed's files as they are but for the time of the reread and its own directory."""
    at = feed.runs[0]["start"].encode()
    return {name: feed.data(name).replace(at, b"AT") for name in FILES}


class Cluster:
    """A Dask scheduler and its workers on loopback, which end with the test."""

    def __init__(self, directory: Path, workers: int = 2) -> None:
        """Keep logs in ``directory``."""
        self._directory = directory
        self._processes: list[subprocess.Popen[bytes]] = []
        self.port = _free_port()
        self.scheduler = self._start("scheduler", "--port", str(self.port))
        self.nannies = [self.start_worker() for _ in range(workers)]

    @property
    def engine(self) -> str:
        """The value of ``--engine``."""
        return f"dask://127.0.0.1:{self.port}"

    @property
    def address(self) -> str:
        """The scheduler's address, as Dask gives it."""
        return f"tcp://127.0.0.1:{self.port}"

    def start_worker(self) -> subprocess.Popen[bytes]:
        """Start a nanny with a worker."""
        return self._start(
            "worker", self.address, "--nthreads", "1",
            "--local-directory", str(self._directory), "--memory-limit", "0",
        )  # fmt: skip

    def workers(self) -> list[Process]:
        """Return the processes that the nannies watch."""
        children = [child for nanny in self.nannies for child in descendants(nanny.pid)]
        return [one for one in children if "spawn_main" in one.command and one.alive]

    def log(self, kind: str) -> str:
        """Return what the processes of this kind have logged."""
        return (self._directory / f"{kind}.log").read_text()

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        log = (self._directory / f"{kind}.log").open("ab")
        with log:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + kind, "--host", "127.0.0.1",
                 "--no-dashboard", *options],
                cwd=self._directory,
                env={**clean_environment(), "PYTHONPATH": str(ROOT), "HOME": str(self._directory)},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - the tests' threads hold no locks it wants
            )  # fmt: skip
        self._processes.append(process)
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        left = [child for one in self._processes for child in descendants(one.pid)]
        for process in self._processes:
            process.kill()
            process.wait()
        kill(one.pid for one in left if one.alive)


def kill(pids: Iterable[int], number: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to processes that may be gone."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port
