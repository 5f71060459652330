"""Why a request was not sent, or its answer not used."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest


class Refused(IgnoreRequest):
    """Raised when a middleware drops a request.

    Attributes:
        reason: short snake_case name under which the page's failure is counted.
    """

    reason: str = "refused"


class OutsideMirror(Refused):
    """Raised when a request leads out of the mirror's base."""

    reason = "outside"


class Redirected(Refused):
    """Raised when the host redirects a page to where it is not followed."""

    reason = "redirect"


class ForbiddenByRobots(Refused):
    """Raised when robots.txt forbids a page, or could not be had."""

    reason = "robots"
