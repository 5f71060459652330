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
    from collections.abc import Iterator, Mapping

Value = str | int | None
Row = tuple[Value, ...]

_KEYS = frozenset(item.name for item in fields(Article))


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
    key = (_required_text(record, "mirror"), _required_text(record, "id"))
    return ArticleRows(_article(record, html=html), dict(_parts(key, record)))


def _article(record: Mapping[str, Any], *, html: bool) -> dict[str, Value]:
    text = _required_text(record, "content_text")
    further = {name: value for name, value in record.items() if name not in _KEYS}
    row: dict[str, Value] = {
        "mirror": _required_text(record, "mirror"),
        "id": _required_text(record, "id"),
        "url": _optional_text(record, "url"),
        "title": _required_text(record, "title"),
        "title_column": _optional_text(record, "column"),
        "language": _optional_text(record, "language"),
        "date_published": _required_text(record, "date_published"),
        "date_source": _optional_text(record, "date_source"),
        "dateline": _optional_text(record, "dateline"),
        "byline": _optional_text(record, "byline"),
        "image": _optional_text(record, "image"),
        "image_caption": _optional_text(record, "image_caption"),
        "image_credit": _optional_text(record, "image_credit"),
        "has_video": _optional_bool(record, "has_video"),
        "truncated": _optional_bool(record, "truncated"),
        "tag_count": _count(record, "tags"),
        "link_count": _count(record, "links"),
        "video_count": _count(record, "videos"),
        "text_length": len(text),
        "content_sha256": _optional_text(record, "content_sha256"),
        "mirror_url": _optional_text(record, "mirror_url"),
        "crawled_at": _optional_text(record, "crawled_at"),
        "further_keys": as_json(further) if further else None,
        "content_text": text,
    }
    if html:
        row["content_html"] = _optional_text(record, "content_html")
    return row


def _parts(key: tuple[str, str], record: Mapping[str, Any]) -> Iterator[tuple[str, list[Row]]]:
    for table in ("authors", "translators"):
        yield (
            table,
            [(*key, n, _required_text(each, "name")) for n, each in _objects(record, table)],
        )
    for table in ("editors", "tags", "videos"):
        yield table, [(*key, n, _string(each)) for n, each in _numbered(record, table)]
    yield (
        "sections",
        [
            (*key, n, _required_text(each, "id"), _optional_text(each, "name"))
            for n, each in _objects(record, "sections")
        ],
    )
    yield (
        "images",
        [
            (
                *key,
                n,
                _required_text(each, "url"),
                *(_optional_text(each, name) for name in _IMAGE_TEXTS),
            )
            for n, each in _objects(record, "images")
        ],
    )
    yield (
        "links",
        [
            (*key, n, _required_text(each, "url"), _optional_text(each, "text"))
            for n, each in _objects(record, "links")
        ],
    )


_IMAGE_TEXTS = ("full_url", "caption", "credit")


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


def _string(value: Any, key: str = "the value") -> str:
    if not isinstance(value, str):
        raise ValueError(f"{key} must be a string, not {value!r:.80}")  # noqa: TRY004
    value.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    return value


def _optional_bool(record: Mapping[str, Any], key: str) -> int | None:
    value = record.get(key)
    if not isinstance(value, bool | None):
        raise ValueError(f"{key} must be true, false or null, not {value!r:.80}")  # noqa: TRY004
    return value


def _numbered(record: Mapping[str, Any], key: str) -> enumerate[Any]:
    value = record.get(key) or []
    if not isinstance(value, list):
        raise ValueError(f"{key} must be a list, not {value!r:.80}")  # noqa: TRY004
    return enumerate(value, start=1)


def _objects(record: Mapping[str, Any], key: str) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for number, value in _numbered(record, key):
        if not isinstance(value, dict):
            raise ValueError(f"{key} must contain objects, not {value!r:.80}")  # noqa: TRY004
        yield number, value


def _count(record: Mapping[str, Any], key: str) -> int | None:
    return None if record.get(key) is None else sum(1 for _ in _numbered(record, key))
