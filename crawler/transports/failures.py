"""Maps failed downloads to :class:`PageError` with a reason."""

from __future__ import annotations

from collections.abc import Iterator
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
from twisted.python.failure import Failure

from crawler.exceptions import (
    CrawlerError,
    PageError,
    PageMissing,
    PageTooLarge,
    PageUnreachable,
)
from crawler.transports.base import Download

_MISSING: Final = frozenset({404, 410})
_OK, _REDIRECT, _BAD_REQUEST = 200, 300, 400

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


def failure_of(outcome: Response | BaseException) -> PageError:
    """Return the error for a failed download.

    Args:
        outcome: a response with a status other than 200, or the exception of a download.

    Returns:
        An error with one of these reasons: ``missing`` for 404 and 410; ``redirect``, ``http_403``,
        ``http_500`` … for other statuses; ``timeout``, ``connection``, ``certificate``,
        ``too_large``, ``unsupported``; the reason of a middleware that dropped the request
        (``robots``, ``outside``, ``redirect``); ``ignored`` and ``unreachable`` for the rest.

    Raises:
        ValueError: the response has status 200.
    """
    if isinstance(outcome, Response):
        return _of_response(outcome)
    return outcome if isinstance(outcome, PageError) else _of_exception(outcome)


def _unwrapped(failure: Failure | BaseException) -> BaseException:
    """Return the exception itself if Twisted has wrapped it in a Failure."""
    if not isinstance(failure, Failure):
        return failure
    return failure.value or RuntimeError("a failure without an exception")


def _of_response(response: Response) -> PageError:
    status, message = response.status, f"{response.url} answers {response.status}"
    if status == _OK:
        raise ValueError(f"{message}, which is not a failure")
    if status in _MISSING:
        return PageMissing(message)
    if _REDIRECT <= status < _BAD_REQUEST:
        return PageUnreachable(message, reason="redirect")
    return PageUnreachable(message, reason=f"http_{status}")


def _of_exception(error: BaseException) -> PageError:
    message = f"{type(error).__name__}: {error}"
    if _is_too_large(error):
        return PageTooLarge(message)
    return PageUnreachable(message, reason=_reason(error))


def _reason(error: BaseException) -> str:
    """Return the reason for an exception other than a size limit."""
    if isinstance(error, IgnoreRequest):
        return str(getattr(error, "reason", "ignored"))
    if _is_timeout(error):
        return "timeout"
    if isinstance(error, (NotSupported, UnsupportedURLSchemeError)):
        return "unsupported"
    if any("certificate verify failed" in str(cause) for cause in causes(error)):
        return "certificate"
    return "connection" if isinstance(error, _CONNECTION) else "unreachable"


def _is_timeout(error: BaseException) -> bool:
    """Return whether ``error`` is a time-out of Scrapy, Python or Playwright.

    Playwright's class is recognized by name, because importing it needs the ``browser`` extra.
    """
    if isinstance(error, (DownloadTimeoutError, TimeoutError)):
        return True
    return any(kind.__name__ == "TimeoutError" for kind in type(error).__mro__)


def _is_too_large(error: BaseException) -> bool:
    """Return whether a size limit was exceeded; after decompression, the cause tells."""
    if isinstance(error, DownloadCancelledError):
        return True
    return isinstance(error, IgnoreRequest) and hasattr(error.__cause__, "decompressed_size")


def causes(error: BaseException) -> Iterator[BaseException]:
    """Yield ``error`` and its causes, including those that Twisted keeps in a list."""
    yield error
    for reason in getattr(error, "reasons", ()):
        yield from causes(_unwrapped(reason))
    if error.__cause__ is not None:
        yield from causes(error.__cause__)
