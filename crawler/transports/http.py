"""The HTTP transport: requests the mirror's raw files one by one."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

from scrapy import Request

from crawler.transports.base import Download, Fetched
from crawler.transports.failures import downloaded, failure_of_status


class HttpTransport:
    """Fetches pages from a web server that serves the mirror's files as they are."""

    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    commit: ClassVar[str | None] = None
    ordered: ClassVar[bool] = False

    def __init__(
        self,
        base: str,
        download: Download,
        *,
        window: int,
        bulk: bool = False,
        manners: Mapping[str, Any] | None = None,
    ) -> None:
        """Set up the transport.

        Args:
            base: URL of the mirror's root; ends in ``/``.
            download: sends a request through Scrapy's downloader.
            window: maximum number of concurrent requests.
            bulk: whether requests are sent without a delay between them.
            manners: the Scrapy settings for the pace of the host.
        """
        self.base = base
        self.window = window
        self.bulk = bulk
        self._download = download
        self._manners = dict(manners or {})

    def settings(self) -> dict[str, Any]:
        return dict(self._manners)

    async def open(self) -> None:
        """Do nothing: the first request opens the connection."""

    async def fetch(self, path: str) -> Fetched:
        response = await downloaded(self._download, Request(self.base + path))
        if response.status != HTTPStatus.OK:
            raise failure_of_status(response)
        return Fetched(response.body)

    def close(self) -> None:
        """Do nothing: Scrapy owns the connections."""
