"""Runs ``scrapy crawl epoch_mirror`` in a process of its own, and reads its output.

    result = crawl("mirror=sample", feed=tmp_path / "feed")
    assert result.exit_code == 0, result.log
    assert result.feed.ids == ["n15000001", …]

The process gets a clean environment without proxies, ``EPOCH_MIRROR`` and home.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import subprocess
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import forkserver
from forkserver import SCRAPY, Process
from mirrorkit import ArticleSpec, Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from misbehaving import MisbehavingServer

ROOT = Path(__file__).resolve().parent.parent
TIMES = ("crawled_at", "first_seen_at")
"""Keys with times, which differ between runs."""


@dataclass(frozen=True)
class Feed:
    """A feed's directory, read as a downstream tool reads it: complete lines only."""

    directory: Path

    def data(self, name: str) -> bytes:
        """Return a file's bytes; empty if it does not exist."""
        path = self.directory / name
        return path.read_bytes() if path.exists() else b""

    def lines(self, name: str) -> list[dict[str, Any]]:
        """Return the complete lines of a file as objects."""
        return [json.loads(line) for line in self.data(name).split(b"\n")[:-1]]

    @property
    def articles(self) -> list[dict[str, Any]]:
        """The articles, in the order of the file."""
        return self.lines("articles.jsonl")

    @property
    def listings(self) -> list[dict[str, Any]]:
        """The listings, in the order of the file."""
        return self.lines("listings.jsonl")

    @property
    def runs(self) -> list[dict[str, Any]]:
        """The runs, in the order of the file."""
        return self.lines("runs.jsonl")

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The changes, in the order of the file."""
        return self.lines("changes.jsonl")

    @property
    def ids(self) -> list[str]:
        """Ids of the articles, in the order of the file."""
        return [article["id"] for article in self.articles]

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """(section, id) of the listings, in the order of the file."""
        return [(listing["section"], listing["id"]) for listing in self.listings]

    def article(self, article: str) -> dict[str, Any]:
        """Return the only line for an id."""
        [found] = [line for line in self.articles if line["id"] == article]
        return found

    def timeless(self, name: str = "articles.jsonl") -> list[str]:
        """Return the lines without their times, sorted."""
        return sorted(
            json.dumps({key: line[key] for key in line if key not in TIMES}, ensure_ascii=False)
            for line in self.lines(name)
        )

    def snapshot(self) -> dict[str, bytes]:
        """Return name and bytes of every file, to check later that nothing was written."""
        return {path.name: path.read_bytes() for path in sorted(self.directory.iterdir())}


@dataclass(frozen=True)
class Result:
    """The result of a crawl.

    Attributes:
        exit_code: exit status; negative for the signal that ended it.
        log: all output.
        feed: the feed.
        seconds: duration.
        run: the last line of ``runs.jsonl`` when it ended; empty without one.
    """

    exit_code: int
    log: str
    feed: Feed
    seconds: float
    run: dict[str, Any]

    @property
    def warnings(self) -> list[str]:
        """Lines of the log with level WARNING."""
        return [line for line in self.log.splitlines() if "] WARNING:" in line]

    @property
    def tail(self) -> list[str]:
        """The lines of the report at the log's end, without time and logger."""
        mark = "[crawler.extensions.run_report] "
        lines = [line.partition(mark)[2] for line in self.log.splitlines() if mark in line]
        return [line.partition(": ")[2] for line in lines]


class Crawl(Protocol):
    """Type of the fixture ``crawl``."""

    def __call__(
        self,
        *arguments: str,
        feed: Path | None = None,
        settings: Mapping[str, object] | None = None,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        options: Iterable[str] = (),
        before: Callable[[], None] | None = None,
        fresh: bool = False,
    ) -> Result:
        """Run a crawl to its end, by default into a feed of the test."""


def command(
    arguments: Iterable[str], settings: Mapping[str, object] | None, options: Iterable[str]
) -> list[str]:
    """Return the command line of a crawl."""
    line = [*SCRAPY, "crawl", "epoch_mirror"]
    for argument in arguments:
        line += ["-a", argument]
    for name, value in (settings or {}).items():
        line += ["-s", f"{name}={value}"]
    return [*line, *options]


def clean_environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the clean environment of a crawl."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LANG": "C.UTF-8",
        **(env or {}),
    }


@dataclass
class Running:
    """A running crawl.

    Attributes:
        process: the process; it prints to ``output``.
        feed: the feed it writes.
    """

    process: Process
    feed: Feed
    output: IO[bytes]
    started: float

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def wait_for(self, happened: Callable[[], object], seconds: float = 120) -> None:
        """Wait until a condition is true or the crawl ends."""
        end = time.monotonic() + seconds
        while not happened() and self.process.poll() is None:
            assert time.monotonic() < end, self.log
            time.sleep(0.005)

    def wait_for_lines(self, number: int, name: str = "articles.jsonl") -> None:
        """Wait until a file of the feed has this many lines or the crawl ends."""
        self.wait_for(lambda: self.feed.data(name).count(b"\n") >= number)

    @property
    def log(self) -> str:
        """The output so far."""
        return os.pread(self.output.fileno(), 1 << 26, 0).decode(errors="replace")

    def finish(self, seconds: float = 240) -> Result:
        """Wait until the crawl ends and return the result."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the crawl did not end:\n{self.log}") from None
        seconds = time.monotonic() - self.started
        log = self.log
        self.output.close()
        runs = self.feed.runs
        return Result(code, log, self.feed, seconds, runs[-1] if runs else {})


def start_crawl(
    *arguments: str,
    feed: Path,
    settings: Mapping[str, object] | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    options: Iterable[str] = (),
    before: Callable[[], None] | None = None,
    through: Iterable[str] = (),
    fresh: bool = False,
) -> Running:
    """Start a crawl.

    Args:
        arguments: spider arguments, such as ``mirror=sample``.
        feed: directory of the feed.
        settings: settings of Scrapy and the project.
        env: variables added to the clean environment.
        cwd: working directory, by default the project's.
        options: further command-line options.
        before: called in the new process before the crawl starts.
        through: a program, with arguments, that runs the command line.
        fresh: whether to start a new interpreter, not a fork of one that has imported Scrapy.
    """
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the last who knows it
    line = [*through, *command([*arguments, f"feed={feed}"], settings, options)]
    where, environment = cwd or ROOT, clean_environment(env)
    if before is None and not fresh:
        number = output.fileno()
        process = forkserver.start(line, cwd=where, env=environment, stdout=number, stderr=number)
    else:
        process = subprocess.Popen(
            line,
            cwd=where,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=before,  # noqa: PLW1509 - the tests' threads hold no locks it wants
        )
    return Running(process, Feed(feed), output, time.monotonic())


def scrapy(
    *words: object, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run any ``scrapy`` command to its end, with a clean environment and an empty standard input."""
    command = [*SCRAPY, *map(str, words)]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        process = forkserver.start(
            command,
            cwd=cwd,
            env=clean_environment(env),
            stdout=out.fileno(),
            stderr=errors.fileno(),
        )
        try:
            code = process.wait(120)
        finally:
            process.kill()
        printed, said = (
            os.pread(file.fileno(), 1 << 26, 0).decode("utf-8") for file in (out, errors)
        )
    return subprocess.CompletedProcess(command, code, printed, said)


LONG = "渡船从青屿出发，经过三座灯塔，在海边的小镇停靠，然后返回。" * 20
"""Text enough that no other copy of a page is looked at."""


def story(number: int, **keys: Any) -> ArticleSpec:
    """Return an invented article, different for each number; none is thin."""
    day = dt.date(2023, 1, 1) + dt.timedelta(days=number // 10)
    told = {
        "id": f"n{15_000_000 + number}",
        "title": f"青屿消息第{number}号",
        "date": day,
        "blocks": (f"青屿第{number}号渡船今天准点到港。", f"船上有{number}名乘客。", LONG),
        "lead": Picture(f"ferry{number}", "青屿的渡船（大纪元）"),
        "byline": "（大纪元记者陆小满报导）",
    }
    return ArticleSpec(**{**told, **keys})


def page_of(section: str, number: int) -> str:
    """Return the path of a story's page below the mirror's base."""
    return f"pages/{section}/n{15_000_000 + number}.md"


def mirrors_file(directory: Path, name: str, **transports: str | list[str]) -> Path:
    """Write a mirrors file that describes one mirror; return its path."""
    lines = [f'default = "{name}"', f"[mirrors.{name}]"]
    described = {"public": f"https://example.org/{name}/blob/master/", **transports}
    lines += [f"{key} = {json.dumps(value)}" for key, value in described.items()]
    path = directory / f"{name}.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def asked(server: MisbehavingServer) -> Counter[str]:
    """Return how often a crawl requested each path except robots.txt, and reset the counts."""
    paths = Counter(seen.path for seen in server.requests)
    server.requests.clear()
    assert paths.pop("/robots.txt", 0) == 1
    return paths


def assert_offsets_meet(feed: Feed) -> None:
    """Assert that each run's line begins where the one before it ended, and the last at the end."""
    for name in ("articles", "listings", "changes"):
        at = 0
        for run in feed.runs:
            assert run[f"{name}_before"] == at, (name, run)
            at = run[f"{name}_after"]
        assert at == len(feed.data(f"{name}.jsonl"))


def assert_sound(feed: Feed) -> None:
    """Assert what the contract promises of a feed that no run is writing."""
    for name in ("articles.jsonl", "listings.jsonl", "changes.jsonl", "runs.jsonl"):
        assert not feed.data(name) or feed.data(name).endswith(b"\n"), name
    assert len(set(feed.ids)) == len(feed.ids)
    assert len(set(feed.pairs)) == len(feed.pairs)
    assert {section["id"] for line in feed.articles for section in line["sections"]} <= {
        section for section, _ in feed.pairs
    }
    assert_offsets_meet(feed)
