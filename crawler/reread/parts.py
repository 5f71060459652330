"""Parts of a reread: ranges of bytes of ``articles.jsonl``, each with one file for its result.

A part's file is named after its range and the version of the readers, and is written atomically. It
contains the new lines, the changes, the blob ids of the lines' pages, and one line of JSON: the
summary, with the sizes of the other three.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.formats.version import readers_version
from crawler.readers.pages import Bounds
from crawler.readers.worker import bound
from crawler.reasons import MISSING
from crawler.reread.line_reader import DIFFERS, LineReader, Outcome
from crawler.reread.plan import Plan
from crawler.store import jsonlines
from crawler.store.files import sync_directory

NAMED_IDS = 100
"""Maximum number of ids for each reason in the run's line."""

_AHEAD = 64
_TRAILER_BYTES = 1 << 20
_BOUNDS = Bounds(cpu_seconds=60)
_SECONDS_PER_MEGABYTE = 5
_SPOOLED_BYTES = 4 << 20
_LIMITS = (resource.RLIMIT_CPU, resource.RLIMIT_DATA)
_thread = threading.local()


class Range(NamedTuple):
    """Bytes ``start`` to ``end`` of ``articles.jsonl``; each is 0 or the end of a line."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{self.start}:{self.end}"


@dataclass(slots=True)
class Tally:
    """The number of lines carried over for one reason, and the first ids, sorted."""

    count: int = 0
    ids: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.count += other.count
        self.ids = sorted({*self.ids, *other.ids})[:NAMED_IDS]


@dataclass(slots=True)
class Summary:
    """The result of one or more parts.

    Attributes:
        articles: size of the new lines in bytes.
        changes: size of the changes in bytes.
        blobs: size in bytes of the lines ``id TAB blob``.
        lines: number of new lines.
        changed: number of changes.
        withdrawn: number of articles left out.
        carried: lines that were carried over, by reason.
    """

    articles: int = 0
    changes: int = 0
    blobs: int = 0
    lines: int = 0
    changed: int = 0
    withdrawn: int = 0
    carried: dict[str, Tally] = field(default_factory=dict)

    @property
    def failures(self) -> dict[str, Tally]:
        """The lines whose page exists but could not be read, by reason."""
        return {why: one for why, one in self.carried.items() if why not in (MISSING, DIFFERS)}

    def carry(self, reason: str, article: str) -> None:
        """Count a line that was carried over."""
        self.carried.setdefault(reason, Tally()).add(Tally(1, [article]))

    def add(self, other: Summary) -> None:
        for name in ("articles", "changes", "blobs", "lines", "changed", "withdrawn"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for reason, tally in other.carried.items():
            self.carried.setdefault(reason, Tally()).add(tally)


class PartFile:
    """The finished file of one part."""

    def __init__(self, path: Path) -> None:
        """Read the summary.

        Raises:
            FeedUnusable: the file is damaged.
        """
        self.path = path
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TRAILER_BYTES))
            last = file.read()[:-1].rpartition(b"\n")[2]
        try:
            values = json.loads(last)
            values["carried"] = {why: Tally(**one) for why, one in values["carried"].items()}
            self.summary = Summary(**values)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise _damaged(path) from error
        content = self.summary.articles + self.summary.changes + self.summary.blobs
        if content + len(last) + 1 != size:
            raise _damaged(path)

    def copy(self, articles: IO[bytes], changes: IO[bytes]) -> None:
        """Append the part's lines to the files."""
        with self.path.open("rb") as file:
            _copy_bytes(file, articles, self.summary.articles)
            _copy_bytes(file, changes, self.summary.changes)

    def blobs(self) -> Iterator[tuple[str, str]]:
        """Yield (id, blob) of the pages of the part's lines."""
        with self.path.open("rb") as file:
            start = file.seek(self.summary.articles + self.summary.changes)
            while file.tell() < start + self.summary.blobs:
                article, _, blob = file.readline().decode().rstrip("\n").partition("\t")
                yield article, blob


def _damaged(path: Path) -> FeedUnusable:
    return FeedUnusable(f"{path} is not a complete part: delete it and run again")


def _copy_bytes(source: IO[bytes], target: IO[bytes], count: int) -> None:
    while count:
        piece = source.read(min(count, 1 << 20))
        if not piece:
            raise _damaged(Path(source.name))
        target.write(piece)
        count -= len(piece)


def part_path(plan: Plan, part: Range) -> Path:
    """Return the path of a part's file."""
    return Path(plan.work) / "parts" / f"{part.start}-{part.end}.{plan.readers}.part"


def read_part(plan: Plan, part: Range, *, careful: bool = False) -> None:
    """Read a part's pages and write its file, unless the file exists.

    If ``careful``, each page is read in a separate process.

    Raises:
        WrongUsage: this machine has another version of the readers.
        FeedUnusable: a line of the feed is damaged, or the file cannot be written.
        TransportDamaged: the mirror's repository cannot be read.
        MemoryError: a page takes more memory than any real one; read the part with ``careful``.
    """
    path = part_path(plan, part)
    if path.exists():
        return
    ours = readers_version(plan.mirror_format())
    if ours != plan.readers:
        raise WrongUsage(
            f"this machine has readers {ours}, but the reread began with {plan.readers}: install the "
            "same version of the crawler on all machines"
        )
    try:
        with _reader(plan) as reader, PartWriter(path) as writer, bounded(part):
            reader.careful = careful
            for record, line in _lines(plan, part, reader):
                if reader.is_withdrawn(record):
                    writer.summary.withdrawn += 1
                else:
                    writer.write(record["id"], reader.read(record, line))
            writer.finish()
    except OSError as error:
        raise FeedUnusable(
            f"{error.filename or path}: {error.strerror or error}. Make the feed and the reread's "
            "directory visible to all machines, with room, then run again: finished parts are kept"
        ) from error


@contextmanager
def _reader(plan: Plan) -> Iterator[LineReader]:
    """Yield this thread's reader of ``plan``, which is reused: git and its folders stay loaded."""
    if getattr(_thread, "plan", None) != plan:
        close_reader()
        _thread.reader, _thread.plan = LineReader(plan), plan
    try:
        yield _thread.reader
    except BaseException:
        close_reader()
        raise


def close_reader() -> None:
    """Close this thread's reader."""
    if getattr(_thread, "plan", None) is not None:
        _thread.plan = None
        _thread.reader.close()


@contextmanager
def bounded(part: Range) -> Iterator[None]:
    """Limit the process's CPU time and memory to far more than real pages need."""
    megabytes = (part.end - part.start) >> 20
    before = [(limit, resource.getrlimit(limit)) for limit in _LIMITS]
    bound(_BOUNDS._replace(cpu_seconds=_BOUNDS.cpu_seconds + _SECONDS_PER_MEGABYTE * megabytes))
    try:
        yield
    finally:
        for limit, values in before:
            resource.setrlimit(limit, values)


def _lines(plan: Plan, part: Range, reader: LineReader) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Yield (record, line) of a part; prefetches the pages of the next lines."""
    with (Path(plan.feed) / "articles.jsonl").open("rb") as file:
        lines = _records(file, part)
        while ahead := list(islice(lines, _AHEAD)):
            reader.prefetch(record for record, _ in ahead)
            yield from ahead


def _records(file: IO[bytes], part: Range) -> Iterator[tuple[dict[str, Any], bytes]]:
    at = file.seek(part.start)
    while at < part.end:
        line = file.readline()
        where = f"{file.name}: the line at byte {at}"
        record = parsed(line, where)
        if not isinstance(record.get("id"), str) or not isinstance(record.get("sections"), list):
            raise FeedUnusable(f"{where} is not an article: restore the file from a backup")
        yield record, line
        at += len(line)


def parsed(line: bytes, where: str) -> dict[str, Any]:
    """Return the record in a line; ``where`` is its location, for the message.

    Raises:
        FeedUnusable: the line is not a JSON object.
    """
    record = jsonlines.parsed(line)
    if record is None:
        raise FeedUnusable(f"{where} is damaged: restore the file from a backup")
    return record


class PartWriter:
    """Writes a part to a temporary file, which :meth:`finish` renames; closes all files at the end."""

    def __init__(self, path: Path) -> None:
        self.summary = Summary()
        self._path = path
        self._articles = tempfile.NamedTemporaryFile(prefix="aside-", dir=path.parent, delete=False)  # noqa: SIM115
        self._changes = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES)  # noqa: SIM115
        self._blobs = tempfile.SpooledTemporaryFile(_SPOOLED_BYTES)  # noqa: SIM115

    def write(self, article: str, outcome: Outcome) -> None:
        """Write the outcome of an article's line."""
        self._articles.write(outcome.line)
        self.summary.lines += 1
        if outcome.carried is not None:
            self.summary.carry(outcome.carried, article)
        if outcome.change is not None:
            self._changes.write(outcome.change)
            self.summary.changed += 1
        if outcome.blob is not None:
            self._blobs.write(f"{article}\t{outcome.blob}\n".encode())

    def finish(self) -> None:
        """Write the summary, flush everything to disk, and rename the file."""
        summary = self.summary
        sizes = (self._articles.tell(), self._changes.tell(), self._blobs.tell())
        summary.articles, summary.changes, summary.blobs = sizes
        for rest in (self._changes, self._blobs):
            rest.seek(0)
            shutil.copyfileobj(rest, self._articles)
        self._articles.write(json.dumps(asdict(summary)).encode() + b"\n")
        self._articles.flush()
        os.fsync(self._articles.fileno())
        os.chmod(self._articles.name, 0o644)
        os.replace(self._articles.name, self._path)
        sync_directory(self._path.parent)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in (self._articles, self._changes, self._blobs):
            file.close()
        Path(self._articles.name).unlink(missing_ok=True)
