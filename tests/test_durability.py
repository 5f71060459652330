"""No data is lost or corrupted by real kills, signals, full disks and edited feeds."""

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
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pytest
from crawling import ROOT, Feed, assert_offsets_meet, assert_sound, mirrors_file, start_crawl
from gitserver import Repository
from mirrorkit import large_mirror
from misbehaving import silence

from crawler.store.jsonlines import dumps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from crawling import Crawl, Result, Running
    from misbehaving import MisbehavingServer

ARTICLES, MANY = 900, 2000
"""Articles of the mirror for the short tests, and for the long ones, which use readers."""

WITHIN_SECONDS = 25
"""Within which a signal ends a run on a very busy machine; an idle one takes one. A download times out after 30."""

SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
"""Seed of the random moments; a failing test prints it."""


@dataclass(frozen=True)
class Mirror:
    """A mirror of some thousand pages, and the feed of an undisturbed crawl."""

    directory: Path
    articles: list[str]
    listings: list[str]

    @property
    def argument(self) -> str:
        return f"mirror={self.directory}"

    def assert_crawled(self, feed: Feed) -> None:
        """Assert that a feed equals that of an undisturbed run except for order and times."""
        assert_sound(feed)
        assert feed.timeless() == self.articles, f"EPOCH_TEST_SEED={SEED}"
        assert feed.timeless("listings.jsonl") == self.listings, f"EPOCH_TEST_SEED={SEED}"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    """Return the mirror; each test crawls it into its own feed."""
    return crawled(tmp_path_factory, ARTICLES)


def crawled(tmp_path_factory: pytest.TempPathFactory, articles: int) -> Mirror:
    """Return a mirror with this many articles, crawled once."""
    directory = tmp_path_factory.mktemp("large") / "mirror"
    written = large_mirror(directory, 6, articles)
    feed = tmp_path_factory.mktemp("undisturbed") / "feed"
    result = start_crawl(f"mirror={directory}", feed=feed).finish()
    assert result.exit_code == 0, result.log
    assert (len(result.feed.ids), len(result.feed.pairs)) == (written.articles, written.listings)
    return Mirror(directory, result.feed.timeless(), result.feed.timeless("listings.jsonl"))


@dataclass
class Reader:
    """A downstream reader, which reads complete lines while the crawl writes.

    Attributes:
        wrong: violations of the contract that it saw.
        looks: how often it saw new lines.
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


PHASES = ("first second", "first second", "log", "work")
"""When to kill a run: within a second of its start, after its first message, after its lock is noted."""


@dataclass
class Killing:
    """Crawls of one mirror that are killed at random moments.

    Attributes:
        mirror: the mirror.
        transports: the arguments of its crawl by each transport; every run takes one at random.
        rng: chooses transports and moments.
        settings: settings of all runs.
        spoilt: share of the runs before which the state is deleted or overwritten.
        usual: seconds that an undisturbed run takes.
        kills: number of kills so far, by the phase of the run.
    """

    mirror: Mirror
    transports: Sequence[tuple[str, ...]]
    rng: random.Random = field(default_factory=lambda: random.Random(SEED))
    settings: Mapping[str, object] = field(default_factory=dict)
    spoilt: float = 0.0
    usual: float = 1.0
    kills: Counter[str] = field(default_factory=Counter)

    def kill(self, directory: Path, kills: int) -> None:
        """Crawl into as many feeds below ``directory`` as needed for this many kills."""
        while (left := kills - self.kills.total()) > 0:
            self.crawl(directory / "killed", min(20, left))
            shutil.rmtree(directory / "killed")

    def crawl(self, feed: Path, most: int) -> None:
        """Crawl with at most this many kills, then to the end; check the feed."""
        killed = 0
        with Reader(Feed(feed)) as reader:
            while killed < most and self._is_killed(feed):
                killed += 1
            result = start_crawl(*self._way, feed=feed, settings=self.settings).finish()
        assert result.exit_code == 0, f"{result.log}\nEPOCH_TEST_SEED={SEED}"
        assert reader.wrong == [], f"EPOCH_TEST_SEED={SEED}"
        assert reader.looks > 2
        self.mirror.assert_crawled(result.feed)
        assert sum(run["status"] == "killed" for run in result.feed.runs) <= killed

    @property
    def _way(self) -> tuple[str, ...]:
        return self.rng.choice(self.transports)

    def _is_killed(self, feed: Path) -> bool:
        """Start a crawl and kill it at a random moment; return whether it was still running."""
        state, lock = feed / "state.sqlite", feed / "lock"
        can_rebuild = state.exists() and b"\n" in Feed(feed).data("listings.jsonl")
        rebuilds = can_rebuild and self.rng.random() < self.spoilt
        if rebuilds:
            spoil(state, self.rng.choice(["deleted", "overwritten"]))
        noted = lock.read_bytes() if lock.exists() else b""
        running = start_crawl(*self._way, feed=feed, settings=self.settings)
        phase = "rebuilding" if rebuilds else self.rng.choice(PHASES)
        if phase == "rebuilding":
            running.wait_for(lambda: "rebuilt from the feed" in running.log)
        elif phase == "log":
            running.wait_for(lambda: running.log)
        elif phase == "work":
            running.wait_for(lambda: lock.exists() and lock.read_bytes() not in (b"", noted))
        time.sleep(self.rng.uniform(0, min(self.usual, 1 if phase == "first second" else 0.4)))
        running.send(signal.SIGKILL)
        killed = running.finish().exit_code == -signal.SIGKILL
        self.kills[phase] += killed
        return killed


def test_killed_at_random_moments(mirror: Mirror, tmp_path: Path) -> None:
    """After a few kills and a last run, the feed equals that of an undisturbed run."""
    killing = Killing(mirror, [(mirror.argument,)])
    killing.crawl(tmp_path / "feed", 5)
    assert killing.kills.total() > 0


@pytest.fixture
def mixed(serve: Callable[[Path], MisbehavingServer], tmp_path: Path) -> Killing:
    """Return killed crawls of the sample by directory, git and HTTP, and of damaged states."""
    sample = ROOT / "sample"
    repository = Repository(tmp_path / "sample.git")
    files = (path for path in sorted(sample.rglob("*")) if path.is_file())
    repository.commit({str(path.relative_to(sample)): path.read_bytes() for path in files})
    described = mirrors_file(
        tmp_path, "sample", path=str(sample), git=str(repository.path), http=serve(sample).base
    )
    settings = {"MIRRORS_FILE": described, "CACHE_DIRECTORY": tmp_path / "cache"}
    usual = start_crawl("via=path", feed=tmp_path / "usual", settings=settings).finish()
    assert usual.exit_code == 0, usual.log
    mirror = Mirror(sample, usual.feed.timeless(), usual.feed.timeless("listings.jsonl"))
    transports = [(f"via={name}",) for name in ("path", "git", "http")]
    return Killing(mirror, transports, settings=settings, spoilt=0.5, usual=usual.seconds)


def test_killed_by_every_transport(mixed: Killing, tmp_path: Path) -> None:
    mixed.kill(tmp_path, 5)


@pytest.mark.soak
def test_killed_a_thousand_times(mixed: Killing, tmp_path: Path) -> None:
    """From the first second on, and while the state is rebuilt."""
    mixed.kill(tmp_path, 1000)
    print(f"kills by phase: {dict(mixed.kills)}")
    assert mixed.kills["first second"] >= 250
    assert mixed.kills["rebuilding"] > 0


@pytest.mark.soak
def test_killed_with_readers(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """Fifty times, in a mirror with enough articles for processes that read them."""
    mirror = crawled(tmp_path_factory, MANY)
    Killing(mirror, [(mirror.argument,)]).kill(tmp_path, 50)


def test_an_unfinished_tail_is_cut_off(crawl: Crawl) -> None:
    """The next run cuts off a partial line and logs it."""
    feed = crawl("mirror=sample").feed
    whole = {name: feed.data(name) for name in ("articles.jsonl", "listings.jsonl", "runs.jsonl")}
    for name in whole:
        with (feed.directory / name).open("ab") as file:
            file.write('{"id":"n15000001","title":"未完'.encode()[:-1])
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    for name, data in whole.items():
        assert any(
            name in line and "truncated an unfinished line" in line for line in result.warnings
        )
        assert result.feed.data(name).startswith(data)
        assert name == "runs.jsonl" or result.feed.data(name) == data
    assert len(result.feed.runs) == 2
    assert_sound(result.feed)


# -- signals -----------------------------------------------------------------------------------


def assert_interrupted(result: Result, number: signal.Signals, seconds: float) -> None:
    """Assert that a crawl ended as interrupted, and wrote all pages that it had read."""
    assert result.exit_code == 128 + number, result.log
    assert seconds < WITHIN_SECONDS
    assert (result.run["status"], result.run["exit_code"]) == ("interrupted", 128 + number)
    assert result.run["articles"] == result.run["pages"]["article"] == len(result.feed.ids)
    assert result.tail[-1] == f"status        interrupted, exit status {128 + number}"
    assert "Traceback" not in result.log
    assert_sound(result.feed)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_a_crawl_of_a_directory(
    mirror: Mirror, tmp_path: Path, number: signal.Signals
) -> None:
    """It ends within seconds, all pages read are written, and the next run continues."""
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
    """Even while the server is silent; the next run fetches the cancelled pages."""
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


def test_a_signal_ends_the_wait_for_a_git_server(
    tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    server = serve(tmp_path)
    server.behave("*", silence())
    settings = {"CACHE_DIRECTORY": tmp_path / "cache"}
    running = start_crawl(f"mirror={server.base}x.git", feed=tmp_path / "feed", settings=settings)
    running.wait_for(lambda: server.requests)
    sent = time.monotonic()
    running.send(signal.SIGTERM)
    result = running.finish()
    assert time.monotonic() - sent < WITHIN_SECONDS
    assert (result.exit_code, result.run["status"]) == (143, "interrupted")
    assert "Traceback" not in result.log


def test_a_second_signal_stops_at_once(mirror: Mirror, tmp_path: Path) -> None:
    """Even then no line is partial, and the next run continues."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed")
    running.wait_for_lines(50)
    running.send(signal.SIGINT)
    running.send(signal.SIGINT)
    result = running.finish()
    assert result.exit_code in (130, -signal.SIGINT), result.log
    again = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert again.exit_code == 0, again.log
    mirror.assert_crawled(again.feed)


def test_a_signal_ends_a_run_that_rebuilds_its_state(crawl: Crawl, tmp_path: Path) -> None:
    """At once, as before any run: nothing is written, and the next run goes on."""
    feed = crawl("mirror=sample").feed
    line = feed.articles[0]
    listing = {**feed.listings[0], "section": line["sections"][0]["id"]}
    with (
        (feed.directory / "articles.jsonl").open("ab") as articles,
        (feed.directory / "listings.jsonl").open("ab") as listings,
    ):
        for number in range(12_000):
            line["id"] = listing["id"] = f"n{17_000_000 + number}"
            articles.write(dumps(line))
            listings.write(dumps(listing))
    for name in ("state.sqlite", "runs.jsonl"):
        (feed.directory / name).unlink()
    running = start_crawl("mirror=sample", feed=feed.directory)
    running.wait_for(lambda: "rebuilt from the feed" in running.log)
    running.send(signal.SIGTERM)
    assert running.finish().exit_code == -signal.SIGTERM
    assert feed.runs == []
    before = feed.data("articles.jsonl")
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    assert result.feed.data("articles.jsonl") == before
    assert_offsets_meet(result.feed)


@pytest.mark.parametrize(
    "moments", [4, pytest.param(60, marks=pytest.mark.soak)], ids=["few", "many"]
)
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)]
)
def test_a_signal_at_any_moment_is_reported_truthfully(
    tmp_path: Path, number: signal.Signals, moments: int
) -> None:
    """From start to end, exit status, run line and log agree.

    Before the run starts, the signal ends the process like any other. After the run's line is
    written, it has no effect.
    """
    usual = start_crawl("mirror=sample", feed=tmp_path / "usual").finish()
    assert usual.exit_code == 0, usual.log
    for moment in range(moments):
        feed = tmp_path / f"feed{moment}"
        running = start_crawl("mirror=sample", feed=feed)
        # not while Python itself starts, which prints its own message
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
    """Return the arguments of a crawl that is slow enough to outlast a test's actions."""
    return {"address": serve(mirror.directory).base, "settings": {"PACE_DELAY": 0.05}}


def start_slowly(slow: dict[str, Any], feed: Path) -> Running:
    address = f"mirror={slow['address']}"
    return start_crawl(address, "name=mirror", feed=feed, settings=slow["settings"])


@pytest.mark.parametrize("how", ["emptied", pytest.param("removed", marks=pytest.mark.soak)])
def test_a_feed_that_changes_during_a_run(
    mirror: Mirror, slow: dict[str, Any], tmp_path: Path, how: str
) -> None:
    """Status 5, nothing is written after a gap, and the next run completes the feed."""
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
    """One crawls; the other ends at once with status 75 and writes nothing."""
    both = [start_crawl(mirror.argument, feed=tmp_path / "feed") for _ in range(2)]
    results = sorted((one.finish() for one in both), key=lambda result: result.exit_code)
    assert [result.exit_code for result in results] == [0, 75], results[1].log
    assert "another run holds the feed" in results[1].log
    assert "Traceback" not in results[1].log
    # at once means before a spider is opened; times would depend on the load
    assert "Spider opened" not in results[1].log
    assert "Spider opened" in results[0].log
    assert len(results[0].feed.runs) == 1
    mirror.assert_crawled(results[0].feed)


def test_the_lock_dies_with_its_holder(mirror: Mirror, tmp_path: Path) -> None:
    """The run after a kill works, and writes the run line of the killed one."""
    running = start_crawl(mirror.argument, feed=tmp_path / "feed")
    running.wait_for_lines(100)
    running.send(signal.SIGKILL)
    running.finish()
    result = start_crawl(mirror.argument, feed=tmp_path / "feed").finish()
    assert result.exit_code == 0, result.log
    assert any("was killed before it wrote its line" in line for line in result.warnings)
    dead, alive = result.feed.runs
    assert (dead["status"], dead["end"], dead["exit_code"]) == ("killed", None, None)
    assert dead["start"] <= alive["start"]
    assert (dead["mirror"], dead["way"]) == ("mirror", "path")
    assert dead["articles_after"] > 0
    mirror.assert_crawled(result.feed)


# -- full disks and permissions -------------------------------------------------------------------------


def limited_to(size: int) -> Callable[[], None]:
    """Return a function that limits the files of a new process to ``size`` bytes each."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize(
    "size", [30_000, *(pytest.param(size, marks=pytest.mark.soak) for size in (200_000, 1_000_000))]
)
def test_a_full_disk(mirror: Mirror, tmp_path: Path, size: int) -> None:
    """Status 5 and what to do, whichever file hits the limit; no line is lost or partial."""
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
    """Return a directory on a separate disk of 1 MB."""
    directory = tmp_path / "disk"
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(directory)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own can only be mounted by root")
    yield directory
    subprocess.run(["umount", str(directory)], check=True)


def test_a_small_disk(mirror: Mirror, small_disk: Path) -> None:
    """The same with a disk that is completely full."""
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
    """Drop root's capability to ignore permissions."""
    bounding_set_drop, override = 24, 1
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(bounding_set_drop, override, 0, 0, 0) == 0


@pytest.mark.parametrize("what", ["an old feed", "a file in its place"])
def test_a_feed_without_write_permission(crawl: Crawl, what: str) -> None:
    """Status 5, and the message names the file or directory."""
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


# -- edited and deleted files -------------------------------------------------------------------------


def test_a_truncated_feed(crawl: Crawl) -> None:
    """Only missing articles are fetched again, and the run logs what it found."""
    first = crawl("mirror=sample")
    feed = first.feed
    path, lines, articles = feed.directory / "articles.jsonl", feed.timeless(), len(feed.ids)
    data = path.read_bytes()
    size = len(data) * 2 // 3
    os.truncate(path, size)
    left = len(feed.ids)
    result = crawl("mirror=sample")
    assert result.exit_code == 0, result.log
    assert any("changed by hand" in line for line in result.warnings)
    assert any("shorter than after its last run" in line for line in result.warnings)
    assert result.run["articles"] == articles - left > 0
    assert result.run["pages"]["article"] < first.run["pages"]["article"]
    assert result.run["listings"] == 0
    assert [run["status"] for run in result.feed.runs] == ["complete", "altered", "complete"]
    assert result.feed.timeless() == lines
    assert result.feed.data("articles.jsonl").startswith(data[: data.rfind(b"\n", 0, size) + 1])
    assert_sound(result.feed)


def test_a_deleted_feed_is_written_again(crawl: Crawl) -> None:
    """Even if the state knows all articles."""
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
    """Damage or delete a state."""
    data = state.read_bytes()
    if how == "deleted":
        state.unlink()
    else:
        state.write_bytes(data[:8192] + os.urandom(8192) + data[16384:])


@pytest.mark.parametrize("how", ["deleted", "overwritten"])
def test_a_lost_state_loses_no_article(crawl: Crawl, how: str) -> None:
    """It is put aside and rebuilt from the feed; index pages are read again, but no article."""
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
    """Status 5, with what to do."""
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
    """If the state is missing too, the run ends with status 5 and names the line."""
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
