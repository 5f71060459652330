"""The feed's files: append-only JSON Lines, and the lock that one run at a time holds."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from crawler.exceptions import FeedUnusable, PageTooLarge
from crawler.items import MAX_LINE_BYTES
from crawler.store.files import lock, open_regular, unwritable

_CHUNK = 1 << 20
_WRITING = os.O_RDWR | os.O_CREAT


def dumps(record: Mapping[str, Any]) -> bytes:
    """Return ``record`` as one line of JSON in UTF-8, newline included.

    Raises:
        TypeError: a value is not JSON, or a string has a lone surrogate.
    """
    return orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


class JsonLines:
    """One append-only file of JSON lines, which one process writes at a time.

    A line is published when its newline is in the file. Bytes that are published are
    never touched again; an unfinished tail is.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path`` for appending, made if it is missing; cut an unfinished tail.

        Raises:
            FeedBusy: another process writes it, though the feed's lock is free: it was deleted.
            FeedUnusable: it cannot be opened or written.
        """
        self.path = path
        try:
            self._fd = open_regular(path, _WRITING)
            lock(self._fd, path)
            self.size = os.fstat(self._fd).st_size
            self.torn = self._cut_tail()
        except OSError as exc:
            raise unwritable(path, exc) from exc

    def append(self, *records: Mapping[str, Any]) -> int:
        """Write a line for each of ``records``; see :meth:`append_lines`.

        Raises:
            PageTooLarge: a line would be longer than ``MAX_LINE_BYTES``; none is written.
        """
        lines = [*map(dumps, records)]
        longest = max(map(len, lines), default=0)
        if longest > MAX_LINE_BYTES:
            raise PageTooLarge(f"a line of {longest} bytes; at most {MAX_LINE_BYTES} are written")
        return self.append_lines(b"".join(lines))

    def append_lines(self, lines: bytes) -> int:
        """Write whole lines, all at once; return the offset behind the last.

        Raises:
            FeedUnusable: it could not be written; what got through is cut off again. Or somebody
                else changed the file.
        """
        self._check_untouched()  # a write behind a cut would leave a hole
        written = 0
        try:
            while written < len(lines):
                written += os.pwrite(self._fd, lines[written:], self.size + written)
        except OSError as exc:
            self._give_up(written)
            raise unwritable(self.path, exc) from exc
        self.size += len(lines)
        return self.size

    def sync(self) -> None:
        """Force what was written to the disk.

        Raises:
            FeedUnusable: the disk refused, or somebody else changed or removed the file.
        """
        try:
            os.fsync(self._fd)
        except OSError as exc:
            raise unwritable(self.path, exc) from exc
        self._check_untouched()

    def _check_untouched(self) -> None:
        now = os.fstat(self._fd)
        if now.st_size != self.size or not now.st_nlink:
            raise FeedUnusable(
                f"{self.path} was changed or removed by another program while this run writes it. "
                "Leave a feed's files alone while a run goes on; restore them from a backup, or "
                "move the feed's directory away to crawl from nothing."
            )

    def records(self, start: int = 0) -> Iterator[dict[str, Any]]:
        """Yield every published line from byte ``start`` on.

        Raises:
            FeedUnusable: a line is no JSON object; the message tells where.
        """
        with open(open_regular(self.path), "rb") as file:
            file.seek(start)
            for line in file:
                try:
                    record = json.loads(line)
                except (ValueError, RecursionError):
                    record = None
                if not isinstance(record, dict):
                    raise FeedUnusable(
                        f"{self.path}: the line at byte {start} is damaged. Restore the file "
                        "from a backup, or move the feed's directory away to crawl from nothing."
                    )
                yield record
                start += len(line)

    def last_line(self, end: int | None = None) -> bytes:
        """Return the last published line before byte ``end`` (default: of the file), or b""."""
        end = self.size if end is None else end
        low = max(self._newline_before(end - 1) + 1, 0) if end > 0 else 0
        return os.pread(self._fd, end - low, low)

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _cut_tail(self) -> int:
        """Cut what a killed run left behind the last newline; return how many bytes."""
        whole = self._newline_before(self.size) + 1
        torn = self.size - whole
        if torn:
            os.ftruncate(self._fd, whole)
            self.size = whole
        return torn

    def _newline_before(self, end: int) -> int:
        while end > 0:
            start = max(end - _CHUNK, 0)
            found = os.pread(self._fd, end - start, start).rfind(b"\n")
            if found >= 0:
                return start + found
            end = start
        return -1

    def _give_up(self, written: int) -> None:
        if written:
            os.ftruncate(self._fd, self.size)


class Lock:
    """The feed's lock; it dies with the process that holds it.

    The file holds a note of the run while it goes on, so that the next one can tell of
    a run that died.
    """

    def __init__(self, path: Path) -> None:
        """Take the lock.

        Raises:
            FeedBusy: another run holds it.
            FeedUnusable: the file cannot be made.
        """
        try:
            self._fd = open_regular(path, _WRITING)
        except OSError as exc:
            raise unwritable(path, exc) from exc
        lock(self._fd, path)
        self.left_behind = self._note()

    def note(self, run: Mapping[str, Any]) -> None:
        """Write down which run holds the lock.

        Raises:
            FeedUnusable: the disk refused.
        """
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, dumps(run), 0)
        except OSError as exc:
            raise FeedUnusable(f"the feed cannot be written: {exc.strerror}. Make room.") from exc

    def clear(self) -> None:
        """Clear the note: the run it tells of has its line."""
        os.ftruncate(self._fd, 0)

    def leave(self) -> None:
        """Let go of the lock; a note that is not cleared tells the next run of this one."""
        os.close(self._fd)

    def _note(self) -> dict[str, Any] | None:
        try:
            note = json.loads(os.pread(self._fd, 1 << 16, 0))
        except (ValueError, RecursionError):
            return None
        return note if isinstance(note, dict) else None
