"""``scrapy export --to feed.db``: updates an SQLite file with what is new in its feeds."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from crawler.exceptions import FeedUnusable, TryLater
from crawler.export.rows import (
    PARTS,
    Change,
    Value,
    article_rows,
    change_of,
    change_row,
    listing_row,
    run_row,
)
from crawler.feedfile import FeedFile, Line
from crawler.items import timestamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from crawler.export.database import Database, Place
    from crawler.export.published import PublishedFeed

Watch = Callable[[int], None]
"""Called with the number of bytes that were read."""

BATCH_BYTES = 8 << 20
"""Bytes of a feed per transaction."""

OPTIMIZE_FROM = 5_000
"""Minimum number of new articles for which merging the index is worth its time."""


def sync(database: Database, feeds: Iterable[PublishedFeed], watch: Watch) -> Counter[str]:
    """Add what ``feeds`` published since the last export.

    Args:
        database: the export.
        feeds: one for each mirror.
        watch: called after each batch with its size in bytes.

    Returns:
        The number of lines added from each file, by name.

    Raises:
        FeedUnusable: a feed is damaged, or was altered since the last export.
        TryLater: another program is writing the file, or the disk is full.
    """
    added: Counter[str] = Counter()
    for feed in feeds:
        if feed.mirror is not None:  # otherwise nothing is published
            added += Sync(database, feed, feed.mirror).run(watch)
    if added["articles.jsonl"] >= OPTIMIZE_FROM:
        database.optimize()
    return added


def pending_bytes(database: Database, feed: PublishedFeed) -> int:
    """Return how many bytes of a feed are new."""
    return sum(
        max(file.end - database.offset(feed.mirror or "", name)[0], 0)
        for name, file in feed.files.items()
    )


class Sync:
    """Adds one feed to an export, file by file."""

    def __init__(self, database: Database, feed: PublishedFeed, mirror: str) -> None:
        self._database = database
        self._feed = feed
        self._mirror = mirror
        self._added: Counter[str] = Counter()
        self._numbers = dict.fromkeys(("runs", "changes"), 0)

    def run(self, watch: Watch) -> Counter[str]:
        """Add what is new in every file; return the number of lines by file name.

        Raises:
            FeedUnusable: the feed is damaged, or was altered.
            TryLater: another program is writing the export, or the disk is full.
        """
        adders: dict[str, Callable[[Line], None]] = {
            "articles.jsonl": self._add_article,
            "changes.jsonl": self._add_change,
            "listings.jsonl": self._add_listing,
            "runs.jsonl": self._add_run,
        }
        starts = {name: self._checked_offset(self._feed.files[name]) for name in adders}
        for table in self._numbers:
            self._numbers[table] = self._database.count(table, self._mirror)
        for name, add in adders.items():
            for size in self._batches(self._feed.files[name], starts[name], add):
                watch(size)
        return self._added

    def _batches(self, file: FeedFile, offset: int, add: Callable[[Line], None]) -> Iterator[int]:
        """Add a file, one transaction per batch; yield the size of each batch in bytes."""
        lines = file.lines(offset)
        while offset < file.end:
            start = offset
            with self._database.transaction():
                self._check_offset_unchanged(file, start)
                for line in lines:
                    self._add(file, line, add)
                    offset = line.end
                    if offset - start >= BATCH_BYTES:
                        break
                digest, now = file.tail_digest(offset), timestamp(datetime.now(UTC))
                self._database.set_offset(self._mirror, file.path.name, offset, digest, now)
            yield offset - start

    def _add(self, file: FeedFile, line: Line, add: Callable[[Line], None]) -> None:
        try:
            add(line)
        except sqlite3.IntegrityError as exc:
            raise file.damaged(line.offset, f"it repeats an earlier one ({exc})") from exc
        except (ValueError, OverflowError, RecursionError) as exc:
            raise file.damaged(line.offset, exc) from exc
        self._added[file.path.name] += 1

    def _add_article(self, line: Line) -> None:
        place: dict[str, Value] = {"feed_file": "articles.jsonl", "feed_offset": line.offset}
        self._insert(line.record, place)

    def _add_change(self, line: Line) -> None:
        """Add a change: replace the article's row, and keep the previous record in ``changes``."""
        change = change_of(line.record)
        before = self._database.place(self._mirror, change.id)
        earlier = None
        if change.article is not None:
            if before:
                earlier = self._record(before.file, before.offset)
            self._replace(before, change, change.article, line.offset)
        elif before:
            self._database.mark_vanished(before.key, change.seen_at)
        self._numbers["changes"] += 1
        row = change_row(self._mirror, self._numbers["changes"], change, earlier)
        self._database.insert("changes", [row])

    def _replace(
        self, before: Place | None, change: Change, record: Mapping[str, Any], offset: int
    ) -> None:
        """Replace an article's row; the new one has the same ``article_key``."""
        place: dict[str, Value] = {
            "feed_file": "changes.jsonl",
            "feed_offset": offset,
            "changed_at": change.seen_at,
        }
        if before:
            self._database.remove_article(before.key, tuple(PARTS))
            place["article_key"] = before.key
            if change.kind != "changed":
                place["changed_at"] = before.changed_at
        self._insert(record, place)

    def _add_listing(self, line: Line) -> None:
        self._database.insert("listings", [listing_row(self._mirror, line.record)])

    def _add_run(self, line: Line) -> None:
        self._numbers["runs"] += 1
        row = run_row(self._mirror, self._numbers["runs"], line.record)
        self._database.insert("runs", [row])

    def _insert(self, record: Mapping[str, Any], place: dict[str, Value]) -> None:
        rows = article_rows(record, html=self._database.html)
        if rows.article["mirror"] != self._mirror:
            raise ValueError(
                f"its mirror is {rows.article['mirror']!r}, but the feed belongs to {self._mirror!r}"
            )
        self._database.insert_article(rows, place)

    def _record(self, name: str, offset: int) -> dict[str, Any]:
        """Return the record that an article's row was made from, without keys that are not exported."""
        record = self._feed.files[name].record(offset)
        record = record if name == "articles.jsonl" else record["article"]
        return {
            key: value
            for key, value in record.items()
            if self._database.html or key != "content_html"
        }

    def _checked_offset(self, file: FeedFile) -> int:
        """Return the offset to continue from.

        Raises:
            FeedUnusable: the line that ends there differs from the last export.
        """
        offset, digest = self._database.offset(self._mirror, file.path.name)
        if offset > file.end or (offset and file.tail_digest(offset) != digest):
            raise FeedUnusable(
                f"{file.path} does not match {self._database.path}: it was altered "
                f"before byte {offset}, or is another feed of mirror {self._mirror!r}. Export it "
                "into a new file"
            )
        return offset

    def _check_offset_unchanged(self, file: FeedFile, offset: int) -> None:
        if self._database.offset(self._mirror, file.path.name)[0] != offset:
            raise TryLater(
                f"{self._database.path} is being written by another export: export again when "
                "it has finished"
            )
