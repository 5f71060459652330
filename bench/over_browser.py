"""Measures a crawl in a browser, with one and two contexts, against the same crawl over HTTP."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from processes import descendants
from report import Figure, Report
from standin import sites
from web import served

from crawler.exceptions import WrongUsage
from crawler.transports.browser.executable import find_chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from process import Usage
    from workbench import Bench

MEMORY_AT_MOST = 200
"""Target for the crawler's peak memory in MiB, without the browser's."""

_ARTICLES, _ROUNDS = 100, 2
_ARTICLES_QUICKLY, _ROUNDS_QUICKLY = 40, 1
_LOOK_EVERY = 0.5


@dataclass(slots=True)
class Memory:
    """Peak memory of the browser's processes in MiB, with shared memory divided (PSS).

    Attributes:
        chromium: all processes of Chromium together.
        driver: Playwright's driver.
    """

    chromium: float = 0.0
    driver: float = 0.0


@dataclass(slots=True)
class Crawls:
    """Crawls of one kind over the same articles.

    Attributes:
        pages: number of pages read by each crawl.
        usages: cost of each crawl.
        memory: peak memory of the browser's processes.
    """

    pages: int = 0
    usages: list[Usage] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)

    @property
    def rate(self) -> float:
        """Median number of pages per second."""
        return self.pages / float(median(usage.wall for usage in self.usages))


def measure(bench: Bench) -> list[Report]:
    """Crawl the same articles over HTTP, in one context and in two, in turn."""
    try:
        find_chromium()
    except WrongUsage as missing:
        return [Report("In a browser", [], [str(missing)])]
    part = bench.part(_ARTICLES_QUICKLY if bench.quick else _ARTICLES)
    rounds = bench.choose_rounds(_ROUNDS, _ROUNDS_QUICKLY)
    http, one, two = Crawls(), Crawls(), Crawls()
    with (
        served(part, bench.place / "web-browser") as server,
        sites(part) as (
            site,
            _,
        ),
    ):
        for _ in range(rounds):
            _crawl(bench, server.address, http)
            http.pages = len(server.asked())
            for contexts, crawls in ((1, one), (2, two)):
                before = len(site.hits.paths)
                settings = ["-s", f"BROWSER_CONTEXTS={contexts}"]
                _crawl(bench, site.base, crawls, "-a", "via=browser", *settings)
                asked = site.hits.paths[before:]
                crawls.pages = sum(path.startswith(site.prefix) for path in asked)
    title = f"In a browser, {http.pages:,} pages, {rounds} rounds"
    note = "start of Python, Scrapy, driver and Chromium included; the site is a stand-in"
    return [Report(title, list(_figures(http, one, two)), [note])]


def _figures(http: Crawls, one: Crawls, two: Crawls) -> Iterator[Figure]:
    yield Figure("over HTTP: pages a second", http.rate, "/s")
    for words, crawls in (("one context", one), ("two contexts", two)):
        yield Figure(f"{words}: pages a second", crawls.rate, "/s")
        yield Figure(f"{words}: CPU a page", _cpu(crawls), "s")
        anon = max(usage.anon for usage in crawls.usages)
        rss = max(usage.rss for usage in crawls.usages)
        yield Figure(f"{words}: crawler, peak RssAnon", anon, "MiB")
        yield Figure(f"{words}: crawler, peak memory (RSS)", rss, "MiB", at_most=MEMORY_AT_MOST)
        yield Figure(f"{words}: Chromium, peak (PSS)", crawls.memory.chromium, "MiB")
        yield Figure(f"{words}: driver, peak (PSS)", crawls.memory.driver, "MiB")


def _cpu(crawls: Crawls) -> float:
    """Return the CPU seconds per page, including those of the browser."""
    return float(median(usage.cpu for usage in crawls.usages)) / crawls.pages


def _crawl(bench: Bench, base: str, crawls: Crawls, *more: str) -> None:
    feed = bench.fresh("browser-feed")
    options = [f"mirror={base}", "name=bench", f"feed={feed}"]
    given = [part for option in options for part in ("-a", option)]
    with _watched(crawls.memory):
        crawls.usages.append(bench.scrapy("crawl", "epoch_mirror", *given, *more))


@contextmanager
def _watched(memory: Memory) -> Iterator[None]:
    """Sample the memory of the browser's processes during the context."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_EVERY):
            chromium = driver = 0.0
            for process in descendants(os.getpid()):
                if "playwright/driver" in process.command:
                    driver += _pss(process.pid)
                elif "--type=" in process.command or "--remote-debugging-pipe" in process.command:
                    chromium += _pss(process.pid)
            memory.chromium = max(memory.chromium, chromium)
            memory.driver = max(memory.driver, driver)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _pss(pid: int) -> float:
    """Return a process's PSS in MiB; 0 if it has ended or belongs to another user."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii", errors="replace") as file:
            return sum(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
    except OSError:
        return 0.0
