"""Measures a crawl through git against the limit and HTTP, its growth, and the cost of an update."""

from __future__ import annotations

import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from process import run
from report import Figure, Report
from workbench import HERE, Bench

if TYPE_CHECKING:
    from process import Usage

READERS = 2
"""Number of reader processes in the crawls with readers."""
LIMIT_AT_MOST, LIMIT_AT_MOST_HELPED = 7, 3.5
"""Targets for a crawl's wall time as a multiple of the limit's, in one process and with readers."""
UPDATE_AT_MOST, NOTHING_AT_MOST = 0.1, 0.0
"""Targets in seconds beyond the empty spider's: an update of 16 articles, and nothing new."""
MEMORY_AT_MOST = 200
"""Target for the crawler's peak RssAnon in MiB."""

_LIVE, _UPDATE_BEFORE = "HEAD~3", "HEAD~4"
_ROUNDS, _ROUNDS_QUICKLY = 3, 1


def measure(bench: Bench) -> list[Report]:
    """Measure on a repository of the mirror; skip the update if it has no history."""
    clone = bench.place / "clone.git"
    source = bench.place / "news.git"
    history = source.exists() and not bench.small
    if not history:
        source = bench.place / "part.git"
        _make_repository(bench, bench.part(), source)
    git(bench, "clone", "--quiet", "--bare", "--no-hardlinks", source, clone)
    live = _LIVE if history else "HEAD"
    _stand_at(bench, clone, source, live)
    reports = [_bulk(bench, clone)]
    if history:
        reports.append(_update(bench, clone, source))
    return reports


def _bulk(bench: Bench, clone: Path) -> Report:
    """Crawl the whole clone in one process and with readers, beside the limit."""
    articles = _whole(bench, clone)
    rounds = bench.choose_rounds(_ROUNDS, _ROUNDS_QUICKLY)
    limits, crawls, helped = [], [], []
    length = _line_length(bench)
    for _ in range(rounds):
        limits.append(_limit(bench, clone, length))
        crawls.append(_git_crawl(bench, clone, _fresh(bench)))
        helped.append(_git_crawl(bench, clone, _fresh(bench), readers=READERS))
    wall, wall_helped, limit = (
        float(median(usage.wall for usage in usages)) for usages in (crawls, helped, limits)
    )
    cpu, cpu_helped, cpu_limit = (
        float(median(usage.cpu for usage in usages)) for usages in (crawls, helped, limits)
    )
    with_readers = f"with {READERS} readers"
    return Report(
        f"Through git, {articles:,} articles, {rounds} rounds",
        [
            Figure("limit: wall time", limit, "s"),
            Figure("limit: CPU time", cpu_limit, "s"),
            Figure("crawl: wall time", wall, "s"),
            Figure("crawl: CPU time", cpu, "s"),
            Figure("crawl to limit", wall / limit, "", at_most=LIMIT_AT_MOST),
            Figure("crawl to limit, CPU", cpu / cpu_limit, ""),
            Figure("crawl: articles a second", articles / wall, "/s"),
            Figure(f"{with_readers}: wall time", wall_helped, "s"),
            Figure(f"{with_readers}: CPU time", cpu_helped, "s"),
            Figure(
                f"{with_readers}: to limit", wall_helped / limit, "", at_most=LIMIT_AT_MOST_HELPED
            ),
            Figure(
                f"{with_readers}: CPU of the crawler's process",
                float(median(usage.own for usage in helped)),
                "s",
            ),
            Figure(f"{with_readers}: to limit, CPU", cpu_helped / cpu_limit, ""),
            Figure(f"{with_readers}: articles a second", articles / wall_helped, "/s"),
            Figure(
                "crawl: peak RssAnon", max(c.anon for c in crawls), "MiB", at_most=MEMORY_AT_MOST
            ),
            Figure("crawl: peak memory (RSS)", max(c.rss for c in crawls), "MiB"),
            Figure(
                f"{with_readers}: peak RssAnon of the crawler", max(c.anon for c in helped), "MiB"
            ),
        ],
        ["all but the limit include the start of Python and Scrapy; the clone already exists"],
    )


def _update(bench: Bench, clone: Path, source: Path) -> Report:
    """Crawl the state before the last update, then the update, then nothing new."""
    rounds = bench.choose_rounds(_ROUNDS, _ROUNDS_QUICKLY)
    updates, nothings, empties = [], [], []
    for _ in range(rounds):
        feed = _fresh(bench)
        _stand_at(bench, clone, source, _UPDATE_BEFORE)
        _git_crawl(bench, clone, feed)
        _stand_at(bench, clone, source, _LIVE)
        updates.append(_git_crawl(bench, clone, feed))
        nothings.append(_git_crawl(bench, clone, feed))
        empties.append(bench.scrapy("runspider", HERE / "empty.py", cwd=bench.place))
    start = float(median(usage.wall for usage in empties))
    update = float(median(usage.wall for usage in updates))
    nothing = float(median(usage.wall for usage in nothings))
    return Report(
        f"An update through git, {rounds} rounds",
        [
            Figure("empty spider: wall time", start, "s"),
            Figure("update: wall time", update, "s"),
            Figure("update: beyond the empty spider", update - start, "s", None, UPDATE_AT_MOST),
            Figure("update: CPU beyond the empty spider", _cpu(updates) - _cpu(empties), "s"),
            Figure("nothing new: wall time", nothing, "s"),
            Figure(
                "nothing new: beyond the empty spider", nothing - start, "s", None, NOTHING_AT_MOST
            ),
            Figure("nothing new: CPU beyond the empty spider", _cpu(nothings) - _cpu(empties), "s"),
        ],
        [
            "CPU time is that of all processes",
            "the last real update of the news mirror, fetched from a directory",
        ],
    )


def _cpu(usages: list[Usage]) -> float:
    return float(median(usage.cpu for usage in usages))


def _whole(bench: Bench, clone: Path) -> int:
    """Crawl everything once, which creates the clone; return the number of articles."""
    feed = _fresh(bench)
    _git_crawl(bench, clone, feed)
    return sum(1 for _ in (feed / "articles.jsonl").open("rb"))


def _line_length(bench: Bench) -> int:
    feed = bench.place / "git-feed" / "articles.jsonl"
    return feed.stat().st_size // max(sum(1 for _ in feed.open("rb")), 1)


def _limit(bench: Bench, clone: Path, length: int) -> Usage:
    out = bench.place / "limit.jsonl"
    return run(
        [sys.executable, HERE / "limit.py", clone, "HEAD", out, str(length)],
        cwd=bench.place,
        log=bench.place / "log",
    )


def _git_crawl(bench: Bench, clone: Path, feed: Path, *, readers: int = 0) -> Usage:
    settings = [f"CACHE_DIRECTORY={bench.place / 'cache'}", f"READERS={readers}"]
    return bench.crawl(clone, feed, "via=git", settings=settings)


def _fresh(bench: Bench) -> Path:
    return bench.fresh("git-feed")


def _stand_at(bench: Bench, clone: Path, source: Path, revision: str) -> None:
    """Point the clone's branch at ``revision`` of the source."""
    git(bench, "--git-dir", clone, "fetch", "--quiet", source, "HEAD")
    branch = (clone / "HEAD").read_text(encoding="ascii").removeprefix("ref: ").strip()
    commit = revision.replace("HEAD", "FETCH_HEAD")
    git(bench, "--git-dir", clone, "update-ref", branch, commit)


def _make_repository(bench: Bench, mirror: Path, source: Path) -> None:
    """Commit the mirror's files to a new repository."""
    base: list[str | Path] = ["--git-dir", source, "--work-tree", mirror]
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    git(bench, "init", "--quiet", "--bare", source)
    git(bench, *base, "add", "--all")
    git(bench, *identity, *base, "commit", "--quiet", "--message", "the mirror")


def git(bench: Bench, *arguments: str | Path) -> None:
    """Run git in the bench's directory; its output goes to the log."""
    run(["git", *arguments], cwd=bench.place, log=bench.place / "log")
