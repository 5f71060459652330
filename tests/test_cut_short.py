"""Runs that Scrapy ends early while the host is parked end at once, not after the wait."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from crawling import assert_sound, page_of, start_crawl, story
from mirrorkit import MirrorBuilder
from misbehaving import MisbehavingServer, answer, busy, late

from crawler.settings import EXTENSIONS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from crawling import Crawl, Result

SECTION = "ncid1"
PARK = 600
"""``Retry-After`` of the host, in seconds."""


@dataclass(frozen=True)
class Case:
    """What ends a run, and what it has fetched by then.

    Attributes:
        settings: Scrapy's settings.
        reason: Scrapy's finish reason.
        late: how many articles, requested before the host was parked, arrive after that.
        articles: minimum number of them that are written; fetches in progress are cancelled when
            Scrapy closes the spider.
    """

    settings: dict[str, object]
    reason: str
    late: int
    articles: int


ANEW = ("setsid", "--fork", "--wait")
"""Fork again: ``ru_maxrss``, which Scrapy's memory limit checks, includes the memory of the process
that started the program, and a test process may be large."""

GREEDY = """
from scrapy.utils.asyncio import create_looping_call

class Greedy:
    @classmethod
    def from_crawler(cls, crawler):
        greedy = cls()
        greedy.look = create_looping_call(greedy.eat, crawler)
        greedy.look.start(0.2, now=False)
        return greedy

    def eat(self, crawler):
        if crawler.stats.get_value("epoch/parked/count"):
            self.look.stop()
            self.eaten = b"x" * (500 << 20)
"""
"""An extension that takes 500 MB once the host is parked."""

CASES = {
    # long enough to reach the first article on a busy machine
    "time": Case({"CLOSESPIDER_TIMEOUT": 10}, "closespider_timeout", 0, 0),
    "articles": Case({"CLOSESPIDER_ITEMCOUNT": 3}, "closespider_itemcount", 5, 3),
    "memory": Case(
        {
            "MEMUSAGE_LIMIT_MB": 400,
            "MEMUSAGE_CHECK_INTERVAL_SECONDS": 1,
            "EXTENSIONS": json.dumps({**EXTENSIONS, "greedy.Greedy": 500}),
        },
        "memusage_exceeded",
        0,
        0,
    ),
}


@pytest.fixture
def cut_short(tmp_path: Path) -> Iterator[dict[str, Result]]:
    """Run all cases at the same time; the host is busy for most of the twenty articles."""
    place = tmp_path
    mirror, builder = place / "mirror", MirrorBuilder.simple(SECTION)
    for number in range(1, 21):
        builder.publish(story(number), SECTION)
    builder.write(mirror)
    (place / "greedy.py").write_text(GREEDY)
    env = {"PYTHONPATH": str(place)}
    servers, crawls = {}, {}
    for name, case in CASES.items():
        server = servers[name] = MisbehavingServer(mirror)
        server.__enter__()
        server.behave("/pages/*", busy(429, str(PARK)))
        for number in range(20, 20 - case.late, -1):  # the newest are requested first
            page = answer((mirror / page_of(SECTION, number)).read_bytes())
            server.behave(f"/{page_of(SECTION, number)}", late(page, 1))
        arguments = (f"mirror={server.base}", "name=small")
        crawls[name] = start_crawl(
            *arguments, feed=place / name, settings=case.settings, env=env, through=ANEW
        )
    try:
        yield {name: crawl.finish(PARK / 2) for name, crawl in crawls.items()}
    finally:
        for server in servers.values():
            server.__exit__(None, None, None)


def test_parked_runs_that_scrapy_ends_early_end_at_once(cut_short: dict[str, Result]) -> None:
    """Partial; fetched articles are written, and the others do not count as failed."""
    for name, result in cut_short.items():
        assert_cut_short(CASES[name], result)


def assert_cut_short(case: Case, result: Result) -> None:
    """Assert that a run has the result of its case."""
    assert "pausing requests for 600 s" in result.log
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log
    assert case.reason in result.run["reason"]
    assert result.seconds < PARK / 4
    assert case.articles <= len(result.feed.ids) <= case.late
    assert result.run["failures"] == {}
    assert "Traceback" not in result.log
    assert_sound(result.feed)


def test_a_local_run_that_scrapy_ends_early_ends_at_once(crawl: Crawl, tmp_path: Path) -> None:
    """Scrapy still accepts items while closing, so the spider must check for it."""
    builder = MirrorBuilder.simple(SECTION)
    for number in range(1, 301):
        builder.publish(story(number), SECTION)
    builder.write(tmp_path / "mirror")
    result = crawl(f"mirror={tmp_path / 'mirror'}", settings={"CLOSESPIDER_ITEMCOUNT": 3})
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log
    assert "closespider_itemcount" in result.run["reason"]
    assert 3 <= len(result.feed.ids) < 60
    assert result.run["failures"] == {}
    assert_sound(result.feed)
