"""Errors, named by the situation they report.

CrawlerError
├── PageError                 one page gives no line; costs only itself
│   ├── PageMissing             the mirror has no such page
│   ├── PageMalformed           the page does not fit the mirror's template
│   ├── PageTooLarge            the page is larger than any real one
│   ├── PageNotText             the page is not UTF-8
│   └── PageUnreachable         the page could not be fetched this time
└── RunError                  the run ends with ``exit_code``
    ├── WrongUsage        (2)   an argument, a setting or mirrors.toml is wrong
    ├── MirrorUnusable    (4)   the mirror cannot be reached, is empty, shrunk
    │   └── MirrorMoved         the mirror says that it lives elsewhere now
    ├── FeedUnusable      (5)   the feed cannot be written or is damaged
    └── TryLater         (75)   a temporary obstacle; a later run may pass
        ├── FeedBusy            another run holds the feed
        ├── TransportDamaged          what the way keeps on this machine is damaged
        └── HostBusy            the host asks to come back later than we wait
"""

from __future__ import annotations

from typing import ClassVar


class CrawlerError(Exception):
    """Raised when something goes wrong that the project foresees."""


class PageError(CrawlerError):
    """Raised when one page gives no line.

    Attributes:
        reason: short snake_case name under which the failure is counted.
    """

    reason: str = "failed"

    def __init__(self, message: str, *, reason: str | None = None) -> None:
        """Keep ``message`` for the log; ``reason`` replaces the class's own."""
        super().__init__(message)
        if reason is not None:
            self.reason = reason


class PageMissing(PageError):
    """Raised when the mirror has no page at the address that a list names."""

    reason = "missing"


class PageMalformed(PageError):
    """Raised when a page does not fit the mirror's template, or contradicts its address."""

    reason = "malformed"


class PageTooLarge(PageError):
    """Raised when a page is larger than the limit for pages."""

    reason = "too_large"


class PageNotText(PageError):
    """Raised when a page is not UTF-8."""

    reason = "not_utf8"


class PageUnreachable(PageError):
    """Raised when a page could not be had this time: time-out, broken connection, server error."""

    reason = "unreachable"


class RunError(CrawlerError):
    """Raised when the run cannot go on; ``exit_code`` is the status it ends with."""

    exit_code: ClassVar[int] = 1


class WrongUsage(RunError):
    """Raised when an argument, a setting or ``mirrors.toml`` is wrong; names the choices."""

    exit_code = 2


class MirrorUnusable(RunError):
    """Raised when the mirror cannot be reached, lists nothing, or has shrunk."""

    exit_code = 4


class MirrorMoved(MirrorUnusable):
    """Raised when the mirror's pages are a notice that it lives elsewhere now.

    Attributes:
        address: where the notice says it is, as it stands there.
    """

    def __init__(self, mirror: str, address: str) -> None:
        """Say where ``mirror`` has moved, and what to do."""
        super().__init__(
            f"mirror {mirror!r} says that it has moved to {address}: change 'public' and the ways "
            f"of [mirrors.{mirror}] in the mirrors file to it, or run with -a follow_move=true"
        )
        self.address = address


class FeedUnusable(RunError):
    """Raised when the feed cannot be written, is damaged, or is of another contract version."""

    exit_code = 5


class TryLater(RunError):
    """Raised when a temporary obstacle ends the run."""

    exit_code = 75


class FeedBusy(TryLater):
    """Raised when another run holds the feed."""


class TransportDamaged(TryLater):
    """Raised when what a way keeps on this machine cannot be read; ``repair`` may help."""


class HostBusy(TryLater):
    """Raised when the host asks to come back later than the run's budget for waiting allows."""
