"""The way over HTTP: the mirror's raw files, one request each."""

from __future__ import annotations

from typing import Any, ClassVar

from scrapy import Request
from scrapy.http import Response

from crawler.transports.failures import failure_of

_OK = 200


class HttpTransport:
    """Gives pages from a web server that serves the mirror's files as they are.

    Attributes:
        kind: ``remote``: pages are asked for by requests.
        unsupported_keys: keys of a record that this way cannot see: none.
        commit: None: raw files do not tell.
    """

    kind: ClassVar[str] = "remote"
    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    commit: ClassVar[str | None] = None

    def __init__(self, base: str) -> None:
        """Say which base address; it ends in ``/``."""
        self.base = base

    async def open(self) -> None:
        """Nothing to open: the first request tells."""

    def request(self, path: str, **arguments: Any) -> Request:
        """Return the request for a page; ``arguments`` are the request's own."""
        # never filtered: the frontier gives every page once
        return Request(self.base + path, dont_filter=True, **arguments)

    def page(self, response: Response) -> bytes:
        """Return the page's bytes.

        Raises:
            PageError: the answer is no page.
        """
        if response.status != _OK:
            raise failure_of(response)
        return response.body

    def close(self) -> None:
        """Nothing to close."""
