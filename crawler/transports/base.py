"""What a transport offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from scrapy import Request
from scrapy.http import Response

from crawler.frontier.changes import Changes

Download = Callable[[Request], Awaitable[Response]]
"""Sends a request through all downloader middlewares: ``engine.download_async``."""

LOCAL_WINDOW = 60
"""Window of transports that read on this machine: enough that git always has work ahead."""


class Fetched(NamedTuple):
    """A page as it was fetched.

    Attributes:
        body: its bytes.
        version: its git blob id, where the transport knows it without computing it.
    """

    body: bytes
    version: str | None = None


class Transport(Protocol):
    """A way to a mirror's pages.

    A new transport needs this and an entry in ``registry``. What it can do beyond it, it says by
    implementing :class:`Comparing` or :class:`Hinted`.
    """

    @property
    def unsupported_keys(self) -> frozenset[str]:
        """Keys of a record that this transport cannot supply."""

    @property
    def commit(self) -> str | None:
        """The git commit that is read, once open; None where there is none."""

    @property
    def window(self) -> int:
        """How many fetches the driver keeps under way."""

    @property
    def ordered(self) -> bool:
        """Whether pages are taken in the order they were asked for, not as they arrive."""

    async def open(self) -> None:
        """Prepare for :meth:`fetch`; raises a RunError where the mirror cannot be reached."""

    async def fetch(self, path: str) -> Fetched:
        """Fetch the page at ``path``, relative to the mirror's base.

        Raises:
            PageError: this page cannot be fetched.
            RunError: no page can be fetched any more.
        """

    def close(self) -> None:
        """Release what :meth:`open` acquired."""


@runtime_checkable
class Comparing(Protocol):
    """A transport that knows what changed without reading it."""

    async def changed_since(self, commit: str | None) -> Changes | None:
        """Return what changed since ``commit``; None where that is not known."""

    def version_of(self, path: str) -> str | None:
        """Return the git blob id of a page; None where there is no such page."""

    def old_page(self, version: str) -> bytes | None:
        """Return the bytes that have this git blob id; None where they are not at hand."""


@runtime_checkable
class Hinted(Protocol):
    """A transport that fetches faster when it knows which pages come next."""

    def expect(self, paths: Sequence[str]) -> None:
        """Prepare for fetching ``paths`` in this order; a hint, without any other effect."""
