"""Editions of an article: what the state keeps of one, and which keys make a new one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

import orjson

from crawler.items import ArticleLine, timestamp

NOT_IN_EDITION: Final = frozenset({"sections", "mirror", "mirror_url", "crawled_at"})
"""Keys that say how an article was found, not what it says."""

_DIGEST_BYTES: Final = 16

THIN_CHARACTERS: Final = 500
"""A shorter text may be the beginning of a longer one."""


class PublishedArticle(NamedTuple):
    """The last edition of an article that has a line.

    Attributes:
        sha256: ``content_sha256``.
        section: section of the copy that was read.
        blob_id: git blob id of that copy; None if the edition was restored from the feed's files.
        digest: see :func:`digest_of`.
        readers_version: version of the readers that read it; None if unknown.
        thin: see :func:`is_thin`.
        day: ``date_published``.
        vanished: whether the page no longer exists; the other values describe the last edition.
    """

    sha256: str | None
    section: str | None
    blob_id: str | None = None
    digest: str | None = None
    readers_version: str | None = None
    thin: bool = False
    day: str | None = None
    vanished: bool = False


def digest_of(record: Mapping[str, Any]) -> str:
    """Return a digest of the keys of a record that make an edition."""
    kept = {key: value for key, value in record.items() if key not in NOT_IN_EDITION}
    try:
        text = orjson.dumps(kept)
    except TypeError:  # a file that was changed by hand: a lone surrogate, a number beyond 64 bits
        text = json.dumps(kept).encode()
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()


def is_thin(record: Mapping[str, Any]) -> bool:
    """Return whether another section's copy of the article may be better.

    A copy is thin if it is truncated, has no editors or no lead image, or has fewer than
    ``THIN_CHARACTERS`` characters of text.
    """
    return bool(
        record.get("truncated")
        or not record.get("editors")
        or not record.get("image")
        or len(record.get("content_text") or "") < THIN_CHARACTERS
    )


def change_line(
    article: str, kind: str, now: datetime, line: ArticleLine | None = None
) -> dict[str, Any]:
    """Return a line of ``changes.jsonl``; ``line`` is None if the article vanished."""
    return {
        "id": article,
        "kind": kind,
        "seen_at": timestamp(now),
        "content_sha256": line.content_sha256 if line else None,
        "article": orjson.Fragment(line.line.rstrip()) if line else None,
    }
