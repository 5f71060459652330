"""When a page that fails is set aside, and when it is tried again. Times are Unix seconds."""

from __future__ import annotations

CLOCK_FLOOR = 1.7e9
"""2023-11-14: a clock that tells an earlier time was never set."""

# A page that fails is tried by every run for a week, then once a week.
SET_ASIDE_AFTER = 7 * 86400.0
SET_ASIDE_INTERVAL = 7 * 86400.0


def failed_long(first: float, now: float) -> bool:
    """Tell whether a page has failed for a week; no wrong clock makes it look so."""
    return first >= CLOCK_FLOOR and now - first >= SET_ASIDE_AFTER


def look_is_due(last: float, now: float) -> bool:
    """Tell whether a page was last tried a week ago, or at a time that has not come yet."""
    return not 0 <= now - last < SET_ASIDE_INTERVAL
