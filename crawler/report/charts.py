"""Plots as inline SVG, each with its numbers in a table for those who cannot see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crawler.report.markup import escape

_HEIGHT = 120
_GAP = 0.25


def columns(title: str, counts: Sequence[tuple[str, int]], ticks: Iterable[int]) -> str:
    """Return a column chart.

    Args:
        title: what it shows, read aloud in place of the picture.
        counts: (label, number) of each column, from left to right.
        ticks: which columns carry their label below the chart, by index.
    """
    highest = max((count for _, count in counts), default=0) or 1
    width = max(len(counts), 1)
    bars = "".join(
        f'<rect x="{at + _GAP / 2:g}" y="{_HEIGHT - tall:.5g}" width="{1 - _GAP:g}" '
        f'height="{tall:.5g}"><title>{escape(label)}: {count:,}</title></rect>'
        for at, (label, count) in enumerate(counts)
        if (tall := count * _HEIGHT / highest)
    )
    labels = "".join(
        f'<span style="left:{100 * (at + 0.5) / width:.4g}%">{escape(counts[at][0][:4])}</span>'
        for at in ticks
    )
    return (
        f'<figure class="columns"><div class="most">{highest:,}</div>'
        f'<svg viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{bars}</svg>'
        f'<div class="ticks" aria-hidden="true">{labels}</div></figure>'
    )


def bars(caption: str, heads: tuple[str, str], rows: Sequence[tuple[str, int]]) -> str:
    """Return a table whose rows carry a bar as long as their number."""
    longest = max((count for _, count in rows), default=0) or 1
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th><td class="number">{count:,}</td>'
        f'<td class="bar" aria-hidden="true"><svg viewBox="0 0 100 1" preserveAspectRatio="none">'
        f'<rect width="{100 * count / longest:.4g}" height="1"/></svg></td></tr>'
        for label, count in rows
    )
    return (
        f'<table class="bars"><caption>{escape(caption)}</caption><thead><tr><th scope="col">'
        f'{escape(heads[0])}</th><th scope="col" class="number">{escape(heads[1])}</th>'
        f'<td aria-hidden="true"></td></tr></thead><tbody>{body}</tbody></table>'
    )


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()
) -> str:
    """Return a table; ``rows`` hold markup, ``numbers`` says which columns are right-aligned."""
    right = set(numbers)

    def cells(tag: str, row: Sequence[str]) -> str:
        return "".join(
            f"<{tag}{' class=number' if at in right else ''}>{cell}</{tag}>"
            for at, cell in enumerate(row)
        )

    head = cells('th scope="col"', list(map(escape, heads))).replace('</th scope="col">', "</th>")
    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr>'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def strip(title: str, outcomes: Sequence[tuple[str, str]]) -> str:
    """Return a strip of squares, one for each run.

    Args:
        title: what it shows, read aloud in place of the picture.
        outcomes: (class of its colour, tooltip) of each run, oldest first.
    """
    squares = "".join(
        f'<rect x="{at + 0.1:g}" y="0" width="0.8" height="1" class="{kind}">'
        f"<title>{escape(tip)}</title></rect>"
        for at, (kind, tip) in enumerate(outcomes)
    )
    width = max(len(outcomes), 1)
    return (
        f'<svg class="strip" viewBox="0 0 {width} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{squares}</svg>'
    )


def definitions(pairs: Mapping[str, str]) -> str:
    """Return a list of names with their values; values are markup."""
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in pairs.items())
        + "</dl>"
    )
