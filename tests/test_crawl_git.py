"""Crawls through git with faults: they are repaired with a warning, or end the run clearly."""

from __future__ import annotations

import random
import shutil
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from crawling import assert_sound, mirrors_file, page_of, start_crawl, story
from gitserver import ALL, Dripping, Repository, clone_of, git, git_server, opened, spoil_blob
from mirrorkit import MirrorBuilder
from misbehaving import silence
from processes import descendants, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from crawling import Result, Running
    from misbehaving import MisbehavingServer

ONE, TWO = "ncid1", "ncid2"
TRY_LATER = 75


def ids(numbers: Iterable[int]) -> set[str]:
    return {story(number).id for number in numbers}


@dataclass
class GitMirror:
    """A mirror of invented news in a repository, and crawls of it.

    Attributes:
        place: directory for all files.
        files: the mirror's files at its last commit.
        commit: that commit.
    """

    place: Path
    builder: MirrorBuilder = field(default_factory=lambda: MirrorBuilder.simple(ONE, TWO))
    files: dict[str, bytes] = field(default_factory=dict)
    commit: str | None = None

    def __post_init__(self) -> None:
        """Create the repository."""
        self.repository = Repository(self.place / "served" / "mirror.git")

    @property
    def cache(self) -> Path:
        """Directory for clones."""
        return self.place / "cache"

    def publish(self, numbers: Iterable[int], *, restart: bool = False) -> None:
        """Commit further stories; with ``restart``, as the first commit of a new history."""
        for number in numbers:
            self.builder.publish(story(number), ONE, TWO)
        files = {name: text.encode() for name, text in self.builder.files(self.builder.stamp)}
        self.files |= files
        self.builder.write(self.place / "written")
        parent = None if restart else self.commit
        self.commit = self.repository.commit(self.files, parent=parent)

    def clone(self, remote: str | None = None) -> None:
        """Clone the repository as a crawl does."""
        with opened(remote or self.repository.path, self.cache):
            pass

    def start(self, *arguments: str, feed: str = "feed", **transports: str) -> Running:
        """Start a crawl through git; ``transports`` are further lines of the mirrors file."""
        file = mirrors_file(self.place, "small", **{"git": str(self.repository.path), **transports})
        settings = {"MIRRORS_FILE": file, "CACHE_DIRECTORY": self.cache}
        return start_crawl(*arguments, feed=self.place / feed, settings=settings)

    def crawl(self, *arguments: str, **transports: str) -> Result:
        """Run a crawl through git to its end."""
        result = self.start(*arguments, **transports).finish()
        assert "Traceback" not in result.log
        return result


@pytest.fixture
def mirror(tmp_path: Path) -> GitMirror:
    """A mirror of 40 articles in two sections, each with one final archive page."""
    mirror = GitMirror(tmp_path)
    mirror.publish(range(1, 41))
    return mirror


def test_a_damaged_clone_is_rebuilt_during_the_crawl(mirror: GitMirror) -> None:
    """If the damage is found while a page is read, the run logs a warning and completes."""
    mirror.clone()
    spoil_blob(clone_of(mirror.cache), page_of(ONE, 7))
    result = mirror.crawl()
    assert (result.exit_code, result.run["status"]) == (0, "complete"), result.log
    assert any("cannot be read" in line and "rebuilding" in line for line in result.warnings)
    assert set(result.feed.ids) == ids(range(1, 41))
    assert_sound(result.feed)


def test_a_clone_that_cannot_be_rebuilt_ends_the_run(mirror: GitMirror) -> None:
    """The mirror is unreachable by then; the next run reads its current state."""
    with git_server(mirror.repository.path.parent) as address:
        remote = f"{address}/mirror.git"
        mirror.clone(remote)
        spoil_blob(clone_of(mirror.cache), page_of(ONE, 7))
    result = mirror.crawl(git=remote)  # the server is gone
    assert result.exit_code == 4, result.log
    assert set(mirror.crawl().feed.ids) == ids(range(1, 41))


def test_a_restarted_history_is_compared_in_full(mirror: GitMirror) -> None:
    """The last commit no longer exists: all index pages are read again, but no article."""
    first = mirror.crawl()
    assert (first.exit_code, first.run["commit"]) == (0, mirror.commit), first.log
    shutil.rmtree(mirror.cache)
    mirror.publish([41, 42], restart=True)
    git(mirror.repository.path, "gc", "--prune=now", "--quiet")
    result = mirror.crawl()
    assert (result.exit_code, result.run["commit"]) == (0, mirror.commit), result.log
    assert result.run["pages"] == {"home": 1, "index": 2, "archive": 2, "article": 2}
    assert set(result.feed.ids) == ids(range(1, 43))
    assert_sound(result.feed)


def test_a_renamed_branch_and_a_missing_remote(mirror: GitMirror) -> None:
    """The default branch is followed; a missing configured branch ends the run with the choices.

    Without a remote the status is 4; the message says what to change and which transport to use.
    The feed is kept.
    """
    mirror.clone()
    git(mirror.repository.path, "branch", "-m", "master", "main")
    mirror.repository.branch = "main"
    mirror.publish([41])
    named = mirror.crawl(branch="master")
    assert (named.exit_code, named.run["status"]) == (4, "unusable"), named.log
    assert "no branch 'master'; correct `branch` in mirrors.toml: it has main" in named.log
    default = mirror.crawl()
    assert default.exit_code == 0, default.log
    assert set(default.feed.ids) == ids(range(1, 42))
    assert_sound(default.feed)
    published = default.feed.data("articles.jsonl")
    shutil.rmtree(mirror.repository.path)
    missing = mirror.crawl()
    assert (missing.exit_code, missing.run["status"]) == (4, "unusable"), missing.log
    for words in ("no git repository", "correct mirrors.toml", "-a via=http"):
        assert words in missing.run["reason"]
    assert any(missing.run["reason"] in line for line in missing.tail)
    assert missing.feed.data("articles.jsonl") == published
    assert_sound(missing.feed)


def test_no_git_program(mirror: GitMirror) -> None:
    """Status 2: the message names the package, and a transport that does not need it."""
    file = mirrors_file(mirror.place, "small", git=str(mirror.repository.path))
    env = {"PATH": str(mirror.place)}
    feed = mirror.place / "feed"
    result = start_crawl(feed=feed, settings={"MIRRORS_FILE": file}, env=env).finish()
    assert result.exit_code == 2, result.log
    assert "install the package `git`" in result.log
    assert "-a via=http" in result.log
    assert "Traceback" not in result.log
    assert result.feed.ids == []


def test_a_run_killed_while_cloning(mirror: GitMirror) -> None:
    """Meanwhile another run ends with status 75; after the kill the next run completes the clone."""
    noise = {f"noise/{number}": random_bytes(number) for number in range(20)}
    mirror.files |= noise
    mirror.publish([])
    drip = Dripping(mirror.repository.path.parent, piece=100_000, pieces=5)
    with git_server(mirror.repository.path.parent, drip) as address:
        remote = f"{address}/mirror.git"
        cloning = mirror.start(feed="feed", git=remote)
        cloning.wait_for(lambda: drip.sent >= 5 * drip.piece)
        other = mirror.start(feed="other", git=remote).finish()
        assert (other.exit_code, other.run["status"]) == (TRY_LATER, "later"), other.log
        assert "another run uses the clone" in other.run["reason"]
        assert cloning.process.poll() is None, cloning.log
        assert list(mirror.cache.glob("*/new-*"))
        cloning.send(signal.SIGKILL)
        assert cloning.finish().exit_code == -signal.SIGKILL
        assert not list(mirror.cache.glob("*/clone.git"))
        drip.pieces = ALL
        result = crawl_when_free(mirror, remote)
    assert (result.exit_code, result.run["status"]) == (0, "complete"), result.log
    assert any("left behind by a killed run" in line for line in result.log.splitlines())
    assert set(result.feed.ids) == ids(range(1, 41))
    assert result.feed.runs[0]["status"] == "killed"
    assert not list(mirror.cache.glob("*/new-*"))
    assert_sound(result.feed)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.soak)]
)
def test_a_signal_ends_a_crawl_while_git_waits_for_its_server(
    mirror: GitMirror, serve: Callable[[Path], MisbehavingServer], number: signal.Signals
) -> None:
    """Long before git's own time-out, without a traceback, and no git is left."""
    server = serve(mirror.place)
    server.behave("*", silence())
    running = mirror.start(git=f"{server.base}owner/mirror.git")
    running.wait_for(lambda: server.requests)
    processes = descendants(running.process.pid)
    running.send(number)
    result = running.finish()
    assert (result.exit_code, result.run["status"]) == (128 + number, "interrupted"), result.log
    assert "Traceback" not in result.log
    assert any("git" in process.command for process in processes)
    assert wait_until(lambda: not any(process.alive for process in processes))


def random_bytes(seed: int) -> bytes:
    return random.Random(seed).randbytes(100_000)


def crawl_when_free(mirror: GitMirror, remote: str) -> Result:
    """Crawl as soon as the git of the killed run has unlocked the clone."""
    while (result := mirror.crawl(git=remote)).exit_code == TRY_LATER:
        time.sleep(0.2)
    return result
