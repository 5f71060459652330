"""What a transport knows of a mirror without reading its pages."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
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


@dataclass(frozen=True, slots=True)
class History:
    """The states of a mirror that a transport can compare.

    Attributes:
        changes: what changed since the last crawl; None if that is unknown, because the mirror's
            history was rewritten or no run has compared it yet. Then all pages are compared.
        blob_id_at: returns a page's git blob id; None if there is no such page.
        old_page: returns the bytes of an earlier blob id; None if they are not available.
    """

    changes: Changes | None
    blob_id_at: Callable[[str], str | None]
    old_page: Callable[[str], bytes | None]

    def differs(self, path: str) -> bool:
        """Return whether a page may have changed since the last crawl."""
        changes = self.changes
        return changes is None or path in changes.modified or path in changes.added


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a mirror that a run reads, as far as its transports know it.

    Attributes:
        unsupported_keys: keys of a record that the transport cannot supply.
        fallback_unsupported_keys: keys that the fallback transport cannot supply; None if there
            is no fallback.
        sections_present: returns the ids of all sections that have an index, linked or not; None
            if the transport cannot list them.
        history: None if the transport cannot compare.
    """

    unsupported_keys: frozenset[str] = frozenset()
    fallback_unsupported_keys: frozenset[str] | None = None
    sections_present: Callable[[], Iterable[str]] | None = None
    history: History | None = None


def touched_articles(changes: Changes, mirror_format: Format) -> Iterator[str]:
    """Yield the ids of articles of which a copy was added, modified or deleted."""
    for path in sorted(changes.added | changes.modified | changes.deleted):
        if copy := mirror_format.copy_at(path):
            yield copy.id


def blob_id_of(body: bytes) -> str:
    """Return the id that git gives these bytes."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
