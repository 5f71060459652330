"""The reasons of failed pages, as ``runs.jsonl`` and the statistics count them.

Users filter by these strings, so they never change. What follows from a failure is decided by what
its reason concerns.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final


class Concern(Enum):
    """What a failure concerns, and so what may help."""

    PAGE = "what the mirror has at the path; another copy of the article may be readable"
    HOST = "the host, the network or the file system; the page may be readable later"
    PROGRAM = "the crawler, the processes that read pages, or its browser"


MISSING: Final = "missing"
MALFORMED: Final = "malformed"
TOO_LARGE: Final = "too_large"
NOT_UTF8: Final = "not_utf8"
MOVED: Final = "moved"
"""An index says that the mirror has moved; others do not."""
STRAY: Final = "stray"
"""An index lists something that is no article."""

UNREACHABLE: Final = "unreachable"
"""A download failed for another reason than those below."""
UNREADABLE: Final = "unreadable"
"""The operating system denies access to a file."""
TIMEOUT: Final = "timeout"
CONNECTION: Final = "connection"
CERTIFICATE: Final = "certificate"
REDIRECT: Final = "redirect"
"""The page redirects out of the mirror, or in a circle."""
FORBIDDEN: Final = "http_403"
RATE_LIMITED: Final = "rate_limited"
"""A rendered page says that there were too many requests; without a browser, it is ``http_429``."""
UNAVAILABLE: Final = "unavailable"
"""A rendered page says that the site is overloaded; without a browser, it is ``http_503``."""
NOT_A_PAGE: Final = "not_a_page"
"""The site offers a download in place of a page."""

FAILED: Final = "failed"
ERROR: Final = "error"
"""An unexpected exception: a bug."""
CONTRACT: Final = "contract"
"""The line would break the feed contract."""
TOO_COSTLY: Final = "too_costly"
"""Reading the page takes too much time or memory, or kills the process that reads it."""
REFUSED: Final = "refused"
OUTSIDE: Final = "outside"
"""The URL is not under the mirror's base."""
ROBOTS: Final = "robots"
"""robots.txt disallows the page."""
IGNORED: Final = "ignored"
"""A middleware of another project dropped the request."""
UNSUPPORTED: Final = "unsupported"
"""There is no download handler for the URL."""
CRASHED: Final = "crashed"
"""The process of a rendered page crashed."""
BROWSER: Final = "browser"
BROWSER_LOST: Final = "browser_lost"
BROWSER_UNSTARTABLE: Final = "browser_unstartable"

_CONCERNS: Final = {
    **dict.fromkeys((MISSING, MALFORMED, TOO_LARGE, NOT_UTF8, MOVED, STRAY), Concern.PAGE),
    **dict.fromkeys(
        (
            UNREACHABLE, UNREADABLE, TIMEOUT, CONNECTION, CERTIFICATE, REDIRECT, RATE_LIMITED,
            UNAVAILABLE, NOT_A_PAGE,
        ),
        Concern.HOST,
    ),
    **dict.fromkeys(
        (
            FAILED, ERROR, CONTRACT, TOO_COSTLY, REFUSED, OUTSIDE, ROBOTS, IGNORED, UNSUPPORTED,
            CRASHED, BROWSER, BROWSER_LOST, BROWSER_UNSTARTABLE,
        ),
        Concern.PROGRAM,
    ),
}  # fmt: skip
_HTTP_STATUS: Final = re.compile(r"http_[1-5]\d\d")
_BUSY_OR_BROKEN: Final = re.compile(rf"http_(429|5\d\d)|{RATE_LIMITED}|{UNAVAILABLE}")


def of_status(status: int) -> str:
    """Return the reason of a response with an unexpected status, such as ``http_500``."""
    return f"http_{status}"


def concern_of(reason: str) -> Concern:
    """Return what a failure concerns; reasons of other projects' components concern the program."""
    if _HTTP_STATUS.fullmatch(reason):
        return Concern.HOST
    return _CONCERNS.get(reason, Concern.PROGRAM)


def is_busy(reason: str) -> bool:
    """Return whether the host is too busy or broken at the moment to send the page."""
    return _BUSY_OR_BROKEN.fullmatch(reason) is not None
