"""What the state keeps of published articles, and many ids in little memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple


class PublishedArticle(NamedTuple):
    """What is kept of an article that has a line: the edition that was read last.

    Attributes:
        sha256: ``content_sha256``.
        section: section of the copy that it was read from.
        blob: git's id of that copy's bytes; None where the edition was found in the feed's files.
        digest: of all keys that make an edition (``store.edition``).
        readers: version of the readers that read it; None where it is not known.
        thin: whether further copies are read beside this one.
        day: ``date_published``.
        vanished: whether no section has the page any more; the rest tells of the last edition.
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
    """Many ids in an order: ten bytes for each, where a list of strings takes seventy."""

    def __init__(self, ids: Iterable[str]) -> None:
        """Take in ``ids``; none of them holds a line break."""
        self._text = bytearray()
        self._count = 0
        for one in ids:
            self._text += one.encode() + b"\n"
            self._count += 1

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def __iter__(self) -> Iterator[str]:
        """Yield them in their order."""
        start = 0
        while (end := self._text.find(b"\n", start)) >= 0:
            yield self._text[start:end].decode()
            start = end + 1
