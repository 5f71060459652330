"""The sections about a feed's runs: outcomes, durations and failures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from crawler.report.charts import columns, strip, table
from crawler.report.facts import Facts, RunFact
from crawler.report.markup import escape

_LISTED = 25
_PLOTTED = 180
_NAMES = 20
_REM_PER_RUN = 1.6

_KINDS = {
    "complete": "good",
    "limited": "good",
    "partial": "note",
    "later": "note",
    "interrupted": "note",
    "killed": "none",
}
"""CSS class of the colour by status; every other status is ``bad``."""

_LEGEND = {
    "good": "complete",
    "note": "partial, interrupted or put off",
    "bad": "failed: needs a person",
    "none": "killed",
}


def status(run: RunFact) -> str:
    """Return a run's status as markup, in its colour."""
    return f'<span class="{_kind(run)}">{escape(run.status)}</span>'


def runs(facts: Facts) -> str:
    """Return the section about the runs; empty if there are none."""
    if not facts.runs:
        return ""
    shown = facts.runs[-_PLOTTED:]
    counts = Counter(run.status for run in shown)
    totals = ", ".join(f"{count} {word}" for word, count in counts.most_common())
    title = f"The last {len(shown):,} runs" if len(shown) > 1 else "One run"
    outcomes = [(_kind(run), _tip(run)) for run in shown]
    return (
        f"<section><h2>Runs</h2>{strip(f'{title}: {totals}', outcomes, _REM_PER_RUN)}"
        f"{_legend({kind for kind, _ in outcomes})}{_durations(shown)}{_table(facts.runs)}</section>"
    )


def failures(facts: Facts) -> str:
    """Return the section about failures of the last run and what is set aside; may be empty."""
    rows = [
        (escape(reason), f"{len(names):,}", escape(", ".join(names[:_NAMES])))
        for reason, names in facts.failing.items()
    ]
    aside = [
        (escape(name), escape(reason)) for name, reason in list(facts.set_aside.items())[:_NAMES]
    ]
    if not rows and not aside:
        return ""
    text = "<section><h2>What failed</h2>"
    if rows:
        heads = ("Reason", "Named", "Articles and lists")
        text += table("In the last run that ended", heads, rows, {1})
    if aside:
        more = f"{len(aside):,} of {len(facts.set_aside):,} that failed for a week, now tried once a week"
        text += table(more, ("Article or list", "Reason"), aside)
    return text + "</section>"


def _kind(run: RunFact) -> str:
    return _KINDS.get(run.status, "bad")


def _legend(kinds: set[str]) -> str:
    """Return the legend of the colours in use."""
    items = "".join(
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" class="{kind}"/>'
        f"</svg>{text}</li>"
        for kind, text in _LEGEND.items()
        if kind in kinds
    )
    return f'<ul class="legend">{items}</ul>'


def _durations(shown: Sequence[RunFact]) -> str:
    """Return a chart of the runs' durations; empty if all took less than a second."""
    taken = [
        (f"{run.start:%Y-%m-%d %H:%M}" if run.start else "", round(run.seconds or 0))
        for run in shown
    ]
    if not any(seconds for _, seconds in taken):
        return ""
    title = "Seconds that each of them took" if len(shown) > 1 else "Seconds that it took"
    chart = columns(title, taken, {}, rem_per_column=_REM_PER_RUN)
    return f'<p class="soft">{title}</p>{chart}'


def _table(every: Sequence[RunFact]) -> str:
    listed = every[-_LISTED:]
    cells = {
        "Start": [
            f"<time>{one.start:%Y-%m-%d %H:%M}</time>" if one.start else "" for one in listed
        ],
        "Status": [status(one) for one in listed],
        "Exit": ["" if one.exit_code is None else str(one.exit_code) for one in listed],
        "Took": [duration(one.seconds) for one in listed],
        "Articles": [f"{one.articles:,}" for one in listed],
        "Listings": [f"{one.listings:,}" for one in listed],
        "Failed": [
            ", ".join(f"{count} {escape(reason)}" for reason, count in one.failures.items())
            for one in listed
        ],
        "Reason": [escape(one.reason or "") for one in listed],
    }
    used = {head: column for head, column in cells.items() if any(column)}
    numbers = {
        at for at, head in enumerate(used) if head in ("Exit", "Took", "Articles", "Listings")
    }
    caption = f"The last {len(listed)} of {len(every):,} runs" if len(every) > len(listed) else ""
    return table(caption, list(used), list(zip(*used.values(), strict=True))[::-1], numbers)


def _tip(run: RunFact) -> str:
    when = f"{run.start:%Y-%m-%d %H:%M}" if run.start else "unknown time"
    return f"{when}: {run.status}, {run.articles:,} new articles"


def duration(seconds: float | None) -> str:
    """Return a duration for people, such as ``4 min 12 s``; empty for None."""
    if seconds is None:
        return ""
    if seconds < 1:
        return "under 1 s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
