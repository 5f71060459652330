"""Many articles on this machine: read in processes of their own, with the same feed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, start_crawl
from mirrorkit import large_mirror

from crawler.exceptions import TransportDamaged, TryLater, WrongUsage
from crawler.formats.registry import find_format
from crawler.frontier.target import Target
from crawler.transports import bulk

if TYPE_CHECKING:
    from crawling import Running

ARTICLES = bulk.MANY + 200
BROKEN, ODD = "pages without a template", b"\xff\xfe"


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a mirror with enough articles, two of which cannot be read."""
    directory = tmp_path_factory.mktemp("many") / "mirror"
    large_mirror(directory, 1, ARTICLES)
    pages = sorted(directory.glob("pages/*/*.md"))
    pages[300].write_text(BROKEN, "utf-8")
    pages[700].write_bytes(ODD)
    return directory


@pytest.fixture(scope="module")
def alone(mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Feed:
    """Return the feed of a crawl that reads everything itself."""
    return finished(start(mirror, tmp_path_factory.mktemp("alone") / "feed", readers=0))


def start(mirror: Path, feed: Path, readers: int) -> Running:
    return start_crawl(f"mirror={mirror}", feed=feed, settings={"READERS": readers})


def finished(running: Running) -> Feed:
    """Return the feed; the two broken pages are the only ones that failed."""
    result = running.finish()
    assert result.exit_code == 3, result.log
    failures = {reason: failed["count"] for reason, failed in result.run["failures"].items()}
    assert failures == {"malformed": 1, "not_utf8": 1}
    assert len(result.feed.ids) == ARTICLES - 2
    return result.feed


def readers_of(running: Running) -> list[int]:
    """Return the ids of the processes that read for a crawl."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parent = int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes()
            if parent == running.process.pid and b"crawler.transports.readers" in command:
                found.append(int(stat.parent.name))
    return found


def ended(process: int) -> bool:
    """Tell whether a process has ended; one that nobody asked about yet has, too."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text(errors="replace")
    except OSError:
        return True
    return stat.rpartition(")")[2].split()[0] in "ZX"


def wait_until_ended(processes: list[int], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not all(map(ended, processes)):
        assert time.monotonic() < end, "a reader outlives its crawler"
        time.sleep(0.02)


def test_the_feed_is_the_same(mirror: Path, alone: Feed, tmp_path: Path) -> None:
    """Also in the order of its lines."""
    running = start(mirror, tmp_path / "feed", readers=2)
    running.wait_for(lambda: len(readers_of(running)) == 2)
    processes = readers_of(running)
    assert len(processes) == 2, "nobody read for the crawl"
    feed = finished(running)
    assert feed.ids == alone.ids
    assert feed.timeless() == alone.timeless()
    wait_until_ended(processes)


def test_readers_that_die_cost_nothing(mirror: Path, alone: Feed, tmp_path: Path) -> None:
    """The crawler reads on itself, and says so."""
    running = start(mirror, tmp_path / "feed", readers=2)
    running.wait_for(lambda: len(readers_of(running)) == 2)
    for process in readers_of(running):
        os.kill(process, signal.SIGKILL)
    running.wait_for(lambda: "the crawler reads on itself" in running.log)
    assert "the crawler reads on itself" in running.log
    assert finished(running).ids == alone.ids


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_readers_end_with_the_crawler(mirror: Path, tmp_path: Path, number: signal.Signals) -> None:
    running = start(mirror, tmp_path / "feed", readers=2)
    running.wait_for(lambda: len(readers_of(running)) == 2)
    processes = readers_of(running)
    assert len(processes) == 2
    running.send(number)
    running.finish()
    wait_until_ended(processes)


def test_few_articles_start_nobody(tmp_path: Path) -> None:
    """A crontab's run has sixteen: it reads them before a process would have begun."""
    large_mirror(tmp_path / "mirror", 1, 40)
    running = start(tmp_path / "mirror", tmp_path / "feed", readers=2)
    seen: set[int] = set()
    running.wait_for(lambda: seen.update(readers_of(running)))
    assert running.finish().exit_code == 0
    assert seen == set()


@pytest.mark.parametrize(("setting", "expected"), [(0, 0), (3, 3), ("2", 2)])
def test_the_number_of_readers(setting: int | str, expected: int) -> None:
    assert bulk.readers_for(setting) == expected


@pytest.mark.parametrize("processors", [1, 2, 8])
def test_one_reader_for_each_processor(monkeypatch: pytest.MonkeyPatch, processors: int) -> None:
    """None where there is one only: it would read no faster."""
    monkeypatch.setattr(bulk, "_processors", lambda: processors)
    assert bulk.readers_for(None) == (processors if processors > 1 else 0)


@pytest.mark.parametrize("setting", ["many", -1, "1.5"])
def test_a_wrong_number_of_readers(setting: int | str) -> None:
    with pytest.raises(WrongUsage, match="READERS"):
        bulk.readers_for(setting)


class Broken:
    """A way whose clone is damaged at its second page, and cannot be mended: it is closed then."""

    def __init__(self) -> None:
        self.reads = 0
        self.closed = False

    def expect(self, _paths: list[str]) -> None:
        assert not self.closed

    def read(self, _path: str) -> bytes:
        assert not self.closed
        self.reads += 1
        if self.reads == 2:
            raise TransportDamaged("spoilt")
        return b"page"

    async def repair(self) -> None:
        self.closed = True
        raise TryLater("the host is busy")


@pytest.mark.parametrize("width", [0, 2])
def test_a_way_that_cannot_be_mended_is_asked_no_more(width: int) -> None:
    """What follows came to the same end, also where more batches are under way."""

    class Pretended:
        def __init__(self) -> None:
            self.width = width

        def read(self, bodies: list[bytes]) -> asyncio.Future[list[None]]:
            done = asyncio.get_running_loop().create_future()
            done.set_result([None] * len(bodies))
            return done

        def close(self) -> None:
            pass

    places = [
        Target("article", f"pages/nf1/n{number}.md", id=f"n{number}")
        for number in range(4 * bulk.BATCH)
    ]

    def due(room: int) -> list[Target]:
        taken, places[:] = places[:room], places[room:]
        return taken

    async def read() -> list[object]:
        reading = bulk.Bulk(Broken(), 0, find_format())  # type: ignore[arg-type]
        reading.readers = Pretended() if width else None  # type: ignore[assignment]
        return [had async for _, had, _ in reading.pages(due, lambda: 0)]

    had = asyncio.run(read())
    assert had[0] == b"page"
    assert {str(one) for one in had[1:]} == {"the host is busy"}
    assert len(had) == 4 * bulk.BATCH
