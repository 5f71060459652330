"""The status of a run if several endings apply."""

from __future__ import annotations

import asyncio
from itertools import permutations
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from crawling import story
from driving import walk_mirror
from mirrorkit import MirrorBuilder
from scrapy.settings import Settings
from scrapy.statscollectors import StatsCollector

from crawler.config.mirrors import Mirror
from crawler.config.options import CrawlOptions
from crawler.exceptions import (
    FeedBusy,
    FeedUnusable,
    HostBusy,
    MirrorMoved,
    MirrorUnusable,
    RunError,
    WrongUsage,
)
from crawler.extensions.run_report import RunReport
from crawler.run.counts import NAMED_IDS, RunCounts
from crawler.run.endings import (
    COMPLETE,
    CRASHED,
    FAILURES,
    LIMITED,
    Ending,
    Endings,
    cut_short,
)
from crawler.run.run import Run

if TYPE_CHECKING:
    from pathlib import Path

FULL, BUSY, HOST = FeedUnusable("full"), FeedBusy("held"), HostBusy("429")
UNUSABLE, MOVED, USAGE = MirrorUnusable("gone"), MirrorMoved("news", "there"), WrongUsage("what")
SIGTERM, SIGINT, CUT = Ending.of_signal(15), Ending.of_signal(2), cut_short("closespider_timeout")


def ended(*how: Ending | RunError) -> Endings:
    endings = Endings()
    for one in how:
        endings.add(Ending.of_error(one) if isinstance(one, RunError) else one)
    return endings


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ((), ("complete", 0)),
        ((LIMITED,), ("limited", 0)),
        ((FAILURES,), ("partial", 3)),
        ((LIMITED, FAILURES), ("partial", 3)),
        ((CUT,), ("partial", 3)),
        ((UNUSABLE,), ("unusable", 4)),
        ((FAILURES, MOVED), ("moved", 4)),
        ((FAILURES, CUT, FULL), ("feed", 5)),
        ((BUSY,), ("later", 75)),
        ((FAILURES, HOST), ("later", 75)),
        ((USAGE,), ("usage", 2)),
        ((FAILURES, CRASHED), ("error", 1)),
        ((FULL, CRASHED), ("error", 1)),
        ((FULL, FAILURES, CRASHED, SIGTERM), ("interrupted", 143)),
        ((CUT, SIGINT), ("interrupted", 130)),
        ((SIGINT, SIGTERM), ("interrupted", 130)),
    ],
)
def test_the_gravest_ending_decides(how: tuple[Any, ...], expected: tuple[str, int]) -> None:
    gravest = ended(*how).gravest
    assert (gravest.status, gravest.exit_code) == expected


def test_the_gravest_of_several_errors_counts() -> None:
    """In the order 5, 75, 4, whichever occurred first; of equal ones the first."""
    for errors in permutations([FULL, BUSY, UNUSABLE]):
        assert ended(*errors).reason == "full"
    assert ended(HOST, UNUSABLE).reason == ended(UNUSABLE, HOST).reason == "429"
    assert ended(UNUSABLE, MOVED).reason == "gone"
    assert ended(MOVED, UNUSABLE).gravest.status == "moved"


def test_the_reason_is_that_of_the_gravest_that_has_one() -> None:
    """A signal has no reason of its own, so Scrapy's is used."""
    assert ended(SIGTERM, CUT).reason == "the run was closed early: closespider_timeout"
    assert ended(SIGTERM, CUT, FULL).reason == "full"
    assert ended(LIMITED).reason is None
    assert ended().gravest == COMPLETE


def test_only_errors_stop_the_run() -> None:
    assert ended(UNUSABLE).fatal
    assert not ended(CRASHED, FAILURES, LIMITED).fatal


def test_pages_set_aside_do_not_count(tmp_path: Path) -> None:
    run = Run(CrawlOptions(Mirror("small", "https://example.org/", {}), "path", tmp_path))
    run.counts.fail("n1", "missing")
    assert run.outcome.status == "partial"
    run.counts.set_aside = {"n1": "missing"}
    assert (run.outcome.status, run.outcome.exit_code) == ("complete", 0)
    run.counts.fail("n2", "missing")
    assert run.outcome.status == "partial"
    run.store.close(None)


@pytest.mark.parametrize(
    ("finished", "expected"), [(None, "partial"), (False, "partial"), (True, "complete")]
)
def test_the_report_knows_whether_a_run_was_closed_early(
    tmp_path: Path, finished: bool | None, expected: str
) -> None:
    """It does not depend on which of Scrapy's receivers of a signal is called first."""
    run = Run(CrawlOptions(Mirror("small", "https://example.org/", {}), "path", tmp_path))
    if finished is not None:
        run.frontier = SimpleNamespace(
            finished=finished, lists_asked=finished, lists_complete=finished
        )
    crawler: Any = SimpleNamespace(get_extension=lambda _: None, settings=Settings())
    spider: Any = SimpleNamespace(crawler=crawler)
    report = RunReport(run, StatsCollector(crawler))
    asyncio.run(report.spider_closed(spider, "closespider_timeout"))
    assert run.outcome.status == expected
    assert (run.reason or "").endswith("closespider_timeout") is (expected == "partial")


def test_a_run_that_reaches_its_limit_says_so(tmp_path: Path) -> None:
    builder = MirrorBuilder.simple("ncid1")
    for number in (1, 2, 3):
        builder.publish(story(number), "ncid1")
    builder.write(tmp_path / "mirror")
    limited = walk_mirror(tmp_path / "mirror", tmp_path / "feed", limit=2)
    rest = walk_mirror(tmp_path / "mirror", tmp_path / "feed", limit=2)
    assert limited.feed.runs[0]["status"] == "limited"
    assert rest.feed.runs[1]["status"] == "complete"


def test_a_move_says_what_to_change() -> None:
    text = str(MirrorMoved("news", "https://github.com/new/epoch-news"))
    assert "https://github.com/new/epoch-news" in text
    assert "[mirrors.news]" in text
    assert "follow_move=true" in text


def test_the_line_of_a_run_names_a_hundred_failures() -> None:
    """For each reason and each kind of difference; all are counted."""
    counts = RunCounts()
    for number in range(NAMED_IDS + 20):
        counts.fail(f"n{number:03}", "missing")
        counts.differs("changed", f"n{number:03}")
    for named in (counts.named_failures()["missing"], counts.named_changes()["changed"]):
        assert named["count"] == NAMED_IDS + 20
        assert named["ids"] == [f"n{number:03}" for number in range(NAMED_IDS)]


def test_a_failure_counts_once_however_often_it_happens() -> None:
    counts = RunCounts()
    counts.fail("n1", "missing")
    counts.fail("n1", "missing")
    assert (counts.failure_count, counts.counted_failures) == (1, 1)
    assert counts.stats()["failures/missing"] == 1
