"""Nothing is lost, nothing is torn: kills, signals, full disks and hands in the feed, for real."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from crawling import Feed, assert_sound, start_crawl
from mirrorkit import large_mirror
from misbehaving import silence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawling import Crawl, Result, Running
    from misbehaving import MisbehavingServer

ARTICLES, MANY = 900, 2000
"""Of the mirror of the short tests; of the long one's, where other processes read, too."""

SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
"""Where the random moments come from; a failing test names it."""


@dataclass(frozen=True)
class Mirror:
    """A mirror of some thousand pages, and what an undisturbed crawl of it gives."""

    directory: Path
    articles: list[str]
    listings: list[str]

    @property
    def argument(self) -> str:
        return f"mirror={self.directory}"

    def assert_crawled(self, feed: Feed) -> None:
        """Assert that a feed is that of an undisturbed run but for order and times."""
        assert_sound(feed)
        assert feed.timeless() == self.articles, f"EPOCH_TEST_SEED={SEED}"
        assert feed.timeless("listings.jsonl") == self.listings, f"EPOCH_TEST_SEED={SEED}"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """Return the mirror; every test crawls it into a feed of its own."""
    return crawled(tmp_path_factory, ARTICLES)


def crawled(tmp_path_factory: pytest.TempPathFactory, articles: int) -> Mirror:
    """Return a mirror of so many articles, crawled once."""
    directory = tmp_path_factory.mktemp("large") / "mirror"
    written = large_mirror(directory, 6, articles)
    feed = tmp_path_factory.mktemp("undisturbed") / "feed"
    result = start_crawl(f"mirror={directory}", feed=feed).finish()
    assert result.exit_code == 0, result.log
    assert (len(result.feed.ids), len(result.feed.pairs)) == (written.articles, written.listings)
    return Mirror(directory, result.feed.timeless(), result.feed.timeless("listings.jsonl"))


@dataclass
class Reader:
    """Another process' view of a feed: it reads whole lines while the crawl writes.

    Attributes:
        wrong: what it saw that the contract rules out.
        looks: how often it saw more than before.
    """

    feed: Feed
    wrong: list[str] = field(default_factory=list)
    looks: int = 0
    _seen: dict[str, bytes] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._ended.wait(0.01):
            self._look()

    def _look(self) -> None:
        for name in ("articles.jsonl", "listings.jsonl", "runs.jsonl"):
            data = self.feed.data(name)
            published = data[: data.rfind(b"\n") + 1]
            before = self._seen.get(name, b"")
            if not published.startswith(before):
                self.wrong.append(f"{name}: published bytes changed below {len(before)}")
            self.looks += len(published) > len(before)
            self._seen[name] = published


def kill_at_random(mirror: Mirror, feed: Path, rng: random.Random, *, at_work: bool) -> bool:
    """Crawl and kill at a random moment; return whether the crawl was still at it.

    Args:
        mirror: what is crawled.
        feed: the feed.
        rng: chooses the moment.
        at_work: it has opened the feed; else any moment from the start on.
    """
    running = start_crawl(mirror.argument, feed=feed)
    if at_work:
        lock = feed / "lock"
        running.wait_for(lambda: lock.exists() and lock.stat().st_size)
        time.sleep(rng.uniform(0, 0.5))
    else:
        time.sleep(rng.uniform(0, 2))
    running.send(signal.SIGKILL)
    return running.finish().exit_code == -signal.SIGKILL


def crawl_with_kills(mirror: Mirror, feed: Path, kills: int, rng: random.Random) -> int:
    """Crawl under so many kills at most, then to the end; return how many there were."""
    with Reader(Feed(feed)) as reader:
        killed = 0
        while killed < kills:
            if not kill_at_random(mirror, feed, rng, at_work=not killed or rng.random() < 0.75):
                break
            killed += 1
        result = start_crawl(mirror.argument, feed=feed).finish()
    assert result.exit_code == 0, result.log
    assert reader.wrong == [], f"EPOCH_TEST_SEED={SEED}"
    assert reader.looks > 2
    mirror.assert_crawled(result.feed)
    assert sum(run["status"] == "killed" for run in result.feed.runs) <= killed
    return killed


def test_killed_at_random_moments(mirror: Mirror, tmp_path: Path) -> None:
    """A few times: run again after each, the feed is that of an undisturbed run."""
    assert crawl_with_kills(mirror, tmp_path / "feed", 5, random.Random(SEED)) > 0


@pytest.mark.soak
def test_killed_at_fifty_random_moments(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    """As many feeds as it takes for fifty kills."""
    mirror = crawled(tmp_path_factory, MANY)
    rng, killed, feeds = random.Random(SEED), 0, 0
    while killed < 50:
        feeds += 1
        killed += crawl_with_kills(mirror, tmp_path / f"feed{feeds}", 50 - killed, rng)


def test_an_unfinished_tail_is_cut_off(crawl: Crawl) -> None:
    """What a torn write leaves is no line: the next run says so and cuts it."""
    feed = crawl("mirror=sample").feed
    whole = {name: feed.data(name) for name in ("articles.jsonl", "listings.jsonl", "runs.jsonl")}
    for name in whole:
        with (feed.directory / name).open("ab") as file:
            file.write('{"id":"n15000001","title":"未完'.encode()[:-1])
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    for name, data in whole.items():
        assert any(name in line and "cut off" in line for line in result.warnings)
        assert result.feed.data(name).startswith(data)
        assert name == "runs.jsonl" or result.feed.data(name) == data
    assert len(result.feed.runs) == 2
    assert_sound(result.feed)


# -- signals -----------------------------------------------------------------------------------


def assert_interrupted(result: Result, number: signal.Signals, seconds: float) -> None:
    """Assert that a crawl ended as one that a signal stopped, and wrote all it had read."""
    assert result.exit_code == 128 + number, result.log
    assert seconds < 8
    assert (result.run["status"], result.run["exit_code"]) == ("interrupted", 128 + number)
    assert result.run["articles"] == result.run["pages"]["article"] == len(result.feed.ids)
    assert result.tail[-1] == f"status        interrupted, exit status {128 + number}"
    assert "Traceback" not in result.log
    assert_sound(result.feed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_crawl_of_a_directory(
    mirror: Mirror, tmp_path: Path, number: signal.Signals
) -> None:
    """Within seconds, all that was read is written, the next run goes on."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed")
    running.wait_for_lines(50)
    sent = time.monotonic()
    running.send(number)
    result = running.finish()
    assert_interrupted(result, number, time.monotonic() - sent)
    assert 50 <= len(result.feed.ids) < ARTICLES
    if number == signal.SIGINT:
        return
    again = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert again.exit_code == 0, again.log
    assert again.run["articles"] == ARTICLES - result.run["articles"]
    mirror.assert_crawled(again.feed)


def test_a_signal_ends_a_crawl_over_http(
    mirror: Mirror, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """Also while the server keeps it waiting; what was on its way is fetched by the next run."""
    server = serve(mirror.directory)
    server.behave("/pages/*7.md", silence())
    arguments = (f"mirror={server.base}", "name=mirror")
    running = start_crawl(*arguments, feed=tmp_path / "feed")
    running.wait_for_lines(30)
    time.sleep(0.5)
    sent = time.monotonic()
    running.send(signal.SIGTERM)
    result = running.finish()
    assert_interrupted(result, signal.SIGTERM, time.monotonic() - sent)
    assert result.run["failures"] == {}
    assert not [one for one in result.feed.ids if one.endswith("7")]


def test_a_second_signal_stops_at_once(mirror: Mirror, tmp_path: Path) -> None:
    """Still nothing is torn, and the next run goes on."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed")
    running.wait_for_lines(50)
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    result = running.finish()
    assert result.exit_code in (130, -signal.SIGINT), result.log
    again = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert again.exit_code == 0, again.log
    mirror.assert_crawled(again.feed)


@pytest.mark.parametrize(
    "moments", [8, pytest.param(60, marks=pytest.mark.soak)], ids=["few", "many"]
)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_moment_is_reported_truthfully(
    tmp_path: Path, number: signal.Signals, moments: int
) -> None:
    """From the start to the very end: status, line and log say the same.

    Before the run began the signal ends the process as it ends any; once the run's line is written,
    it comes too late.
    """
    usual = start_crawl("mirror=sample", feed=tmp_path / "usual").finish()
    assert usual.exit_code == 0, usual.log
    for moment in range(moments):
        feed = tmp_path / f"feed{moment}"
        running = start_crawl("mirror=sample", feed=feed)
        # not while Python itself starts, whose own words for it nobody here chooses
        running.wait_for(partial(getattr, running, "log"))
        time.sleep(usual.seconds * moment / moments)
        running.send(number)
        result = running.finish()
        if result.exit_code == -number:
            assert not result.run, result.log
        else:
            assert result.exit_code in (0, 128 + number), result.log
            assert result.run["exit_code"] == result.exit_code, (result.run, result.log)
            assert f"exit status {result.exit_code}\n" in result.log, result.log
            assert_sound(result.feed)


@pytest.fixture
def slow(serve: Callable[[Path], MisbehavingServer], mirror: Mirror) -> dict[str, Any]:
    """Return how to crawl the mirror so slowly that it goes on whatever a test does meanwhile."""
    return {"address": serve(mirror.directory).base, "settings": {"PACE_DELAY": 0.05}}


def start_slowly(slow: dict[str, Any], feed: Path) -> Running:
    address = f"mirror={slow['address']}"
    return start_crawl(address, "name=mirror", feed=feed, settings=slow["settings"])


@pytest.mark.parametrize("how", ["emptied", "removed"])
def test_a_feed_that_changes_during_a_run(
    mirror: Mirror, slow: dict[str, Any], tmp_path: Path, how: str
) -> None:
    """Status 5, nothing is written behind a hole, and the next run makes the feed whole."""
    feed = tmp_path / "feed"
    running = start_slowly(slow, feed)
    running.wait_for_lines(10)
    if how == "emptied":
        os.truncate(feed / "articles.jsonl", 0)
    else:
        shutil.rmtree(feed)
    result = running.finish()
    assert result.exit_code == 5, result.log
    assert "changed or removed by another program" in result.log
    again = start_crawl(mirror.argument, feed=feed).finish()
    assert again.exit_code == 0, again.log
    mirror.assert_crawled(again.feed)


def test_a_deleted_lock_admits_no_second_run(slow: dict[str, Any], tmp_path: Path) -> None:
    feed = tmp_path / "feed"
    first = start_slowly(slow, feed)
    first.wait_for_lines(10)
    (feed / "lock").unlink()
    second = start_slowly(slow, feed).finish()
    assert second.exit_code == 75, second.log
    assert "another run holds the feed" in second.log
    first.send(signal.SIGTERM)
    result = first.finish()
    assert result.exit_code == 143, result.log
    assert_sound(result.feed)


# -- one run at a time -------------------------------------------------------------------------


def test_two_runs_at_once(mirror: Mirror, tmp_path: Path) -> None:
    """One works, the other leaves at once with 75 and writes nothing."""
    both = [start_crawl(mirror.argument, feed=tmp_path / "feed") for _ in range(2)]
    results = sorted((one.finish() for one in both), key=lambda result: result.exit_code)
    assert [result.exit_code for result in results] == [0, 75], results[1].log
    assert "another run holds the feed" in results[1].log
    assert "Traceback" not in results[1].log
    # at once: before a spider was opened (a clock would measure who is waited for first)
    assert "Spider opened" not in results[1].log
    assert "Spider opened" in results[0].log
    assert len(results[0].feed.runs) == 1
    mirror.assert_crawled(results[0].feed)


def test_the_lock_dies_with_its_holder(mirror: Mirror, tmp_path: Path) -> None:
    """A run after a kill works, and writes the line that the dead one could not."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed")
    running.wait_for_lines(100)
    running.send(signal.SIGKILL)
    running.finish()
    result = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert result.exit_code == 0, result.log
    assert any("died without its line" in line for line in result.warnings)
    dead, alive = result.feed.runs
    assert (dead["status"], dead["end"], dead["exit_code"]) == ("killed", None, None)
    assert dead["start"] <= alive["start"]
    assert (dead["mirror"], dead["way"]) == ("mirror", "path")
    assert dead["articles_after"] > 0
    mirror.assert_crawled(result.feed)


# -- no room, no right -------------------------------------------------------------------------


def limited_to(size: int) -> Callable[[], None]:
    """Return what limits the files of a new process to ``size`` bytes each."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [30_000, pytest.param(200_000, marks=pytest.mark.soak), 1_000_000])
def test_a_full_disk(mirror: Mirror, tmp_path: Path, size: int) -> None:
    """Status 5 and what to do, whichever file is full first; nothing lost, nothing torn."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed", before=limited_to(size))
    result = running.finish()
    assert result.exit_code == 5, result.log
    assert "cannot be written" in result.log
    assert "Make room" in result.log
    for name in ("articles.jsonl", "listings.jsonl"):
        assert not result.feed.data(name) or result.feed.data(name).endswith(b"\n")
    if result.tail:
        assert result.tail[-1] == "status        feed, exit status 5"
    published = result.feed.data("articles.jsonl")
    again = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert again.exit_code == 0, again.log
    assert again.feed.data("articles.jsonl").startswith(published)
    mirror.assert_crawled(again.feed)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a directory on a disk of its own that has room for 1 MB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own can only be mounted by root")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def test_a_small_disk(mirror: Mirror, small_disk: Path) -> None:
    """The same with a disk that has no room left for anything."""
    result = start_crawl(mirror.argument, feed=small_disk / "feed").finish()
    assert result.exit_code == 5, result.log
    assert "cannot be written" in result.log
    published = result.feed.data("articles.jsonl")
    assert published.endswith(b"\n")
    grow = ["mount", "-o", "remount,size=64m", str(small_disk)]
    subprocess.run(grow, check=True)
    again = start_crawl(mirror.argument, feed=small_disk / "feed").finish()
    assert again.exit_code == 0, again.log
    assert again.feed.data("articles.jsonl").startswith(published)
    mirror.assert_crawled(again.feed)


def heed_permissions() -> None:
    """Give up root's right to write whatever permissions say."""
    bounding_set_drop, override = 24, 1
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(bounding_set_drop, override, 0, 0, 0) == 0


@pytest.mark.parametrize("what", ["an old feed", "a file in its place"])
def test_a_feed_without_write_permission(crawl: Crawl, what: str) -> None:
    """Status 5, and which file or directory it is."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        feed = folder / "feeds" / "sample"
        before = None if os.geteuid() else heed_permissions
        if what == "a file in its place":
            feed.parent.mkdir()
            feed.touch()
        else:
            assert crawl("mirror=sample", feed=feed).exit_code == 0
        folder.chmod(0o755)
        feed.parent.chmod(0o555)
        if feed.is_dir():
            feed.chmod(0o555)
        result = start_crawl("mirror=sample", feed=feed, before=before).finish()
        assert result.exit_code == 5, result.log
        assert str(feed) in result.log
        assert "Traceback" not in result.log
        for path in (feed.parent, feed):
            if path.is_dir():
                path.chmod(0o755)


# -- hands in the feed -------------------------------------------------------------------------


def test_a_truncated_feed(crawl: Crawl) -> None:
    """Only what is missing is fetched again, and the run says what it found."""
    feed = crawl("mirror=sample").feed
    path, lines, articles = feed.directory / "articles.jsonl", feed.timeless(), len(feed.ids)
    data = path.read_bytes()
    size = len(data) * 2 // 3
    os.truncate(path, size)
    left = len(feed.ids)
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    assert any("changed by hand" in line for line in result.warnings)
    assert any("shorter than its last run left it" in line for line in result.warnings)
    assert result.run["pages"]["article"] == result.run["articles"] == articles - left > 0
    assert result.run["listings"] == 0
    assert [run["status"] for run in result.feed.runs] == ["complete", "altered", "complete"]
    assert result.feed.timeless() == lines
    assert result.feed.data("articles.jsonl").startswith(data[: data.rfind(b"\n", 0, size) + 1])
    assert_sound(result.feed)


def test_a_deleted_feed_is_written_again(crawl: Crawl) -> None:
    """Whatever its state believed."""
    first = crawl("mirror=sample").feed
    lines = first.timeless()
    for name in ("articles.jsonl", "listings.jsonl", "runs.jsonl"):
        (first.directory / name).unlink()
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    assert result.feed.timeless() == lines
    assert any("changed by hand" in line for line in result.warnings)
    assert_sound(result.feed)


def spoil(state: Path, how: str) -> None:
    """Do to a state what is done to states."""
    data = state.read_bytes()
    if how == "deleted":
        state.unlink()
    else:
        state.write_bytes(data[:8192] + os.urandom(8192) + data[16384:])


@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_a_lost_state_loses_no_article(crawl: Crawl, how: str) -> None:
    """It is put aside and rebuilt from the feed; the lists are read again, no article is."""
    feed = crawl("mirror=sample").feed
    before = (feed.data("articles.jsonl"), feed.data("listings.jsonl"))
    spoil(feed.directory / "state.sqlite", how)
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    assert any("state.sqlite" in line and "rebuilt" in line for line in result.warnings)
    assert "article" not in result.run["pages"]
    assert (feed.data("articles.jsonl"), feed.data("listings.jsonl")) == before
    aside = [path.name for path in feed.directory.iterdir() if "aside" in path.name]
    assert len(aside) == (how == "overwritten")
    assert all(name in result.log for name in aside)
    assert_sound(result.feed)


def test_a_state_of_a_newer_version_is_left_alone(crawl: Crawl) -> None:
    """Status 5 and the way out."""
    feed = crawl("mirror=sample").feed
    with sqlite3.connect(feed.directory / "state.sqlite") as state:
        state.execute("PRAGMA user_version = 99")
    state.close()
    before = feed.snapshot()
    result = crawl("mirror=sample")
    assert result.exit_code == 5, result.log
    assert "newer version" in result.log
    assert "delete state.sqlite" in result.log
    assert feed.snapshot() == before


def test_a_damaged_line_is_reported(crawl: Crawl) -> None:
    """Where the state is gone too, the run ends with 5 and says where the line is."""
    feed = crawl("mirror=sample").feed
    path = feed.directory / "articles.jsonl"
    data = path.read_bytes()
    second = data.index(b"\n") + 1
    path.write_bytes(data[:second] + b"\0" * 10 + data[second + 10 :])
    (feed.directory / "state.sqlite").unlink()
    result = crawl("mirror=sample")
    assert result.exit_code == 5, result.log
    assert f"the line at byte {second} is damaged" in result.log
    assert path.read_bytes()[second : second + 10] == b"\0" * 10
