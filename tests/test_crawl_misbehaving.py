"""A crawl of a mirror whose host misbehaves in every possible way, and a second one after that."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import misbehaving as bad
import pytest
from crawling import Feed, Result, asked, assert_sound, page_of, start_crawl, story
from memory import peak_kib
from mirrorkit import MirrorBuilder, Section
from mirrorkit.indexes import Group, home_page, index_page
from misbehaving import MisbehavingServer

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator
    from pathlib import Path

    from crawling import Running

ONE, TWO, ENDLESS = "ncid1", "ncid2", "nf3"
OUTSIDE = {"count": 1, "ids": [f"indexes/{TWO}/README.md"]}
"""Message about an index that lists pages outside of the mirror."""
ARTICLES = 60
TRIES = 3
EVER = float("inf")
MEMORY_KIB = 200 * 1024
MANY = 50_000
"""How often one index lists the same page."""

SETTINGS = {
    "DOWNLOAD_TIMEOUT": 6, "RETRY_TIMES": TRIES - 1, "RETRY_FIRST_WAIT": 0.05,
    "PARK_FIRST_WAIT": 0.3,
}  # fmt: skip

PAGE = "### 青屿消息\n".encode() * 20
HTML = b"<!DOCTYPE html><html><head><title>n1</title></head><body><p>404</p></body></html>"

FAULTS: dict[int, tuple[bad.Behaviour, float, str | None]] = {
    # story: behaviour, how many times (then it is served), reason of the failure (None: it is read)
    1: (bad.busy(429, "1"), 1, None),
    2: (bad.busy(429), 1, None),
    3: (bad.busy(503), 1, None),
    4: (bad.status(500), TRIES - 1, None),
    5: (bad.status(500), EVER, "http_500"),
    6: (bad.reset(), TRIES - 1, None),
    7: (bad.reset(), EVER, "connection"),
    8: (bad.hang_up(), EVER, "connection"),
    9: (bad.wrong_length(PAGE, len(PAGE) + 100), TRIES - 1, None),
    10: (bad.wrong_length(PAGE, len(PAGE) + 100), EVER, "connection"),
    11: (bad.wrong_length(PAGE, len(PAGE) - 100), EVER, "malformed"),
    12: (bad.dribble(PAGE), EVER, "timeout"),
    13: (bad.silence(), EVER, "timeout"),
    14: (bad.gzip_of_zeros(2), EVER, "too_large"),
    15: (bad.redirect("file:///etc/passwd"), EVER, "redirect"),
    16: (bad.redirect(f"/{page_of(ONE, 16)}"), EVER, "redirect"),
    # 17, a redirect to another host, is added when that host exists
    18: (bad.answer(HTML, headers={"Content-Type": "text/html"}), EVER, "malformed"),
    19: (bad.answer("稍后再来\n".encode()), EVER, "malformed"),
    20: (bad.status(404), EVER, "missing"),
    21: (bad.status(403), EVER, "http_403"),
}  # fmt: skip
ASKED = {1: 2, 2: 2, 3: 2, 4: 3, 5: 3, 7: 3, 10: 3, 13: 3, 15: 1, 16: 1, 18: 1}
"""How many times some of them are requested."""

ELSEWHERE = 17
FAILED = {number: why for number, (*_, why) in FAULTS.items() if why} | {ELSEWHERE: "redirect"}


def id_of(number: int) -> str:
    return story(number).id


def write_mirror(directory: Path) -> None:
    """Write a mirror with two hostile indexes."""
    sections = (Section(ONE, "一"), Section(TWO, "二"), Section(ENDLESS, "三"))
    builder = MirrorBuilder((Group("海岛", sections),))
    for number in range(1, ARTICLES + 1):
        builder.publish(story(number), ONE)
    builder.publish(story(ARTICLES + 1), ENDLESS)
    builder.write(directory)
    outside = index_page(sections[1], [("n1", "外面")], 1, stamp="10020845")
    outside = outside.replace(f"../../pages/{TWO}/n1.md", "../../etc/passwd.md")
    (directory / "indexes" / TWO / "README.md").write_text(outside, encoding="utf-8")
    endless = index_page(sections[2], [(id_of(ARTICLES + 1), "又")] * MANY, 1, stamp="1")
    (directory / "indexes" / ENDLESS / "README.md").write_text(endless, encoding="utf-8")


def finish(running: Running) -> tuple[Result, int]:
    """Wait for the end of a crawl; return its result and its peak memory in KiB."""
    peak = 0
    while running.process.poll() is None:
        peak = max(peak, peak_kib(running.process.pid))
        time.sleep(0.05)
    return running.finish(), peak


@dataclass(frozen=True)
class Crawled:
    """The results of both crawls.

    Attributes:
        asked: requests of the first crawl.
        again: requests of the second crawl.
        elsewhere: number of connections to the other host.
        peak: memory of the first crawl in KiB.
    """

    result: Result
    asked: Counter[str]
    peak: int
    next: Result
    again: Counter[str]
    elsewhere: int


@pytest.fixture
def crawled(tmp_path: Path) -> Iterator[Crawled]:
    """Crawl the mirror while its host misbehaves, and again after that."""
    place = tmp_path
    write_mirror(place / "mirror")
    with MisbehavingServer(place / "mirror") as server, MisbehavingServer() as other:
        arguments = (f"mirror={server.base}", "name=small")
        for number, (behaviour, times, _) in FAULTS.items():
            server.behave(f"/{page_of(ONE, number)}", behaviour, times=times)
        server.behave(f"/{page_of(ONE, ELSEWHERE)}", bad.redirect(other.base + "n17.md"))
        running = start_crawl(*arguments, feed=place / "feed", settings=SETTINGS)
        result, peak = finish(running)
        first = asked(server)
        server.repair()
        again = start_crawl(*arguments, feed=place / "feed", settings=SETTINGS).finish()
        yield Crawled(result, first, peak, again, asked(server), other.connections)


def test_a_host_with_every_kind_of_misbehaviour(crawled: Crawled) -> None:
    """This is one test, so that only one worker crawls."""
    assert_all_available_pages_are_read(crawled)
    assert_the_next_run_completes_the_feed(crawled)
    assert_a_page_is_asked_for_as_often_as_it_helps(crawled)
    assert_a_redirect_to_another_host_is_not_followed(crawled)
    assert_what_an_index_lists_outside_of_the_mirror_is_not_asked_for(crawled)
    assert_a_page_that_is_listed_endlessly_is_one_article(crawled)
    assert_memory_stays_bounded(crawled)


def assert_all_available_pages_are_read(crawled: Crawled) -> None:
    """Each bad page fails alone and is counted by its reason."""
    result = crawled.result
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log
    named: dict[str, list[str]] = {}
    for number, why in FAILED.items():
        named.setdefault(why, []).append(id_of(number))
    assert result.run["failures"] == {
        why: {"count": len(ids), "ids": sorted(ids)} for why, ids in named.items()
    } | {"stray": OUTSIDE}
    assert "Traceback" not in result.log


def assert_the_next_run_completes_the_feed(crawled: Crawled) -> None:
    """The next run requests the failed pages and no others."""
    numbers = set(range(1, ARTICLES + 2))
    assert (crawled.next.exit_code, crawled.next.run["status"]) == (3, "partial")
    assert crawled.next.run["failures"] == {"stray": OUTSIDE}
    assert crawled.next.run["articles"] == len(FAILED)
    assert set(crawled.next.feed.ids) == {id_of(number) for number in numbers}
    lists = {"/README.md", *(f"/indexes/{one}/README.md" for one in (ONE, TWO, ENDLESS))}
    pages = {f"/{page_of(ONE, number)}" for number in FAILED}
    assert crawled.again == dict.fromkeys(lists | pages, 1)
    assert_sound(crawled.next.feed)


def assert_a_page_is_asked_for_as_often_as_it_helps(crawled: Crawled) -> None:
    times = {number: crawled.asked[f"/{page_of(ONE, number)}"] for number in ASKED}
    assert times == ASKED


def assert_a_redirect_to_another_host_is_not_followed(crawled: Crawled) -> None:
    assert crawled.elsewhere == 0


def assert_what_an_index_lists_outside_of_the_mirror_is_not_asked_for(crawled: Crawled) -> None:
    assert not [path for path in crawled.asked if "etc" in path or ".." in path]
    [warned] = [text for text in crawled.result.run["warnings"] if "etc/passwd" in text]
    assert "that is not an article" in warned


def assert_a_page_that_is_listed_endlessly_is_one_article(crawled: Crawled) -> None:
    assert crawled.asked[f"/{page_of(ENDLESS, ARTICLES + 1)}"] == 1
    assert crawled.result.feed.pairs.count((ENDLESS, id_of(ARTICLES + 1))) == 1
    assert crawled.result.run["entries"] == ARTICLES + 1


def assert_memory_stays_bounded(crawled: Crawled) -> None:
    """Neither the 2 GB of zeros nor the 100,000 entries take memory."""
    assert 0 < crawled.peak < MEMORY_KIB


# -- very many sections ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("via", "count"), [("path", 2000), pytest.param("http", 10_000, marks=pytest.mark.soak)]
)
def test_a_home_page_with_very_many_sections(tmp_path: Path, via: str, count: int) -> None:
    """Two exist and are read; the others are counted, and a hundred of them are listed."""
    mirror, builder = tmp_path / "mirror", MirrorBuilder.simple(ONE, TWO)
    for number in range(1, 11):
        builder.publish(story(number), ONE, TWO)
    builder.write(mirror)
    sections = [Section(f"ncid{number}", f"版面{number}") for number in range(1, count + 1)]
    home = home_page("新闻", [Group("海岛", tuple(sections))], "10020845")
    (mirror / "README.md").write_text(home, encoding="utf-8")
    with MisbehavingServer(mirror) as server:
        where = {"path": str(mirror), "http": server.base}[via]
        running = start_crawl(f"mirror={where}", "name=small", feed=tmp_path / "feed")
        result, peak = finish(running)
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log[-2000:]
    assert result.run["failures"]["missing"]["count"] == count - 2
    assert len(result.run["failures"]["missing"]["ids"]) == 100
    assert result.run["pages"] == {"home": 1, "index": 2, "article": 10}
    assert set(Feed(tmp_path / "feed").ids) == {id_of(number) for number in range(1, 11)}
    assert 0 < peak < MEMORY_KIB
    assert_sound(result.feed)
