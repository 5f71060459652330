"""Runs git without prompts, without foreign code, and within limits.

A shell starts each git process and sets its limits of memory and CPU time. :func:`run` adds a new
session (no terminal to prompt on, one process group to kill), limits of time and disk space, and a
:class:`Lifeline`, so that git never outlives the crawler, even after ``kill -9``. git gets only the
environment variables and the configuration in this module.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import re
import shutil
import signal
import subprocess
import time
from typing import IO, TYPE_CHECKING, Any

from crawler.config.proxies import proxy_for
from crawler.exceptions import WrongUsage
from crawler.printable import printable
from crawler.transports.git.failures import GitFailed, GitMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from crawler.transports.git.limits import GitLimits, Watch

MINIMUM_VERSION = (2, 32)
"""The first version with GIT_CONFIG_GLOBAL, which replaces the user's configuration."""

CONFIGURATION = """\
[core]
\tbare = true
\thooksPath = /dev/null
\tfsmonitor = false
\tdeltaBaseCacheLimit = 32m
\talternateRefsCommand = true
\tbigFileThreshold = 1m
[credential]
\thelper =
[fetch]
\trecurseSubmodules = false
\tunpackLimit = 1
\twriteCommitGraph = false
[gc]
\tauto = 0
[http]
\tfollowRedirects = false
\tlowSpeedLimit = 1000
\tlowSpeedTime = {stall}
[maintenance]
\tauto = false
[safe]
\tdirectory = *
[pack]
\tthreads = 1
\twindowMemory = 64m
[transfer]
\tfsckObjects = false
\tbundleURI = false
"""
"""The only configuration that git reads, as its "global" one; the clone's is empty.

* ``safe.directory``: a mirror's directory may belong to another account. Only ``upload-pack`` reads
  it, which is safe for untrusted repositories.
* ``followRedirects``: a server could redirect git to any host and port. The transport itself
  follows redirects that stay on the mirror's host.
* ``unpackLimit``: fetched objects stay in a pack, one file whose growth can be watched.
* ``pack`` and ``deltaBaseCacheLimit`` keep git well below its memory limit.
* ``fsckObjects`` would reject a whole mirror for one odd name in a tree. Nothing is checked out, so
  such a name does no harm.
"""

PASSED_ON = (
    "PATH", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
)  # fmt: skip
"""Environment variables that git inherits: paths of programs and certificates."""

TICK = 0.2
"""Seconds between two checks of the limits."""

OUTPUT_BYTES = 4 << 20
"""Bytes of git's output that are kept by default: enough for the branches of a remote."""

_LIMITED = """\
ulimit -c 0
ulimit -d "$1" 2>/dev/null || :
ulimit -t "$2" 2>/dev/null || :
shift 2
exec "$@"
"""
# "|| :" because raising a lower existing limit fails; that limit stays in force.

_REGISTERED = """\
trap '' PIPE
echo "$$" >&0 2>/dev/null || :
trap - PIPE
exec "$@" </dev/null
"""
# Its standard input is the pipe to the watcher. It writes its id itself: if the crawler did, it
# could die before. "|| :" because the watcher may have been killed.

_WATCHER = """\
trap '' HUP INT TERM
while read -r line; do group=$line; done
[ -z "$group" ] || kill -s KILL -- "-$group"
"""

LINE_BYTES = 300
"""Bytes that are kept of one line that git or the remote prints."""

PROGRESS_SECONDS = 1.0
"""Seconds between two progress lines; git prints a hundred lines for each step."""

PROGRESS = re.compile(r"^(remote: )?[A-Z][a-z]+ [a-z]+: +\d")

_CANNOT_RUN = frozenset({126, 127})
"""Exit statuses of a shell that cannot run a program."""


def program() -> str:
    """Return the path of the git program.

    Raises:
        GitMissing: git is not installed.
    """
    path = shutil.which("git")
    if path is None:
        raise GitMissing(
            "git is not installed: install the package `git` (apt-get install git), or crawl with"
            " -a via=http"
        )
    return path


def environment(
    configuration: Path, *, protocols: Sequence[str] = (), host: str = ""
) -> dict[str, str]:
    """Return the complete environment of a git process.

    Args:
        configuration: file with CONFIGURATION.
        protocols: protocols that git may use, the URL's first; empty for local commands.
        host: the only host that git connects to; its proxies come from the environment. A protocol
            that the host may redirect to is left out if its proxy cannot be used.

    Raises:
        WrongUsage: the proxy for the URL's protocol cannot be used.
    """
    proxies: dict[str, str | None] = {}
    for scheme in protocols:
        try:
            proxies[scheme] = proxy_for(scheme, host) if host else None
        except WrongUsage:
            if scheme == protocols[0]:
                raise
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    kept |= {f"{scheme}_proxy": proxy for scheme, proxy in proxies.items() if proxy}
    return kept | {
        "LC_ALL": "C",
        "HOME": os.devnull,  # no ~/.netrc, no ~/.ssh
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(proxies) or "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }


def limited(arguments: Sequence[str], limits: GitLimits) -> list[str]:
    """Return the command that runs git under ``limits``.

    ``memory_bytes`` and ``cpu_seconds`` apply to each process that git starts.

    Raises:
        GitMissing: git is not installed.
    """
    kilobytes, seconds = limits.memory_bytes >> 10, math.ceil(limits.cpu_seconds)
    return ["/bin/sh", "-c", _LIMITED, "sh", str(kilobytes), str(seconds), program(), *arguments]


class Lifeline:
    """Kills the running git when the crawler dies, for whatever reason.

    A shell reads the ids of process groups from a pipe. When the crawler dies, the kernel closes
    the pipe, and the shell kills the last group it read. The parent-death signal is not enough: it
    reaches direct children only, and git's child ``index-pack`` reads no pipe while it computes.
    """

    def __init__(self) -> None:
        self._watcher = subprocess.Popen(  # noqa: S603 (a fixed command)
            ["/bin/sh", "-c", _WATCHER], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    @property
    def pipe(self) -> IO[bytes]:
        """The pipe from which the shell reads; it is the standard input of ``_REGISTERED``."""
        assert self._watcher.stdin is not None  # noqa: S101 (PIPE says so)
        return self._watcher.stdin

    def release(self) -> None:
        """Let the group that was registered last live, because it has ended."""
        with contextlib.suppress(OSError, ValueError):  # the shell was killed, or is closed
            self.pipe.write(b"\n")
            self.pipe.flush()

    def close(self) -> None:
        """End the shell without killing git."""
        self.release()
        self._watcher.communicate()


async def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    watch: Watch,
    lifeline: Lifeline,
    lock: IO[Any] | None = None,
    on_progress: Callable[[str], None] | None = None,
    most_bytes: int = OUTPUT_BYTES,
) -> bytes:
    """Run git and return the first ``most_bytes`` of its standard output.

    On cancellation, or if a limit is exceeded, git and its children are killed before this returns.

    Args:
        arguments: the command and its arguments.
        env: the complete environment.
        watch: checks the limits.
        lifeline: kills git when this process dies.
        lock: a locked file that git inherits, so that it stays locked until git exits.
        on_progress: called with progress lines, about one a second.
        most_bytes: maximum size of the returned output.

    Raises:
        MirrorUnusable: git exceeded a limit of ``watch``.
        GitFailed: git exited with an error; the message is git's last lines.
        GitMissing: git is not installed or cannot be executed.
    """
    process = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", _REGISTERED, "sh", *limited(arguments, watch.limits),
        env=dict(env), start_new_session=True, stdin=lifeline.pipe,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        pass_fds=() if lock is None else (lock.fileno(),),
    )  # fmt: skip
    assert process.stdout is not None  # noqa: S101 (PIPE says so)
    assert process.stderr is not None  # noqa: S101
    communication = asyncio.gather(
        _printed(process.stdout, watch, most_bytes),
        _messages(process.stderr, watch, on_progress),
        process.wait(),
    )
    try:
        while not (await asyncio.wait({communication}, timeout=TICK))[0]:
            watch.check()
        printed, messages, status = communication.result()
    except BaseException:
        await _kill(process, communication)
        raise
    finally:
        lifeline.release()
    if status in _CANNOT_RUN:
        raise GitMissing(
            f"{program()} cannot be executed ({' / '.join(messages)}): reinstall the package"
            " `git`, or crawl with -a via=http"
        )
    if status != 0:
        raise GitFailed(" / ".join(messages) or _ending(status, watch.limits))
    return printed


def _ending(status: int, limits: GitLimits) -> str:
    """Return a message for a git that printed nothing; the system's limits kill by signal."""
    if status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return f"git was killed: it used {limits.cpu_seconds:g} s of CPU time, or memory ran out"
    return f"git exited with status {status}"


async def _kill(process: asyncio.subprocess.Process, communication: asyncio.Future[Any]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    communication.cancel()
    await asyncio.gather(communication, process.wait(), return_exceptions=True)


async def _printed(stream: asyncio.StreamReader, watch: Watch, most: int) -> bytes:
    parts: list[bytes] = []
    left = most
    while chunk := await stream.read(1 << 16):
        watch.restart_stall_timer()
        parts.append(chunk[:left])
        left = max(0, left - len(chunk))
    return b"".join(parts)


async def _messages(
    stream: asyncio.StreamReader, watch: Watch, on_progress: Callable[[str], None] | None
) -> list[str]:
    """Report progress lines and return the last ten other lines.

    The remote controls some of them, so their length is limited.
    """
    lines: list[str] = []
    rest = b""
    reported = 0.0
    while chunk := await stream.read(1 << 16):
        watch.restart_stall_timer()
        *whole, rest = re.split(rb"[\r\n]", rest + chunk)
        rest = rest[:LINE_BYTES]
        for line in filter(None, map(_readable, whole)):
            now = time.monotonic()
            if not PROGRESS.match(line):
                lines = [*lines[-9:], line]
            elif on_progress and (now - reported >= PROGRESS_SECONDS or line.endswith("done.")):
                reported = now
                on_progress(line)
    return [*lines, _readable(rest)] if rest else lines


def _readable(line: bytes) -> str:
    return printable(line[:LINE_BYTES].decode("utf-8", "replace")).strip()
