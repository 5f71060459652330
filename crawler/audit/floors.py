"""Floors and ceilings for the numbers of an audit's report, read from a TOML file.

Each entry refers to a number by its path in the report::

    [at_least]
    "keys.editors.share" = 0.995

    [at_most]
    "oddities.sha256_wrong.count" = 0
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.exceptions import WrongUsage

TABLES = ("at_least", "at_most")


@dataclass(frozen=True)
class Bound:
    """One floor (``at_least``) or ceiling (``at_most``) for the number at ``path``."""

    table: str
    path: str
    number: float

    def found(self, report: Mapping[str, Any]) -> float | None:
        """Return the number at the path, or None if nothing was counted for it.

        Raises:
            WrongUsage: the report has no number at the path.
        """
        value: Any = report
        for part in self.path.split("."):
            if not isinstance(value, dict) or part not in value:
                raise WrongUsage(f"{self.path!r} is not in the audit's report: no key {part!r}")
            value = value[part]
        if value is not None and not isinstance(value, int | float):
            raise WrongUsage(f"{self.path!r} is not a number in the audit's report")
        return value

    def held(self, report: Mapping[str, Any]) -> bool:
        """Return whether the report satisfies the bound; a missing number does not."""
        found = self.found(report)
        if found is None:
            return False
        return found >= self.number if self.table == "at_least" else found <= self.number


def read_floors(path: Path) -> list[Bound]:
    """Return the bounds in the file ``path``, in its order.

    Raises:
        WrongUsage: the file cannot be read, is not TOML, has no bounds, or has other tables.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise WrongUsage(f"{path} cannot be read as TOML: {exc}") from exc
    odd = [name for name in tables if name not in TABLES or not isinstance(tables[name], dict)]
    if odd or not any(tables.values()):
        raise WrongUsage(f"{path} must have the tables at_least or at_most, not {odd}")
    bounds = [
        Bound(table, name, number) for table in tables for name, number in tables[table].items()
    ]
    for bound in bounds:
        if not isinstance(bound.number, int | float):
            raise WrongUsage(f"{path}: {bound.path!r} must be a number, not {bound.number!r}")
    return bounds


def missed(report: Mapping[str, Any], bounds: list[Bound]) -> list[dict[str, Any]]:
    """Return the bounds that the report does not satisfy, as JSON values."""
    return [
        {bound.table: bound.number, "path": bound.path, "found": bound.found(report)}
        for bound in bounds
        if not bound.held(report)
    ]
