"""A real mirror's updates, one run after each: the feed is that of one run at the end."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, asked, assert_sound, mirrors_file, start_crawl, story
from gitserver import SETTINGS
from mirrorkit import MirrorBuilder

if TYPE_CHECKING:
    from corpus import Corpus
    from crawling import Result
    from misbehaving import MisbehavingServer

SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))

TRY_LATER = 75

LIVE_UPDATES = 61
"""States of the news mirror before it moved away."""

LISTED_LATER = {
    "news": {"n13830569", "n13833221", "n13835044", "n13836866"},
    "special": set(),
}
"""Articles that an update lists in a further section after their line was written."""


def git(directory: Path, *arguments: str) -> str:
    command = ["git", "-C", str(directory), "-c", "advice.detachedHead=false", *arguments]
    env = {"PATH": os.environ["PATH"], **SETTINGS}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout


@dataclass
class Replay:
    """A mirror that is served commit after commit, and crawled by one transport.

    Attributes:
        via: the transport, ``http`` or ``git``.
        tree: a clone: for ``http`` its files are served, for ``git`` it is the remote itself.
        server: counts the requests over HTTP.
        commits: all states of the mirror, oldest first.
        costs: for each update run, the pages read and the maximum.
    """

    via: str
    tree: Path
    server: MisbehavingServer
    settings: dict[str, object]
    feed: Path
    commits: list[str]
    commit: str = ""
    costs: list[tuple[int, int]] = field(default_factory=list)

    def update(self, commit: str) -> int:
        """Serve ``commit``; return how many pages a run may read for what is new in it."""
        news = Counter[str]()
        if self.commit:
            added = git(self.tree, "diff", "--name-only", "--diff-filter=A", self.commit, commit)
            before = self.files(self.commit)
            known = {path.rpartition("/")[2] for path in before if path.startswith("pages/")}
            names = {path for path in added.split() if path.endswith(".md")}
            pages = {path.rpartition("/")[2] for path in names if path.startswith("pages/")}
            news["articles"] = len(pages - known)
            news["archives"] = sum(path.startswith("indexes/") for path in names)
        if self.via == "http":
            git(self.tree, "checkout", "--quiet", "--force", commit)
        else:
            git(self.tree, "update-ref", "HEAD", commit)
        self.commit = commit
        lists = [path for path in self.files(commit) if path.endswith("/README.md")]
        return 1 + len(lists) + news.total()

    def files(self, commit: str) -> list[str]:
        """Return the paths of all files of a state."""
        return git(self.tree, "ls-tree", "-r", "--name-only", commit).split()

    def crawl(self, feed: Path | None = None, via: str | None = None) -> Result:
        """Crawl what is served now, by default with the replay's feed and transport."""
        argument = f"via={via or self.via}"
        return start_crawl(argument, feed=feed or self.feed, settings=self.settings).finish(600)

    def crawl_killed(self, rng: random.Random, longest: float) -> None:
        """Crawl and kill at a random moment; it may have ended by then."""
        running = start_crawl(f"via={self.via}", feed=self.feed, settings=self.settings)
        lock = self.feed / "lock"
        running.wait_for(lambda: lock.exists() and lock.stat().st_size)
        time.sleep(rng.uniform(0, longest))
        running.send(signal.SIGKILL)
        running.finish()


Ready = Callable[[Path, str], Replay]


@pytest.fixture
def replay(serve: Callable[[Path], MisbehavingServer], tmp_path: Path) -> Ready:
    """Return a function that prepares the mirror in a repository for a transport."""

    def ready(source: Path, via: str) -> Replay:
        tree = tmp_path / "tree"
        bare = ["--bare"] if via == "git" else ["--no-checkout"]
        git(tmp_path, "clone", "--quiet", *bare, str(source), str(tree))
        server = serve(tree)
        roots = {"path": str(tree), "http": server.base, "git": str(tree)}
        settings: dict[str, object] = {
            "MIRRORS_FILE": mirrors_file(tmp_path, "replayed", **roots),
            "CACHE_DIRECTORY": tmp_path / "cache",
        }
        commits = git(tree, "rev-list", "--reverse", "HEAD").split()
        return Replay(via, tree, server, settings, tmp_path / "feed", commits)

    return ready


def full_run(replay: Replay, feed: Path) -> Feed:
    """Return the feed of one run at the commit that is served now."""
    result = replay.crawl(feed, "path" if replay.via == "http" else "git")
    assert result.exit_code == 0, result.log
    return result.feed


def assert_the_same(replayed: Feed, full: Feed, later: set[str]) -> None:
    """Assert that two feeds are equal, except for articles that were listed elsewhere later."""
    assert_sound(replayed)
    assert set(replayed.ids) == set(full.ids)
    assert set(replayed.pairs) == set(full.pairs)
    differing = set(replayed.timeless()) ^ set(full.timeless())
    assert {line.split('"', 4)[3] for line in differing} == later, f"EPOCH_TEST_SEED={SEED}"
    before = {line["id"]: line for line in replayed.articles}
    after = {line["id"]: line for line in full.articles}
    for article in later:
        sections = ({one["id"] for one in line[article]["sections"]} for line in (before, after))
        assert next(sections) < next(sections), article


def run_updates(replay: Replay, commits: list[str]) -> None:
    """Run once after each commit; the first run crawls everything."""
    replay.update(commits[0])
    assert replay.crawl().exit_code == 0
    replay.server.requests.clear()
    for commit in commits[1:]:
        allowed = replay.update(commit)
        result = replay.crawl()
        assert result.exit_code == 0, result.log
        read = sum(result.run["pages"].values())
        if replay.via == "http":
            assert sum(asked(replay.server).values()) == read
        else:
            assert result.run["commit"] == commit
        assert read <= allowed, result.run
        replay.costs.append((read, allowed))


def growing_mirror(directory: Path) -> Path:
    """Make a repository of three states of an invented mirror; return it.

    The second has new articles and an archive page that became final; the third lists an article
    of the first in a further section.
    """
    builder = MirrorBuilder.simple("ncid1", "ncid2", "nf3")
    news = [
        (range(1, 59), ["ncid1"]), (range(59, 65), ["ncid2", "nf3"]),
        None,
        (range(65, 71), ["ncid1", "nf3"]), (range(71, 73), ["ncid2"]),
        None,
        ([3], ["nf3"]), (range(73, 75), ["ncid2"]),
        None,
    ]  # fmt: skip
    git(directory.parent, "init", "--quiet", str(directory))
    for published in news:
        if published is not None:
            numbers, sections = published
            for number in numbers:
                builder.publish(story(number), *sections)
            continue
        builder.write(directory)
        git(directory, "add", "--all")
        git(directory, "commit", "--quiet", "--message", "update")
    return directory


@pytest.mark.parametrize("via", ["http", "git"])
def test_the_updates_of_a_small_mirror(replay: Ready, tmp_path: Path, via: str) -> None:
    """Each costs what is new in it, and the feed equals that of one run at the end."""
    mirror = replay(growing_mirror(tmp_path / "source"), via)
    run_updates(mirror, mirror.commits)
    # home, three sections; then what is new: archive pages that became final, articles
    assert [read for read, _ in mirror.costs] == [4 + 1 + 8, 4 + 2]
    full = full_run(mirror, tmp_path / "full")
    assert len(full.ids) == 74
    assert_the_same(Feed(mirror.feed), full, {story(3).id})


@pytest.mark.soak
@pytest.mark.parametrize("via", ["http", "git"])
def test_the_updates_of_a_real_mirror(
    corpus: Callable[[str], Corpus], replay: Ready, tmp_path: Path, via: str
) -> None:
    """Five states of a mirror with 1,141 articles."""
    mirror = replay(corpus("special").git, via)
    run_updates(mirror, mirror.commits)
    full = full_run(mirror, tmp_path / "full")
    assert len(full.ids) == 1141
    assert_the_same(Feed(mirror.feed), full, LISTED_LATER["special"])


@pytest.mark.soak
@pytest.mark.parametrize("via", ["http", "git"])
def test_sixty_one_updates(
    corpus: Callable[[str], Corpus], replay: Ready, tmp_path: Path, via: str
) -> None:
    """Each costs what is new in it."""
    mirror = replay(corpus("news").git, via)
    run_updates(mirror, mirror.commits[:LIVE_UPDATES])
    read, allowed = (sum(column) for column in zip(*mirror.costs, strict=True))
    seconds = [run["seconds"] for run in Feed(mirror.feed).runs[1:] if "seconds" in run]
    print(
        f"{len(mirror.costs)} updates via {via}: {read} pages of {allowed}", mirror.costs, seconds
    )
    full = full_run(mirror, tmp_path / "full")
    assert len(full.ids) == 19580
    assert_the_same(Feed(mirror.feed), full, LISTED_LATER["news"])


@pytest.mark.soak
@pytest.mark.parametrize("via", ["http", "git"])
def test_sixty_one_updates_with_every_fifth_run_killed(
    corpus: Callable[[str], Corpus], replay: Ready, tmp_path: Path, via: str
) -> None:
    """What a killed run leaves undone, the next one does."""
    mirror, rng = replay(corpus("news").git, via), random.Random(SEED)
    for number, commit in enumerate(mirror.commits[:LIVE_UPDATES]):
        mirror.update(commit)
        if number % 5 == 0:
            mirror.crawl_killed(rng, 60 if number == 0 else 1.5)
        else:
            crawl_when_free(mirror)
    crawl_when_free(mirror)
    assert any(run["status"] == "killed" for run in Feed(mirror.feed).runs)
    full = full_run(mirror, tmp_path / "full")
    assert_the_same(Feed(mirror.feed), full, LISTED_LATER["news"])


def crawl_when_free(replay: Replay) -> None:
    """Crawl; first wait for the git of a killed run, which still locks the clone."""
    while (result := replay.crawl()).exit_code == TRY_LATER:
        assert "another run uses the clone" in result.log
        time.sleep(0.5)
    assert result.exit_code == 0, result.log
