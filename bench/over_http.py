"""Measures a crawl over HTTP against the smallest possible spider that fetches the same URLs."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from report import Figure, Report
from web import Server, served
from workbench import HERE, Bench

if TYPE_CHECKING:
    from process import Usage

RATE_AT_LEAST = 0.95
"""Target for the crawl's pages per second, as a share of the empty spider's."""
MEMORY_AT_MOST = 200
"""Target for a crawl's peak memory in MiB, for a mirror of any size."""

_CONCURRENCY = 16
_ROUNDS, _ROUNDS_QUICKLY = 3, 2


@dataclass(frozen=True, slots=True)
class Pair:
    """A crawl and an empty spider over the same URLs, one after the other.

    Attributes:
        pages: number of responses that each received.
        crawl: cost of the crawl.
        empty: cost of the empty spider.
    """

    pages: int
    crawl: Usage
    empty: Usage

    @property
    def rate(self) -> float:
        """The crawl's pages per second as a share of the empty spider's."""
        return self.empty.wall / self.crawl.wall

    @property
    def cpu(self) -> float:
        """The empty spider's CPU time as a share of the crawl's, readers included."""
        return self.empty.cpu / self.crawl.cpu


def measure(bench: Bench) -> list[Report]:
    """Crawl a part of the mirror several times, and the whole mirror once unless the run is small."""
    rounds = bench.choose_rounds(_ROUNDS, _ROUNDS_QUICKLY)
    with served(bench.part(), bench.place / "web") as server:
        pairs = [_pair(bench, server, first=n % 2) for n in range(rounds)]
    reports = [_report(f"Over HTTP, a part of the mirror, {rounds} rounds", pairs)]
    if not bench.small:
        with served(bench.mirror, bench.place / "web") as server:
            reports.append(_report("Over HTTP, the whole mirror, once", [_pair(bench, server)]))
    return reports


def _pair(bench: Bench, server: Server, *, first: int = 0) -> Pair:
    """Run both, alternating which starts; the empty spider's URLs come from the server's log."""
    addresses = bench.place / "addresses.txt"
    if first and addresses.exists():
        empty, count = _empty(bench, server)
        crawl, pages = _crawl(bench, server)
    else:
        crawl, pages = _crawl(bench, server)
        empty, count = _empty(bench, server)
    assert count == pages, f"{count} pages, not {pages}"
    return Pair(pages, crawl, empty)


def _crawl(bench: Bench, server: Server) -> tuple[Usage, int]:
    usage = bench.crawl(server.address, bench.fresh("feed"))
    asked = server.asked()
    (bench.place / "addresses.txt").write_text("\n".join(asked), encoding="utf-8")
    return usage, len(asked)


def _empty(bench: Bench, server: Server) -> tuple[Usage, int]:
    """Run the empty spider with Scrapy's default settings and the crawl's concurrency."""
    settings = {
        "CONCURRENT_REQUESTS": _CONCURRENCY,
        "CONCURRENT_REQUESTS_PER_DOMAIN": _CONCURRENCY,
    }
    given = [part for name, value in settings.items() for part in ("-s", f"{name}={value}")]
    addresses = bench.place / "addresses.txt"
    usage = bench.scrapy(
        "runspider", HERE / "empty.py", "-a", f"addresses={addresses}", *given, cwd=bench.place
    )
    return usage, len(server.asked())


def _report(title: str, pairs: list[Pair]) -> Report:
    """Return the medians over all pairs; ratios are computed within each pair."""

    def middle(*values: float) -> float:
        return float(median(values))

    pages = middle(*(pair.pages for pair in pairs))
    return Report(
        title,
        [
            Figure("pages", pages),
            Figure("crawl: pages a second", middle(*(p.pages / p.crawl.wall for p in pairs)), "/s"),
            Figure("empty: pages a second", middle(*(p.pages / p.empty.wall for p in pairs)), "/s"),
            Figure("ratio of the rates", middle(*(p.rate for p in pairs)), "", RATE_AT_LEAST),
            Figure("crawl: CPU a page", middle(*(p.crawl.cpu / p.pages for p in pairs)) * 1e3, "ms"),
            Figure("empty: CPU a page", middle(*(p.empty.cpu / p.pages for p in pairs)) * 1e3, "ms"),
            Figure(
                "crawl: CPU a page, the crawler's own process",
                middle(*(p.crawl.own / p.pages for p in pairs)) * 1e3, "ms",
            ),
            Figure("ratio of CPU, empty to crawl", middle(*(p.cpu for p in pairs)), ""),
            Figure(
                "crawl: peak memory (RSS)",
                middle(*(p.crawl.rss for p in pairs)), "MiB", at_most=MEMORY_AT_MOST,
            ),
            Figure("crawl: peak RssAnon", middle(*(p.crawl.anon for p in pairs)), "MiB"),
            Figure("empty: peak memory (RSS)", middle(*(p.empty.rss for p in pairs)), "MiB"),
            Figure("empty: peak RssAnon", middle(*(p.empty.anon for p in pairs)), "MiB"),
        ],
        ["both include the start of Python and Scrapy"],
    )  # fmt: skip
