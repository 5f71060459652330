"""When a failing page is set aside, and when it is tried again. Times are Unix seconds."""

from __future__ import annotations

CLOCK_FLOOR = 1.7e9
"""2023-11-14; a clock with an earlier time was never set."""

# Every run tries a failing page for a week, then one run a week does.
SET_ASIDE_AFTER = 7 * 86400.0
SET_ASIDE_INTERVAL = 7 * 86400.0


def failed_long(first: float, now: float) -> bool:
    """Return whether a page has failed for a week; the time of an unset clock does not count."""
    return first >= CLOCK_FLOOR and now - first >= SET_ASIDE_AFTER


def look_is_due(last: float, now: float) -> bool:
    """Return whether a page was last tried a week ago, or in the future by a wrong clock."""
    return not 0 <= now - last < SET_ASIDE_INTERVAL
