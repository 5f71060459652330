"""Append-only JSON Lines files, and the lock of a feed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from crawler.exceptions import FeedUnusable, PageTooLarge
from crawler.feedfile import newline_before
from crawler.items import MAX_LINE_BYTES
from crawler.store.files import lock, open_regular, unwritable

_WRITING = os.O_RDWR | os.O_CREAT


def dumps(record: Mapping[str, Any]) -> bytes:
    """Return ``record`` as a line of JSON in UTF-8, with its newline.

    Raises:
        TypeError: a value cannot be serialized, or a string has a lone surrogate.
        PageTooLarge: the line would be longer than ``MAX_LINE_BYTES``.
    """
    line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
    if len(line) > MAX_LINE_BYTES:
        raise PageTooLarge(f"a line of {len(line)} bytes; at most {MAX_LINE_BYTES} are written")
    return line


def parsed(line: bytes) -> dict[str, Any] | None:
    """Return the JSON object in ``line``, or None if there is none."""
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        try:
            record = json.loads(line)  # also accepts a lone surrogate
        except (ValueError, RecursionError):
            return None
    return record if isinstance(record, dict) else None


class JsonLines:
    """One append-only file of JSON lines, written by one process at a time.

    A line is published once its newline is in the file. Published bytes never change; an
    unfinished tail is truncated.

    Attributes:
        size: size of the file in bytes.
        torn: length of the unfinished tail that was truncated.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path`` for appending, create it if missing, and truncate an unfinished tail."""
        self.path = path
        try:
            self._fd = open_regular(path, _WRITING)
            lock(self._fd, path)  # in case the feed's lock file was deleted
            self.size = os.fstat(self._fd).st_size
            self.torn = self._cut_tail()
        except OSError as exc:
            raise unwritable(path, exc) from exc

    def append(self, *records: Mapping[str, Any]) -> int:
        """Write a line for each of ``records``; see :meth:`append_lines`.

        Raises:
            PageTooLarge: a line would be longer than ``MAX_LINE_BYTES``; none is written.
        """
        return self.append_lines(b"".join(map(dumps, records)))

    def append_lines(self, lines: bytes) -> int:
        """Append complete lines; return the new size of the file.

        Raises:
            FeedUnusable: the lines cannot be written, and a partial write was undone; or another
                program changed the file.
        """
        self._check_untouched()  # writing after a truncation would leave a hole
        written = 0
        try:
            while written < len(lines):
                written += os.pwrite(self._fd, lines[written:], self.size + written)
        except OSError as exc:
            if written:
                os.ftruncate(self._fd, self.size)
            raise unwritable(self.path, exc) from exc
        self.size += len(lines)
        return self.size

    def sync(self) -> None:
        """Sync the file to disk; raise FeedUnusable also if another program changed it."""
        try:
            os.fsync(self._fd)
        except OSError as exc:
            raise unwritable(self.path, exc) from exc
        self._check_untouched()

    def _check_untouched(self) -> None:
        now = os.fstat(self._fd)
        if now.st_size != self.size or not now.st_nlink:
            raise FeedUnusable(
                f"{self.path} was changed or removed by another program during this run. Do not "
                "touch a feed's files during a run. Restore them from a backup, or move the feed's "
                "directory away to start a new feed."
            )

    def records(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield the object of every published line from byte ``start`` on.

        Raises:
            FeedUnusable: a line is not a JSON object; the message names its offset.
        """
        with open(open_regular(self.path), "rb") as file:
            file.seek(start)
            for line in file:
                record = parsed(line)
                if record is None:
                    raise FeedUnusable(
                        f"{self.path}: the line at byte {start} is damaged. Restore the file from a "
                        "backup, or move the feed's directory away to start a new feed."
                    )
                yield record
                start += len(line)

    def last_line(self, end: int | None = None) -> bytes:
        """Return the last published line before byte ``end`` (default: the file's end), or b""."""
        end = self.size if end is None else end
        low = newline_before(self._fd, end - 1) + 1
        return os.pread(self._fd, end - low, low)

    def close(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut_tail(self) -> int:
        """Truncate the file after its last newline; return how many bytes were removed."""
        whole = newline_before(self._fd, self.size) + 1
        torn = self.size - whole
        if torn:
            os.ftruncate(self._fd, whole)
            self.size = whole
        return torn


class Lock:
    """The feed's lock, released when the process that holds it ends.

    During a run the file contains a note about it, from which the next run learns that the run was
    killed.

    Attributes:
        left_behind: the note of a run that was killed; None if there is none.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._fd = open_regular(path, _WRITING)
        except OSError as exc:
            raise unwritable(path, exc) from exc
        lock(self._fd, path)
        self.left_behind = parsed(os.pread(self._fd, 1 << 16, 0))

    def note(self, run: Mapping[str, Any]) -> None:
        """Write a note about the run that holds the lock."""
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, dumps(run), 0)
        except OSError as exc:
            raise FeedUnusable(
                f"the feed cannot be written: {exc.strerror}. Make room, then run again."
            ) from exc

    def clear(self) -> None:
        """Remove the note, after the run has written its line."""
        os.ftruncate(self._fd, 0)

    def leave(self) -> None:
        """Release the lock. A note that is not cleared stays for the next run."""
        os.close(self._fd)
