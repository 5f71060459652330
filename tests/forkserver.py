"""Starts ``scrapy`` commands in processes of their own, which need not import Scrapy each time.

The import takes three quarters of the CPU time of a small crawl, and the tests run hundreds. So a server
imports the packages that Scrapy needs, and forks; the new process runs ``python -m scrapy`` with the
arguments, environment, working directory and streams of the command, and imports the project itself.
A command that is about the start of the interpreter, or limits of the process, is started by
``subprocess``.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCRAPY = (sys.executable, "-m", "scrapy")

_PACKAGES = (
    "itemloaders", "jsonschema_rs", "lxml.html", "nh3", "orjson", "platformdirs", "rich.console", "rich.live",
    "scrapy.cmdline", "scrapy.core.downloader.handlers.http11", "scrapy.core.engine", "scrapy.crawler",
    "sqlite3", "twisted.internet.asyncioreactor", "w3lib.html",
)  # fmt: skip
_READ_AT_START = ("PYTHON", "LANG", "LC_")
"""Prefixes of variables that only an interpreter's start reads, except for PYTHONPATH."""

_INT = struct.Struct("i")


class Process(Protocol):
    """A process; ``subprocess.Popen`` is one."""

    @property
    def pid(self) -> int:
        """Its id."""

    def poll(self) -> int | None:
        """Return its exit status, negative for a signal; None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit status.

        Raises:
            subprocess.TimeoutExpired: it still runs after ``timeout`` seconds.
        """

    def send_signal(self, sig: int) -> None:
        """Send a signal, unless it has ended."""

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""


def start(
    command: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    stdout: int,
    stderr: int,
) -> Process:
    """Start a command; standard input is empty.

    Args:
        command: the command line. One that does not begin with ``SCRAPY`` is started by ``subprocess``.
        cwd: the working directory.
        env: the whole environment.
        stdout: descriptor of standard output.
        stderr: descriptor of standard error.
    """
    if tuple(command[:3]) == SCRAPY and not _interpreter_differs(env):
        return _server().start(command[3:], str(cwd), env, stdout, stderr)
    return subprocess.Popen(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr
    )


def _interpreter_differs(env: Mapping[str, str]) -> bool:
    return any(
        name.startswith(_READ_AT_START) and name != "PYTHONPATH" and value != "C.UTF-8"
        for name, value in env.items()
    )


@cache
def _server() -> _Server:
    return _Server()


class _Server:
    """The client's side of the server, which lives as long as the tests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self._end)

    def start(
        self, arguments: Sequence[str], cwd: str, env: Mapping[str, str], stdout: int, stderr: int
    ) -> _Forked:
        request = json.dumps([list(arguments), cwd, dict(env)]).encode()
        status, theirs = os.pipe()
        try:
            with self._lock:
                socket.send_fds(self._socket, [request], [stdout, stderr, theirs])
        finally:
            os.close(theirs)
        return _Forked(os.fdopen(status, "rb", buffering=0))

    def _end(self) -> None:
        self._socket.close()
        self._process.wait()


class _Forked:
    """A process that the server forked. ``status`` is a pipe with its id and its exit status."""

    def __init__(self, status: BinaryIO) -> None:
        self._status = status
        self._code: int | None = None
        self.pid = self._read()

    def _read(self) -> int:
        data = self._status.read(_INT.size)
        assert data, "the server of the tests has ended"
        return int(_INT.unpack(data)[0])

    def poll(self) -> int | None:
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None:
            if not select.select([self._status], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("scrapy", timeout or 0)
            self._code = os.waitstatus_to_exitcode(self._read())
            self._status.close()
        return self._code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _serve(requests: socket.socket) -> None:
    """Fork for each request, until the tests end."""
    for package in _PACKAGES:
        importlib.import_module(package)
    assert "twisted.internet.reactor" not in sys.modules, "the setting decides which one"
    assert threading.active_count() == 1, "a fork would lose the threads"
    gc.collect()
    gc.freeze()
    while True:
        request, descriptors, *_ = socket.recv_fds(requests, 1 << 18, 3)
        if not request:
            return
        if os.fork() == 0:
            requests.close()
            _fork_command(request, *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)
        _reap()


def _reap() -> None:
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _fork_command(request: bytes, stdout: int, stderr: int, status: int) -> None:
    """Fork the command, and report its id and its exit status."""
    pid = os.fork()
    if pid == 0:
        os.close(status)
        os.dup2(stdout, 1)
        os.dup2(stderr, 2)
        os.close(stdout)
        os.close(stderr)
        _run(*json.loads(request))
    os.close(stdout)
    os.close(stderr)
    os.write(status, _INT.pack(pid))
    os.write(status, _INT.pack(os.waitpid(pid, 0)[1]))
    os._exit(0)


def _run(arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Do what ``python -m scrapy`` does; ends with SystemExit."""
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    time.tzset()
    sys.path[:0] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = ["scrapy", *arguments]
    runpy.run_module("scrapy", run_name="__main__", alter_sys=True)
    sys.exit()


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
