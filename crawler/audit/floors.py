"""Floors and ceilings for an audit: what a feed has to hold, said in a TOML file.

Each entry names a number of the audit's report by its path::

    [at_least]
    "keys.editors.share" = 0.995

    [at_most]
    "oddities.sha256_wrong.count" = 0
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crawler.exceptions import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

TABLES = ("at_least", "at_most")


@dataclass(frozen=True)
class Bound:
    """One floor or ceiling: ``at_least`` or ``at_most``, the path, the number."""

    table: str
    path: str
    number: float

    def found(self, report: Mapping[str, Any]) -> float | None:
        """Return the report's number; None where nothing was counted.

        Raises:
            WrongUsage: the report has no number of that path.
        """
        value: Any = report
        for part in self.path.split("."):
            if not isinstance(value, dict) or part not in value:
                raise WrongUsage(f"the audit's report has no {self.path!r}: nothing at {part!r}")
            value = value[part]
        if value is not None and not isinstance(value, int | float):
            raise WrongUsage(f"{self.path!r} is no number in the audit's report")
        return value

    def held(self, report: Mapping[str, Any]) -> bool:
        """Tell whether the report keeps to it; nothing counted never does."""
        found = self.found(report)
        if found is None:
            return False
        return found >= self.number if self.table == "at_least" else found <= self.number


def read_floors(path: Path) -> list[Bound]:
    """Return the bounds that the file ``path`` sets, in its order.

    Raises:
        WrongUsage: it cannot be read, is no TOML, sets nothing or something else.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise WrongUsage(f"floors cannot be read: {path}: {exc}") from exc
    odd = [name for name in tables if name not in TABLES or not isinstance(tables[name], dict)]
    if odd or not any(tables.values()):
        raise WrongUsage(f"{path}: floors are the tables at_least and at_most, not {odd}")
    bounds = [
        Bound(table, name, number) for table in tables for name, number in tables[table].items()
    ]
    for bound in bounds:
        if not isinstance(bound.number, int | float):
            raise WrongUsage(f"{path}: {bound.path!r} wants a number, not {bound.number!r}")
    return bounds


def missed(report: Mapping[str, Any], bounds: list[Bound]) -> list[dict[str, Any]]:
    """Return the bounds that the report does not keep to, as JSON values."""
    return [
        {bound.table: bound.number, "path": bound.path, "found": bound.found(report)}
        for bound in bounds
        if not bound.held(report)
    ]
