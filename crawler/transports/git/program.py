"""The git program, run so that it neither asks, nor runs foreign code, nor stays for ever.

Everything that talks to a remote goes through :func:`run`: a child process in a session of its
own (no terminal to prompt on, one group to kill), with an environment that holds only what is
named here, under limits of time and disk. Nobody's git configuration is read but ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any, Protocol

from crawler.transports.git.faults import GitFailed, GitMissing, readable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from crawler.transports.git.limits import Watch

MINIMUM_VERSION = (2, 32)
"""The first git that can be told to ignore the user's configuration (GIT_CONFIG_GLOBAL)."""

CONFIGURATION = """\
[core]
\tbare = true
\thooksPath = /dev/null
\tfsmonitor = false
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
\tfollowRedirects = initial
\tlowSpeedLimit = 1000
\tlowSpeedTime = {stall}
[maintenance]
\tauto = false
[safe]
\tdirectory = *
[transfer]
\tfsckObjects = false
\tbundleURI = false
"""
"""All the configuration git gets (as its "global" one; a clone's own holds nothing).

``safe.directory``: a mirror's directory may belong to another account; it is only ever read by
``upload-pack``, which git makes safe for foreign repositories. ``unpackLimit``: what was fetched
stays a pack, one file to watch grow. ``fsckObjects`` would refuse a whole mirror for one odd name
in a tree; nothing is checked out, so such a name is only one that nobody asks for.
"""

PASSED_ON = (
    "PATH", "TMPDIR", "LD_LIBRARY_PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
)  # fmt: skip
"""Variables that git inherits: where programs and certificates are, and the proxies.

(HTTP_PROXY in capitals is not used for http: a CGI request could set it.)
"""

TICK = 0.2
"""Seconds between two looks at the clock and the disk."""

OUTPUT_BYTES = 4 << 20
"""How much git may print: the branches of a remote, not its files."""

LINE_BYTES = 300
"""How much is kept of one line that git, or the remote through it, says."""

PROGRESS_SECONDS = 1.0
"""Progress is told this often (git speaks a hundred times at each step)."""

PROGRESS = re.compile(r"^(remote: )?[A-Z][a-z]+ [a-z]+: +\d")


class Lock(Protocol):
    """What a running git holds open, so that the lock lasts as long as git does."""

    def fileno(self) -> int:
        """Return the file descriptor."""


def program() -> str:
    """Return the path of the git program; GitMissing where there is none."""
    path = shutil.which("git")
    if path is None:
        message = (
            "there is no git program here; install the package `git` (apt-get install git),"
            " or crawl with -a via=http"
        )
        raise GitMissing(message)
    return path


def environment(configuration: Path, *, protocols: Sequence[str] = ()) -> dict[str, str]:
    """Return the whole environment of a git process.

    Args:
        configuration: the file that holds CONFIGURATION.
        protocols: the transports git may use; none at all for commands that stay on the disk.
    """
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    return kept | {
        "LC_ALL": "C",
        "HOME": os.devnull,  # no ~/.netrc, no ~/.ssh
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(configuration),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": ":".join(protocols) or "none",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }


async def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str],
    watch: Watch,
    lock: Lock | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> str:
    """Run git and return what it printed.

    Cancelled or over a limit, git and all it started are killed before this returns.

    Args:
        arguments: the command and its arguments.
        env: the whole environment.
        watch: the limits.
        lock: what stays locked as long as git runs, even if this process is killed.
        on_progress: told the lines of progress, about one a second.

    Raises:
        MirrorUnusable: a limit of ``watch`` is passed.
        GitFailed: git ended with an error; its last words.
        GitMissing: there is none, or it cannot be run.
    """
    git = program()
    try:
        process = await asyncio.create_subprocess_exec(
            git, *arguments, env=dict(env), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, pass_fds=() if lock is None else (lock.fileno(),),
        )  # fmt: skip
    except OSError as error:
        message = (
            f"{git} cannot be run ({error.strerror}): repair the package `git`, or -a via=http"
        )
        raise GitMissing(message) from error
    assert process.stdout is not None  # noqa: S101 (PIPE says so)
    assert process.stderr is not None  # noqa: S101
    talk = asyncio.gather(
        _printed(process.stdout), _complaints(process.stderr, watch, on_progress), process.wait()
    )
    try:
        while not (await asyncio.wait({talk}, timeout=TICK))[0]:
            watch.check()
        printed, complaints, status = talk.result()
    except BaseException:
        await _kill(process, talk)
        raise
    if status != 0:
        raise GitFailed(" / ".join(complaints) or f"git ended with status {status}")
    return printed


async def _kill(process: asyncio.subprocess.Process, talk: asyncio.Future[Any]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    talk.cancel()
    await asyncio.gather(talk, process.wait(), return_exceptions=True)


async def _printed(stream: asyncio.StreamReader) -> str:
    parts: list[bytes] = []
    left = OUTPUT_BYTES
    while chunk := await stream.read(1 << 16):
        parts.append(chunk[:left])
        left = max(0, left - len(chunk))
    return b"".join(parts).decode("utf-8", "replace")


async def _complaints(
    stream: asyncio.StreamReader, watch: Watch, on_progress: Callable[[str], None] | None
) -> list[str]:
    """Pass progress on, return the last lines that are none; the remote's words are not trusted."""
    lines: list[str] = []
    rest = b""
    told = 0.0
    while chunk := await stream.read(1 << 16):
        watch.heard()
        *whole, rest = re.split(rb"[\r\n]", rest + chunk)
        rest = rest[:LINE_BYTES]
        for line in filter(None, map(_readable, whole)):
            if not PROGRESS.match(line):
                lines = [*lines[-9:], line]
            elif on_progress is not None and (_is_due(told) or line.endswith("done.")):
                told = time.monotonic()
                on_progress(line)
    return [*lines, _readable(rest)] if rest else lines


def _is_due(told: float) -> bool:
    return time.monotonic() - told >= PROGRESS_SECONDS


def _readable(line: bytes) -> str:
    return readable(line[:LINE_BYTES].decode("utf-8", "replace")).strip()
