"""The report's HTML page."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from importlib.resources import files

from crawler.report.charts import bars, columns, definitions, strip, table
from crawler.report.facts import Facts, RunFact
from crawler.report.markup import escape, link

_TOP = 15
_RUNS_SHOWN = 25
_RUNS_IN_STRIP = 180
_NAMES = 20
_STALE_DAYS = 3
_MONTHS = 12
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")

# By status: the colour's class, and what a reader is to understand by it.
_KINDS = {
    "complete": "good",
    "limited": "good",
    "partial": "note",
    "later": "note",
    "interrupted": "note",
    "killed": "none",
}
_LEGEND = (
    ("good", "complete"),
    ("note", "partial, interrupted or put off"),
    ("bad", "failed: needs a person"),
    ("none", "killed"),
)


def render(facts: Facts, now: datetime) -> str:
    """Return the page.

    Args:
        facts: what it tells.
        now: when it is made, with a time zone.
    """
    css = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    name = facts.mirror or facts.feed.name
    parts = (
        _head(facts, name, now),
        _published(facts),
        f'<div class="pair">{_sections(facts)}{_newest(facts)}</div>',
        f'<div class="pair">{_ranked("Authors", facts.authors)}{_ranked("Tags", facts.tags)}</div>',
        _runs(facts),
        _failures(facts),
        _coverage(facts),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Feed report: {escape(name)}</title>\n<style>{css}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + f"\n<footer>Made {now:%Y-%m-%d %H:%M} {now.tzname()} from {escape(str(facts.feed))}. "
        "Times are UTC.</footer>\n</body>\n</html>\n"
    )


def _head(facts: Facts, name: str, now: datetime) -> str:
    days = facts.days_old(now.date())
    newest = escape(facts.last) or "none"
    if days is not None:
        age = "today" if days <= 0 else f"{days:,} day{'s' * (days > 1)} ago"
        kind = "note" if days > _STALE_DAYS else "good"
        newest += f' <small class="{kind}">{age}</small>'
    last = facts.runs[-1] if facts.runs else None
    pairs = {
        "Articles": f"{facts.articles:,}",
        "Listings": f"{facts.listings:,}",
        "Oldest article": escape(facts.first) or "none",
        "Newest article": newest,
        "Last run": _status(last) if last else "none",
    }
    if facts.changes:
        pairs["Changes"] = f"{facts.changes.total():,}"
    torn = "<p class=note>The last line of a file is unfinished: a run is writing it.</p>"
    return (
        f"<header><h1>{escape(name)}</h1>{definitions(pairs)}{torn if facts.torn else ''}</header>"
    )


def _status(run: RunFact) -> str:
    kind = _KINDS.get(run.status, "bad")
    when = f"{run.start:%Y-%m-%d %H:%M}" if run.start else "unknown time"
    return f'<span class="{kind}">{escape(run.status)}</span> <small>{when}</small>'


def _published(facts: Facts) -> str:
    months = [(month, facts.months[month]) for month in _calendar(facts.months)]
    if not months:
        return ""
    ticks = [at for at, (month, _) in enumerate(months) if month.endswith("-01")] or [0]
    ticks = ticks[:: -(-len(ticks) // 12)]
    title = f"Articles a month, {months[0][0]} to {months[-1][0]}"
    years = Counter[str]()
    for month, count in months:
        years[month[:4]] += count
    rows = [(year, f"{count:,}") for year, count in years.items()]
    numbers = table("Articles a year", ("Year", "Articles"), rows, {1})
    return (
        f"<section><h2>{title}</h2>{columns(title, months, ticks)}"
        f"<details><summary>As numbers, by year</summary>{numbers}</details></section>"
    )


def _calendar(months: Counter[str]) -> list[str]:
    """Return every month from the first to the last, those without an article too."""
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


def _sections(facts: Facts) -> str:
    rows = [
        (f"{facts.section_names[section]} ({section})", count)
        for section, count in facts.sections.most_common(3 * _TOP)
    ]
    caption = "An article counts in every section that lists it"
    return f"<section><h2>Sections</h2>{bars(caption, ('Section', 'Articles'), rows)}</section>"


def _newest(facts: Facts) -> str:
    rows = [
        (f"<time>{escape(one.date)}</time>", link(one.url, one.title), escape(one.section))
        for one in facts.newest
    ]
    heads = ("Date", "Title", "Section")
    return (
        f"<section><h2>Newest articles</h2>{table('By date of publication', heads, rows)}</section>"
    )


def _ranked(name: str, counts: Counter[str]) -> str:
    rows = counts.most_common(_TOP)
    caption = f"{len(rows)} of {len(counts):,}"
    return f"<section><h2>{name}</h2>{bars(caption, (name[:-1], 'Articles'), rows)}</section>"


def _runs(facts: Facts) -> str:
    if not facts.runs:
        return ""
    shown = facts.runs[-_RUNS_IN_STRIP:]
    outcomes = [(_KINDS.get(run.status, "bad"), _tip(run)) for run in shown]
    counts = Counter(run.status for run in shown)
    said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
    legend = "".join(
        f'<li><svg viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" class="{kind}"/>'
        f"</svg>{text}</li>"
        for kind, text in _LEGEND
    )
    taken = [
        (f"{run.start:%Y-%m-%d}" if run.start else "", round(run.seconds or 0)) for run in shown
    ]
    longest = f"Seconds a run took, the last {len(shown)} runs"
    rows = [
        (
            f"<time>{run.start:%Y-%m-%d %H:%M}</time>" if run.start else "",
            f'<span class="{_KINDS.get(run.status, "bad")}">{escape(run.status)}</span>',
            "" if run.exit_code is None else str(run.exit_code),
            _duration(run.seconds),
            f"{run.articles:,}",
            f"{run.listings:,}",
            ", ".join(f"{count} {escape(reason)}" for reason, count in run.failures.items()),
            escape(run.reason or ""),
        )
        for run in reversed(facts.runs[-_RUNS_SHOWN:])
    ]
    heads = ("Start", "Status", "Exit", "Took", "Articles", "Listings", "Failed", "Reason")
    return (
        f"<section><h2>Runs</h2>{strip(f'The last {len(shown)} runs: {said}', outcomes)}"
        f'<ul class="legend">{legend}</ul><p class="soft">{longest}</p>'
        f"{columns(longest, taken, ())}"
        f"{table(f'The last {len(rows)} of {len(facts.runs):,} runs', heads, rows, {2, 3, 4, 5})}</section>"
    )


def _tip(run: RunFact) -> str:
    when = f"{run.start:%Y-%m-%d %H:%M}" if run.start else "unknown time"
    return f"{when}: {run.status}, {run.articles:,} new articles"


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


def _failures(facts: Facts) -> str:
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


def _coverage(facts: Facts) -> str:
    rows = [(key, count) for key, count in facts.covered.most_common()]
    caption = f"Of {facts.articles:,} articles, how many have the key"
    return f"<section><h2>Coverage</h2>{bars(caption, ('Key', 'Articles'), rows)}</section>"
