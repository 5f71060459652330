"""Reports of the bench: figures with their targets, as tables and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        name: short, stable name; it identifies the figure in the JSON.
        value: the number.
        unit: its unit; empty for a ratio.
        at_least: target that the value should reach.
        at_most: target that the value should not exceed.
    """

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def held(self) -> bool | None:
        """Whether the value meets its target; None without a target."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


@dataclass(slots=True)
class Report:
    """The figures of one measurement.

    Attributes:
        title: what was measured.
        figures: the numbers, in order.
        notes: how it was measured, one line each.
    """

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def table(self) -> Table:
        """Return the report as a table for a terminal."""
        table = Table("", "value", "unit", "target", title=self.title, title_justify="left")
        table.columns[1].justify = "right"
        for figure in self.figures:
            style = "red" if figure.held is False else ""
            table.add_row(
                figure.name, _shown(figure.value), figure.unit, _target(figure), style=style
            )
        table.caption = "\n".join(self.notes)
        table.caption_justify = "left"
        return table


def as_json(reports: Sequence[Report], about: dict[str, Any]) -> dict[str, Any]:
    """Return all figures as JSON values; ``about`` describes the mirror and the machine."""
    return {
        **about,
        "measures": [
            {
                "title": report.title,
                "notes": report.notes,
                "figures": [{**asdict(figure), "held": figure.held} for figure in report.figures],
            }
            for report in reports
        ],
    }


def _target(figure: Figure) -> str:
    if figure.at_least is not None:
        return f"≥ {figure.at_least:g}"
    return "" if figure.at_most is None else f"≤ {figure.at_most:.3g}"


def _shown(value: float) -> str:
    if value and abs(value) < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 20 else f"{value:,.0f}"
