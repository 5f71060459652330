"""Exceptions for requests that are not sent, and responses that are not used."""

from __future__ import annotations

from scrapy.exceptions import IgnoreRequest

from crawler.reasons import OUTSIDE, REDIRECT, REFUSED, ROBOTS


class Refused(IgnoreRequest):
    """Raised when a middleware drops a request.

    Attributes:
        reason: name under which the page's failure is counted, one of ``crawler.reasons``.
    """

    reason: str = REFUSED


class OutsideMirror(Refused):
    """Raised when a request leads out of the mirror's base."""

    reason = OUTSIDE


class Redirected(Refused):
    """Raised when a redirect is not followed."""

    reason = REDIRECT


class ForbiddenByRobots(Refused):
    """Raised when robots.txt disallows a page."""

    reason = ROBOTS
