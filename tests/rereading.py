"""Rereads feeds, with ``scrapy reread`` in a process of its own, or in the test's process."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import forkserver
from crawling import ROOT, Feed, assert_sound, clean_environment, start_crawl
from mirrorkit import large_mirror
from processes import Process, descendants

from crawler.audit.verify import verify
from crawler.reread.beginning import RereadOptions
from crawler.reread.display import TerminalDisplay
from crawler.reread.parts import Range, read_part
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart
from crawler.reread.reread import Engine, Reread

if TYPE_CHECKING:
    from collections.abc import Sequence

SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))
"""Where the random moments come from; a failing test names it."""

SMALL_PARTS = ("--part-bytes", "60000")
FILES = ("articles.jsonl", "listings.jsonl", "changes.jsonl", "runs.jsonl")


@dataclass(frozen=True)
class Ended:
    """What came of a reread."""

    exit_code: int
    output: str
    feed: Feed
    seconds: float


@dataclass
class Rereading:
    """A reread that goes on."""

    process: forkserver.Process
    target: Path
    output: IO[bytes]
    started: float = field(default_factory=time.monotonic)

    @property
    def work(self) -> Path:
        """The directory of its parts."""
        return self.target.with_name(f"{self.target.name}.reread")

    @property
    def parts(self) -> list[Path]:
        """The files of finished parts."""
        return sorted((self.work / "parts").glob("*.part"))

    @property
    def bytes_read(self) -> int:
        """The size of the finished parts, in bytes of ``articles.jsonl``."""
        ranges = [path.name.split(".")[0].split("-") for path in self.parts]
        return sum(int(end) - int(start) for start, end in ranges)

    def wait_for_parts(self, count: int = 1, seconds: float = 60) -> None:
        """Wait until so many parts are finished, or the reread has ended."""
        end = time.monotonic() + seconds
        while len(self.parts) < count and self.process.poll() is None:
            assert time.monotonic() < end, "no part was finished"
            time.sleep(0.005)

    def children(self, words: str) -> list[Process]:
        """Return its processes, at any depth, whose command line has these words."""
        return [one for one in descendants(self.process.pid) if words in one.command]

    def finish(self, seconds: float = 120) -> Ended:
        """Wait for the end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        took = time.monotonic() - self.started
        with self.output:
            self.output.seek(0)
            output = self.output.read().decode(errors="replace")
        return Ended(code, output, Feed(self.target), took)


def start_reread(feed: Path, target: Path, *options: str) -> Rereading:
    """Start a reread."""
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by finish()
    process = forkserver.start(
        [*forkserver.SCRAPY, "reread", str(feed), "--to", str(target), *options],
        cwd=ROOT,
        env=clean_environment(),
        stdout=output.fileno(),
        stderr=output.fileno(),
    )
    return Rereading(process, target, output)


def reread(feed: Path, target: Path, *options: str) -> Ended:
    """Reread to the end."""
    return start_reread(feed, target, *options).finish()


def remove(target: Path) -> None:
    """Remove a new feed, and what is left of its making."""
    for path in (target, target.with_name(f"{target.name}.reread")):
        shutil.rmtree(path, ignore_errors=True)


def files_of(feed: Feed) -> dict[str, bytes]:
    """Return the feed's files as they are, but without the time of the reread.

    Listings are copied; the crawl may have read them in the second in which the reread began.
    """
    at = feed.runs[0]["start"].encode()
    files = {name: feed.data(name) for name in FILES}
    return {
        name: data if name == "listings.jsonl" else data.replace(at, b"AT")
        for name, data in files.items()
    }


@dataclass(frozen=True)
class Crawled:
    """A mirror in a directory, and the feed that a crawl of it wrote."""

    mirror: Path
    feed: Feed


def assert_whole(feed: Feed) -> None:
    """Assert that a feed keeps every promise."""
    assert_sound(feed)
    assert verify(feed.directory).problems == []


def timeless(feed: Feed) -> list[dict[str, Any]]:
    """Return the articles in their order, without the time of reading."""
    return [{key: line[key] for key in line if key != "crawled_at"} for line in feed.articles]


class Here:
    """Reads parts in the test's process."""

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        for part in parts:
            read_part(plan, part)
            on_part(part)


def again(feed: Path, target: Path, engine: Engine | None = None, **chosen: Any) -> Feed:
    """Reread in the test's process."""
    options: dict[str, Any] = {
        "mirror": None,
        "without": None,
        "mirrors_file": ROOT / "mirrors.toml",
        "cache": target.with_name("cache"),
    }
    with TerminalDisplay() as display:
        reread = Reread(RereadOptions(feed=feed, **{**options, **chosen}), target, display)
        finished = reread.run(engine or Here(), 60_000)
    assert finished.exit_code == Feed(target).runs[0]["exit_code"]
    return Feed(target)


def crawled(mirror: Path, feed: Path) -> Feed:
    result = start_crawl(f"mirror={mirror}", feed=feed).finish()
    assert result.exit_code == 0, result.log
    return result.feed


@cache
def large_feed(session: Path) -> Crawled:
    """Return a mirror of 600 articles and its feed, for tests that change neither.

    ``session`` is the directory of the test session, so that all tests of a process share them.
    """
    place = session / "reread"
    large_mirror(place / "mirror", 6, 600)
    return Crawled(place / "mirror", crawled(place / "mirror", place / "feed"))


@cache
def undisturbed_files(session: Path) -> dict[str, bytes]:
    """Return the files of a reread of the large feed that nothing disturbed."""
    old = large_feed(session).feed
    new = again(old.directory, session / "reread" / "new")
    assert timeless(new) == timeless(old)
    assert_whole(new)
    return files_of(new)
