"""Reads the objects of a clone with one ``git cat-file`` process."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import tempfile
from collections import deque
from typing import IO, TYPE_CHECKING

from crawler.exceptions import PageError, PageTooLarge, PageUnreachable, TransportDamaged
from crawler.reasons import TOO_COSTLY
from crawler.transports.git.program import limited

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from crawler.transports.git.limits import GitLimits

AHEAD = 64
"""Maximum number of objects requested from git before the first one is read."""

_CHUNK = 1 << 16


class CloneDamaged(TransportDamaged):
    """Raised when an object of the clone is missing or cannot be read."""


class Objects:
    """The objects of a clone, read by one ``git cat-file --batch`` that starts on demand."""

    def __init__(self, git_dir: Path, env: Mapping[str, str], limits: GitLimits) -> None:
        """Read from the repository ``git_dir``, with the environment ``env``."""
        self._command = limited(("--git-dir", str(git_dir), "cat-file", "--batch"), limits)
        self._seconds = limits.object_seconds
        self._env = dict(env)
        self._place = git_dir.parent
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._output = bytearray()
        self._expected: deque[str] = deque()
        self._requested: deque[str] = deque()

    def prefetch(self, oids: Iterable[str]) -> None:
        """Prefetch ``oids``, the objects that will probably be read next, in this order."""
        self._expected = deque(oids)

    def read(self, oid: str, limit: int) -> tuple[str, bytes]:
        """Return the type and the content of an object.

        Raises:
            PageTooLarge: the object is larger than ``limit`` bytes; its content is not loaded.
            PageUnreachable: git needs longer than ``GitLimits.object_seconds`` to unpack it.
            CloneDamaged: the object is missing or cannot be read.
        """
        restarted = False
        while True:
            self._request(oid)
            answered = self._requested[0]
            try:
                answer = self._answer(answered, limit)
            except PageError:
                self.close()
                if answered == oid:
                    raise
            except EOFError:
                if restarted:
                    raise self._damage(answered) from None
                restarted = True  # another process may have killed git: that is no damage
                self.close()
            else:
                self._requested.popleft()
                if answered == oid:
                    return answer

    def close(self) -> None:
        """Kill git; a later read starts it again."""
        process, self._process = self._process, None
        self._requested.clear()
        self._output.clear()
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):  # unsent requests cannot be flushed
                process.communicate()
        if self._stderr is not None:
            self._stderr.close()
            self._stderr = None

    def _request(self, oid: str) -> None:
        """Request ``oid`` if it is not requested yet, and the objects expected after it.

        At least half of ``AHEAD`` at a time, because every write to the pipe has a cost.
        """
        new: list[str] = []
        if oid not in self._requested:
            if oid in self._expected:
                while self._expected.popleft() != oid:
                    pass
            new.append(oid)
        if len(self._requested) <= AHEAD // 2:
            while self._expected and len(self._requested) + len(new) < AHEAD:
                new.append(self._expected.popleft())
        if new:
            self._send(new)

    def _send(self, oids: list[str]) -> None:
        stdin = self._running().stdin
        assert stdin is not None  # noqa: S101 (PIPE says so)
        with contextlib.suppress(BrokenPipeError):  # git exited: read() sees that
            stdin.write("".join(f"{oid}\n" for oid in oids).encode())
            stdin.flush()
        self._requested.extend(oids)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._stderr = tempfile.TemporaryFile(dir=self._place)  # noqa: SIM115 (closed by close)
            self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
                self._command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._stderr,
                start_new_session=True,  # Ctrl-C reaches the crawler only, which closes git last
            )  # fmt: skip
            assert self._process.stdout is not None  # noqa: S101 (PIPE says so)
            self._stdout = self._process.stdout.fileno()
            self._poll = select.poll()
            self._poll.register(self._stdout, select.POLLIN)
        return self._process

    def _answer(self, oid: str, limit: int) -> tuple[str, bytes]:
        """Return git's answer to the oldest request.

        Raises:
            EOFError: git ended.
        """
        while (end := self._output.find(b"\n")) < 0:
            self._fill(oid)
        words = self._take(end + 1).split()
        if len(words) != 3:  # noqa: PLR2004 (oid, type, size; or "oid missing")
            raise self._damage(oid)
        size = int(words[2])
        if size > limit:
            raise PageTooLarge(f"object {oid} has {size} bytes")
        while len(self._output) <= size:
            self._fill(oid)
        content = self._take(size)
        if self._take(1) != b"\n":
            raise self._damage(oid)
        return words[1].decode(), content

    def _fill(self, oid: str) -> None:
        """Wait for output. git may take hours to unpack one object, through a chain of deltas."""
        if not self._poll.poll(self._seconds * 1000):
            raise PageUnreachable(
                f"object {oid} takes git more than {self._seconds:g} s to unpack",
                reason=TOO_COSTLY,
            )
        chunk = os.read(self._stdout, _CHUNK)
        if not chunk:
            raise EOFError
        self._output += chunk

    def _take(self, count: int) -> bytes:
        with memoryview(self._output) as output:
            taken = bytes(output[:count])
        del self._output[:count]
        return taken

    def _damage(self, oid: str) -> CloneDamaged:
        message = b""
        if self._stderr is not None:
            self._stderr.seek(0)
            message = self._stderr.read(500)
        self.close()
        why = " ".join(message.decode("utf-8", "replace").split()) or "missing"
        return CloneDamaged(f"object {oid} of the clone cannot be read: {why}")
