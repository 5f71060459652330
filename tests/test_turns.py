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
from misbehaving import MisbehavingServer, answer, busy
from processes import wait_until

from crawler.middlewares import turns
from crawler.middlewares.turns import Turns

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Running
    from misbehaving import Connection


DELAY = 1000.0
"""So long that no machine is too slow for these tests."""


def take(directory: Path | None, host: str = "h.example", delay: float = DELAY) -> float:
    return asyncio.run(Turns(directory).take(host, delay))


def test_turns_follow_each_other(tmp_path: Path) -> None:
    waits = [take(tmp_path / "hosts") for _ in range(3)]
    assert waits == pytest.approx([0, DELAY, 2 * DELAY], abs=100)


def test_each_host_has_its_own(tmp_path: Path) -> None:
    assert take(tmp_path) == 0
    assert take(tmp_path, "../other\0host") == 0
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
def test_an_outdated_or_invalid_time_delays_no_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: str
) -> None:
    """A time from before a reboot, or an invalid one, delays no request."""
    monkeypatch.setattr(turns, "_boot", lambda: "this")
    (tmp_path / "h.example").write_text(left)
    assert take(tmp_path) == 0
    assert take(tmp_path) == pytest.approx(DELAY, abs=100)


def test_no_turn_is_further_away_than_a_queue_is_long(tmp_path: Path) -> None:
    noted = {"boot": turns._boot(), "next": monotonic() + 1e9}
    (tmp_path / "h.example").write_text(json.dumps(noted))
    assert take(tmp_path) == pytest.approx(100 * DELAY)


def parked(directory: Path, host: str = "h.example") -> float:
    return asyncio.run(Turns(directory).parked(host))


def park(directory: Path, seconds: float, host: str = "h.example") -> None:
    asyncio.run(Turns(directory).park(host, seconds))


def test_a_parked_host_is_parked_for_all(tmp_path: Path) -> None:
    """Until the latest time that a run was told; the turns stay."""
    take(tmp_path)
    for seconds in (3000, 500):
        park(tmp_path, seconds)
    assert parked(tmp_path) == pytest.approx(3000, abs=100)
    assert parked(tmp_path, "other.example") <= 0
    assert take(tmp_path) == pytest.approx(DELAY, abs=100)
    assert parked(tmp_path) == pytest.approx(3000, abs=100)


@pytest.mark.parametrize("until", ["1e12", "NaN", "Infinity", '"x"', "null", "0"])
def test_a_time_far_in_the_future_parks_no_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    monkeypatch.setattr(turns, "_boot", lambda: "this")
    (tmp_path / "h.example").write_text(f'{{"boot": "this", "next": 0, "parked": {until}}}')
    assert parked(tmp_path) <= 0
    park(tmp_path, 3000)
    assert parked(tmp_path) == pytest.approx(3000, abs=100)


def test_no_host_is_parked_for_longer_than_a_day(tmp_path: Path) -> None:
    park(tmp_path, 1e9)
    assert parked(tmp_path) == pytest.approx(86_400, abs=100)


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


def test_a_stopped_process_does_not_block_others(tmp_path: Path) -> None:
    take(tmp_path)
    with (tmp_path / "h.example").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert take(tmp_path) == 0


def test_processes_take_different_turns(tmp_path: Path) -> None:
    code = (
        "import asyncio, pathlib, time\nfrom crawler.middlewares.turns import Turns\n"
        f"turns = Turns(pathlib.Path({str(tmp_path)!r}))\n"
        "async def main():\n"
        "    for _ in range(20): wait = await turns.take('h', 1000.0); print(time.monotonic() + wait)\n"
        "asyncio.run(main())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(3)
    ]
    taken = sorted(float(line) for one in started for line in one.communicate()[0].split())
    assert len(taken) == 60
    assert all(b - a > 900 for a, b in pairwise(taken))


def write_sites(directory: Path, articles: int) -> None:
    """Write two mirrors below a directory."""
    for name in ("one", "two"):
        builder = MirrorBuilder((Group("海岛", (Section("ncid1", "青屿"),)),))
        for number in range(articles):
            builder.publish(story(number), "ncid1")
        builder.write(directory / name)


def test_two_crawls_wait_together_for_a_busy_host(tmp_path: Path) -> None:
    """One is told to wait while the other is in the middle of its pages."""
    write_sites(tmp_path / "site", 4)
    settings = {
        "PACE_DELAY": 0.3, "PACE_CONCURRENCY": 1, "CACHE_DIRECTORY": tmp_path / "cache",
        "DOWNLOAD_TIMEOUT": 240,
    }  # fmt: skip
    told: list[float] = []

    def tell(connection: Connection) -> None:
        told.append(monotonic())
        busy(429, "6")(connection)

    def hold(connection: Connection) -> None:
        assert wait_until(lambda: told)
        answer(b"no page")(connection)

    with MisbehavingServer(tmp_path / "site") as server:
        server.behave("/one/*", tell, times=1)
        server.behave("/two/pages/*", hold, times=1)

        def start(name: str) -> Running:
            address = f"mirror={server.base}{name}/"
            return start_crawl(address, "via=http", feed=tmp_path / name, settings=settings)

        two = start("two")
        two.wait_for(lambda: any("/pages/" in seen.path for seen in server.requests))
        results = [start("one").finish(), two.finish()]
    assert [result.exit_code for result in results] == [0, 3], results[1].log
    after = [seen.time - told[0] for seen in server.requests if seen.path.startswith("/two/")]
    # within the first seconds, it may not know yet
    assert [time for time in after if 3 < time < 6] == []
    assert max(after) > 6
    assert "is busy according to another run" in results[1].log


def test_a_run_that_may_not_wait_as_long_as_another_ends(tmp_path: Path) -> None:
    """Status 75, before it sends a request."""
    write_sites(tmp_path / "site", 1)
    settings = {"PACE_DELAY": 0.1, "PARK_MAX_WAIT": 10, "CACHE_DIRECTORY": tmp_path / "cache"}
    park(tmp_path / "cache" / "hosts", 60, "127.0.0.1")
    with MisbehavingServer(tmp_path / "site") as server:
        address = f"mirror={server.base}one/"
        result = start_crawl(
            address, "via=http", feed=tmp_path / "feed", settings=settings
        ).finish()
    assert result.exit_code == 75, result.log
    assert server.requests == []


def test_two_crawls_ask_no_more_often_than_one(tmp_path: Path) -> None:
    """Each with its own pace, they would need half the time."""
    delay = 0.25
    write_sites(tmp_path / "site", 6)
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
    assert len(times) >= 16
    # the server of a busy machine may see the first one late
    assert times[-1] - times[0] > 0.7 * delay * (len(times) - 1)
