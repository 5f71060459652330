"""Pages read outside of the crawler's process: large numbers of them, and costly ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import BrokenExecutor
from typing import TYPE_CHECKING, ClassVar

import costly
import pytest
from browser_probe import no_download
from crawling import ROOT, Feed, clean_environment, start_crawl, story
from driving import WatchedTransport, walk_mirror
from mirrorkit import MirrorBuilder, large_mirror
from processes import descendants, wait_until
from scrapy.http import HtmlResponse

from crawler.exceptions import PageError
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.formats.registry import find_format
from crawler.readers.pages import LARGE_BYTES, Bounds, is_suspicious, read_page
from crawler.readers.pool import Pool
from crawler.readers.processes import BATCH_PAGES
from crawler.readers.readers import MANY, PageReaders
from crawler.store.feed import FeedStore
from crawler.transports.base import Fetched
from crawler.transports.browser.transport import BrowserTransport

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawling import Running
    from processes import Process

    from crawler.readers.pages import Page

ARTICLES = MANY + 200
BROKEN, ODD = "pages without a template", b"\xff\xfe"
SECTION = "ncid1"


# -- whole crawls ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a mirror with enough articles for a pool, two of them unreadable."""
    directory = tmp_path_factory.mktemp("many") / "mirror"
    large_mirror(directory, 1, ARTICLES)
    pages = sorted(directory.glob("pages/*/*.md"))
    pages[300].write_text(BROKEN, "utf-8")
    pages[700].write_bytes(ODD)
    return directory


@pytest.fixture(scope="module")
def alone(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Feed:
    """Return the feed of a crawl without readers."""
    return finished(start(mirror, tmp_path_factory.mktemp("alone") / "feed", readers=0))


def start(mirror: Path, feed: Path, readers: int) -> Running:
    return start_crawl(f"mirror={mirror}", feed=feed, settings={"READERS": readers})


def finished(running: Running) -> Feed:
    """Return the feed, after checking that only the two broken pages failed."""
    result = running.finish()
    assert result.exit_code == 3, result.log
    failures = {reason: failed["count"] for reason, failed in result.run["failures"].items()}
    assert failures == {"malformed": 1, "not_utf8": 1}
    assert len(result.feed.ids) == ARTICLES - 2
    return result.feed


def spawned(pid: int) -> list[Process]:
    """Return the reader processes of a crawl."""
    return [one for one in descendants(pid) if "spawn_main" in one.command]


def wait_for_readers(running: Running, number: int = 2) -> list[Process]:
    running.wait_for(lambda: len(spawned(running.process.pid)) == number)
    found = spawned(running.process.pid)
    assert len(found) == number, "nobody read for the crawl"
    return found


def test_dead_readers_lose_nothing(mirror: Path, alone: Feed, tmp_path: Path) -> None:
    """Their pages are read one by one, and other processes replace them."""
    running = start(mirror, tmp_path / "feed", readers=2)
    for process in wait_for_readers(running):
        os.kill(process.pid, signal.SIGKILL)
    feed = finished(running)
    assert feed.ids == alone.ids
    assert feed.timeless() == alone.timeless()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_readers_end_with_the_crawler(mirror: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Python's resource tracker, which starts with them, ends too."""
    running = start(mirror, tmp_path / "feed", readers=2)
    wait_for_readers(running)
    processes = descendants(running.process.pid)
    assert len(processes) > 2
    running.send(number)
    running.finish()
    assert wait_until(lambda: not any(one.alive for one in processes))


def test_few_articles_start_no_process(tmp_path: Path) -> None:
    """A run from cron has sixteen articles and reads them before a process would have started."""
    large_mirror(tmp_path / "mirror", 1, 40)
    running = start(tmp_path / "mirror", tmp_path / "feed", readers=2)
    seen: set[int] = set()

    def look() -> None:
        seen.update(one.pid for one in descendants(running.process.pid))
        time.sleep(0.05)  # a reader takes longer to start

    running.wait_for(look)
    assert running.finish().exit_code == 0
    assert seen == set()


def test_the_feed_is_the_same_wherever_the_crawler_is_started(
    mirror: Path, alone: Feed, tmp_path: Path
) -> None:
    """The order of lines is the same too, and no process is left.

    No process imports anything from the working directory: neither its `crawler` nor modules with
    names of the standard library. `selectors` is what Python's resource tracker imports first, which
    starts with the readers.
    """
    names = ("crawler/__init__.py", "multiprocessing.py", "pickle.py", "signal.py", "selectors.py")
    for name in names:
        path = tmp_path / "place" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("open('was_run', 'w').close()\n")
    script = tmp_path / "bin" / "scrapy"  # as pip installs it: with -P, Python would pass that on
    script.parent.mkdir()
    script.write_text("from scrapy.cmdline import execute\nexecute()\n")
    line = [sys.executable, str(script), "crawl", "epoch_mirror"]
    line += ["-a", f"mirror={mirror}", "-a", f"feed={tmp_path / 'feed'}", "-s", "READERS=2"]
    env = {"PYTHONPATH": str(ROOT), "SCRAPY_SETTINGS_MODULE": "crawler.settings"}
    with subprocess.Popen(
        line, cwd=tmp_path / "place", env=clean_environment(env), stderr=subprocess.DEVNULL
    ) as process:
        assert wait_until(lambda: len(spawned(process.pid)) == 2)
        readers = spawned(process.pid)
    feed = Feed(tmp_path / "feed")
    assert process.returncode == 3
    assert feed.ids == alone.ids
    assert feed.timeless() == alone.timeless()
    assert wait_until(lambda: not any(one.alive for one in readers))
    assert not (tmp_path / "place" / "was_run").exists()


# -- pages that cost too much ----------------------------------------------------------------------


class Notes:
    """Notes in memory.

    Attributes:
        noted: all keys noted so far, in order.
        now: the key currently noted.
    """

    def __init__(self, left: str | None = None) -> None:
        self.noted: list[str] = []
        self.now = left

    def reading(self) -> str | None:
        return self.now

    def note_reading(self, key: str | None) -> None:
        self.now = key
        if key:
            self.noted.append(key)


def page(mark: bytes = b"", *, size: int = 0) -> bytes:
    """Return an article's page with an instruction, and with at least this many bytes."""
    builder = MirrorBuilder.simple(SECTION)
    told = ("青屿渡船今天准点到港。", mark.decode() or "船上有乘客。", "x" * size or "船长很高兴。")
    builder.publish(story(1, blocks=told), SECTION)
    return dict(builder.files(builder.stamp))[f"pages/{SECTION}/{story(1).id}.md"].encode()


LARGE = LARGE_BYTES + 1
COSTS = [costly.EATS, costly.KILLS, pytest.param(costly.BURNS, marks=pytest.mark.soak)]
"""A page that burns CPU time takes two seconds of it."""

SMALL_BOUNDS = Bounds(cpu_seconds=1, memory_bytes=64 << 20)


async def read_all(
    bodies: list[bytes], *, width: int = 0, articles: int = 0, notes: Notes | None = None
) -> list[Page | PageError | None]:
    """Read articles concurrently; return the result or exception of each."""
    reader = PageReaders(width, notes or Notes(), costly.read, SMALL_BOUNDS)
    reader.prepare_for(articles)
    try:
        return await asyncio.gather(
            *(reader.read("article", SECTION, body, f"n{i}") for i, body in enumerate(bodies)),
            return_exceptions=True,
        )  # type: ignore[return-value]
    finally:
        reader.close()


def reasons(read: list[Page | PageError | None]) -> Counter[str]:
    return Counter(getattr(one, "reason", type(one).__name__) for one in read)


@pytest.mark.parametrize("mark", [costly.BURNS, costly.EATS, costly.KILLS])
def test_a_large_costly_page_affects_only_itself(mark: bytes) -> None:
    """Also without readers; each is noted before it is read, and cleared after."""
    notes = Notes()
    bodies = [page(size=LARGE), page(mark, size=LARGE), page(size=LARGE)]
    read = asyncio.run(read_all(bodies, notes=notes))
    assert reasons(read) == {"ArticlePage": 2, "too_costly": 1}
    assert getattr(read[1], "reason", None) == "too_costly"
    assert read[0] == read_page(find_format(), (), "article", SECTION, bodies[0])
    assert notes.noted == ["n0", "n1", "n2"]
    assert notes.now is None


def test_a_page_whose_tree_takes_too_much_memory_is_too_costly() -> None:
    """The parser says neither that it lacks memory, nor what is left out."""
    builder = MirrorBuilder.simple(SECTION)
    builder.publish(story(1, blocks=("<b>文</b>" * 200_000,)), SECTION)
    body = dict(builder.files(builder.stamp))[f"pages/{SECTION}/{story(1).id}.md"].encode()
    assert len(body) < MAX_PAGE_BYTES
    assert reasons(asyncio.run(read_all([body, page(size=LARGE)]))) == {
        "too_costly": 1, "ArticlePage": 1,
    }  # fmt: skip


async def restore_all(
    restore: Callable[[bytes], bytes], bodies: list[bytes], notes: Notes
) -> list[bytes | PageError]:
    """Turn rendered pages back concurrently; return the result or exception of each."""
    reader = PageReaders(0, notes, costly.read, SMALL_BOUNDS)
    try:
        return await asyncio.gather(
            *(reader.restored(restore, body, f"n{i}") for i, body in enumerate(bodies)),
            return_exceptions=True,
        )  # type: ignore[return-value]
    finally:
        reader.close()


@pytest.mark.parametrize("mark", COSTS)
def test_a_costly_rendered_page_affects_only_itself(mark: bytes) -> None:
    """Whatever its size; each is noted before, and cleared after."""
    notes = Notes()
    first, second, third = asyncio.run(restore_all(costly.restore, [b"a", mark, b"c"], notes))
    assert (first, third) == (b"a", b"c")
    assert getattr(second, "reason", None) == "too_costly"
    assert (notes.noted, notes.now) == (["n0", "n1", "n2"], None)


def test_a_rendered_page_of_very_many_elements_is_too_costly() -> None:
    """Chromium shows it, and its tree does not fit the reader's memory."""
    base = "https://h.example/m/"
    transport = BrowserTransport(base, no_download, executable="/bin/true")
    request = transport.request(f"pages/{SECTION}/{story(1).id}.md")
    html = f"<article class='markdown-body'>{'<b>文</b>' * 800_000}</article>"
    fetched = transport.fetched(HtmlResponse(request.url, body=html.encode(), request=request))
    assert fetched.restore is not None
    [error] = asyncio.run(restore_all(fetched.restore, [fetched.body], Notes()))
    assert getattr(error, "reason", None) == "too_costly"


def test_a_rendered_page_that_killed_an_earlier_run_is_skipped_once() -> None:
    notes = Notes(left="n0")
    [error] = asyncio.run(restore_all(costly.restore, [b"a"], notes))
    assert getattr(error, "reason", None) == "too_costly"
    assert asyncio.run(restore_all(costly.restore, [b"a"], notes)) == [b"a"]


@pytest.mark.parametrize("mark", COSTS)
def test_a_small_page_that_breaks_the_pool_affects_only_itself(mark: bytes) -> None:
    """Other pages of its batch, and of other batches in the same pool, are read."""
    bodies = [page()] * (3 * BATCH_PAGES)
    bodies[70] = page(mark)
    read = asyncio.run(read_all(bodies, width=2, articles=MANY))
    assert reasons(read) == {"ArticlePage": 3 * BATCH_PAGES - 1, "too_costly": 1}
    assert getattr(read[70], "reason", None) == "too_costly"


def test_a_pool_that_breaks_again_and_again_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is still read, or fails alone, with a single process."""
    monkeypatch.setattr("crawler.readers.processes.REBUILDS", 1)
    costs = 3

    async def one_after_the_other() -> list[Page | PageError | None]:
        reader = PageReaders(1, Notes(), costly.read, SMALL_BOUNDS)
        reader.prepare_for(MANY)
        read: list[Page | PageError | None] = []
        for body in [page(costly.KILLS)] * costs + [page()]:
            read += await asyncio.gather(
                reader.read("article", SECTION, body, "n1"), return_exceptions=True
            )  # type: ignore[arg-type]
        reader.close()
        return read

    assert reasons(asyncio.run(one_after_the_other())) == {"too_costly": costs, "ArticlePage": 1}


class Narrow(WatchedTransport):
    """Delivers pages as they come, two at a time."""

    ordered: ClassVar[bool] = False
    window: ClassVar[int] = 2
    now = most = 0

    async def fetch(self, path: str) -> Fetched:
        Narrow.now += 1
        Narrow.most = max(Narrow.most, Narrow.now)
        await asyncio.sleep(0.001)
        Narrow.now -= 1
        return await super().fetch(path)


def test_pages_that_wait_for_readers_do_not_widen_the_window(tmp_path: Path) -> None:
    """Five times as many pages are under way, and two of them are fetched."""
    large_mirror(tmp_path / "mirror", 1, 40)
    walked = walk_mirror(tmp_path / "mirror", tmp_path / "feed", transport=Narrow, batches=5)
    assert (walked.counts.new, Narrow.most) == (40, 2)


def test_a_reader_loads_what_it_needs_and_no_scrapy() -> None:
    async def modules() -> list[str]:
        pool = Pool(1)
        try:
            return await pool.run(eval, "list(__import__('sys').modules)")
        finally:
            pool.close()

    loaded = asyncio.run(modules())
    assert {"itemloaders", "crawler.formats.epoch.format"} <= set(loaded)
    assert not {"scrapy", "twisted"} & set(loaded)


def test_a_process_that_dies_while_it_answers_breaks_the_pool() -> None:
    """The executor would wait for the rest of the answer without end."""

    async def answer() -> None:
        pool = Pool(2)
        try:
            await pool.run(costly.die_while_answering)
        finally:
            pool.close()

    with pytest.raises(BrokenExecutor):
        asyncio.run(asyncio.wait_for(answer(), 60))


def test_small_pages_are_left_to_the_crawler() -> None:
    assert asyncio.run(read_all([page()])) == [None]


def test_a_malformed_page_fails_in_the_other_process() -> None:
    assert reasons(asyncio.run(read_all([b"nothing" * LARGE]))) == {"malformed": 1}


def test_an_unexpected_error_of_the_reader_is_reported() -> None:
    """The crawler reads the page again itself and reports the error."""
    [error] = asyncio.run(read_all([page(costly.FAILS, size=LARGE)]))
    assert type(error).__name__ == "LookupError"
    assert asyncio.run(read_all([page(costly.FAILS)], width=1, articles=MANY)) == [None]


def test_without_processes_the_crawler_reads(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no processes")

    monkeypatch.setattr("crawler.readers.pool.ProcessPoolExecutor", refuse)
    bodies = [page(), page(size=LARGE)]
    assert asyncio.run(read_all(bodies, width=2, articles=MANY)) == [None, None]
    assert asyncio.run(restore_all(costly.restore, [b"a"], Notes())) == [b"a"]
    assert "reading them in the crawler" in caplog.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (page(), False),
        (page(size=LARGE), True),
        (page() + b"\n" * 300, True),
        (page() + b"<b>" * 10_001, True),
    ],
)
def test_large_and_odd_pages_are_read_alone(body: bytes, expected: bool) -> None:
    assert is_suspicious(body) is expected


# -- a page that killed an earlier run -------------------------------------------------------------------


def test_a_later_run_is_not_stopped_by_a_page_that_killed_one(tmp_path: Path) -> None:
    """It fails at once, whatever its size; the run after that retries it."""
    builder = MirrorBuilder.simple(SECTION)
    for number in range(1, 4):
        builder.publish(story(number), SECTION)
    builder.write(tmp_path / "mirror")
    feed = tmp_path / "feed"
    store = FeedStore(feed, "small", {"start": "2026-11-01T11:00:00Z", "mirror": "small"})
    store.note_reading(story(2).id)
    store.close(None)
    failed = walk_mirror(tmp_path / "mirror", feed)
    assert failed.counts.failures == {"too_costly": {story(2).id}}
    assert set(failed.feed.ids) == {story(1).id, story(3).id}
    again = walk_mirror(tmp_path / "mirror", feed)
    assert again.counts.failures == {}
    assert len(again.feed.ids) == 3
