"""Reads the objects of a clone with one ``git cat-file`` process, and looks up paths in trees."""

from __future__ import annotations

import contextlib
import mmap
import re
import subprocess
import tempfile
import threading
import time
from array import array
from bisect import bisect_left
from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from crawler.exceptions import PageTooLarge, PageUnreachable, TransportDamaged
from crawler.transports.git.program import limited

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from crawler.transports.git.limits import GitLimits

AHEAD = 64
"""Maximum number of objects requested from git before the first one is read."""

TREE_BYTES = 64 << 20
"""Maximum size of a tree object: 1.5 million names."""

KEPT_BYTES = 48 << 20
"""Memory for cached folders."""

MAPPED_BYTES = 256 << 10
"""A folder larger than this (6,000 names) is kept in a mapped file and counts as this size.

A million names take 42 MB in memory. If the folders do not fit, a crawl that fetches the newest
articles of all sections first has to reload a folder for nearly every article.
"""

FOLDER = 0o040000
TYPE_BITS = 0o170000
REGULAR = 0o100000
OCTAL = re.compile(rb"[0-7]{6}")


class CloneDamaged(TransportDamaged):
    """Raised when an object of the clone is missing or cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a tree object.

    Attributes:
        mode: git's mode, such as ``0o100644`` for a file and ``0o040000`` for a folder.
        oid: the object's id in lower-case hexadecimal.
    """

    mode: int
    oid: str

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file, not a folder, symbolic link or submodule."""
        return self.mode & TYPE_BITS == REGULAR


class Folder:
    """A tree object: git's raw bytes and the offset of each name in them.

    One entry is ``mode SP name NUL oid``. Entries are sorted by name; a folder sorts as if its
    name ended in ``/``. A million names take 45 MB of mapped memory; as a dict they take 200 MB.

    Attributes:
        weight: approximate memory use in bytes.
    """

    def __init__(self, raw: bytes, oid_bytes: int, place: Path | None = None) -> None:
        """Index the names in ``raw``.

        Args:
            raw: content of the tree object.
            oid_bytes: length of an object id: 20 (SHA-1) or 32 (SHA-256).
            place: directory for the unnamed temporary files of large folders; None to keep all
                folders in memory.
        """
        self._oid_bytes = oid_bytes
        names = array("I", _names(raw, oid_bytes))
        self._raw: bytes | mmap.mmap = raw
        self._names: array[int] | memoryview[int] = names
        self.weight = len(raw) + 4 * len(names)
        if place is not None and self.weight > MAPPED_BYTES:
            with contextlib.suppress(OSError):  # the disk is full: stay in memory
                mapped, self._raw = _mapped(names.tobytes(), place), _mapped(raw, place)
                self._names = memoryview(mapped).cast("I")
                self.weight = MAPPED_BYTES

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._names)

    def names(self) -> Iterator[str]:
        """Yield the names of its subfolders."""
        keys = (self._key(start) for start in self._names)
        return (key[:-1].decode("utf-8", "replace") for key in keys if key.endswith(b"/"))

    def find(self, name: str) -> Entry | None:
        """Return the entry called ``name``; a file takes precedence over a folder."""
        wanted = name.encode()
        return self._search(wanted) or self._search(wanted + b"/")

    def _search(self, key: bytes) -> Entry | None:
        index = bisect_left(self._names, key, key=self._key)
        if index == len(self._names) or self._key(self._names[index]) != key:
            return None
        start = self._names[index]
        end = self._raw.find(b"\0", start) + 1
        return Entry(self._mode(start), self._raw[end : end + self._oid_bytes].hex())

    def _mode(self, start: int) -> int:
        """Return the mode before the name at ``start``; 0 if it is malformed."""
        if self._raw[start - 6 : start] == b"40000 ":
            return FOLDER
        digits = self._raw[max(0, start - 7) : start - 1]
        return int(digits, 8) if OCTAL.fullmatch(digits) else 0

    def _key(self, start: int) -> bytes:
        raw = self._raw
        name = raw[start : raw.find(b"\0", start)]
        return name + b"/" if raw[start - 6 : start] == b"40000 " else name


def _mapped(data: bytes, place: Path) -> mmap.mmap:
    """Return ``data`` in a mapped, unnamed file, whose pages the system can evict from memory."""
    with tempfile.TemporaryFile(dir=place) as file:
        file.write(data)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _names(raw: bytes, oid_bytes: int) -> Iterator[int]:
    position = 0
    while position < len(raw):
        yield raw.index(b" ", position) + 1
        position = raw.index(b"\0", position) + 1 + oid_bytes


class Watchdog:
    """Kills git if it takes too long to unpack one object; a chain of deltas may take hours.

    It runs in a thread, because reading blocks the event loop.

    Attributes:
        seconds: time limit for one object.
        timed_out: whether the last process watched was killed.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.timed_out = False
        self._watched: subprocess.Popen[bytes] | None = None
        self._due = 0.0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watch(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Watch ``process`` inside the context."""
        self.timed_out = False
        self._due, self._watched = time.monotonic() + self.seconds, process
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, daemon=True)
            self._thread.start()
        try:
            yield
        finally:
            self._watched = None

    def _watch(self) -> None:
        while True:
            time.sleep(self.seconds / 4)
            process = self._watched
            if process is not None and time.monotonic() > self._due:
                self.timed_out = True
                process.kill()


class Objects:
    """The objects of a clone, read by one ``git cat-file --batch`` that starts on demand."""

    def __init__(self, git_dir: Path, env: Mapping[str, str], limits: GitLimits) -> None:
        """Read from the repository ``git_dir``, with the environment ``env``."""
        command = ("--git-dir", str(git_dir), "cat-file", "--batch")
        self._command = limited(command, limits)
        self._watchdog = Watchdog(limits.object_seconds)
        self._env = dict(env)
        self._place = git_dir.parent
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr: IO[bytes] | None = None
        self._expected: deque[str] = deque()
        self._requested: deque[str] = deque()

    def expect(self, oids: Iterable[str]) -> None:
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
            with self._watchdog.watch(self._running()):
                ended = self._has_ended()
            if ended and self._watchdog.timed_out:
                self.close()
                raise PageUnreachable(
                    f"object {oid} takes git more than {self._watchdog.seconds:g} s to unpack",
                    reason="too_costly",
                )
            if not restarted and ended:  # killed by another process: the clone is not damaged
                restarted = True
                self.close()
                continue
            answered = self._requested.popleft()
            kind, size = self._header(answered)
            if size > limit:
                self.close()
                if answered == oid:
                    raise PageTooLarge(f"object {oid} has {size} bytes")
                continue
            content = self._content(answered, size)
            if answered == oid:
                return kind, content

    def close(self) -> None:
        """Kill git; a later read starts it again."""
        process, self._process = self._process, None
        self._requested.clear()
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
            self._skip_expected(oid)
            new.append(oid)
        if len(self._requested) <= AHEAD // 2:
            while self._expected and len(self._requested) + len(new) < AHEAD:
                new.append(self._expected.popleft())
        if new:
            self._send(new)

    def _skip_expected(self, oid: str) -> None:
        if oid in self._expected:
            while self._expected.popleft() != oid:
                pass

    def _send(self, oids: list[str]) -> None:
        stdin = self._running().stdin
        assert stdin is not None  # noqa: S101 (PIPE says so)
        try:
            stdin.write("".join(f"{oid}\n" for oid in oids).encode())
            stdin.flush()
        except BrokenPipeError:
            pass  # git exited: read() sees that there is no answer
        except OSError as error:
            raise self._damage(oids[0]) from error
        self._requested.extend(oids)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._stderr = tempfile.TemporaryFile(dir=self._place)  # noqa: SIM115 (closed by close)
            self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
                self._command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._stderr, bufsize=1 << 16,
                start_new_session=True,  # Ctrl-C reaches the crawler only, which closes git last
            )  # fmt: skip
        return self._process

    def _has_ended(self) -> bool:
        """Return whether git exited before it answered."""
        process = self._process
        assert process is not None  # noqa: S101 (an object was requested)
        assert process.stdout is not None  # noqa: S101 (PIPE says so)
        return not process.stdout.peek(1)  # type: ignore[attr-defined]

    def _header(self, oid: str) -> tuple[str, int]:
        stdout = self._running().stdout
        assert stdout is not None  # noqa: S101 (PIPE says so)
        words = stdout.readline().split()
        if len(words) != 3:  # noqa: PLR2004 (oid, type, size; else "oid missing", or the end)
            raise self._damage(oid)
        return words[1].decode(), int(words[2])

    def _content(self, oid: str, size: int) -> bytes:
        stdout = self._running().stdout
        assert stdout is not None  # noqa: S101 (PIPE says so)
        content = stdout.read(size)
        if len(content) != size or stdout.read(1) != b"\n":
            raise self._damage(oid)
        return content

    def _damage(self, oid: str) -> CloneDamaged:
        message = b""
        if self._stderr is not None:
            self._stderr.seek(0)
            message = self._stderr.read(500)
        self.close()
        why = " ".join(message.decode("utf-8", "replace").split()) or "missing"
        return CloneDamaged(f"object {oid} of the clone cannot be read: {why}")


class Files:
    """The files of one commit, by path."""

    def __init__(self, objects: Objects, commit: str, place: Path) -> None:
        """Read the tree of ``commit`` (a hexadecimal id); ``place`` is for temporary files."""
        self._objects = objects
        self._place = place
        self._root = commit
        self._folders: OrderedDict[str, Folder] = OrderedDict()

    def find(self, path: str) -> Entry | None:
        """Return the entry at ``path`` (segments separated by ``/``), or None.

        Raises:
            CloneDamaged: one of its parent folders cannot be read.
        """
        above, _, name = path.rpartition("/")
        folder = self._folder(above)
        return None if folder is None else folder.find(name)

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; empty if it does not exist.

        Raises:
            CloneDamaged: the folder cannot be read.
        """
        folder = self._folder(path)
        return [] if folder is None else list(folder.names())

    def _folder(self, path: str) -> Folder | None:
        if path in self._folders:
            self._folders.move_to_end(path)
            return self._folders[path]
        oid = self._folder_oid(path)
        if oid is None:
            return None
        return self._keep(path, self._read(oid))

    def _folder_oid(self, path: str) -> str | None:
        if not path:
            raw = self._objects.read(self._root, TREE_BYTES)[1]
            return raw[5 : raw.index(b"\n")].decode()  # a commit begins with: tree <oid>
        entry = self.find(path)
        return entry.oid if entry is not None and entry.mode == FOLDER else None

    def _read(self, oid: str) -> Folder:
        kind, raw = self._objects.read(oid, TREE_BYTES)
        if kind != "tree":
            raise CloneDamaged(f"object {oid} is a {kind}, not a tree")
        return Folder(raw, len(oid) // 2, self._place)

    def _keep(self, path: str, folder: Folder) -> Folder:
        self._folders[path] = folder
        while len(self._folders) > 1 and self._weight() > KEPT_BYTES:
            self._folders.popitem(last=False)
        return folder

    def _weight(self) -> int:
        return sum(folder.weight for folder in self._folders.values())
