"""Scrapy's download handler with a limit for the headers of a response."""

from __future__ import annotations

from typing import Final

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import (
    HTTP11DownloadHandler,
    _LenientHTTP11ClientFactory,
    _LenientHTTP11ClientProtocol,
    _LenientHTTPClientParser,
)
from scrapy.crawler import Crawler
from scrapy.exceptions import DownloadCancelledError, DownloadFailedError
from scrapy.http import Response
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web._newclient import HTTP11ClientProtocol
from twisted.web._newclient import Request as TxRequest
from twisted.web.iweb import IResponse

from crawler.transports.failures import causes

MAX_HEADER_BYTES: Final = 256 << 10
"""Maximum size; GitHub sends 3 KB. Twisted limits the trailers of a chunked body to 64 KB."""


class HeadersTooLarge(Exception):
    """Raised when the headers of a response, including interim ones, are too large."""


class BoundedHandler(HTTP11DownloadHandler):
    """Rejects responses with endless headers, which Twisted would keep in memory."""

    def __init__(self, crawler: Crawler) -> None:
        """Set up connections that count the bytes of headers."""
        super().__init__(crawler)
        self._pool._factory = _Factory  # noqa: SLF001 - as Scrapy sets its own

    async def download_request(self, request: Request) -> Response:
        """Download ``request``.

        Raises:
            DownloadCancelledError: the headers are too large.
        """
        try:
            return await super().download_request(request)
        except DownloadFailedError as error:
            if any(isinstance(cause, HeadersTooLarge) for cause in causes(error)):
                # this type is not retried
                raise DownloadCancelledError(
                    f"the headers of {request.url} have more than {MAX_HEADER_BYTES} bytes"
                ) from error
            raise


class _Parser(_LenientHTTPClientParser):
    """Counts the bytes of status and header lines."""

    _counted = 0

    def lineReceived(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        self._counted += len(line) + 1
        if self._counted > MAX_HEADER_BYTES:
            raise HeadersTooLarge
        super().lineReceived(line)


class _Protocol(_LenientHTTP11ClientProtocol):
    def request(self, request: TxRequest) -> Deferred[IResponse]:
        answered = super().request(request)
        assert self._parser is not None  # noqa: S101 - request() creates it
        self._parser.__class__ = _Parser  # as Scrapy sets its own
        return answered


class _Factory(_LenientHTTP11ClientFactory):
    def buildProtocol(self, addr: IAddress | None) -> HTTP11ClientProtocol:  # noqa: ARG002, N802
        return _Protocol(self._quiescentCallback)  # type: ignore[no-untyped-call]
