"""Reads a feed's files: their complete lines, up to the last newline at the time of opening."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Self

import orjson

from crawler.exceptions import FeedUnusable, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = ("runs.jsonl", "changes.jsonl", "articles.jsonl", "listings.jsonl")
"""The files in the order in which they are opened.

Runs and changes refer to articles, and articles to listings, that were written before. So nothing
that a line refers to is missing, even while a crawl writes.
"""

_CHUNK = 1 << 16


class Line(NamedTuple):
    """One complete line: its offset, its size including the newline, and its record."""

    offset: int
    size: int
    record: dict[str, Any]

    @property
    def end(self) -> int:
        """Offset of the line after this one."""
        return self.offset + self.size


class FeedFile:
    """One file of a feed.

    Attributes:
        end: offset after the last newline; lines that a crawl appends later are not read.
        tail: number of bytes after the last newline. Either a run is writing the line, or a killed
            run left it; the next run cuts it off.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``; if it does not exist, it has no lines.

        Raises:
            FeedUnusable: it cannot be read, or is not a regular file.
        """
        self.path = path
        try:
            self._file = _opened(path)
        except OSError as exc:
            raise FeedUnusable(
                f"{path} cannot be read: {exc.strerror}. Make it a readable file, then try again"
            ) from exc
        size = os.fstat(self._file.fileno()).st_size
        self.end = newline_before(self._file.fileno(), size) + 1
        self.tail = size - self.end

    def raw_lines(self, offset: int = 0) -> Iterator[bytes]:
        """Yield the lines from ``offset`` on, as bytes.

        Raises:
            FeedUnusable: the file was cut off meanwhile.
        """
        self._file.seek(offset)
        while offset < self.end:
            data = self._file.readline()
            if not data.endswith(b"\n"):
                raise self.damaged(offset, "the file was cut off while it was read")
            yield data
            offset += len(data)

    def lines(self, offset: int = 0) -> Iterator[Line]:
        """Yield the lines from ``offset`` on.

        Raises:
            FeedUnusable: a line is not a JSON object.
        """
        for data in self.raw_lines(offset):
            yield Line(offset, len(data), self._decoded(data, offset))
            offset += len(data)

    def record(self, offset: int) -> dict[str, Any]:
        """Return the record of the line that begins at ``offset``, without affecting :meth:`lines`.

        Raises:
            FeedUnusable: the line is not a JSON object.
        """
        place = self._file.tell()
        data = next(self.raw_lines(offset))
        self._file.seek(place)
        return self._decoded(data, offset)

    def first(self) -> dict[str, Any]:
        """Return the first record; empty if there is no line.

        Raises:
            FeedUnusable: the line is not a JSON object.
        """
        return next(self.lines(), Line(0, 0, {})).record

    def tail_digest(self, offset: int) -> str:
        """Return the SHA-256 of the line that ends at ``offset``, in hexadecimal."""
        start = newline_before(self._file.fileno(), offset - 1) + 1
        return hashlib.sha256(os.pread(self._file.fileno(), offset - start, start)).hexdigest()

    def damaged(self, offset: int, why: object) -> FeedUnusable:
        """Return the error for the line at ``offset``."""
        return FeedUnusable(
            f"{self.path}: the line at byte {offset} is damaged: {why}. Check the feed with audit "
            "--verify, then restore it from a backup, or crawl into a new one with -a feed=DIR"
        )

    def _decoded(self, data: bytes, offset: int) -> dict[str, Any]:
        try:
            record = orjson.loads(data)
        except orjson.JSONDecodeError as exc:
            raise self.damaged(offset, exc) from exc
        if not isinstance(record, dict):
            raise self.damaged(offset, "it is not a JSON object")
        return record

    def __enter__(self) -> Self:
        """Return the file; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def newline_before(descriptor: int, end: int) -> int:
    """Return the offset of the last newline before byte ``end`` of an open file; -1 without one."""
    while end > 0:
        start = max(end - _CHUNK, 0)
        found = os.pread(descriptor, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found
        end = start
    return -1


def feed_directory(path: Path) -> Path:
    """Return the directory of the feed at ``path``: the path itself, or that of its articles.

    Raises:
        WrongUsage: it is not a feed.
    """
    directory = path.parent if path.name == "articles.jsonl" else path
    if not any((directory / name).exists() for name in FILES):
        raise WrongUsage(
            f"{str(path)!r} is not a feed: give a directory with articles.jsonl, such as feeds/sample"
        )
    return directory


@contextmanager
def open_feed(directory: Path) -> Iterator[dict[str, FeedFile]]:
    """Open the files of a feed together; yield them by name.

    Raises:
        FeedUnusable: one cannot be read, or is not a regular file.
    """
    with ExitStack() as opened:
        yield {name: opened.enter_context(FeedFile(directory / name)) for name in FILES}


def _opened(path: Path) -> BinaryIO:
    """Open a regular file; opening a FIFO would block without O_NONBLOCK."""
    try:
        file = open(  # noqa: SIM115 - its user closes it
            path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)
        )
    except FileNotFoundError:
        return open(os.devnull, "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file")
    return file
