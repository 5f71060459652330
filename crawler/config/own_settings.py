"""Validates the project's own settings; ``crawler.settings`` has their defaults."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from crawler.config.mirrors import expanded
from crawler.config.numbers import days_or_never, nonnegative_float, positive_int, process_count
from crawler.exceptions import WrongUsage

_SECONDS_PER_HOUR = 3600
_HOST = re.compile(r"[^\s/@:]+(:[0-9]{1,5})?")

Validator = Callable[[Mapping[str, Any], str], object]


def setting(settings: Mapping[str, Any], name: str) -> Any:
    """Return a setting of the project as the value that its validator returns.

    Raises:
        WrongUsage: the setting is invalid.
    """
    return _VALIDATORS[name](settings, name)


def require_valid_settings(settings: Mapping[str, Any]) -> None:
    """Check all settings of the project, including those that this run's transport does not use.

    Otherwise a wrong one would be found only when another transport is chosen.

    Raises:
        WrongUsage: a setting is invalid.
    """
    for name, validate in _VALIDATORS.items():
        validate(settings, name)


def _or_none(validate: Validator) -> Validator:
    """Return a validator that also accepts None."""

    def validated(settings: Mapping[str, Any], name: str) -> object:
        return None if settings[name] is None else validate(settings, name)

    return validated


def _path(settings: Mapping[str, Any], name: str) -> str | None:
    """Return a path as text. Whether it can be used is checked when the run needs it."""
    value = settings[name]
    if not isinstance(value, (str, Path, type(None))):
        raise WrongUsage(f"{name} must be a path, not {value!r}")
    return str(value) if value else None


def _directory(settings: Mapping[str, Any], name: str) -> Path | None:
    path = _path(settings, name)
    return expanded(path, name) if path else None


def _operator(settings: Mapping[str, Any], name: str) -> str:
    operator = str(settings[name] or "")
    if not (operator.isascii() and operator.isprintable()):
        raise WrongUsage(f"{name} must be a mail or web address in ASCII, not {operator!r}")
    return operator


def _hosts(settings: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = settings[name] or ()
    hosts = [host.strip() for host in value.split(",")] if isinstance(value, str) else list(value)
    for host in hosts:
        if not _HOST.fullmatch(str(host)):
            raise WrongUsage(
                f"{name} must be hosts like cdn.example.org,localhost:8000, not {host!r}"
            )
    return tuple(map(str, hosts))


_VALIDATORS: Final[Mapping[str, Validator]] = {
    "MIRRORS_FILE": _path,
    # not expanded, because a run with `-a feed=` works without a home directory
    "FEEDS_DIRECTORY": _path,
    "MIRROR_SHRUNK_SHARE": partial(nonnegative_float, most=1),
    "STALE_AFTER_DAYS": days_or_never,
    "OPERATOR": _operator,
    "PACE_CONCURRENCY": _or_none(positive_int),
    "PACE_DELAY": _or_none(partial(nonnegative_float, most=_SECONDS_PER_HOUR)),
    "PARK_FIRST_WAIT": nonnegative_float,
    "PARK_MAX_WAIT": nonnegative_float,
    "PARK_BUDGET": nonnegative_float,
    "RETRY_FIRST_WAIT": nonnegative_float,
    "READERS": process_count,
    "CACHE_DIRECTORY": _directory,
    "BROWSER_EXECUTABLE": _path,
    "BROWSER_CONTEXTS": positive_int,
    "BROWSER_PAGES_PER_CONTEXT": positive_int,
    "BROWSER_PAGE_SECONDS": positive_int,
    "BROWSER_SCRIPT_HOSTS": _hosts,
}

SETTINGS: Final = tuple(_VALIDATORS)
"""The names of the project's settings, in the order of ``crawler.settings``."""
