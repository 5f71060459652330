"""What went wrong with a page that was asked for over the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

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
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.internet.error import ConnectError, ConnectionClosed
from twisted.python.failure import Failure

from crawler.exceptions import PageError, PageMissing, PageTooLarge, PageUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

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


def failure_of(outcome: Response | Failure | BaseException) -> PageError:
    """Name the failure of a page.

    Args:
        outcome: a response with another status than 200, or what an errback is given.

    Returns:
        ``missing`` for 404 and 410, ``redirect``, ``http_403``, ``http_500`` … for other statuses,
        ``timeout``, ``connection``, ``certificate``, ``too_large``, ``unsupported``; the reason
        that a middleware gave for dropping the request (``robots``, ``outside``, ``redirect``,
        ``run_ending``); ``ignored`` and ``unreachable`` for what is not foreseen.

    Raises:
        ValueError: a response of status 200 is no failure.
    """
    if isinstance(outcome, Response):
        return _of_response(outcome)
    error = _unwrapped(outcome)
    if isinstance(error, HttpError):
        return _of_response(error.response)
    if isinstance(error, PageError):
        return error
    return _of_exception(error)


def _unwrapped(failure: Failure | BaseException) -> BaseException:
    """Give the exception, out of Twisted's wrapping where it has one."""
    if not isinstance(failure, Failure):
        return failure
    return failure.value or RuntimeError("a failure without an exception")


def _of_response(response: Response) -> PageError:
    """Name the failure that a status tells."""
    status, message = response.status, f"{response.url} answers {response.status}"
    if status == _OK:
        message = f"{message}: no failure"
        raise ValueError(message)
    if status in _MISSING:
        return PageMissing(message)
    if _REDIRECT <= status < _BAD_REQUEST:
        return PageUnreachable(message, reason="redirect")
    return PageUnreachable(message, reason=f"http_{status}")


def _of_exception(error: BaseException) -> PageError:
    """Name the failure that an exception tells."""
    message = f"{type(error).__name__}: {error}"
    if _is_too_large(error):
        return PageTooLarge(message)
    return PageUnreachable(message, reason=_reason(error))


def _reason(error: BaseException) -> str:
    """Give the reason of an exception that is not about size."""
    if isinstance(error, IgnoreRequest):
        return str(getattr(error, "reason", "ignored"))
    if _is_timeout(error):
        return "timeout"
    if isinstance(error, (NotSupported, UnsupportedURLSchemeError)):
        return "unsupported"
    if any("certificate verify failed" in str(cause) for cause in _causes(error)):
        return "certificate"
    return "connection" if isinstance(error, _CONNECTION) else "unreachable"


def _is_timeout(error: BaseException) -> bool:
    """Whether ``error`` is Scrapy's, Python's or Playwright's (known by its name only) time-out."""
    if isinstance(error, (DownloadTimeoutError, TimeoutError)):
        return True
    return any(kind.__name__ == "TimeoutError" for kind in type(error).__mro__)


def _is_too_large(error: BaseException) -> bool:
    """Whether a limit for sizes was passed: on the wire, or in unpacking (named by its cause)."""
    if isinstance(error, DownloadCancelledError):
        return True
    return isinstance(error, IgnoreRequest) and hasattr(error.__cause__, "decompressed_size")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give ``error`` and what caused it, also where Twisted keeps several causes in a list."""
    yield error
    for reason in getattr(error, "reasons", ()):
        yield from _causes(_unwrapped(reason))
    if error.__cause__ is not None:
        yield from _causes(error.__cause__)
