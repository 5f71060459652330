"""The facts in a report, gathered in one pass over a feed's files."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from heapq import heappush, heappushpop
from pathlib import Path
from typing import Any

from crawler.feedfile import feed_directory, open_feed

NEWEST = 15
"""Number of newest articles in the report."""

_COVERED = ("byline", "authors", "editors", "tags", "image", "images", "videos", "links")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True, order=True)
class Headline:
    """An article in a list of titles; sorts by date, then by id."""

    date: str
    number: int
    title: str
    url: str
    section: str


@dataclass(frozen=True, slots=True)
class RunFact:
    """One line of ``runs.jsonl``.

    Attributes:
        seconds: duration; None for a run that was killed.
        failures: number of articles and lists that failed, by reason.
    """

    start: datetime | None
    seconds: float | None
    status: str
    exit_code: int | None
    transport: str
    articles: int
    listings: int
    failures: Mapping[str, int]
    reason: str | None


@dataclass(slots=True)
class Facts:
    """The facts in a report.

    Attributes:
        mirror: the mirror's name.
        months: number of articles by month of publication, ``YYYY-MM``.
        sections: number of articles by section id.
        section_names: names of the sections by id.
        covered: number of articles that have a key, by key.
        newest: the newest articles, newest first.
        runs: every run, oldest first.
        set_aside: reason by id or path, from the last run that ended.
        failing: first ids or paths by reason, from the last run that ended.
        changes: number of lines in ``changes.jsonl`` by kind.
        incomplete: whether a file ends in an incomplete line, of a run that is writing or was killed.
    """

    feed: Path
    mirror: str = ""
    articles: int = 0
    listings: int = 0
    first: str = ""
    last: str = ""
    months: Counter[str] = field(default_factory=Counter)
    sections: Counter[str] = field(default_factory=Counter)
    section_names: dict[str, str] = field(default_factory=dict)
    authors: Counter[str] = field(default_factory=Counter)
    tags: Counter[str] = field(default_factory=Counter)
    covered: Counter[str] = field(default_factory=Counter)
    newest: list[Headline] = field(default_factory=list)
    runs: list[RunFact] = field(default_factory=list)
    set_aside: dict[str, str] = field(default_factory=dict)
    failing: dict[str, list[str]] = field(default_factory=dict)
    changes: Counter[str] = field(default_factory=Counter)
    incomplete: bool = False

    def days_old(self, today: date) -> int | None:
        """Return the age of the newest article in days; None if no article has a date."""
        try:
            return (today - date.fromisoformat(self.last)).days
        except ValueError:
            return None


def gather(feed: Path) -> Facts:
    """Read a feed's directory; memory does not grow with its articles.

    Raises:
        WrongUsage: it is not a feed.
        FeedUnusable: a line is damaged, or a file cannot be read.
    """
    facts = Facts(feed_directory(feed))
    with open_feed(facts.feed) as files:
        for line in files["articles.jsonl"].lines():
            _add_article(facts, line.record)
        for line in files["runs.jsonl"].lines():
            _add_run(facts, line.record)
        for line in files["changes.jsonl"].lines():
            facts.changes[str(line.record.get("kind"))] += 1
        facts.listings = sum(1 for _ in files["listings.jsonl"].raw_lines())
        facts.incomplete = any(file.tail for file in files.values())
    facts.newest.sort(reverse=True)
    return facts


def _add_article(facts: Facts, article: Mapping[str, Any]) -> None:
    facts.articles += 1
    day = str(article.get("date_published") or "")
    if _DAY.fullmatch(day):
        facts.months[day[:7]] += 1
        facts.first = min(facts.first or day, day)
        facts.last = max(facts.last, day)
    sections = _records(article.get("sections"))
    for section in sections:
        facts.sections[str(section.get("id"))] += 1
        facts.section_names[str(section.get("id"))] = str(section.get("name"))
    facts.authors.update(str(one.get("name")) for one in _records(article.get("authors")))
    facts.tags.update(_texts(article.get("tags")))
    facts.covered.update(key for key in _COVERED if article.get(key))
    headline = Headline(
        day,
        _number(str(article.get("id"))),
        str(article.get("title")),
        str(article.get("url")),
        str(sections[0].get("name")) if sections else "",
    )
    if len(facts.newest) < NEWEST:
        heappush(facts.newest, headline)
    else:
        heappushpop(facts.newest, headline)


def _records(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, list) else []


def _number(article: str) -> int:
    digits = article.lstrip("n")
    return int(digits) if digits.isascii() and digits.isdecimal() else 0


def _add_run(facts: Facts, run: Mapping[str, Any]) -> None:
    start, end = _moment(run.get("start")), _moment(run.get("end"))
    failures = run.get("failures")
    named = failures if isinstance(failures, dict) else {}
    facts.mirror = str(run.get("mirror") or facts.mirror)
    facts.runs.append(
        RunFact(
            start=start,
            seconds=(end - start).total_seconds() if start and end else None,
            status=str(run.get("status")),
            exit_code=_int(run.get("exit_code")),
            transport=str(run.get("way") or ""),
            articles=_int(run.get("articles")) or 0,
            listings=_int(run.get("listings")) or 0,
            failures={str(reason): _failures(one) for reason, one in named.items()},
            reason=str(run["reason"]) if run.get("reason") else None,
        )
    )
    if end:
        aside = run.get("set_aside")
        named_aside = aside.items() if isinstance(aside, dict) else ()
        facts.set_aside = {str(name): str(why) for name, why in named_aside}
        facts.failing = {str(reason): _names(one) for reason, one in named.items()}


def _failures(named: object) -> int:
    return (_int(named.get("count")) or 0) if isinstance(named, dict) else 0


def _names(named: object) -> list[str]:
    return _texts(named.get("ids")) if isinstance(named, dict) else []


def _int(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None
