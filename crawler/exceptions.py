"""Exceptions, named after the situation they report.

CrawlerError
├── PageError                 one page yields no line; other pages are not affected
│   ├── PageMissing             the mirror has no such page
│   ├── PageMalformed           the page does not fit the mirror's template
│   ├── PageTooLarge            the page is larger than any real one
│   ├── PageNotText             the page is not UTF-8
│   └── PageUnreachable         the page could not be fetched
└── RunError                  the run ends with ``exit_code``
    ├── WrongUsage        (2)   an argument, a setting or mirrors.toml is wrong
    ├── MirrorUnusable    (4)   the mirror is unreachable, empty, or has shrunk
    │   └── MirrorMoved         the mirror has moved to another address
    ├── FeedUnusable      (5)   the feed cannot be written or is damaged
    └── TryLater         (75)   a temporary problem; a later run may succeed
        ├── FeedBusy            another run uses the feed
        ├── TransportDamaged    local data of the transport, such as a clone, is damaged
        └── HostBusy            the host asks for a longer wait than the run allows
"""

from __future__ import annotations

from typing import ClassVar

from crawler.reasons import FAILED, MALFORMED, MISSING, NOT_UTF8, TOO_LARGE, UNREACHABLE


class CrawlerError(Exception):
    """Base class of all exceptions of this project."""


class PageError(CrawlerError):
    """Raised when one page yields no line.

    Attributes:
        reason: name under which the failure is counted, one of ``crawler.reasons``.
    """

    reason: str = FAILED

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        """Set the message for the log; ``reason`` overrides the class's default."""
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class PageMissing(PageError):
    """Raised when the mirror has no page at a path that an index page lists."""

    reason = MISSING


class PageMalformed(PageError):
    """Raised when a page does not fit the mirror's template, or contradicts its path."""

    reason = MALFORMED


class PageTooLarge(PageError):
    """Raised when a page is larger than the limit for pages."""

    reason = TOO_LARGE


class PageNotText(PageError):
    """Raised when a page is not UTF-8."""

    reason = NOT_UTF8


class PageUnreachable(PageError):
    """Raised when a page could not be fetched: time-out, broken connection, server error."""

    reason = UNREACHABLE


class RunError(CrawlerError):
    """Raised when the run cannot continue; ``exit_code`` is its exit status."""

    exit_code: ClassVar[int] = 1


class WrongUsage(RunError):
    """Raised when an argument, a setting or ``mirrors.toml`` is wrong."""

    exit_code = 2


class MirrorUnusable(RunError):
    """Raised when the mirror is unreachable, lists nothing, or has shrunk."""

    exit_code = 4


class MirrorMoved(MirrorUnusable):
    """Raised when the mirror has moved: its pages or its host name another address.

    Attributes:
        address: the new address, as the page or the host states it.
    """

    def __init__(self, mirror: str, address: str) -> None:
        super().__init__(
            f"mirror {mirror!r} has moved to {address}: correct the addresses of "
            f"[mirrors.{mirror}] in the mirrors file, or run with -a follow_move=true"
        )
        self.address = address


class FeedUnusable(RunError):
    """Raised when the feed cannot be written, is damaged, or is of another contract version."""

    exit_code = 5


class TryLater(RunError):
    """Raised when a temporary problem ends the run."""

    exit_code = 75


class FeedBusy(TryLater):
    """Raised when another run uses the feed."""


class TransportDamaged(TryLater):
    """Raised when local data of a transport, such as a clone, cannot be read."""


class HostBusy(TryLater):
    """Raised when the host asks for a longer wait than the run allows."""
