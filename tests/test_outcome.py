"""The truth at the end: which status where several apply."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from crawler.run.outcome import graver, outcome_of, outcome_of_error

from crawler.exceptions import (
    FeedBusy,
    FeedUnusable,
    HostBusy,
    MirrorMoved,
    MirrorUnusable,
    RunError,
    WrongUsage,
)
from crawler.run.counts import NAMED_IDS, RunCounts

FEED, BUSY, HOST = FeedUnusable("full"), FeedBusy("held"), HostBusy("429")
UNUSABLE, MOVED, USAGE = MirrorUnusable("gone"), MirrorMoved("news", "there"), WrongUsage("what")


def counted(
    *, failed: bool = False, limited: bool = False, error: RunError | None = None
) -> RunCounts:
    counts = RunCounts(limited=limited, error=error)
    if failed:
        counts.fail("n1", "missing")
    return counts


@pytest.mark.parametrize(
    ("counts", "how", "expected"),
    [
        (counted(), {}, ("complete", 0)),
        (counted(limited=True), {}, ("limited", 0)),
        (counted(failed=True), {}, ("partial", 3)),
        (counted(failed=True, limited=True), {}, ("partial", 3)),
        (counted(), {"cut_short": True}, ("partial", 3)),
        (counted(error=UNUSABLE), {}, ("unusable", 4)),
        (counted(error=MOVED, failed=True), {}, ("moved", 4)),
        (counted(error=FEED, failed=True), {"cut_short": True}, ("feed", 5)),
        (counted(error=BUSY), {}, ("later", 75)),
        (counted(error=HOST, failed=True), {}, ("later", 75)),
        (counted(error=USAGE), {}, ("usage", 2)),
        (counted(failed=True), {"crashed": True}, ("error", 1)),
        (counted(error=FEED), {"crashed": True}, ("error", 1)),
        (
            counted(error=FEED, failed=True),
            {"stopped_by": 15, "crashed": True},
            ("interrupted", 143),
        ),
        (counted(), {"stopped_by": 2, "cut_short": True}, ("interrupted", 130)),
    ],
)
def test_the_gravest_is_told(
    counts: RunCounts, how: dict[str, Any], expected: tuple[str, int]
) -> None:
    assert outcome_of(counts, **how) == expected


def test_what_is_set_aside_does_not_count() -> None:
    counts = counted(failed=True)
    counts.set_aside = {"n1": "missing"}
    assert outcome_of(counts) == ("complete", 0)
    counts.fail("n2", "missing")
    assert outcome_of(counts) == ("partial", 3)


def test_the_gravest_of_several_errors_counts() -> None:
    """First of 5, 75, 4, whichever came first; of equal ones the first."""
    for errors in permutations([FEED, BUSY, UNUSABLE]):
        told = None
        for error in errors:
            told = graver(told, error)
        assert told is FEED
    assert graver(HOST, UNUSABLE) is HOST
    assert graver(UNUSABLE, HOST) is HOST
    assert graver(UNUSABLE, MOVED) is UNUSABLE
    assert graver(MOVED, UNUSABLE) is MOVED


@pytest.mark.parametrize("error", [FEED, BUSY, HOST, UNUSABLE, MOVED, USAGE])
def test_an_error_before_the_run_has_the_same_words(error: RunError) -> None:
    assert outcome_of_error(error) == outcome_of(counted(error=error))


def test_a_move_says_what_to_change() -> None:
    text = str(MirrorMoved("news", "https://github.com/new/epoch-news"))
    assert "https://github.com/new/epoch-news" in text
    assert "[mirrors.news]" in text
    assert "follow_move=true" in text


def test_a_runs_line_names_a_hundred() -> None:
    """Of each reason and of each kind of difference; all are counted."""
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
    assert (counts.failed, counts.counted_failures) == (1, 1)
    assert counts.stats()["failures/missing"] == 1
