"""The audit of a feed: counts how many lines have each key, and what looks odd.

It streams the lines. Memory grows only with the ids, which are kept to find duplicate lines, and
with the distinct odd values, up to ``MAX_DISTINCT`` for each oddity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from crawler.audit.oddities import NAMES, captions, oddities
from crawler.exceptions import WrongUsage
from crawler.feedfile import FeedFile
from crawler.formats.base import AuditRules, Format
from crawler.formats.registry import find_format
from crawler.items import Article
from crawler.schema import shape_validator

KEYS = tuple(item.name for item in fields(Article))
"""The contract's keys, in the order of a line."""

MAX_DISTINCT = 2_000
"""Maximum number of distinct values kept for one oddity; further values are only counted."""

MAX_DAMAGED_NAMED = 100
"""Maximum number of damaged lines that are reported with their line number."""

MAX_VALUE = 200
"""Maximum number of characters kept of an odd value."""

FILE = "articles.jsonl"


@dataclass
class ValueCounts:
    """Counts values, with the id of one example line for each."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    unlisted: int = 0

    def add(self, value: str, example: str) -> None:
        """Count ``value``; ``example`` is the id of the line that has it."""
        value = value[:MAX_VALUE]
        if value in self.examples:
            self.counts[value] += 1
        elif len(self.examples) < MAX_DISTINCT:
            self.counts[value] = 1
            self.examples[value] = example
        else:
            self.unlisted += 1

    def report(self) -> dict[str, Any]:
        """Return the values as JSON values, sorted by falling count, then by value."""
        ordered = sorted(self.counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return {
            "count": self.counts.total() + self.unlisted,
            "distinct": len(ordered),
            "unlisted": self.unlisted,
            "values": [
                {"value": value, "count": count, "example": self.examples[value]}
                for value, count in ordered
            ],
        }


class Audit:
    """Counts the lines of a feed one by one; :meth:`report` returns the result."""

    def __init__(self, rules: AuditRules) -> None:
        """Set all counts to zero; ``rules`` are those of the mirror's format."""
        self._rules = rules
        self._names = {**NAMES, **_OWN, **rules.names}
        self.lines = 0
        self.damaged = 0
        self.damaged_at: list[int] = []
        self.tail = 0
        self._filled: Counter[str] = Counter()
        self._null: Counter[str] = Counter()
        self._missing: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._disordered = 0
        self._numbers: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()
        self._languages: Counter[str] = Counter()
        self._hosts: Counter[str] = Counter()
        self._odd: dict[str, ValueCounts] = {}
        self._ids: set[str] = set()

    def add_line(self, line: bytes) -> None:
        """Count one line of the file.

        It is damaged if it is not a JSON object, or if a value has a wrong type.
        """
        try:
            record = orjson.loads(line)
        except orjson.JSONDecodeError:
            record = None
        if shape_validator().is_valid(record):
            self.add(record)
            return
        self.damaged += 1
        if len(self.damaged_at) < MAX_DAMAGED_NAMED:
            self.damaged_at.append(self.lines + self.damaged)

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one article: its keys, its shares, and its oddities."""
        self.lines += 1
        identity = str(record.get("id"))
        self._count_keys(record)
        self._count_shares(record)
        if identity in self._ids:
            self._note("id_doubled", identity, identity)
        self._ids.add(identity)
        for name, value in chain(oddities(record), self._rules.oddities(record)):
            self._note(name, value, identity)

    def _note(self, name: str, value: str, identity: str) -> None:
        self._odd.setdefault(name, ValueCounts()).add(value, identity)

    def _count_keys(self, record: Mapping[str, Any]) -> None:
        for key in KEYS:
            value = record.get(key)
            if value not in (None, "", [], {}):
                self._filled[key] += 1
            elif key not in record:
                self._missing[key] += 1
            elif value is None:
                self._null[key] += 1
        if tuple(record) != KEYS:
            self._unknown.update(key for key in record if key not in KEYS)
            known = [key for key in record if key in KEYS]
            self._disordered += known != [key for key in KEYS if key in record]

    def _count_shares(self, record: Mapping[str, Any]) -> None:
        self._sources[str(record.get("date_source"))] += 1
        self._languages[str(record.get("language"))] += 1
        for key in ("has_video", "truncated"):
            self._numbers[key] += record.get(key) is True
        for _, credit in captions(record):
            self._numbers["captions"] += 1
            self._numbers["credits"] += bool(credit)
        lead = record.get("image_caption") or record.get("image_credit")
        self._numbers["lead_captions"] += bool(lead)
        for video in record.get("videos") or []:
            self._hosts[_host(video)] += 1

    def report(self) -> dict[str, Any]:
        """Return all counts as JSON values; the keys are stable across versions."""
        return {
            "lines": self.lines,
            "damaged": {"count": self.damaged, "lines": self.damaged_at},
            "unfinished_tail_bytes": self.tail,
            "keys": {key: self._key(key) for key in KEYS},
            "keys_unknown": dict(sorted(self._unknown.items())),
            "keys_out_of_order": self._disordered,
            "shares": self._shares(),
            "date_source": _ordered(self._sources),
            "language": _ordered(self._languages),
            "video_hosts": _ordered(self._hosts),
            "oddities": {name: self._oddity(name) for name in sorted(self._names)},
        }

    def _key(self, key: str) -> dict[str, Any]:
        filled, null, missing = self._filled[key], self._null[key], self._missing[key]
        return {
            "lines": filled,
            "share": _share(filled, self.lines),
            "null": null,
            "empty": self.lines - filled - null - missing,
            "missing": missing,
        }

    def _shares(self) -> dict[str, float | None]:
        bylines = self._filled["byline"]
        nobody = self._odd.get("byline_without_person", ValueCounts())
        return {
            "date_from_dateline": _share(self._sources["dateline"], self.lines),
            "byline_without_person": _share(nobody.counts.total() + nobody.unlisted, bylines),
            "caption_with_credit": _share(self._numbers["credits"], self._numbers["captions"]),
            "lead_caption_with_credit": _share(
                self._filled["image_credit"], self._numbers["lead_captions"]
            ),
            "has_video": _share(self._numbers["has_video"], self.lines),
            "truncated": _share(self._numbers["truncated"], self.lines),
        }

    def _oddity(self, name: str) -> dict[str, Any]:
        return {"what": self._names[name], **self._odd.get(name, ValueCounts()).report()}


_OWN = {"id_doubled": "id that has more than one line"}


def audit(feed: Path, mirror_format: Format | None = None) -> Audit:
    """Return the audit of a feed.

    Args:
        feed: the feed's directory or its ``articles.jsonl``.
        mirror_format: the mirror's format; None for the default one.

    Raises:
        WrongUsage: there is no such file.
        FeedUnusable: it cannot be read.
    """
    path = feed / FILE if feed.is_dir() else feed
    if not path.exists():
        raise WrongUsage(f"{path} does not exist: give a feed's directory")
    found = Audit((mirror_format or find_format()).audit_rules())
    with FeedFile(path) as file:
        found.tail = file.tail
        for line in file.raw_lines():
            found.add_line(line)
    return found


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None


def _ordered(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
