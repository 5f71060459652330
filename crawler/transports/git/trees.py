"""Finds the pages of a commit by their paths, in git's tree objects."""

from __future__ import annotations

import contextlib
import mmap
import re
import tempfile
from array import array
from bisect import bisect_left
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple

from crawler.exceptions import PageMalformed, PageMissing
from crawler.transports.git.objects import CloneDamaged

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawler.transports.git.objects import Objects

TREE_BYTES = 64 << 20
"""Maximum size of a tree object: 1.5 million names."""

KEPT_BYTES = 48 << 20
"""Memory for cached folders."""

MAPPED_BYTES = 256 << 10
"""A folder larger than this (6,000 names) is kept in a mapped file and counts as this size.

A million names take 42 MB in memory. If the folders do not fit, a crawl that fetches the newest
articles of all sections first has to reload a folder for nearly every article.
"""

_FOLDER = 0o040000
_REGULAR = 0o100000
_TYPE_BITS = 0o170000
_KINDS = {0o120000: "a symbolic link", 0o160000: "a submodule"}
_OCTAL = re.compile(rb"[0-7]{6}")
_FORBIDDEN_NAMES = frozenset({"", ".", "..", ".git"})


def is_plain(path: str) -> bool:
    """Return whether a page can have this path: printable, no ``..``, ``.git`` or empty segment."""
    return path.isprintable() and _FORBIDDEN_NAMES.isdisjoint(path.lower().split("/"))


class Entry(NamedTuple):
    """An entry of a tree object.

    Attributes:
        mode: git's mode, such as ``0o100644`` for a file and ``0o040000`` for a folder.
        oid: the object's id in lower-case hexadecimal.
    """

    mode: int
    oid: str


class Folder:
    """A tree object: git's raw bytes and the offset of each name in them.

    One entry is ``mode SP name NUL oid``. Entries are sorted by name; a folder sorts as if its
    name ended in ``/``. A million names take 45 MB of mapped memory; as a dict they take 200 MB.

    Attributes:
        weight: approximate memory use in bytes.
    """

    def __init__(self, raw: bytes, oid_bytes: int, place: Path) -> None:
        """Index the names in ``raw``.

        Args:
            raw: content of the tree object.
            oid_bytes: length of an object id: 20 (SHA-1) or 32 (SHA-256).
            place: directory for the unnamed temporary files of large folders.
        """
        self._oid_bytes = oid_bytes
        names = array("I", _names(raw, oid_bytes))
        self._raw: bytes | mmap.mmap = raw
        self._names: array[int] | memoryview[int] = names
        self.weight = len(raw) + 4 * len(names)
        if self.weight > MAPPED_BYTES:
            with contextlib.suppress(OSError):  # the disk is full: stay in memory
                mapped, self._raw = _mapped(names.tobytes(), place), _mapped(raw, place)
                self._names = memoryview(mapped).cast("I")
                self.weight = MAPPED_BYTES

    def folders(self) -> Iterator[str]:
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

    def _is_folder(self, start: int) -> bool:
        return self._raw[start - 6 : start] == b"40000 "

    def _mode(self, start: int) -> int:
        """Return the mode before the name at ``start``; 0 if it is malformed."""
        if self._is_folder(start):
            return _FOLDER
        digits = self._raw[max(0, start - 7) : start - 1]
        return int(digits, 8) if _OCTAL.fullmatch(digits) else 0

    def _key(self, start: int) -> bytes:
        name = self._raw[start : self._raw.find(b"\0", start)]
        return name + b"/" if self._is_folder(start) else name


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


class Files:
    """The files of one commit, by path. Every method raises CloneDamaged for an unreadable tree.

    Attributes:
        objects: the objects of the clone.
    """

    def __init__(self, objects: Objects, commit: str, place: Path) -> None:
        """Read the tree of ``commit`` (a hexadecimal id); ``place`` is for temporary files."""
        self.objects = objects
        self._place = place
        self._commit = commit
        self._kept: OrderedDict[str, Folder] = OrderedDict()

    def page(self, path: str) -> Entry:
        """Return the entry of the page at ``path``.

        Raises:
            PageMissing: there is no file at ``path``.
            PageMalformed: it is a symbolic link or a submodule, or cannot be a page's path.
        """
        if not is_plain(path):
            raise PageMalformed(f"{path!r} cannot be the path of a page")
        entry = self._find(path)
        if entry is None or entry.mode == _FOLDER:
            raise PageMissing(f"{path} is not in commit {self._commit}")
        if (kind := entry.mode & _TYPE_BITS) != _REGULAR:
            what = _KINDS.get(kind, "of an unknown kind")
            raise PageMalformed(f"{path} is {what}, not a page")
        return entry

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; empty if it does not exist."""
        folder = self._folder(path)
        return [] if folder is None else list(folder.folders())

    def _find(self, path: str) -> Entry | None:
        above, _, name = path.rpartition("/")
        folder = self._folder(above)
        return None if folder is None else folder.find(name)

    def _folder(self, path: str) -> Folder | None:
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        oid = self._folder_oid(path)
        if oid is None:
            return None
        kind, raw = self.objects.read(oid, TREE_BYTES)
        if kind != "tree":
            raise CloneDamaged(f"object {oid} is a {kind}, not a tree")
        folder = self._kept[path] = Folder(raw, len(oid) // 2, self._place)
        while len(self._kept) > 1 and sum(kept.weight for kept in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return folder

    def _folder_oid(self, path: str) -> str | None:
        if not path:
            raw = self.objects.read(self._commit, TREE_BYTES)[1]
            return raw[5 : raw.index(b"\n")].decode()  # a commit begins with: tree <oid>
        entry = self._find(path)
        return entry.oid if entry is not None and entry.mode == _FOLDER else None
