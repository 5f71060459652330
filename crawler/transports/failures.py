"""Maps failed downloads to :class:`PageError` with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from scrapy import Request
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotSupported,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from twisted.internet.error import ConnectError, ConnectionClosed

from crawler.exceptions import (
    CrawlerError,
    PageError,
    PageMissing,
    PageTooLarge,
    PageUnreachable,
)
from crawler.reasons import (
    CERTIFICATE,
    CONNECTION,
    IGNORED,
    REDIRECT,
    TIMEOUT,
    UNREACHABLE,
    UNSUPPORTED,
    of_status,
)
from crawler.transports.base import Download

MISSING: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

_CONNECTION: Final = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    ResponseDataLossError,
    ConnectError,
    ConnectionClosed,
    OSError,
)


async def downloaded(download: Download, request: Request) -> Response:
    """Download ``request`` and return the response, whatever its status.

    Raises:
        PageError: there is no response; see :func:`failure_of` for the reasons.
        RunError: a middleware ends the run.
    """
    try:
        return await download(request)
    except CrawlerError:
        raise
    except Exception as error:
        raise failure_of(error) from error


def failure_of_status(response: Response) -> PageError:
    """Return the error for a response with a status other than 200.

    Its reason is ``missing`` for 404 and 410, ``redirect`` for 3xx, else ``http_403``, ``http_500`` …
    """
    status, message = response.status, f"{response.url} answers {response.status}"
    if status in MISSING:
        return PageMissing(message)
    is_redirect = HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST
    return PageUnreachable(message, reason=REDIRECT if is_redirect else of_status(status))


def failure_of(error: BaseException) -> PageError:
    """Return the error for the exception of a download.

    Its reason is ``timeout``, ``connection``, ``certificate``, ``too_large`` or ``unsupported``; that
    of a middleware that dropped the request (``robots``, ``outside``, ``redirect``); ``ignored`` or
    ``unreachable`` for the rest.
    """
    message = f"{type(error).__name__}: {error}"
    if _is_too_large(error):
        return PageTooLarge(message)
    return PageUnreachable(message, reason=_reason(error))


def _reason(error: BaseException) -> str:
    if isinstance(error, IgnoreRequest):
        return str(getattr(error, "reason", IGNORED))
    if _is_timeout(error):
        return TIMEOUT
    if isinstance(error, (NotSupported, UnsupportedURLSchemeError)):
        return UNSUPPORTED
    if any("certificate verify failed" in str(cause) for cause in causes(error)):
        return CERTIFICATE
    return CONNECTION if isinstance(error, _CONNECTION) else UNREACHABLE


def _is_timeout(error: BaseException) -> bool:
    """Return whether ``error`` is a time-out of Scrapy, Python or Playwright.

    Playwright's class is recognized by name, because importing it needs the ``browser`` extra.
    """
    if isinstance(error, DownloadTimeoutError):
        return True
    return any(kind.__name__ == "TimeoutError" for kind in type(error).__mro__)


def _is_too_large(error: BaseException) -> bool:
    """Return whether a size limit was exceeded; after decompression, the cause shows it."""
    if isinstance(error, DownloadCancelledError):
        return True
    return isinstance(error, IgnoreRequest) and hasattr(error.__cause__, "decompressed_size")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and its causes, including the failures that Twisted keeps in a list."""
    yield error
    reasons = (getattr(reason, "value", reason) for reason in getattr(error, "reasons", ()))
    for cause in filter(None, (*reasons, error.__cause__)):
        yield from causes(cause)
