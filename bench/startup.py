"""Measures a run that finds nothing new among 100,000 known articles, against an empty spider."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import TYPE_CHECKING

from mirrorkit.indexes import PER_PAGE, Group, Section, home_page, index_page, page_count
from report import Figure, Report
from workbench import HERE, Bench

from crawler.lines import line_of
from crawler.store.feed import FeedStore

if TYPE_CHECKING:
    from pathlib import Path

    from process import Usage

ARTICLES = 100_000
SECTIONS = 12
LISTED_TWICE = 4
"""One in this many articles is listed in a second section."""
SECONDS_AT_MOST = 0
"""Target for the wall time beyond the empty spider's."""
MEMORY_AT_MOST = 40

_ROUNDS, _ROUNDS_QUICKLY = 7, 3
_STAMP = "11010600"


def measure(bench: Bench) -> list[Report]:
    """Run both in turn; differences are computed within each round."""
    mirror, feed = bench.place / "known", bench.place / "known-feed"
    fill(mirror, feed)
    project = _bare_project(bench.place / "bare")
    runs = []
    for _ in range(bench.choose_rounds(_ROUNDS, _ROUNDS_QUICKLY)):
        empty = bench.scrapy("crawl", "empty", cwd=project, path=HERE)
        runs.append((empty, bench.crawl(mirror, feed)))
    assert "new articles  0" in bench.log(), bench.log()
    return [_report(runs)]


def _report(runs: list[tuple[Usage, Usage]]) -> Report:
    def middle(name: str, side: int) -> float:
        return float(median(getattr(pair[side], name) for pair in runs))

    def more(name: str) -> float:
        return float(median(getattr(ours, name) - getattr(empty, name) for empty, ours in runs))

    return Report(
        f"Nothing new, {ARTICLES:,} articles known, {len(runs)} rounds",
        [
            Figure("empty spider: wall time", middle("wall", 0), "s"),
            Figure("crawl: wall time", middle("wall", 1), "s"),
            Figure("crawl: wall time more", more("wall"), "s", at_most=SECONDS_AT_MOST),
            Figure("crawl: CPU time more", more("cpu"), "s"),
            Figure("empty spider: peak memory (RSS)", middle("rss", 0), "MiB"),
            Figure("crawl: peak memory (RSS)", middle("rss", 1), "MiB"),
            Figure("crawl: memory more (RSS)", more("rss"), "MiB", at_most=MEMORY_AT_MOST),
            Figure("crawl: RssAnon more", more("anon"), "MiB"),
        ],
        [f"the home page and {SECTIONS} section indexes read from a directory"],
    )


def _bare_project(place: Path) -> Path:
    """Create a project with only the empty spider and Scrapy's default settings."""
    place.mkdir()
    (place / "scrapy.cfg").write_text("[settings]\ndefault = bare\n", encoding="utf-8")
    (place / "bare.py").write_text('SPIDER_MODULES = ["empty"]\n', encoding="utf-8")
    return place


def fill(mirror: Path, feed: Path) -> None:
    """Write a mirror's index pages without its articles, and a feed that has all articles."""
    sections = [Section(f"ncid99{n:03d}", f"版面{n:02d}") for n in range(SECTIONS)]
    rows: dict[str, list[tuple[str, str]]] = {section.id: [] for section in sections}
    for number in range(ARTICLES):
        row = (f"n{15_000_000 + number}", f"第{number}号消息")
        rows[sections[number % SECTIONS].id].append(row)
        if number % LISTED_TWICE == 0:
            rows[sections[(number + 1) % SECTIONS].id].append(row)
    store = FeedStore(feed, "bench", {})
    for section in sections:
        _write_index(mirror, section, rows[section.id])
        _know_section(store, section, rows[section.id])
    _know_articles(store, sections)
    store.commit()
    store.close({"mirror": "bench", "contract": "1.0"})
    home = home_page("新闻", [Group("海岛", tuple(sections))], _STAMP)
    (mirror / "README.md").write_text(home, encoding="utf-8")


def _write_index(mirror: Path, section: Section, rows: list[tuple[str, str]]) -> None:
    folder = mirror / "indexes" / section.id
    folder.mkdir(parents=True)
    text = index_page(section, rows[-PER_PAGE:], page_count(len(rows)), stamp=_STAMP)
    (folder / "README.md").write_text(text, encoding="utf-8")


def _know_section(store: FeedStore, section: Section, rows: list[tuple[str, str]]) -> None:
    store.add_listings(section.id, rows, datetime.now(UTC))
    store.state.name_section(section.id, section.name)
    for page in range(1, page_count(len(rows))):
        store.state.mark_archive_read(section.id, page)


def _know_articles(store: FeedStore, sections: list[Section]) -> None:
    for number in range(ARTICLES):
        article = f"n{15_000_000 + number}"
        section = sections[number % SECTIONS].id
        record = {
            "id": article,
            "content_sha256": f"{number:064x}",
            "date_published": None,
            "mirror": "bench",
            "mirror_url": f"file:///known/pages/{section}/{article}.md",
        }
        store.write(line_of(record))
