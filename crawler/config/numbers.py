"""Settings that are numbers: read where they are needed, refused with what they may be."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from crawler.exceptions import WrongUsage

_MOST_DIGITS = 20


def positive_int(settings: Mapping[str, Any], name: str) -> int:
    """Return a setting that is a whole number from 1 on.

    Raises:
        WrongUsage: it is none.
    """
    value = str(settings[name])
    if not (value.isascii() and value.isdecimal() and len(value) < _MOST_DIGITS and int(value) > 0):
        raise WrongUsage(f"{name}={value}: a whole number from 1 on")
    return int(value)


def nonnegative_float(settings: Mapping[str, Any], name: str, most: float = math.inf) -> float:
    """Return a setting that is a number from 0 to ``most``.

    Raises:
        WrongUsage: it is none, or out of range.
    """
    try:
        value = float(settings[name])
    except (TypeError, ValueError):
        value = math.nan
    if not 0 <= value <= most or math.isinf(value):
        to = "on" if math.isinf(most) else f"to {most:g}"
        raise WrongUsage(f"{name}={settings[name]}: a number from 0 {to}")
    return value
