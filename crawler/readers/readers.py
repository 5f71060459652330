"""Who reads a page: the crawler, a pool of processes, or a process that one page may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from crawler.exceptions import PageError
from crawler.readers.pages import TOO_COSTLY, Bounds, is_suspicious

if TYPE_CHECKING:
    from crawler.readers.pages import Kind, Page, Reader
    from crawler.readers.processes import BatchPool, LoneReader

BOUNDS = Bounds()

MANY = 1000
"""From so many articles on a pool reads them: its processes need half a second to start."""


class Notes(Protocol):
    """Where the key of the page that is being read is noted, so that a later run knows of it."""

    def reading(self) -> str | None:
        """Return the key that an earlier run noted and did not take back."""

    def note_reading(self, key: str | None) -> None:
        """Note a key, safely on the disk; None takes it back."""


class PageReaders:
    """Reads pages outside of the crawler's process, where that pays or is safer.

    Attributes:
        batches: how many times the transport's window is to be kept under way, so that each
            process has work ahead.
    """

    def __init__(self, width: int, notes: Notes, read: Reader, bounds: Bounds = BOUNDS) -> None:
        """Prepare processes; none starts yet.

        Args:
            width: how many read the articles of a mirror that has many.
            notes: where pages are noted that may cost their process.
            read: reads a page.
            bounds: what one page may cost.
        """
        self.batches = 1
        self._read = read
        self._bounds = bounds
        self._width = width
        self._notes = notes
        self._died_of = notes.reading()
        self._pool: BatchPool | None = None
        self._alone: LoneReader | None = None

    def expect(self, articles: int) -> None:
        """Prepare for so many articles."""
        if self._pool is None and self._width and articles >= MANY:
            from crawler.readers.processes import BatchPool  # noqa: PLC0415 - few runs need them

            self._pool = BatchPool(self._width, self._read, self._bounds, self._lone_reader())
            self.batches = 2 * self._width + 1

    @property
    def pooled(self) -> bool:
        """Whether a pool reads articles."""
        return self._pool is not None

    async def read(
        self, kind: Kind, section: str, body: bytes, key: str, reading: object = None
    ) -> Page | None:
        """Read a page; None where the crawler is to read it itself.

        Args:
            kind: which kind of page was asked for.
            section: the section it belongs to.
            body: its bytes.
            key: the name its failures are kept under.
            reading: what the pool needs to know to return an article's line.

        Raises:
            PageError: it is no such page; with the reason ``too_costly``, it takes too much CPU or
                memory, or an earlier run died while it was read.
        """
        if key == self._died_of:
            self._died_of = None
            self._notes.note_reading(None)
            raise PageError("an earlier run ended while it was read", reason=TOO_COSTLY)
        if is_suspicious(body):
            return await self._lone_reader().read((kind, section, body), key)
        if self._pool is not None and kind == "article":
            return await self._pool.read((kind, section, body, reading), key)
        return None

    def _lone_reader(self) -> LoneReader:
        if self._alone is None:
            from crawler.readers.processes import LoneReader  # noqa: PLC0415 - few runs need it

            self._alone = LoneReader(self._read, self._bounds, self._notes.note_reading)
        return self._alone

    def close(self) -> None:
        """End all processes, whatever they are doing."""
        if self._pool is not None:
            self._pool.close()
        if self._alone is not None:
            self._alone.close()
