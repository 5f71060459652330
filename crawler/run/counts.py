"""The counts of a run, from which its line, its stats and its summary are made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

NAMED_IDS = 100
"""Maximum number of ids or paths in a run's line for each reason."""


@dataclass(slots=True)
class RunCounts:
    """The counts of a run.

    Attributes:
        pages: number of pages read by kind: home, index, archive, article.
        new: number of lines added to ``articles.jsonl``.
        listings: number of lines added to ``listings.jsonl``.
        duplicates: number of new listings of ids that were listed before.
        dropped: number of items dropped because the feed has them already.
        entries: number of entries in the mirror's lists, according to their pagers.
        wanted: number of new articles to fetch, as far as it is known.
        again: number of articles with a line whose pages are compared or read again; 0 until then.
        failures: ids of articles and paths of lists that failed, by reason.
        set_aside: reason of each page that has failed for a week, by key; set when the run is
            closed, because a failure of this run may be the first after a week.
        warnings: messages about what is unusual but not a failure.
        changes: number of lines added to ``changes.jsonl``.
        changed: differences from the feed by kind: ids of articles with a new line in
            ``changes.jsonl`` (changed, vanished, returned), ids of articles that could not be read
            again (unread), and on a recheck listings (listed, unlisted).
        unusable_urls: number of URLs in bodies that cannot be made absolute.
        replaced_bytes: number of byte sequences that are not UTF-8 and became U+FFFD.
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
        self.failures.setdefault(reason, set()).add(key)

    def change(self, kind: str, article: str) -> None:
        self.changes += 1
        self.differs(kind, article)

    def differs(self, kind: str, name: str) -> None:
        self.changed.setdefault(kind, []).append(name)

    def named_changes(self) -> dict[str, dict[str, Any]]:
        """Return the number and the first names of differences, by kind."""
        return _named(self.changed)

    def named_failures(self) -> dict[str, dict[str, Any]]:
        """Return the number and the first names of failures, by reason."""
        return _named(self.failures)

    @property
    def failure_count(self) -> int:
        """Number of articles and lists that failed."""
        return sum(len(keys) for keys in self.failures.values())

    @property
    def counted_failures(self) -> int:
        """Number of failures that count for the status; valid once ``set_aside`` is complete."""
        return sum(len(keys - self.set_aside.keys()) for keys in self.failures.values())

    def stats(self) -> dict[str, int]:
        """Return the counts for Scrapy's stats, named without the prefix ``epoch/``."""
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


def _named(groups: Mapping[str, Collection[str]]) -> dict[str, dict[str, Any]]:
    return {
        group: {"count": len(names), "ids": sorted(names)[:NAMED_IDS]}
        for group, names in sorted(groups.items())
    }
