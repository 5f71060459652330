"""Converts the records of a feed to rows of flat tables, without I/O.

A value whose type the contract does not allow raises ``ValueError``, so a row never differs from
its line.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any, NamedTuple

from crawler.items import Article

if TYPE_CHECKING:
    from collections.abc import Mapping

Value = str | int | None
Row = tuple[Value, ...]

_KEYS = frozenset(item.name for item in fields(Article))


REQUIRED = ("mirror", "id", "title", "date_published", "content_text")
OPTIONAL = {
    "title_column": "column",
    **{
        name: name
        for name in (
            *("url", "language", "date_source", "dateline", "byline", "image", "image_caption"),
            *("image_credit", "content_sha256", "mirror_url", "crawled_at"),
        )
    },
}
COUNTED = {"tag_count": "tags", "link_count": "links", "video_count": "videos"}
"""Columns of ``articles``, and the keys of their values."""

PARTS: dict[str, dict[str, str | None]] = {
    "authors": {"author": "name"},
    "translators": {"translator": "name"},
    "editors": {"editor": None},
    "sections": {"section_id": "id", "section_name": "name"},
    "tags": {"tag": None},
    "videos": {"url": None},
    "images": {"url": "url", "full_url": "full_url", "caption": "caption", "credit": "credit"},
    "links": {"url": "url", "link_text": "text"},
}
"""Tables for the lists of an article: the columns that follow its key and ordinal, and the keys of
their values; None for the value itself. The first column is never null."""


class ArticleRows(NamedTuple):
    """The rows of one article.

    Attributes:
        article: values by column of ``articles``.
        parts: rows of the tables for its lists, by table; each begins with the mirror, the
            article's id and the position in the list, counted from 1.
    """

    article: dict[str, Value]
    parts: dict[str, list[Row]]


def article_rows(record: Mapping[str, Any], *, html: bool) -> ArticleRows:
    """Return the rows of an article's ``record``.

    Args:
        record: the article's record.
        html: also return ``content_html``.

    Raises:
        ValueError: a value has a type that the contract does not allow.
    """
    row: dict[str, Value] = {name: _required_text(record, name) for name in REQUIRED}
    row |= {column: _optional_text(record, key) for column, key in OPTIONAL.items()}
    row |= {name: _optional_bool(record, name) for name in ("has_video", "truncated")}
    row |= {column: _count(record, key) for column, key in COUNTED.items()}
    row["text_length"] = len(record["content_text"])
    further = {name: value for name, value in record.items() if name not in _KEYS}
    row["further_keys"] = as_json(further) if further else None
    if html:
        row["content_html"] = _optional_text(record, "content_html")
    return ArticleRows(row, {table: _part(record, table) for table in PARTS})


def _part(record: Mapping[str, Any], table: str) -> list[Row]:
    first, *others = PARTS[table].values()
    rows: list[Row] = []
    for number, entry in enumerate(_list(record, table), start=1):
        if first is None:
            values: Row = (_string(entry, f"an entry of {table}"),)
        elif isinstance(entry, dict):
            texts = (_optional_text(entry, str(key)) for key in others)
            values = (_required_text(entry, first), *texts)
        else:
            raise ValueError(f"{table} must contain objects, not {entry!r:.80}")
        rows.append((record["mirror"], record["id"], number, *values))
    return rows


def listing_row(mirror: str, record: Mapping[str, Any]) -> Row:
    """Return the row of a listing.

    Raises:
        ValueError: a value has a type that the contract does not allow.
    """
    return (
        mirror,
        _required_text(record, "section"),
        _required_text(record, "id"),
        _optional_text(record, "title"),
        _optional_text(record, "first_seen_at"),
    )


RUN_COLUMNS = {
    "started_at": "start",
    "ended_at": "end",
    "way": "way",
    "run_status": "status",
    "exit_code": "exit_code",
    "reason": "reason",
    "commit_id": "commit",
    "address": "address",
    "crawler_version": "crawler",
    "contract_version": "contract",
    "entries": "entries",
    "articles_written": "articles",
    "listings_written": "listings",
    "duplicates": "duplicates",
    **{
        name: name
        for file in ("articles", "listings", "changes")
        for name in (f"{file}_before", f"{file}_after")
    },
}
"""Columns of ``runs`` with a single value, and the keys of their values."""


def run_row(mirror: str, number: int, record: Mapping[str, Any]) -> Row:
    """Return the row of a run, the ``number``-th of its feed. Its last value is the whole record.

    Raises:
        ValueError: a value has a type that the contract does not allow.
    """
    plain = [record.get(key) for key in RUN_COLUMNS.values()]
    for value in plain:
        if not isinstance(value, str | int | None):
            raise ValueError(f"{value!r} is not a single value")  # noqa: TRY004 - callers catch one type
    return (mirror, number, *plain, as_json(record))


class Change(NamedTuple):
    """A record of ``changes.jsonl``; ``article`` is the article's new record."""

    id: str
    kind: str
    seen_at: str
    content_sha256: str | None
    article: Mapping[str, Any] | None


def change_of(record: Mapping[str, Any]) -> Change:
    """Return the change in a record of ``changes.jsonl``.

    Raises:
        ValueError: a value has a type that the contract does not allow.
    """
    article = record.get("article")
    if article is not None and not (
        isinstance(article, dict) and article.get("id") == record.get("id")
    ):
        raise ValueError("its article has another id")
    return Change(
        _required_text(record, "id"),
        _required_text(record, "kind"),
        _required_text(record, "seen_at"),
        _optional_text(record, "content_sha256"),
        article,
    )


def change_row(mirror: str, number: int, change: Change, before: Mapping[str, Any] | None) -> Row:
    """Return the row of a change, the ``number``-th of its feed.

    Args:
        mirror: name of the feed's mirror.
        number: counted from 1.
        change: the change.
        before: the article's previous record; None if the change replaces none.
    """
    earlier = as_json(before) if before else None
    return (mirror, number, *change[:4], earlier)


def as_json(record: Mapping[str, Any]) -> str:
    """Return ``record`` as compact JSON."""
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def _optional_text(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    return None if value is None else _string(value, key)


def _required_text(record: Mapping[str, Any], key: str) -> str:
    return _string(record.get(key), key)


def _string(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a string, not {value!r:.80}")  # noqa: TRY004
    value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return value


def _optional_bool(record: Mapping[str, Any], key: str) -> int | None:
    value = record.get(key)
    if not isinstance(value, bool | None):
        raise ValueError(f"{key} must be true, false or null, not {value!r:.80}")  # noqa: TRY004
    return value


def _list(record: Mapping[str, Any], key: str) -> list[Any]:
    value = record.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} must be a list, not {value!r:.80}")  # noqa: TRY004
    return value


def _count(record: Mapping[str, Any], key: str) -> int | None:
    return None if record.get(key) is None else len(_list(record, key))
