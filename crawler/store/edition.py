"""An edition of an article: what of its record makes it another one, and how good its copy is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import orjson

from crawler.items import timestamp

_ASIDE: Final = frozenset({"sections", "mirror", "mirror_url", "crawled_at"})
"""Keys that tell how an article was found, not what it says."""

_DIGEST_BYTES: Final = 16

THIN_CHARACTERS: Final = 500
"""A text with fewer characters may be the first sentences of a longer one."""


def digest_of(record: Mapping[str, Any]) -> str:
    """Return a digest of the keys of a record that make an edition."""
    told = {key: value for key, value in record.items() if key not in _ASIDE}
    try:
        text = orjson.dumps(told)
    except TypeError:  # a file that was changed by hand: a lone surrogate, a number beyond 64 bits
        text = json.dumps(told).encode()
    return hashlib.blake2b(text, digest_size=_DIGEST_BYTES).hexdigest()


def is_thin(record: Mapping[str, Any]) -> bool:
    """Tell whether another section's copy of the article may be better.

    A copy is thin where it is cut short, has no editor line, no lead image, or fewer than
    ``THIN_CHARACTERS`` characters of text.
    """
    return bool(
        record.get("truncated")
        or not record.get("editors")
        or not record.get("image")
        or len(record.get("content_text") or "") < THIN_CHARACTERS
    )


def change_line(
    article: str, kind: str, now: datetime, record: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a line of ``changes.jsonl``; ``record`` is None if the article vanished."""
    return {
        "id": article,
        "kind": kind,
        "seen_at": timestamp(now),
        "content_sha256": record["content_sha256"] if record is not None else None,
        "article": record,
    }
