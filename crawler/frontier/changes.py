"""Differences between two states of a mirror, as reported by a transport."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.formats.base import Format


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two states of a mirror, as paths of pages.

    Attributes:
        added: new pages.
        modified: pages whose bytes differ.
        deleted: pages that no longer exist.
    """

    added: frozenset[str] = frozenset()
    modified: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.added or self.modified or self.deleted)


def touched_articles(changes: Changes, mirror_format: Format) -> Iterator[str]:
    """Yield the ids of articles of which a copy was added, modified or deleted."""
    for path in sorted(changes.added | changes.modified | changes.deleted):
        if copy := mirror_format.copy_at(path):
            yield copy.id


def blob_id_of(body: bytes) -> str:
    """Return the id that git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
