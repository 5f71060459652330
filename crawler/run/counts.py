"""What one run has done so far: counted once, told everywhere the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

NAMED_IDS = 100
"""How many ids (or paths) of each reason a run's line names."""


@dataclass(slots=True)
class RunCounts:
    """The counts of a run.

    Attributes:
        pages: pages read, by kind: home, index, archive, article.
        new: lines added to ``articles.jsonl``.
        listings: lines added to ``listings.jsonl``.
        duplicates: new listings of an id beyond its first.
        dropped: items that a pipeline dropped as already in the feed.
        entries: how many articles the section lists of the mirror hold, by their pagers.
        wanted: articles this run means to read, as far as it knows.
        again: articles with a line whose pages this run compares or reads again; 0 until it does.
        failures: by reason, the ids (articles) or paths (lists) that failed.
        set_aside: by key, the reason of what has failed for a week.
        warnings: what was odd but cost nothing.
        changes: lines added to ``changes.jsonl``.
        changed: what differs from the feed, by kind: ids of articles with a new line in
            ``changes.jsonl`` (changed, vanished, returned), of those that could not be read again
            (unread), and on a recheck listings (listed, unlisted).
        unusable_urls: addresses in bodies that could not be made absolute.
        replaced_bytes: sequences in articles that are not UTF-8 and became U+FFFD.
    """

    pages: Counter[str] = field(default_factory=Counter)
    new: int = 0
    listings: int = 0
    duplicates: int = 0
    dropped: int = 0
    entries: int = 0
    wanted: int = 0
    again: int = 0
    failures: dict[str, set[str]] = field(default_factory=dict)
    set_aside: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    changes: int = 0
    changed: dict[str, list[str]] = field(default_factory=dict)
    unusable_urls: int = 0
    replaced_bytes: int = 0

    def fail(self, key: str, reason: str) -> None:
        """Count the failure of an article (by id) or a list (by path)."""
        self.failures.setdefault(reason, set()).add(key)

    def change(self, kind: str, article: str) -> None:
        """Count a line of ``changes.jsonl``."""
        self.changes += 1
        self.differs(kind, article)

    def differs(self, kind: str, name: str) -> None:
        """Note what differs from the feed."""
        self.changed.setdefault(kind, []).append(name)

    def named_changes(self) -> dict[str, dict[str, Any]]:
        """Return what differs from the feed, by kind: how many, and the first names."""
        return {
            kind: {"count": len(names), "ids": sorted(names)[:NAMED_IDS]}
            for kind, names in sorted(self.changed.items())
        }

    @property
    def failed(self) -> int:
        """How many articles and lists failed."""
        return sum(len(keys) for keys in self.failures.values())

    @property
    def counted_failures(self) -> int:
        """How many of them count for the status: those not set aside."""
        return sum(
            1 for keys in self.failures.values() for key in keys if key not in self.set_aside
        )

    def named_failures(self) -> dict[str, dict[str, Any]]:
        """Return the failures by reason: how many, and the first names."""
        return {
            reason: {"count": len(keys), "ids": sorted(keys)[:NAMED_IDS]}
            for reason, keys in sorted(self.failures.items())
        }

    def stats(self) -> dict[str, int]:
        """Return the counts under the names that Scrapy's stats get (``epoch/…``)."""
        return {
            **{f"pages/{kind}": count for kind, count in self.pages.items()},
            "articles/new": self.new,
            "articles/dropped": self.dropped,
            "listings/new": self.listings,
            "changes/new": self.changes,
            "listings/duplicates": self.duplicates,
            "warnings": len(self.warnings),
            "urls/unusable": self.unusable_urls,
            "bytes/replaced": self.replaced_bytes,
            **{f"failures/{reason}": len(keys) for reason, keys in self.failures.items()},
        }
