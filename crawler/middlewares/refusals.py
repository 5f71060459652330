"""Exceptions for requests that are not sent, and responses that are not used."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest


class Refused(IgnoreRequest):
    """Raised when a middleware drops a request.

    Attributes:
        reason: snake_case name under which the page's failure is counted.
    """

    reason: str = "refused"


class OutsideMirror(Refused):
    """Raised when a request leads out of the mirror's base."""

    reason = "outside"


class Redirected(Refused):
    """Raised when a redirect is not followed."""

    reason = "redirect"


class ForbiddenByRobots(Refused):
    """Raised when robots.txt disallows a page."""

    reason = "robots"
