"""The report's HTML page."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from importlib.resources import files

from crawler.report.charts import bars, definitions
from crawler.report.facts import Facts, Headline
from crawler.report.markup import escape, link
from crawler.report.months import published
from crawler.report.runs import failures, runs, status

_TOP = 15
_SECTIONS = 45
_STALE_DAYS = 3


def render(facts: Facts, now: datetime) -> str:
    """Return the page.

    Args:
        facts: the content.
        now: the time of the report, with a time zone.
    """
    css = files(__package__).joinpath("report.css").read_text(encoding="utf-8")
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    name = facts.mirror or facts.feed.name
    parts = (
        _head(facts, name, now),
        *(_content(facts) if facts.articles else ("<p>No article is published yet.</p>",)),
        runs(facts),
        failures(facts),
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


def _content(facts: Facts) -> tuple[str, ...]:
    return (
        published(facts.months),
        _pair(_newest(facts), _sections(facts) + _coverage(facts)),
        _pair(_ranked("Authors", facts.authors), _ranked("Tags", facts.tags)),
    )


def _pair(left: str, right: str) -> str:
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>'


def _head(facts: Facts, name: str, now: datetime) -> str:
    last = facts.runs[-1] if facts.runs else None
    pairs = {
        "Articles": f"{facts.articles:,}",
        "Listings": f"{facts.listings:,}",
        "Oldest article": escape(facts.first) or "none",
        "Newest article": (escape(facts.last) or "none") + _age(facts, now),
        "Last run": status(last) if last else "none",
    }
    if last and last.start:
        pairs["Last run"] += f"<small>{last.start:%Y-%m-%d %H:%M}</small>"
    if facts.changes:
        pairs["Changes"] = f"{facts.changes.total():,}"
    incomplete = '<p class="note">The last line of a file is unfinished: a run is writing it.</p>'
    return (
        f'<header><p class="soft">Feed report</p><h1>{escape(name)}</h1>{definitions(pairs)}'
        f"{incomplete if facts.incomplete else ''}</header>"
    )


def _age(facts: Facts, now: datetime) -> str:
    """Return the age of the newest article, in the colour of a warning if it is too old."""
    days = facts.days_old(now.date())
    if days is None:
        return ""
    age = "today" if days <= 0 else f"{days:,} day{'s' * (days > 1)} ago"
    return f'<small class="{"note" if days > _STALE_DAYS else "good"}">{age}</small>'


def _newest(facts: Facts) -> str:
    items = "".join(map(_headline, facts.newest))
    return f'<section><h2>Newest articles</h2><ol class="newest">{items}</ol></section>'


def _headline(one: Headline) -> str:
    return (
        f'<li><time>{escape(one.date)}</time> <span class="soft" lang="zh">{escape(one.section)}</span>'
        f'<div lang="zh">{link(one.url, one.title)}</div></li>'
    )


def _sections(facts: Facts) -> str:
    rows = [
        (facts.section_names[section], count, section)
        for section, count in facts.sections.most_common(_SECTIONS)
    ]
    more = ""
    if len(rows) > _TOP:
        rest = bars("", ("Section", "Articles"), rows[_TOP:], longest=rows[0][1])
        more = f"<details><summary>{len(rows) - _TOP} more</summary>{rest}</details>"
    caption = "An article counts in every section that lists it"
    table = bars(caption, ("Section", "Articles"), rows[:_TOP])
    return f"<section><h2>Sections</h2>{table}{more}</section>"


def _coverage(facts: Facts) -> str:
    rows = [(key, count, "") for key, count in facts.covered.most_common()]
    caption = f"How many of {facts.articles:,} articles have the key"
    table = bars(caption, ("Key", "Articles"), rows, longest=facts.articles)
    return f"<section><h2>Coverage</h2>{table}</section>"


def _ranked(name: str, counts: Counter[str]) -> str:
    rows = [(one, count, "") for one, count in counts.most_common(_TOP)]
    caption = f"The {len(rows)} most frequent of {len(counts):,}" if len(counts) > _TOP else ""
    return f"<section><h2>{name}</h2>{bars(caption, (name[:-1], 'Articles'), rows)}</section>"
