"""What changed in a mirror between two crawls, from a transport that knows without reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from crawler.formats.base import Format


@dataclass(frozen=True, slots=True)
class Changes:
    """The difference between two states of a mirror, as paths of pages.

    Attributes:
        added: pages that are new.
        modified: pages whose bytes differ.
        deleted: pages that are gone.
    """

    added: frozenset[str] = frozenset()
    modified: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        """Return whether anything changed."""
        return bool(self.added or self.modified or self.deleted)


def touched_articles(changes: Changes, mirror_format: Format) -> Iterator[str]:
    """Yield the ids of articles of which a copy was added, modified or deleted."""
    for path in sorted(changes.added | changes.modified | changes.deleted):
        if copy := mirror_format.copy_at(path):
            yield copy.id


def blob_id_of(body: bytes) -> str:
    """Return the id git gives these bytes; it tells a page that changed from one that did not."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
