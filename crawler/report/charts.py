"""Charts as inline SVG, and tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from crawler.report.markup import escape

_HEIGHT = 120
_GAP = 0.25


def columns(
    title: str,
    counts: Sequence[tuple[str, int]],
    ticks: Mapping[int, str],
    rem_per_column: float = 5,
) -> str:
    """Return a column chart.

    Args:
        title: what it shows, for screen readers.
        counts: (label, number) of each column, from left to right.
        ticks: labels below the chart, by index of their column.
        rem_per_column: maximum width of a column, in rem.
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
        f'<span style="{_place(at, width)}">{escape(label)}</span>' for at, label in ticks.items()
    )
    below = f'<div class="ticks" aria-hidden="true">{labels}</div>' if labels else ""
    return (
        f'<figure class="columns" style="max-width:{width * rem_per_column:g}rem">'
        f'<div class="most">{highest:,}</div>'
        f'<svg viewBox="0 0 {width} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{bars}</svg>{below}</figure>'
    )


def _place(at: int, width: int) -> str:
    """Return the CSS position of a label: below its column, and at the edges within the chart."""
    if at == 0:
        return "left:0"
    if at == width - 1:
        return "right:0"
    return f"left:{100 * (at + 0.5) / width:.4g}%;transform:translateX(-50%)"


def bars(
    caption: str,
    heads: tuple[str, str],
    rows: Sequence[tuple[str, int, str]],
    longest: int | None = None,
) -> str:
    """Return a table with a bar in each row, as long as its number.

    Args:
        caption: what it shows; may be empty.
        heads: heads of the labels and of the numbers.
        rows: (label, number, an id in small print or an empty string).
        longest: number of a bar with the full width; None for the greatest number.
    """
    longest = longest or max((count for _, count, _ in rows), default=0) or 1
    body = "".join(
        f'<tr><th scope="row" lang="zh">{escape(label)}{_small(more)}</th>'
        f'<td class="number">{count:,}</td>'
        f'<td class="bar" aria-hidden="true"><svg viewBox="0 0 100 1" preserveAspectRatio="none">'
        f'<rect width="{100 * count / longest:.4g}" height="1"/></svg></td></tr>'
        for label, count, more in rows
    )
    return (
        f'<table class="bars">{_caption(caption)}<thead><tr><th scope="col">'
        f'{escape(heads[0])}</th><th scope="col" class="number">{escape(heads[1])}</th>'
        f'<td aria-hidden="true"></td></tr></thead><tbody>{body}</tbody></table>'
    )


def _small(text: str) -> str:
    return f" <small>{escape(text)}</small>" if text else ""


def _caption(text: str) -> str:
    return f"<caption>{escape(text)}</caption>" if text else ""


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()
) -> str:
    """Return a table; ``rows`` contain markup, ``numbers`` the indexes of right-aligned columns."""
    right = set(numbers)

    def line(start: str, cells: Iterable[str], end: str) -> str:
        marked = (
            f"{start}{' class=number' if at in right else ''}>{cell}{end}"
            for at, cell in enumerate(cells)
        )
        return f"<tr>{''.join(marked)}</tr>"

    head = line('<th scope="col"', map(escape, heads), "</th>")
    body = "".join(line("<td", row, "</td>") for row in rows)
    return (
        f'<div class="wide"><table>{_caption(caption)}<thead>{head}'
        f"</thead><tbody>{body}</tbody></table></div>"
    )


def strip(title: str, outcomes: Sequence[tuple[str, str]], rem_per_run: float) -> str:
    """Return a strip of squares, one for each run.

    Args:
        title: what it shows, for screen readers.
        outcomes: (CSS class of the colour, tooltip) of each run, oldest first.
        rem_per_run: maximum width of a square, in rem.
    """
    squares = "".join(
        f'<rect x="{at + _GAP / 2:g}" y="0" width="{1 - _GAP:g}" height="1" class="{kind}">'
        f"<title>{escape(tip)}</title></rect>"
        for at, (kind, tip) in enumerate(outcomes)
    )
    width = max(len(outcomes), 1)
    return (
        f'<svg class="strip" style="max-width:{width * rem_per_run:g}rem" viewBox="0 0 {width} 1" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(title)}">{squares}</svg>'
    )


def definitions(pairs: Mapping[str, str]) -> str:
    """Return a list of names with their values, which are markup."""
    return (
        "<dl>"
        + "".join(f"<div><dt>{escape(k)}</dt><dd>{v}</dd></div>" for k, v in pairs.items())
        + "</dl>"
    )
