"""Decides where a page is read: in the crawler's process, in a pool, or in a separate process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from crawler.exceptions import PageError
from crawler.readers.pages import BOUNDS, Bounds, is_suspicious
from crawler.reasons import TOO_COSTLY

if TYPE_CHECKING:
    from collections.abc import Callable

    from crawler.readers.pages import Kind, Page, Reader
    from crawler.readers.processes import BatchPool, LoneReader
    from crawler.readers.worker import Unread

logger = logging.getLogger(__name__)

MANY = 1000
"""Articles from which a pool is worthwhile, as each process takes 0.15 s of CPU time to start."""

PATIENCE_SECONDS = 0.05
"""How long a page that arrives alone waits for others. A batch has an overhead of 0.2 ms."""

BATCHES_ONE_BY_ONE = 5
"""``PageReaders.batches`` if pages arrive one by one. Five times the 16 requests of a loopback host
are those requests and the 60 pages of a full batch."""


class Notes(Protocol):
    """Persists the key of the page that is being read, in case it kills the run."""

    def reading(self) -> str | None:
        """Return the key that an earlier run wrote and did not clear."""

    def note_reading(self, key: str | None) -> None:
        """Write a key durably to disk; None clears it."""


class PageReaders:
    """Reads pages outside of the crawler's process if that is faster or safer.

    Attributes:
        batches: factor by which the driver multiplies the transport's window, to keep every process
            busy.
    """

    def __init__(self, width: int, notes: Notes, read: Reader, bounds: Bounds = BOUNDS) -> None:
        """Set up without starting a process; ``width`` of them read the articles of a large mirror."""
        self.batches = 1
        self._read = read
        self._bounds = bounds
        self._width = width
        self._notes = notes
        self._died_of = notes.reading()
        self._pool: BatchPool | None = None
        self._alone: LoneReader | None = None

    def prepare_for(self, articles: int, *, one_by_one: bool = False) -> None:
        """Start the pool if ``articles``, the number to be read, makes it worthwhile.

        If pages arrive one by one, one process is enough, because it reads them faster than Scrapy
        fetches them, and pages wait for others to form a batch.
        """
        if self._pool is None and self._width and articles >= MANY:
            from crawler.readers.processes import BatchPool  # noqa: PLC0415 - few runs need them

            width, patience, batches = self._width, 0.0, 2 * self._width + 1
            if one_by_one:
                width, patience, batches = 1, PATIENCE_SECONDS, BATCHES_ONE_BY_ONE
            self._pool = BatchPool(width, self._read, self._bounds, self._lone_reader(), patience)
            self._pool.start()
            self.batches = batches
            logger.info("Processes that read articles: %d", width)

    @property
    def pooled(self) -> bool:
        """Whether a pool reads articles."""
        return self._pool is not None

    async def read(
        self, kind: Kind, section: str, body: bytes, key: str, context: object = None
    ) -> Page | None:
        """Read a page; return None if the crawler has to read it itself.

        Args:
            kind: the kind of page that was requested.
            section: the section that the page belongs to.
            body: the page's bytes.
            key: identifies the page in the notes.
            context: what the pool needs to make an article's line, an ``ArticleContext``.

        Raises:
            PageError: the content is not a page of this kind; with the reason ``too_costly``, it
                takes too much CPU time or memory, or an earlier run died while reading it.
        """
        self._skip_once(key)
        if is_suspicious(body):
            return await self._lone_reader().run(key, self._read, kind, section, body)
        if self._pool is not None and kind == "article":
            page: Unread = (kind, section, body)
            return await self._pool.read(page if context is None else (*page, context), key)
        return None

    async def restored(self, restore: Callable[[bytes], bytes], body: bytes, key: str) -> bytes:
        """Return the raw page of the rendered page ``body``.

        ``restore`` always runs in a separate process, which takes little time compared to rendering.

        Raises:
            PageError: the page cannot be converted; with the reason ``too_costly``, it takes too
                much CPU time or memory, or an earlier run died while converting it.
        """
        self._skip_once(key)
        raw = await self._lone_reader().run(key, restore, body)
        return restore(body) if raw is None else raw

    def _skip_once(self, key: str) -> None:
        """Raise a PageError if an earlier run died while reading this page."""
        if key == self._died_of:
            self._died_of = None
            self._notes.note_reading(None)
            raise PageError("an earlier run died while reading the page", reason=TOO_COSTLY)

    def _lone_reader(self) -> LoneReader:
        if self._alone is None:
            from crawler.readers.processes import LoneReader  # noqa: PLC0415 - few runs need it

            self._alone = LoneReader(self._bounds, self._notes.note_reading)
        return self._alone

    def close(self) -> None:
        """Kill all processes, whatever they are doing."""
        if self._pool is not None:
            self._pool.close()
        if self._alone is not None:
            self._alone.close()
