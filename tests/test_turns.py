"""Several runs hold a host's pace together."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import subprocess
import sys
from itertools import pairwise
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from crawling import start_crawl, story
from mirrorkit import Group, MirrorBuilder, Section
from misbehaving import MisbehavingServer
from scrapy import Request
from scrapy.utils.test import get_crawler

from crawler.middlewares import turns
from crawler.middlewares.backoff import BackoffMiddleware
from crawler.middlewares.turns import Turns

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Crawl


def take(directory: Path | None, host: str = "h.example", delay: float = 10.0) -> float:
    return asyncio.run(Turns(directory).take(host, delay))


def test_turns_follow_each_other(tmp_path: Path) -> None:
    waits = [take(tmp_path / "hosts") for _ in range(3)]
    assert waits == pytest.approx([0, 10, 20], abs=1)


def test_each_host_has_its_own(tmp_path: Path) -> None:
    assert take(tmp_path) == pytest.approx(0, abs=0.1)
    assert take(tmp_path, "../other\0host") == pytest.approx(0, abs=0.1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["..%2Fother%00host", "h.example"]


def test_a_host_without_a_pace_has_no_turns(tmp_path: Path) -> None:
    assert [take(tmp_path, delay=0), take(tmp_path, delay=0)] == [0, 0]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "left",
    [
        "",
        "nonsense",
        "[]",
        '{"boot": "another", "next": 1e12}',
        '{"boot": "this", "next": "x"}',
        '{"boot": "this", "next": NaN}',
        '{"boot": "this", "next": Infinity}',
        '{"boot": "this", "next": 0}',
    ],
)
def test_what_others_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    """A time of before a reboot, or none at all, holds nobody up."""
    monkeypatch.setattr(turns, "_boot", lambda: "this")
    (tmp_path / "h.example").write_text(left)
    assert take(tmp_path) == pytest.approx(0, abs=0.1)
    assert take(tmp_path) == pytest.approx(10, abs=0.5)


def test_no_turn_is_further_away_than_a_queue_is_long(tmp_path: Path) -> None:
    noted = {"boot": turns._boot(), "next": monotonic() + 1e9}
    (tmp_path / "h.example").write_text(json.dumps(noted))
    assert take(tmp_path) == pytest.approx(1000, abs=1)


@pytest.mark.parametrize("how", ["a file", "a link", "no locks"])
def test_a_directory_that_cannot_be_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The run goes on, at its own pace."""

    def refuse(*_: object) -> None:
        raise OSError(37, os.strerror(37))

    directory = tmp_path / "hosts"
    if how == "a file":
        directory.touch()
    elif how == "a link":
        directory.mkdir()
        (directory / "h.example").symlink_to(tmp_path / "elsewhere")
    else:
        monkeypatch.setattr(fcntl, "flock", refuse)
    assert take(directory) == 0
    assert not (tmp_path / "elsewhere").exists()


def test_who_is_stopped_holds_nobody_up(tmp_path: Path) -> None:
    take(tmp_path)
    with (tmp_path / "h.example").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        began = monotonic()
        assert take(tmp_path) == 0
        assert monotonic() - began < 5


def test_processes_take_different_turns(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, time\nfrom crawler.middlewares.turns import Turns\n"
        f"turns = Turns(pathlib.Path({str(tmp_path)!r}))\n"
        "async def main():\n"
        "    for _ in range(20): wait = await turns.take('h', 1.0); print(time.monotonic() + wait)\n"
        "asyncio.run(main())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)
    ]
    taken = sorted(float(line) for one in started for line in one.communicate()[0].split())
    assert len(taken) == 60
    assert all(b - a > 0.9 for a, b in pairwise(taken))


def test_a_parked_host_is_parked_for_all(tmp_path: Path) -> None:
    """The longest wait that a run was told counts, and turns go on after it."""
    assert Turns(tmp_path).park("h", 1.0, 60) == pytest.approx(60, abs=0.5)
    assert Turns(tmp_path).park("h", 1.0, 5) == pytest.approx(60, abs=0.5)
    assert Turns(tmp_path).park("other", 1.0, 0) == 0
    assert Turns(tmp_path).park("h", 0.0, 0) == 0
    assert Turns(None).park("h", 1.0, 60) == 60
    assert take(tmp_path, "h") == pytest.approx(0, abs=0.1)
    assert Turns(tmp_path).park("h", 1.0, 0) == pytest.approx(60, abs=0.5)


@pytest.mark.parametrize(("left", "expected"), [("1e12", 3600), ('"x"', 0), ("NaN", 0), ("1", 0)])
def test_how_long_a_host_can_be_parked(tmp_path: Path, left: str, expected: float) -> None:
    (tmp_path / "h").write_text(f'{{"boot": "{turns._boot()}", "parked": {left}}}')
    assert Turns(tmp_path).park("h", 1.0, 0) == pytest.approx(expected, abs=0.5)


def test_a_run_waits_where_another_was_told_to(tmp_path: Path) -> None:
    settings = {"CACHE_DIRECTORY": str(tmp_path), "PACE_DELAY": 0.05, "PACE_CONCURRENCY": None}
    settings |= {"PARK_FIRST_WAIT": 60, "PARK_MAX_WAIT": 60, "PARK_BUDGET": 60}
    crawler = get_crawler(settings_dict={**settings, "RETRY_FIRST_WAIT": 1})
    middleware = BackoffMiddleware.from_crawler(crawler)
    until = monotonic() + Turns(tmp_path / "hosts").park("h.example", 1.0, 0.5)
    asyncio.run(middleware.process_request(Request("http://h.example/")))
    assert monotonic() >= until


def test_a_run_ends_where_another_was_told_to_wait_for_long(crawl: Crawl, tmp_path: Path) -> None:
    """It counts as its own wait; nothing is asked."""
    settings = {"PACE_DELAY": 0.05, "CACHE_DIRECTORY": tmp_path, "PARK_MAX_WAIT": 10}
    Turns(tmp_path / "hosts").park("127.0.0.1", 0.05, 60)
    with MisbehavingServer(tmp_path) as server:
        result = crawl(f"mirror={server.base}", "via=http", "name=site", settings=settings)
        assert server.requests == []
    assert (result.exit_code, result.run["status"]) == (75, "later"), result.log
    assert "127.0.0.1 asked another run to wait for " in result.run["reason"]


def test_two_crawls_ask_no_more_often_than_one(tmp_path: Path) -> None:
    delay = 0.25
    for name in ("one", "two"):
        builder = MirrorBuilder((Group("海岛", (Section("ncid1", "青屿"),)),))
        for number in range(6):
            builder.publish(story(number), "ncid1")
        builder.write(tmp_path / "site" / name)
    settings = {"PACE_DELAY": delay, "CACHE_DIRECTORY": tmp_path / "cache"}
    with MisbehavingServer(tmp_path / "site") as server:
        crawls = [
            start_crawl(
                f"mirror={server.base}{name}/", "via=http", feed=tmp_path / name, settings=settings
            )
            for name in ("one", "two")
        ]
        assert [crawl.finish().exit_code for crawl in crawls] == [0, 0]
        times = [seen.time for seen in server.requests]
    gaps = [b - a for a, b in pairwise(times)]
    assert len(times) >= 16
    assert sum(gaps) / len(gaps) > delay * 0.95, gaps
    assert len([gap for gap in gaps if gap < delay / 2]) <= 1, gaps
