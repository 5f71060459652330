"""``scrapy export --to feed.parquet``: the current version of all articles, with nested types."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet as pq

from crawler.export.rows import article_rows, change_of
from crawler.outputfile import output_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from crawler.export.published import PublishedFeed
    from crawler.feedfile import FeedFile

ROW_GROUP_BYTES = 16 << 20
"""Bytes of a feed in one row group, which is in memory at a time."""

_TEXT = pa.string()
_TIME = pa.timestamp("ms", tz="UTC")
_PEOPLE = pa.list_(pa.struct({"name": _TEXT}))
_TYPES = {
    "id": _TEXT,
    "url": _TEXT,
    "title": _TEXT,
    "column": _TEXT,
    "language": _TEXT,
    "date_published": pa.date32(),
    "date_source": _TEXT,
    "dateline": _TEXT,
    "byline": _TEXT,
    "authors": _PEOPLE,
    "translators": _PEOPLE,
    "editors": pa.list_(_TEXT),
    "sections": pa.list_(pa.struct({"id": _TEXT, "name": _TEXT})),
    "tags": pa.list_(_TEXT),
    "image": _TEXT,
    "image_caption": _TEXT,
    "image_credit": _TEXT,
    "images": pa.list_(
        pa.struct({"url": _TEXT, "full_url": _TEXT, "caption": _TEXT, "credit": _TEXT})
    ),
    "videos": pa.list_(_TEXT),
    "has_video": pa.bool_(),
    "links": pa.list_(pa.struct({"url": _TEXT, "text": _TEXT})),
    "content_text": _TEXT,
    "content_html": _TEXT,
    "truncated": pa.bool_(),
    "content_sha256": _TEXT,
    "mirror": _TEXT,
    "mirror_url": _TEXT,
    "crawled_at": _TIME,
    "changed_at": _TIME,
    "vanished_at": _TIME,
}
"""The columns: the contract's keys, and when the article last changed and vanished."""


def write_parquet(
    path: Path, feeds: Iterable[PublishedFeed], watch: Callable[[int], None], *, html: bool
) -> int:
    """Write the articles of ``feeds`` to ``path``; return their number.

    Args:
        path: the file, which is replaced when the new one is complete.
        feeds: one for each mirror.
        watch: called after each row group with the size of its lines in bytes.
        html: also export ``content_html``.

    Raises:
        FeedUnusable: a feed is damaged.
        TryLater: the disk is full, or another export is writing the file.
        WrongUsage: ``path`` cannot be written.
    """
    columns = {name: kind for name, kind in _TYPES.items() if html or name != "content_html"}
    rows = chain.from_iterable(_rows(feed, html=html) for feed in feeds)
    schema, written = pa.schema(columns), 0
    with output_file(path) as file, pq.ParquetWriter(file, schema, compression="zstd") as writer:
        for size, group in _groups(rows):
            writer.write_table(pa.Table.from_pylist(group, schema), row_group_size=len(group))
            written += len(group)
            watch(size)
    return written


def _groups(
    rows: Iterable[tuple[int, dict[str, Any]]],
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """Yield (size of the lines in bytes, rows) of each group."""
    group: list[dict[str, Any]] = []
    total = 0
    for size, row in rows:
        group.append(row)
        total += size
        if total >= ROW_GROUP_BYTES:
            yield total, group
            group, total = [], 0
    if group:
        yield total, group


def _rows(feed: PublishedFeed, *, html: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (size of the line in bytes, current row) of each article."""
    changes = feed.files["changes.jsonl"]
    states = _states(changes)
    articles = feed.files["articles.jsonl"]
    for line in articles.lines():
        file, offset, record = articles, line.offset, line.record
        state = states.get(str(record.get("id")), {})
        if "offset" in state:
            file, offset = changes, state["offset"]
            record = changes.record(offset)["article"]
        try:
            article_rows(record, html=html)  # raises ValueError for a value of a wrong type
            row = _typed(record) | {key: state.get(key) for key in ("changed_at", "vanished_at")}
        except (ValueError, RecursionError) as exc:
            raise file.damaged(offset, exc) from exc
        yield line.size, row


def _states(changes: FeedFile) -> dict[str, dict[str, Any]]:
    """Return the state of each changed article: ``offset`` of its record, and times by column."""
    states: dict[str, dict[str, Any]] = {}
    for line in changes.lines():
        try:
            change = change_of(line.record)
            seen_at = _moment(change.seen_at)
        except ValueError as exc:
            raise changes.damaged(line.offset, exc) from exc
        state = states.setdefault(change.id, {})
        if change.kind == "changed":
            state["changed_at"] = seen_at
        state["vanished_at"] = None if change.article else seen_at
        if change.article:
            state["offset"] = line.offset
    return states


def _typed(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its dates and times as Python objects."""
    return record | {
        "date_published": date.fromisoformat(record["date_published"]),
        "crawled_at": _moment(record.get("crawled_at")),
    }


def _moment(value: object) -> datetime | None:
    return None if value is None else datetime.fromisoformat(str(value)).astimezone(UTC)
