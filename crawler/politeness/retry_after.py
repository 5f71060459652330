"""Parses the ``Retry-After`` header."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# RFC 9110, 10.2.3: delay-seconds is 1*DIGIT. Hosts also send "1.5"; a sign or a unit is malformed.
_SECONDS = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,6})?")
# Ten years. No run waits as long, and adding more to a date can overflow.
_MAX_SECONDS = 10 * 366 * 86400.0


def retry_after_seconds(value: str | bytes | None, now: datetime) -> float | None:
    """Return the wait that a ``Retry-After`` header asks for.

    The header is a number of seconds or an HTTP date in any of the three forms of RFC 9110, 5.6.7.

    Args:
        value: the header as received; None if it is missing.
        now: the current time, with a time zone.

    Returns:
        Seconds from 0 (a date in the past) to ten years; None if the header is missing or
        malformed.
    """
    if value is None:
        return None
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), _MAX_SECONDS)
    date = _http_date(text)
    return None if date is None else min(max(0.0, (date - now).total_seconds()), _MAX_SECONDS)


def _http_date(text: str) -> datetime | None:
    """Parse an HTTP date; without a zone it is in GMT, as all HTTP dates are."""
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date.replace(tzinfo=UTC) if date.tzinfo is None else date
