"""Prints an audit's report as tables on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crawler.printable import printable

MAX_FREQUENT, MAX_RARE = 10, 5
"""How many of an oddity's most frequent and rarest values the table shows."""

WHOLE = ("byline_without_person",)
"""Oddities of which the table shows all values."""


def print_tables(report: Mapping[str, Any], console: Console, *, everything: bool) -> None:
    """Print tables of keys, shares and oddities, and what is wrong with the file.

    Args:
        report: from :meth:`Audit.report`, with the keys ``feed`` and ``floors_missed``.
        console: where to print.
        everything: whether to print all values of every oddity.
    """
    console.print(f"{report['lines']:,} lines in {printable(report['feed'])}", markup=False)
    console.print(_keys(report))
    console.print(_shares(report))
    console.print(_oddities(report, everything=everything))
    for line in _warnings(report):
        console.print(printable(line), style="bold red", markup=False)


def _keys(report: Mapping[str, Any]) -> Table:
    table = Table("key", title="Keys")
    for heading in ("lines", "share", "null", "empty", "missing"):
        table.add_column(heading, justify="right")
    for key, counted in report["keys"].items():
        table.add_row(
            _shown(key),
            f"{counted['lines']:,}",
            _percent(counted["share"]),
            *(f"{counted[name]:,}" for name in ("null", "empty", "missing")),
        )
    return table


def _shares(report: Mapping[str, Any]) -> Table:
    table = Table("share", "of", title="Shares")
    table.columns[1].justify = "right"
    for name, share in report["shares"].items():
        table.add_row(name, _percent(share))
    for name in ("date_source", "language", "video_hosts"):
        for value, count in report[name].items():
            table.add_row(_shown(f"{name}: {value}"), f"{count:,}")
    return table


def _oddities(report: Mapping[str, Any], *, everything: bool) -> Table:
    table = Table("oddity", "count", "value", "for example", title="Oddities")
    table.columns[1].justify = "right"
    for name, odd in report["oddities"].items():
        if not odd["count"]:
            continue
        table.add_section()
        table.add_row(name, f"{odd['count']:,}", Text(odd["what"], style="italic"), "")
        for value in _chosen(odd["values"], everything=everything or name in WHOLE):
            table.add_row(
                "", f"{value['count']:,}", _shown(value["value"]), _shown(value["example"])
            )
    return table


def _chosen(values: list[dict[str, Any]], *, everything: bool) -> list[dict[str, Any]]:
    """Return the most frequent and the rarest values, or all of them."""
    if everything or len(values) <= MAX_FREQUENT + MAX_RARE:
        return values
    return values[:MAX_FREQUENT] + values[-MAX_RARE:]


def _warnings(report: Mapping[str, Any]) -> list[str]:
    damaged, tail = report["damaged"], report["unfinished_tail_bytes"]
    lines = []
    if damaged["count"]:
        lines.append(f"{damaged['count']} damaged lines: {damaged['lines']}")
    if tail:
        lines.append(f"unfinished last line of {tail:,} bytes")
    if report["keys_unknown"]:
        lines.append(f"unknown keys: {report['keys_unknown']}")
    if report["keys_out_of_order"]:
        lines.append(f"{report['keys_out_of_order']:,} lines with their keys out of order")
    lines.extend(f"floor missed: {floor}" for floor in report["floors_missed"])
    return lines


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def _shown(text: str) -> Text:
    """Return ``text`` with unprintable characters escaped; rich reads no markup in it."""
    return Text(printable(text))
