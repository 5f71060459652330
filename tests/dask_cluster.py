"""A Dask cluster on loopback, and how its processes are killed."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from crawling import ROOT, clean_environment
from processes import Process, descendants

if TYPE_CHECKING:
    from collections.abc import Iterable

_PR_SET_PDEATHSIG = 1


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


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it dies."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


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
