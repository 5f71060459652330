"""What a transport offers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from scrapy import Request
from scrapy.http import Response

from crawler.formats.base import Format
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
    implementing :class:`Comparing`, :class:`Hinted` or :class:`Listing`.
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


@runtime_checkable
class Hinted(Protocol):
    """A transport that fetches faster when it knows which pages come next."""

    def expect(self, paths: Sequence[str]) -> None:
        """Prepare for fetching ``paths`` in this order; a hint, without any other effect."""


@runtime_checkable
class Listing(Protocol):
    """A transport that can say what lies in a folder of the mirror."""

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; none where it is not there."""

    def has(self, path: str) -> bool:
        """Tell whether there is a page at ``path``."""


def sections_present(transport: Listing, mirror_format: Format) -> list[str]:
    """Return the ids of the sections that have an index, whether the home page links to it or not."""
    if mirror_format.sections_folder is None:
        return []
    names = transport.folders(mirror_format.sections_folder)
    return [
        name
        for name in names
        if mirror_format.is_section_id(name) and transport.has(mirror_format.index_path(name))
    ]
