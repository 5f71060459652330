"""Reads the complete lines of a feed, from a byte offset to the last newline."""

from __future__ import annotations

import hashlib
import json
import os
import re
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.items import CONTRACT_VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator

_CHUNK = 1 << 16
_SURROGATE = re.compile("[\ud800-\udfff]")

FILES = ("articles.jsonl", "changes.jsonl", "listings.jsonl", "runs.jsonl")
"""The files of a feed, in the order in which an export reads them."""


class Line(NamedTuple):
    """One published line: its offset, its size including the newline, and its record."""

    offset: int
    size: int
    record: dict[str, Any]

    @property
    def end(self) -> int:
        """Offset of the line after this one."""
        return self.offset + self.size


class PublishedFile:
    """One file of a feed, as published at the time of opening.

    Attributes:
        end: offset after the last newline; lines that a crawl appends later are not read.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path``; if it does not exist, it has no lines."""
        self.path = path
        existing = path if path.exists() else Path(os.devnull)
        self._file = existing.open("rb")
        self.end = self._newline_before(os.fstat(self._file.fileno()).st_size) + 1

    def lines(self, offset: int = 0) -> Iterator[Line]:
        """Yield the lines from ``offset`` on.

        Raises:
            FeedUnusable: a line is not a JSON object.
        """
        self._file.seek(offset)
        while offset < self.end:
            data = self._file.readline()
            yield Line(offset, len(data), self._decoded(data, offset))
            offset += len(data)

    def record(self, offset: int) -> dict[str, Any]:
        """Return the record of the line that begins at ``offset``, without affecting :meth:`lines`.

        Raises:
            FeedUnusable: the line is not a JSON object.
        """
        with self.path.open("rb") as file:
            file.seek(offset)
            return self._decoded(file.readline(), offset)

    def first(self) -> dict[str, Any]:
        """Return the first record; empty if there is no line.

        Raises:
            FeedUnusable: the line is not a JSON object.
        """
        return next(self.lines(), Line(0, 0, {})).record

    def tail_digest(self, offset: int) -> str:
        """Return the SHA-256 of the line that ends at ``offset``, in hexadecimal."""
        start = self._newline_before(offset - 1) + 1
        return hashlib.sha256(os.pread(self._file.fileno(), offset - start, start)).hexdigest()

    def damaged(self, offset: int, why: object) -> FeedUnusable:
        """Return the error for the line at ``offset``."""
        return FeedUnusable(
            f"{self.path}: the line at byte {offset} is damaged: {why}. Restore the feed from a "
            "backup, or crawl into a new one with -a feed=DIR; what was published before this "
            "line is exported"
        )

    def close(self) -> None:
        self._file.close()

    def _decoded(self, data: bytes, offset: int) -> dict[str, Any]:
        try:
            record = json.loads(data)
        except (ValueError, RecursionError) as exc:
            raise self.damaged(offset, exc) from exc
        if not isinstance(record, dict):
            raise self.damaged(offset, "it is not a JSON object")
        return record

    def _newline_before(self, end: int) -> int:
        while end > 0:
            start = max(end - _CHUNK, 0)
            found = os.pread(self._file.fileno(), end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found
            end = start
        return -1


class PublishedFeed:
    """The files of one feed, opened together.

    Attributes:
        files: by name. ``articles.jsonl`` is opened last, so that it has the articles of all
            changes, listings and runs in the other files.
        mirror: name of the mirror that the feed belongs to; None if nothing is published yet.
    """

    def __init__(self, path: Path) -> None:
        """Open the feed at ``path``: its directory or its ``articles.jsonl``.

        Raises:
            WrongUsage: it is not a feed.
            FeedUnusable: it cannot be read, or has another version of the contract.
        """
        self.directory = path.parent if path.name == FILES[0] else path
        if not any((self.directory / name).is_file() for name in FILES):
            raise WrongUsage(
                f"{str(path)!r} is not a feed: give a directory with {FILES[0]}, such as feeds/sample"
            )
        with ExitStack() as opened:
            self.files = {name: self._opened(name, opened) for name in reversed(FILES)}
            self._check_contract(self.files["runs.jsonl"].first().get("contract", CONTRACT_VERSION))
            self.mirror = self._owner()
            self._open_files = opened.pop_all()

    def _owner(self) -> str | None:
        """Return the mirror in the first run or, if there is none, in the first article."""
        for name in ("runs.jsonl", "articles.jsonl"):
            owner = self.files[name].first().get("mirror")
            if isinstance(owner, str) and not _SURROGATE.search(owner):
                return owner
        if self.files["articles.jsonl"].end:
            raise self.files["articles.jsonl"].damaged(0, "it has no mirror")
        return None

    def _opened(self, name: str, opened: ExitStack) -> PublishedFile:
        path = self.directory / name
        try:
            file = PublishedFile(path)
        except OSError as exc:
            raise FeedUnusable(
                f"{path} cannot be read: {exc.strerror}. Make it readable, then export again"
            ) from exc
        opened.callback(file.close)
        return file

    def _check_contract(self, version: object) -> None:
        """Refuse another major version; a newer minor version only adds keys, which are kept.

        The version in the pre-1.0 format is the number 1.
        """
        if not isinstance(version, str) or _major(version) != _major(CONTRACT_VERSION):
            raise FeedUnusable(
                f"the feed {self.directory} follows contract version {version!r}, but this program reads "
                f"{CONTRACT_VERSION!r}: export it with a program of that version, or crawl the "
                "mirror into another directory with -a feed=DIR"
            )

    def __enter__(self) -> Self:
        """Return the feed; the end of the block closes its files."""
        return self

    def __exit__(self, *_: object) -> None:
        self._open_files.close()


def _major(version: str) -> str:
    return version.partition(".")[0]
