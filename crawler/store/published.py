"""Values about published articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class PublishedArticle(NamedTuple):
    """The last edition of an article that has a line.

    Attributes:
        sha256: ``content_sha256``.
        section: section of the copy that was read.
        blob: git blob id of that copy; None if the edition was restored from the feed's files.
        digest: digest of the keys that make an edition (``store.edition``).
        readers: version of the readers that read it; None if unknown.
        thin: whether another section's copy may be better.
        day: ``date_published``.
        vanished: whether the page no longer exists; the other values describe the last edition.
    """

    sha256: str | None
    section: str | None
    blob: str | None = None
    digest: str | None = None
    readers: str | None = None
    thin: bool = False
    day: str | None = None
    vanished: bool = False


class PackedIds:
    """A sequence of ids that takes ten bytes for each; a list of strings takes seventy."""

    def __init__(self, ids: Iterable[str]) -> None:
        """Pack ``ids``, which must not contain line breaks."""
        self._text = bytearray()
        self._count = 0
        for one in ids:
            self._text += one.encode() + b"\n"
            self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        start = 0
        while (end := self._text.find(b"\n", start)) >= 0:
            yield self._text[start:end].decode()
            start = end + 1
