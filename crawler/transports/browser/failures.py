"""Maps errors of Playwright, Chromium and its driver to page errors."""

from __future__ import annotations

from typing import Final

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as PlaywrightTimeout

from crawler.exceptions import PageUnreachable
from crawler.reasons import BROWSER, CONNECTION, CRASHED, NOT_A_PAGE, REDIRECT, TIMEOUT

_GONE: Final = ("has been closed", "Connection closed", "Browser closed", "Target closed")
"""Fragments of the messages when the tab, the browser or the driver is gone."""
_REASONS: Final = (
    ("crashed", CRASHED),
    ("interrupted by another navigation", REDIRECT),
    ("ERR_ABORTED", NOT_A_PAGE),
    ("Download is starting", NOT_A_PAGE),
    ("ERR_TIMED_OUT", TIMEOUT),
    ("ERR_", CONNECTION),
)
"""Fragments of other messages, each with the reason that it is counted under."""
_NAVIGATING: Final = ("context was destroyed", "Cannot find context", "uniqueContextId not found")
"""Fragments of the messages while a tab navigates from one document to the next."""


def is_gone(error: PlaywrightError) -> bool:
    """Return whether the tab was closed, or the browser or its driver ended."""
    return any(words in str(error) for words in _GONE)


def is_navigating(error: PlaywrightError) -> bool:
    """Return whether the tab navigated while a script ran in its document."""
    return any(words in str(error) for words in _NAVIGATING)


def unreachable(error: PlaywrightError, url: str) -> PageUnreachable:
    """Return the page error for an error of Playwright, with the reason it is counted under."""
    text = str(error)
    reason = next((reason for words, reason in _REASONS if words in text), BROWSER)
    if isinstance(error, PlaywrightTimeout):
        reason = TIMEOUT
    return PageUnreachable(f"{url}: {text.splitlines()[0][:200]}", reason=reason)


def launch_failure(error: Exception) -> str:
    """Return the last lines that Chromium or the driver printed before failing to start."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line.partition("[err]")[2].strip() for line in lines if "[err]" in line]
    return " / ".join(said[-3:])[:500] or next(filter(None, lines), type(error).__name__)[:500]
