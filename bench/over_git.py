"""Measures a crawl through git against the limit and HTTP, its growth, and the cost of an update."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from process import run
from report import Figure, Report
from web import served
from workbench import HERE, Bench

if TYPE_CHECKING:
    from process import Usage

LIMIT_AT_MOST = 4
"""Target for a crawl's wall time, as a multiple of the limit's."""
HTTP_AT_LEAST = 2.5
"""Target for a crawl's articles per second, as a multiple of the rate over HTTP."""
READERS = 2
"""Number of reader processes in the crawls with readers."""
HELP_AT_LEAST = 1.6
"""Target for the speed-up by the readers."""
UPDATE_AT_MOST, OWN_AT_MOST = 3.0, 0.5
"""Targets in seconds for an update of 16 articles: in all, and without starting Python and Scrapy."""
MEMORY_AT_MOST = 200
"""Target for the crawler's peak RssAnon in MiB."""

_LIVE, _UPDATE_BEFORE = "HEAD~3", "HEAD~4"
_SHARES = (0.25, 0.5, 1.0)
_ROUNDS, _ROUNDS_QUICKLY = 3, 1
_QUICK_ARTICLES = 2000


def measure(bench: Bench) -> list[Report]:
    """Measure on a repository of the mirror; skip the update if it has no history."""
    clone = bench.place / "clone.git"
    source = bench.place / "news.git"
    history = source.exists()
    if not history:
        _make_repository(bench, source)
    git(bench, "clone", "--quiet", "--bare", "--no-hardlinks", source, clone)
    live = _LIVE if history else "HEAD"
    _stand_at(bench, clone, source, live)
    reports = [_bulk(bench, clone)]
    if history:
        reports.append(_update(bench, clone, source))
    return reports


def _bulk(bench: Bench, clone: Path) -> Report:
    """Crawl the whole clone (a part of it with ``--quick``), the limit, and over HTTP."""
    total = _whole(bench, clone)
    rounds = _ROUNDS_QUICKLY if bench.quick else _ROUNDS
    articles = min(total, _QUICK_ARTICLES) if bench.quick else total
    share = articles / total
    limits, crawls, helped = [], [], []
    length = _line_length(bench)
    for _ in range(rounds):
        limits.append(_limit(bench, clone, length))
        crawls.append(_crawl(bench, clone, articles))
        helped.append(_crawl(bench, clone, articles, readers=READERS))
    with served(bench.mirror, bench.place / "web-git") as server:
        http = bench.crawl(server.address, _fresh(bench), *_limit_of(articles, total))
    grown = [_crawl(bench, clone, round(articles * part)) for part in _SHARES[:-1]]
    wall = float(median(crawl.wall for crawl in crawls))
    wall_helped = float(median(crawl.wall for crawl in helped))
    limit = float(median(usage.wall for usage in limits)) * share
    return Report(
        f"Through git, {articles:,} articles, {rounds} rounds",
        [
            Figure("limit: wall time", limit, "s"),
            Figure("crawl: wall time", wall, "s"),
            Figure("crawl to limit", wall / limit, "", at_most=LIMIT_AT_MOST),
            Figure("crawl: articles a second", articles / wall, "/s"),
            Figure("over HTTP: articles a second", articles / http.wall, "/s"),
            Figure("rate, git to HTTP", http.wall / wall, "", HTTP_AT_LEAST),
            Figure(f"with {READERS} readers: wall time", wall_helped, "s"),
            Figure(f"with {READERS} readers: gain", wall / wall_helped, "", HELP_AT_LEAST),
            Figure(f"with {READERS} readers: to limit", wall_helped / limit, ""),
            Figure(f"with {READERS} readers: rate to HTTP", http.wall / wall_helped, ""),
            *(
                Figure(f"wall time of {part:.0%}", usage.wall, "s")
                for part, usage in zip(_SHARES, grown, strict=False)
            ),
            Figure(
                "crawl: peak RssAnon", max(c.anon for c in crawls), "MiB", at_most=MEMORY_AT_MOST
            ),
            Figure("crawl: peak memory (RSS)", max(c.rss for c in crawls), "MiB"),
            Figure("with readers: peak RssAnon of the crawler", max(c.anon for c in helped), "MiB"),
        ],
        [
            "all but the limit include the start of Python and Scrapy; the clone already exists",
            "without readers, the crawl uses one process",
        ],
    )


def _update(bench: Bench, clone: Path, source: Path) -> Report:
    """Crawl the state before the last update, then the update, then nothing new."""
    rounds = _ROUNDS_QUICKLY if bench.quick else _ROUNDS
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
            Figure("update: wall time", update, "s", at_most=UPDATE_AT_MOST),
            Figure("update: beyond the empty spider", update - start, "s", at_most=OWN_AT_MOST),
            Figure("nothing new: wall time", nothing, "s"),
            Figure("nothing new: beyond the empty spider", nothing - start, "s", None, OWN_AT_MOST),
        ],
        ["the last real update of the news mirror, fetched from a directory"],
    )


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


def _crawl(bench: Bench, clone: Path, articles: int, readers: int = 0) -> Usage:
    return _git_crawl(bench, clone, _fresh(bench), f"limit={articles}", readers=readers)


def _git_crawl(bench: Bench, clone: Path, feed: Path, *arguments: str, readers: int = 0) -> Usage:
    options = [f"mirror={clone}", "via=git", "name=bench", f"feed={feed}", *arguments]
    given = [part for option in options for part in ("-a", option)]
    cache = f"CACHE_DIRECTORY={bench.place / 'cache'}"
    return bench.scrapy("crawl", "epoch_mirror", *given, "-s", cache, "-s", f"READERS={readers}")


def _limit_of(articles: int, total: int) -> list[str]:
    return [] if articles == total else [f"limit={articles}"]


def _fresh(bench: Bench) -> Path:
    feed = bench.place / "git-feed"
    shutil.rmtree(feed, ignore_errors=True)
    return feed


def _stand_at(bench: Bench, clone: Path, source: Path, revision: str) -> None:
    """Point the clone's branch at ``revision`` of the source."""
    git(bench, "--git-dir", clone, "fetch", "--quiet", source, "HEAD")
    branch = (clone / "HEAD").read_text(encoding="ascii").removeprefix("ref: ").strip()
    commit = revision.replace("HEAD", "FETCH_HEAD")
    git(bench, "--git-dir", clone, "update-ref", branch, commit)


def _make_repository(bench: Bench, source: Path) -> None:
    """Commit the mirror's files to a new repository."""
    base: list[str | Path] = ["--git-dir", source, "--work-tree", bench.mirror]
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost"]
    git(bench, "init", "--quiet", "--bare", source)
    git(bench, *base, "add", "--all")
    git(bench, *identity, *base, "commit", "--quiet", "--message", "the mirror")


def git(bench: Bench, *arguments: str | Path) -> None:
    """Run git in the bench's directory; its output goes to the log."""
    run(["git", *arguments], cwd=bench.place, log=bench.place / "log")
