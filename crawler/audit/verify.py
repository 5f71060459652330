"""Verifies a feed line by line against the promises of the feed contract."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson

from crawler.feedfile import FeedFile, feed_directory, open_feed
from crawler.formats.base import Format, find_copy
from crawler.formats.registry import find_format
from crawler.items import MAX_LINE_BYTES, Article
from crawler.schema import article_schema, change_schema, listing_schema, run_schema
from crawler.text import visible

MAX_DESCRIBED = 100
"""Maximum number of problems that are described; further ones are only counted."""

_MAX_MESSAGE = 300
_KEYS = tuple(Article.__slots__)
_ONCE = {"sections": ("id",), "images": ("url",), "links": ("url", "text")}
"""Lists of objects without repetitions, and the keys that identify an object."""

_FILES = ("articles", "listings", "changes")


@dataclass(slots=True)
class Verification:
    """The result of a verification.

    Attributes:
        lines: number of complete lines for each file.
        problems: descriptions of the first broken promises.
        count: number of all broken promises.
        tails: number of bytes after the last newline for each file that has any.
    """

    lines: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    count: int = 0
    tails: dict[str, int] = field(default_factory=dict)

    def problem(self, where: str, what: str) -> None:
        """Count a broken promise; describe it if it is among the first ``MAX_DESCRIBED``."""
        self.count += 1
        if len(self.problems) < MAX_DESCRIBED:
            self.problems.append(f"{where}: {what[:_MAX_MESSAGE]}")


@dataclass(slots=True)
class _Line:
    """One complete line: its file and number, the offset of its end, and its object."""

    where: str
    end: int
    record: Mapping[str, Any]


class FeedVerifier:
    """Checks the four files of one feed against each other.

    Memory grows with the ids and listings of the feed, not with its text.
    """

    def __init__(self, files: Mapping[str, FeedFile], mirror_format: Format) -> None:
        self.files = files
        self.format = mirror_format
        self._rules = mirror_format.audit_rules()
        self.found = Verification()
        self._ids: set[str] = set()
        self._ends: dict[str, array[int]] = {}
        self._named: list[tuple[str, str]] = []
        self._mirrors: set[str] = set()

    def verify(self) -> Verification:
        """Read the feed once and return the result."""
        self._verify_articles()
        self._verify_listings()
        self._verify_changes()
        self._verify_runs()
        if len(self._mirrors) > 1:
            self.found.problem("feed", f"it names several mirrors: {sorted(self._mirrors)}")
        return self.found

    def _verify_articles(self) -> None:
        """Check for one line per id."""
        for line in self._lines("articles", article_schema(self.format)):
            record, article = line.record, str(line.record.get("id"))
            if article in self._ids:
                self.found.problem(line.where, f"a second line of {article}")
            self._ids.add(article)
            self._verify_article(line.where, record)
            self._mirrors.add(str(record.get("mirror")))
            for section in _objects(record, "sections"):
                self._named.append((article, str(section.get("id"))))

    def _verify_article(self, where: str, record: Mapping[str, Any]) -> None:
        """Check the order of keys, the digest of the text, and for contradictions."""
        if tuple(record)[: len(_KEYS)] != _KEYS:
            self.found.problem(where, "its keys are not in the order of the contract")
        for broken in self._contradictions(record):
            self.found.problem(where, broken)
        text = record.get("content_text")
        if isinstance(text, str):
            digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
            if digest != record.get("content_sha256"):
                self.found.problem(where, "content_sha256 is not the digest of content_text")

    def _contradictions(self, record: Mapping[str, Any]) -> Iterator[str]:
        """Yield what the keys of an article say against each other."""
        found = find_copy(str(record.get("mirror_url")), self.format)
        if found is None or found[1].id != record.get("id"):
            yield "mirror_url is not the page of the id"
        if record.get("videos") and record.get("has_video") is not True:
            yield "has_video is not true, and there are videos"
        for key, parts in _ONCE.items():
            entries = _objects(record, key)
            if len({tuple(str(one.get(part)) for part in parts) for one in entries}) < len(entries):
                yield f"{key} has an entry twice"
        yield from self._rules.contradictions(record)

    def _verify_listings(self) -> None:
        """Check for one line per (article, section), and one for every section of an article."""
        pairs: set[tuple[str, str]] = set()
        for line in self._lines("listings", listing_schema(self.format)):
            pair = (str(line.record.get("id")), str(line.record.get("section")))
            if pair in pairs:
                self.found.problem(line.where, f"a second line of {pair[0]} in {pair[1]}")
            pairs.add(pair)
        for article, section in self._named:
            if (article, section) not in pairs:
                self.found.problem(
                    "listings.jsonl", f"no line of {article} in {section}, which its article names"
                )
        self._named.clear()

    def _verify_changes(self) -> None:
        """Check that each change has an article, and follows from the previous state."""
        gone: set[str] = set()
        for line in self._lines("changes", change_schema(self.format)):
            record = line.record
            article, kind, now = str(record.get("id")), record.get("kind"), record.get("article")
            if article not in self._ids:
                self.found.problem(line.where, f"articles.jsonl has no line of {article}")
            if (now is None) is not (kind == "vanished"):
                self.found.problem(line.where, f"a change of kind {kind} with the wrong `article`")
            if (kind == "returned") is not (article in gone):
                self.found.problem(line.where, f"{kind} does not follow what held before")
            if isinstance(now, dict):
                self._verify_article(line.where, now)
                if now.get("content_sha256") != record.get("content_sha256"):
                    self.found.problem(line.where, "content_sha256 is not that of its article")
            (gone.add if kind == "vanished" else gone.discard)(article)

    def _verify_runs(self) -> None:
        """Check that offsets of consecutive runs join at line ends, and stay within the files."""
        last = dict.fromkeys(_FILES, 0)
        for line in self._lines("runs", run_schema()):
            self._mirrors.add(str(line.record.get("mirror")))
            if line.record.get("end") and str(line.record["end"]) < str(line.record.get("start")):
                self.found.problem(line.where, "it ends before it starts")
            for name in _FILES:
                before = line.record.get(f"{name}_before")
                after = line.record.get(f"{name}_after")
                if before is after is None:  # the schema says whether they may be missing
                    continue
                if not isinstance(before, int) or not isinstance(after, int):
                    self.found.problem(line.where, f"the offsets of {name} must be whole numbers")
                    continue
                self._verify_offsets(line, name, (last[name], before, after))
                last[name] = after
        for name, offset in last.items():
            size = self._ends[name][-1] if self._ends[name] else 0
            if self.found.lines["runs"] and offset > size:
                self.found.problem(f"{name}.jsonl", f"{offset} bytes were written, {size} are left")

    def _verify_offsets(self, line: _Line, name: str, offsets: tuple[int, int, int]) -> None:
        last, before, after = offsets
        if before != last:
            self.found.problem(line.where, f"{name}_before is {before}; the run before left {last}")
        if after < before and line.record.get("status") != "altered":
            self.found.problem(line.where, f"{name}_after is less than {name}_before")
        if after and not self._is_end(name, after):
            self.found.problem(line.where, f"{name}_after is not the end of a line")
            return
        written = line.record.get(name)
        counted = self._count(name, before, after)
        if written is not None and written != counted:
            self.found.problem(line.where, f"{name} is {written}; {counted} lines were written")

    def _is_end(self, name: str, offset: int) -> bool:
        ends = self._ends[name]
        at = bisect_left(ends, offset)
        return at < len(ends) and ends[at] == offset

    def _count(self, name: str, before: int, after: int) -> int:
        ends = self._ends[name]
        return bisect_left(ends, after + 1) - bisect_left(ends, before + 1)

    def _lines(self, name: str, schema: dict[str, Any]) -> Iterator[_Line]:
        """Yield the lines that are JSON objects; report those that are not or break the schema."""
        file = self.files[f"{name}.jsonl"]
        if file.tail:
            self.found.tails[file.path.name] = file.tail
        ends = self._ends[name] = array("Q")
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        end = number = 0
        for number, raw in enumerate(file.raw_lines(), 1):
            end += len(raw)
            ends.append(end)
            where = f"{file.path.name}, line {number}"
            record = self._object(where, raw)
            if record is not None:
                self._validate(where, validator, record)
                self._check_text(where, raw, record)
                yield _Line(where, end, record)
        self.found.lines[name] = number

    def _object(self, where: str, raw: bytes) -> dict[str, Any] | None:
        try:
            record = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            self.found.problem(where, f"not JSON: {error}")
            return None
        if not isinstance(record, dict):
            self.found.problem(where, "not a JSON object")
            return None
        return record

    def _check_text(self, where: str, raw: bytes, record: dict[str, Any]) -> None:
        """Check that a line is not too long, and has only visible characters, in NFC."""
        if len(raw) > MAX_LINE_BYTES:
            self.found.problem(
                where, f"it has {len(raw)} bytes; a line has at most {MAX_LINE_BYTES}"
            )
        if not _is_clean(record):
            key = next(key for key, one in record.items() if not _is_clean(one))
            self.found.problem(where, f"{key}: a control or format character, or not NFC")

    def _validate(self, where: str, validator: Any, record: dict[str, Any]) -> None:
        try:
            if validator.is_valid(record):
                return
            error = next(iter(validator.iter_errors(record)))
        except (ValueError, RecursionError) as broken:
            self.found.problem(where, f"it cannot be checked: {broken}")
            return
        path = "/".join(map(str, error.instance_path)) or "the line"
        self.found.problem(where, f"{path}: {error.message}")


def _texts(value: object) -> Iterator[str]:
    """Yield the strings in a JSON value, however deeply nested, but not the keys of objects."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            pending.extend(one.values())
        elif isinstance(one, list):
            pending.extend(one)


def _objects(record: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    value = record.get(key)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _is_clean(value: object) -> bool:
    text = "\n".join(_texts(value))
    return "\r" not in text and visible(text) == text


def verify(feed: Path, mirror_format: Format | None = None) -> Verification:
    """Verify a feed.

    Args:
        feed: the feed's directory or its ``articles.jsonl``.
        mirror_format: the mirror's format; None for the default one.

    Raises:
        WrongUsage: ``feed`` is not a feed.
        FeedUnusable: a file cannot be read.
    """
    with open_feed(feed_directory(feed)) as files:
        return FeedVerifier(files, mirror_format or find_format()).verify()
