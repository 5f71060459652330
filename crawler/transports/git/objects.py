"""Reading the objects of a clone: one ``git cat-file`` for all of them, trees searched by name."""

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

AHEAD = 8
"""How many objects git is asked for before the first of them is taken."""

TREE_BYTES = 64 << 20
"""A folder larger than this (1.5 million names) is refused."""

KEPT_BYTES = 48 << 20
"""How many bytes of folders are kept for the next look-up."""

MAPPED_BYTES = 256 << 10
"""A folder larger than this (6,000 names) is kept in a file and mapped, and weighs only so much.

In memory a million names would take 42 MB; and where they do not fit, a crawl that takes the newest
article of all sections first would read the folder of a section anew for nearly every article.
"""

FOLDER = 0o040000
OCTAL = re.compile(rb"[0-7]{6}")


class CloneDamaged(TransportDamaged):
    """Raised when an object that the clone must have cannot be read."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a folder says of a name.

    Attributes:
        mode: git's mode: ``0o100644`` a file, ``0o040000`` a folder, and the others.
        oid: id of the object, lower-case hexadecimal.
    """

    mode: int
    oid: str


class Folder:
    """A tree object: git's own bytes, and where each entry begins in them.

    One entry is ``mode SP name NUL oid``; entries are sorted by name, a folder's as if it ended
    in ``/``. A dict of a million names would take 200 MB, this takes 45, and those mapped.

    Attributes:
        weight: bytes of memory that it takes, about.
    """

    def __init__(self, raw: bytes, oid_bytes: int, place: Path | None = None) -> None:
        """Find the names in ``raw``.

        Args:
            raw: the object.
            oid_bytes: 20 (SHA-1) or 32 (SHA-256).
            place: where the files of a large folder may lie, nameless; None: in memory.
        """
        self._oid_bytes = oid_bytes
        names = array("I", _names(raw, oid_bytes))
        self._raw: bytes | mmap.mmap = raw
        self._names: array[int] | memoryview[int] = names
        self.weight = len(raw) + 4 * len(names)
        if place is not None and self.weight > MAPPED_BYTES:
            with contextlib.suppress(OSError):  # no room on the disk: in memory then
                mapped, self._raw = _mapped(names.tobytes(), place), _mapped(raw, place)
                self._names = memoryview(mapped).cast("I")
                self.weight = MAPPED_BYTES

    def __len__(self) -> int:
        """Return the number of entries."""
        return len(self._names)

    def find(self, name: str) -> Entry | None:
        """Return what is called ``name`` here, a file before a folder."""
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
        """Return the mode before the name at ``start``: 40000 of a folder, else six digits."""
        if self._raw[start - 6 : start] == b"40000 ":
            return FOLDER
        digits = self._raw[max(0, start - 7) : start - 1]
        return int(digits, 8) if OCTAL.fullmatch(digits) else 0

    def _key(self, start: int) -> bytes:
        raw = self._raw
        name = raw[start : raw.find(b"\0", start)]
        return name + b"/" if raw[start - 6 : start] == b"40000 " else name


def _mapped(data: bytes, place: Path) -> mmap.mmap:
    """Return ``data`` in a mapped file without a name, which the system may drop from memory."""
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
    """Kills a git that takes too long over one object, which a chain of deltas may need hours for.

    Reading blocks the event loop, so a thread watches.

    Attributes:
        seconds: how long one object may take.
        barked: the last process watched was killed.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.barked = False
        self._watched: subprocess.Popen[bytes] | None = None
        self._due = 0.0
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Watch ``process`` while the context lasts."""
        self.barked = False
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
                self.barked = True
                process.kill()


class Objects:
    """The objects of a clone, read by one ``git cat-file --batch`` that is started when needed."""

    def __init__(self, git_dir: Path, env: Mapping[str, str], limits: GitLimits) -> None:
        """Read from the repository ``git_dir``, with the environment ``env``."""
        command = ("--git-dir", str(git_dir), "cat-file", "--batch")
        self._command = limited(command, limits)
        self._watchdog = Watchdog(limits.object_seconds)
        self._env = dict(env)
        self._place = git_dir.parent
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._expected: deque[str] = deque()
        self._asked: deque[str] = deque()

    def expect(self, oids: Iterable[str]) -> None:
        """Let git prepare objects that will probably be read next, in this order."""
        self._expected = deque(oids)

    def read(self, oid: str, limit: int) -> tuple[str, bytes]:
        """Return the type and the content of an object.

        Raises:
            PageTooLarge: it is larger than ``limit`` bytes (its content is not taken).
            PageUnreachable: git needs longer than ``GitLimits.object_seconds`` to unpack it.
            CloneDamaged: it is not there, or cannot be read.
        """
        restarted = False
        while True:
            self._ask(oid)
            with self._watchdog.over(self._running()):
                ended = self._has_ended()
            if ended and self._watchdog.barked:
                self.close()
                raise PageUnreachable(
                    f"git needs more than {self._watchdog.seconds:g} s to unpack object {oid}",
                    reason="too_costly",
                )
            if not restarted and ended:  # somebody killed it: no fault of the clone
                restarted = True
                self.close()
                continue
            answered = self._asked.popleft()
            kind, size = self._header(answered)
            if size > limit:
                self.close()
                if answered == oid:
                    message = f"object {oid} has {size} bytes"
                    raise PageTooLarge(message)
                continue
            content = self._content(answered, size)
            if answered == oid:
                return kind, content

    def close(self) -> None:
        """End git; a later read starts it again."""
        process, self._process = self._process, None
        self._asked.clear()
        if process is not None:
            process.kill()
            with contextlib.suppress(OSError):  # what was asked and not sent: nobody wants it
                process.communicate()
        if self._complaints is not None:
            self._complaints.close()
            self._complaints = None

    def _ask(self, oid: str) -> None:
        """Ask for ``oid``, unless that is done, and for what is expected behind it."""
        new: list[str] = []
        if oid not in self._asked:
            self._pass_over(oid)
            new.append(oid)
        while self._expected and len(self._asked) + len(new) < AHEAD:
            new.append(self._expected.popleft())
        if new:
            self._send(new)

    def _pass_over(self, oid: str) -> None:
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
            pass  # it ended: there is no answer to read
        except OSError as error:
            raise self._damage(oids[0]) from error
        self._asked.extend(oids)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._complaints = tempfile.TemporaryFile(dir=self._place)  # noqa: SIM115 (closed by close)
            self._process = subprocess.Popen(  # noqa: S603 (a fixed command)
                self._command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=self._complaints, bufsize=1 << 16,
                start_new_session=True,  # Ctrl-C ends the crawl in good order, git after it
            )  # fmt: skip
        return self._process

    def _has_ended(self) -> bool:
        """Tell whether git ended without an answer to what it was asked."""
        process = self._process
        assert process is not None  # noqa: S101 (it was asked)
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
        said = b""
        if self._complaints is not None:
            self._complaints.seek(0)
            said = self._complaints.read(500)
        self.close()
        why = " ".join(said.decode("utf-8", "replace").split()) or "it is missing"
        return CloneDamaged(f"object {oid} of the clone cannot be read: {why}")


class Files:
    """The files of one commit, by path."""

    def __init__(self, objects: Objects, commit: str, place: Path) -> None:
        """Look into ``commit`` (hexadecimal id); what is large is kept in files at ``place``."""
        self._objects = objects
        self._place = place
        self._root = commit
        self._folders: OrderedDict[str, Folder] = OrderedDict()

    def find(self, path: str) -> Entry | None:
        """Return what is at ``path`` (names separated by ``/``); None if nothing is.

        Raises:
            CloneDamaged: a folder above it cannot be read.
        """
        above, _, name = path.rpartition("/")
        folder = self._folder(above)
        return None if folder is None else folder.find(name)

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
            return raw[5 : raw.index(b"\n")].decode()  # a commit's first line: tree <oid>
        entry = self.find(path)
        return entry.oid if entry is not None and entry.mode == FOLDER else None

    def _read(self, oid: str) -> Folder:
        kind, raw = self._objects.read(oid, TREE_BYTES)
        if kind != "tree":
            message = f"object {oid} is a {kind}, not a tree"
            raise CloneDamaged(message)
        return Folder(raw, len(oid) // 2, self._place)

    def _keep(self, path: str, folder: Folder) -> Folder:
        self._folders[path] = folder
        while len(self._folders) > 1 and self._weight() > KEPT_BYTES:
            self._folders.popitem(last=False)
        return folder

    def _weight(self) -> int:
        return sum(folder.weight for folder in self._folders.values())
