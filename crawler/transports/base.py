"""The protocols of a transport."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, Protocol, runtime_checkable

from scrapy import Request
from scrapy.http import Response

from crawler.formats.base import Format
from crawler.snapshot import Changes, History, Snapshot

Download = Callable[[Request], Awaitable[Response]]
"""Sends a request through all downloader middlewares: ``engine.download_async``."""

LOCAL_WINDOW = 60
"""Window of the transports that read from the disk: enough to keep git busy."""


def settings_without_downloads() -> dict[str, Any]:
    """Return the Scrapy settings of a transport without requests.

    Scrapy's handlers load certificates, which takes longer than a whole run that finds nothing new.
    With the downloader middlewares, they take a sixth of such a run.
    """
    return {
        "DOWNLOAD_HANDLERS": {"http": None, "https": None},
        "DOWNLOADER_MIDDLEWARES_BASE": {},
        "DOWNLOADER_MIDDLEWARES": {},
    }


class Fetched(NamedTuple):
    """A fetched page.

    Attributes:
        body: content of the page.
        blob_id: git blob id of the page, if the transport knows it without computing it.
        restore: turns ``body``, a rendered page, back into the mirror's own; raises a PageError.
            It can be pickled. None if ``body`` is the mirror's own page.
    """

    body: bytes
    blob_id: str | None = None
    restore: Callable[[bytes], bytes] | None = None


class Transport(Protocol):
    """Fetches the pages of a mirror.

    A new transport implements this protocol, or :class:`LocalTransport`, and has an entry in
    ``registry``. It may also implement :class:`Comparing`, :class:`Hinted` and :class:`ListsFolders`.
    Politeness is in the downloader middlewares: a transport that sends requests without Scrapy's
    downloader gets no pace, parking, retries or robots.txt.
    """

    @property
    def unsupported_keys(self) -> frozenset[str]:
        """Keys of a record that this transport cannot supply."""

    @property
    def commit(self) -> str | None:
        """The git commit that is read; None before :meth:`open`, or without git."""

    @property
    def window(self) -> int:
        """How many fetches run at the same time; for a remote host, the concurrency of its pace."""

    @property
    def ordered(self) -> bool:
        """Whether the driver processes pages in the order of its requests, not of arrival.

        Feeds are then reproducible; it is for transports whose fetches take about the same time.
        """

    @property
    def bulk(self) -> bool:
        """Whether pages may arrive faster than one process reads them."""

    def settings(self) -> dict[str, Any]:
        """Return the Scrapy settings that a run with this transport needs."""

    async def open(self) -> None:
        """Prepare for :meth:`fetch`.

        Raises:
            RunError: the mirror cannot be reached.
        """

    async def fetch(self, path: str) -> Fetched:
        """Fetch the page at ``path``, relative to the mirror's base.

        Raises:
            PageError: this page cannot be fetched.
            RunError: no further page can be fetched.
        """

    def close(self) -> None:
        """Release what :meth:`open` acquired."""


class LocalTransport(Transport, Protocol):
    """A transport that reads pages from the disk."""

    async def open(self, *, update: bool = True) -> None:
        """Prepare for :meth:`fetch`; without ``update``, from what is on the disk now.

        Raises:
            RunError: the mirror cannot be reached.
        """


@runtime_checkable
class Comparing(Protocol):
    """A transport that knows which pages changed without reading them."""

    async def changed_since(self, commit: str | None) -> Changes | None:
        """Return what changed since ``commit``, or None if that is unknown."""

    def blob_id_at(self, path: str) -> str | None:
        """Return the git blob id of a page, or None if there is no such page."""

    def old_page(self, blob_id: str) -> bytes | None:
        """Return the bytes with this git blob id; None if they are not available."""


@runtime_checkable
class Hinted(Protocol):
    """A transport that fetches faster when it knows which pages come next."""

    def prefetch(self, paths: Sequence[str]) -> None:
        """Prefetch ``paths`` in this order; a hint without other effects."""


@runtime_checkable
class ListsFolders(Protocol):
    """A transport that can list the folders of the mirror."""

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; empty if it does not exist."""

    def has(self, path: str) -> bool:
        """Return whether there is a page at ``path``."""


async def snapshot_of(
    transport: Transport, fallback: Transport | None, mirror_format: Format, since: str | None
) -> Snapshot:
    """Return what transports know without reading pages.

    Args:
        transport: the transport, which is open.
        fallback: the fallback transport, if any.
        mirror_format: the format of the mirror's pages.
        since: the commit last compared with, if any.
    """
    present = history = None
    if isinstance(transport, ListsFolders):
        present = partial(_sections_present, transport, mirror_format)
    if isinstance(transport, Comparing):
        changes = await transport.changed_since(since)
        history = History(changes, transport.blob_id_at, transport.old_page)
    fallback_keys = fallback.unsupported_keys if fallback else None
    return Snapshot(transport.unsupported_keys, fallback_keys, present, history)


def _sections_present(transport: ListsFolders, mirror_format: Format) -> list[str]:
    if mirror_format.sections_folder is None:
        return []
    names = transport.folders(mirror_format.sections_folder)
    return [
        name
        for name in names
        if mirror_format.is_section_id(name) and transport.has(mirror_format.index_path(name))
    ]
