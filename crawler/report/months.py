"""The chart of articles a month, with its numbers by year."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from crawler.report.charts import columns, table

_MONTHS = 12
_MOST_TICKS = 12
_OUTLIERS = 0.05
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")


def published(months: Counter[str]) -> str:
    """Return the section about when articles were published; empty if no article has a date.

    Args:
        months: number of articles by month, ``YYYY-MM``; other keys are ignored.
    """
    counts = [(month, months[month]) for month in _calendar(months)]
    if not counts:
        return ""
    shown = counts[_first_shown(counts) :]
    title = f"Articles a month, {shown[0][0]} to {shown[-1][0]}"
    years = Counter[str]()
    for month, count in counts:
        years[month[:4]] += count
    rows = [(year, f"{count:,}") for year, count in years.items() if count]
    numbers = table("Articles a year", ("Year", "Articles"), rows, {1})
    return (
        f"<section><h2>{title}</h2>{_older(counts, shown)}"
        f"{columns(title, shown, _ticks(shown))}"
        f"<details><summary>As numbers, by year</summary>{numbers}</details></section>"
    )


def _older(counts: Sequence[tuple[str, int]], shown: Sequence[tuple[str, int]]) -> str:
    older = sum(count for _, count in counts) - sum(count for _, count in shown)
    if not older:
        return ""
    articles = "article is" if older == 1 else "articles are"
    return f'<p class="soft">{older:,} older {articles} left out, back to <time>{counts[0][0]}</time>.</p>'


def _first_shown(counts: Sequence[tuple[str, int]]) -> int:
    """Return the index of the first month to plot.

    Later than the first if the oldest 5 % of the articles take more than half of the axis.
    """
    total, before = sum(count for _, count in counts), 0
    for at, (_, count) in enumerate(counts):
        before += count
        if before > total * _OUTLIERS:
            return at if at > len(counts) / 2 else 0
    return 0


def _ticks(counts: Sequence[tuple[str, int]]) -> dict[int, str]:
    """Return labels of the axis by index: years, or months if there are less than three years."""
    if len(counts) < 3 * _MONTHS:
        step = -(-len(counts) // _MOST_TICKS)
        return {at: counts[at][0] for at in range(0, len(counts), max(step, 3))}
    years = [at for at, (month, _) in enumerate(counts) if month.endswith("-01")]
    return {at: counts[at][0][:4] for at in years[:: -(-len(years) // _MOST_TICKS)]}


def _calendar(months: Counter[str]) -> list[str]:
    """Return every month from the first to the last, including months without articles."""
    known = sorted(month for month in months if _MONTH.fullmatch(month))
    if not known:
        return []
    (year, month), (last_year, last_month) = (
        map(int, one.split("-")) for one in (known[0], known[-1])
    )
    span = (last_year - year) * _MONTHS + last_month - month + 1
    return [
        f"{year + (month - 1 + at) // _MONTHS:04}-{(month - 1 + at) % _MONTHS + 1:02}"
        for at in range(span)
    ]
