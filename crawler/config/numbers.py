"""Validates numeric arguments and settings; every function raises WrongUsage for an invalid one."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from crawler.config.machine import most_readers, reader_count
from crawler.exceptions import WrongUsage

_MOST_DIGITS = 9


def positive_int(values: Mapping[str, Any], name: str) -> int:
    number = _natural(values[name])
    if not number:
        raise WrongUsage(f"{name} must be a positive integer, not {_shown(values[name])}")
    return number


def nonnegative_float(values: Mapping[str, Any], name: str, most: float = math.inf) -> float:
    """Return the value called ``name`` as a number from 0 to ``most``."""
    try:
        number = float(values[name])
    except (TypeError, ValueError):
        number = math.nan
    if not 0 <= number <= most or math.isinf(number):
        bounds = "of at least 0" if math.isinf(most) else f"from 0 to {most:g}"
        raise WrongUsage(f"{name} must be a number {bounds}, not {_shown(values[name])}")
    return number


def days_or_never(values: Mapping[str, Any], name: str) -> float:
    """Return the value called ``name`` as a number of days; infinity for None or an empty string."""
    return math.inf if values[name] in (None, "") else nonnegative_float(values, name)


def process_count(values: Mapping[str, Any], name: str) -> int:
    """Return the value called ``name`` as a number of additional processes.

    For None or an empty string, this is what processors and memory allow (``machine``). A larger
    number than the machine can use is reduced to that.
    """
    if values[name] in (None, ""):
        return reader_count()
    number = _natural(values[name])
    if number is None:
        raise WrongUsage(
            f"{name} must be a number of processes, 0 for none, not {_shown(values[name])}"
        )
    return min(number, most_readers())


def _natural(value: object) -> int | None:
    text = str(value)
    if text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    return None


def _shown(value: object) -> str:
    return repr(str(value)[:40])
