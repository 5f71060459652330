"""Logs the first and last lines of a run: its mirror, its results, and what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from crawler.config.options import CrawlOptions
from crawler.config.program import program, shown
from crawler.run.console import Line, say
from crawler.run.run import Run

_SAMPLE = "sample"
_NAMED = 5


def log_opening(logger: logging.Logger, options: CrawlOptions) -> None:
    """Warn if no mirror was named and the default is the sample."""
    if options.defaulted and options.mirror.name == _SAMPLE:
        text = "No mirror was named: this run crawls the bundled sample, invented news."
        for line in (Line(text), _live_mirror()):
            say(logger, logging.WARNING, line)


def log_summary(logger: logging.Logger, run: Run) -> None:
    """Log the summary of a run, as warnings if it did not succeed."""
    level = logging.INFO if run.outcome.exit_code == 0 else logging.WARNING
    for line in _report(run):
        say(logger, level, line)
    if run.options.mirror.name == _SAMPLE:
        level = logging.WARNING if run.options.defaulted else level
        for line in (Line("This was the bundled sample mirror: invented news."), _live_mirror()):
            say(logger, level, line)


def _live_mirror() -> Line:
    text = f"A live mirror: {program()} crawl epoch_mirror -a mirror=news"
    return Line(text, whole=True)


def _report(run: Run) -> Iterator[Line]:
    rows = list(_rows(run))
    indent = max(len(name) for name, _ in rows) + 2
    for name, value in rows:
        yield Line(f"{name:<{indent}}{value}", indent=indent)


def _rows(run: Run) -> Iterator[tuple[str, str]]:
    counts, outcome = run.counts, run.outcome
    yield "mirror", f"{run.options.mirror.name} via {run.options.via}"
    yield "new articles", f"{counts.new}"
    if counts.changes:
        yield "changes", f"{counts.changes}"
    yield "new listings", f"{counts.listings} ({counts.duplicates} of articles listed before)"
    pages = ", ".join(f"{kind} {count}" for kind, count in counts.pages.items())
    yield "pages read", pages or "0"
    yield "feed", f"{shown(run.store.articles.path)} ({run.known} articles)"
    yield "newest", run.newest or "none"
    yield from _troubles(run)
    if run.reason is not None:
        yield "reason", run.reason
    yield "status", f"{outcome.status}, exit status {outcome.exit_code}"


def _troubles(run: Run) -> Iterator[tuple[str, str]]:
    counts = run.counts
    for reason, named in counts.named_failures().items():
        yield "failed", f"{named['count']} {reason}: {_first(named['ids'], named['count'])}"
    if counts.set_aside:
        yield "set aside", f"{len(counts.set_aside)} failed for a week, now tried once a week"
    if counts.dropped:
        yield "dropped", f"{counts.dropped} already in the feed"
    for kind, names in counts.changed.items():
        yield kind, f"{len(names)}: {_first(names, len(names))}"
    if counts.warnings:
        yield "warnings", f"{len(counts.warnings)}, see above"


def _first(names: list[str], count: int) -> str:
    more = " …" if count > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
