"""What a bench found: figures with what they should be, as tables and as JSON."""

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
        name: what it is, short and lasting: it is the key of the JSON.
        value: the number.
        unit: its unit, empty for a ratio.
        at_least: what it should reach.
        at_most: what it should not pass.
    """

    name: str
    value: float
    unit: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def held(self) -> bool | None:
        """Whether it is what it should be; None where nothing is asked."""
        if self.at_least is not None:
            return self.value >= self.at_least
        return None if self.at_most is None else self.value <= self.at_most


@dataclass(slots=True)
class Report:
    """The figures of one measure.

    Attributes:
        title: what was measured.
        figures: the numbers, in order.
        notes: how, in a line each.
    """

    title: str
    figures: list[Figure] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def table(self) -> Table:
        """Return the report as a table for a terminal."""
        table = Table("", "value", "unit", "wanted", title=self.title, title_justify="left")
        table.columns[1].justify = "right"
        for figure in self.figures:
            style = "red" if figure.held is False else ""
            table.add_row(
                figure.name, _shown(figure.value), figure.unit, _wanted(figure), style=style
            )
        table.caption = "\n".join(self.notes)
        table.caption_justify = "left"
        return table


def as_json(reports: Sequence[Report], about: dict[str, Any]) -> dict[str, Any]:
    """Return all figures as JSON values."""
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


def _wanted(figure: Figure) -> str:
    if figure.at_least is not None:
        return f"≥ {figure.at_least:g}"
    return "" if figure.at_most is None else f"≤ {figure.at_most:.3g}"


def _shown(value: float) -> str:
    if value and abs(value) < 0.1:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 20 else f"{value:,.0f}"
