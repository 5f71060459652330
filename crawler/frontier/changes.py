"""What changed in a mirror between two crawls, from a transport that knows without reading."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from crawler.formats.base import Format
from crawler.store.state import State


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


def changed_articles(
    state: State,
    mirror_format: Format,
    changes: Changes | None,
    blob_id: Callable[[str], str | None],
) -> Iterator[tuple[str, str]]:
    """Yield (``changed`` or ``vanished``, id) of published articles, without reading a page.

    Args:
        state: has the blob id of the page that each line was made from.
        mirror_format: tells where pages lie.
        changes: what to look at; None: every article.
        blob_id: gives the blob id that a page has now, None where it is gone.
    """
    if changes is None:
        lines = state.written()
    else:
        paths = changes.modified | changes.deleted
        copies = sorted(copy for path in paths if (copy := mirror_format.copy_at(path)))
        lines = state.written_from(copies)
    for article, written in lines:
        if written.section is None:
            continue
        blob = blob_id(mirror_format.article_path(written.section, article))
        if blob is None:
            yield "vanished", article
        elif written.blob and blob != written.blob:
            yield "changed", article


def blob_id_of(body: bytes) -> str:
    """Return the id git gives these bytes; it tells a page that changed from one that did not."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
