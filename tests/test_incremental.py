"""A run reads what changed, not the archive: every request over HTTP is counted."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, asked, assert_sound, page_of, start_crawl, story
from mirrorkit import MirrorBuilder, break_page
from misbehaving import status

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from crawling import Result
    from misbehaving import MisbehavingServer

ONE, TWO, THREE = "ncid1", "ncid2", "nf3"
SECTIONS = (ONE, TWO, THREE)
ALWAYS = {"/README.md": 1, **{f"/indexes/{section}/README.md": 1 for section in SECTIONS}}
"""The requests of a run if nothing is new, except for robots.txt."""


@dataclass
class Growing:
    """A mirror behind a web server; stories are published into it by their numbers."""

    directory: Path
    feed: Path
    server: MisbehavingServer
    builder: MirrorBuilder

    def publish(self, numbers: Iterable[int], *sections: str) -> None:
        """Publish stories and update the mirror once."""
        for number in numbers:
            self.builder.publish(story(number), *sections)
        self.builder.write(self.directory)

    def crawl(self, *arguments: str) -> tuple[Result, Counter[str]]:
        """Crawl; return the result and the requests."""
        mirror = (f"mirror={self.server.base}", "name=growing")
        result = start_crawl(*mirror, *arguments, feed=self.feed).finish()
        assert_sound(result.feed)
        return result, asked(self.server)


@pytest.fixture
def mirror(tmp_path: Path, serve: Callable[[Path], MisbehavingServer]) -> Growing:
    """Return a mirror of 100 stories: 4 archive pages in the first section, 1 in the others."""
    directory = tmp_path / "mirror"
    directory.mkdir()
    builder = MirrorBuilder.simple(*SECTIONS)
    growing = Growing(directory, tmp_path / "feed", serve(directory), builder)
    growing.publish(range(1, 101), ONE)
    growing.publish(range(101, 111), TWO, THREE)
    return growing


def pages(numbers: Iterable[int], section: str = ONE) -> dict[str, int]:
    return {f"/{page_of(section, number)}": 1 for number in numbers}


def archives(numbers: Iterable[int], section: str = ONE) -> dict[str, int]:
    return {f"/indexes/{section}/{number}.md": 1 for number in numbers}


def test_updates_cost_what_is_new(mirror: Growing) -> None:
    """First all; then a few; then so many that there are new archive pages; then none."""
    result, requests = mirror.crawl()
    assert result.exit_code == 0, result.log
    assert requests == {
        **ALWAYS, **archives([1, 2, 3]), **pages(range(1, 101)), **pages(range(101, 111), TWO)
    }  # fmt: skip

    mirror.publish(range(111, 116), ONE)  # 105 rows: page 4 has 15, the index shows 30
    result, requests = mirror.crawl()
    assert requests == {**ALWAYS, **pages(range(111, 116))}
    assert result.run["articles"] == 5

    mirror.publish([5, 50], TWO)  # old stories, listed in a further section
    result, requests = mirror.crawl()
    assert requests == ALWAYS
    assert (result.run["articles"], result.run["listings"], result.run["duplicates"]) == (0, 2, 2)
    assert result.feed.article(story(5).id)["sections"] == [{"id": ONE, "name": f"版面{ONE}"}]

    mirror.publish(range(116, 196), ONE)  # a long pause: 185 rows, pages 4, 5, 6 became final
    result, requests = mirror.crawl()
    assert requests == {**ALWAYS, **archives([4, 5, 6]), **pages(range(116, 196))}
    assert len(result.feed.ids) == 195

    mirror.publish([], ONE)
    result, requests = mirror.crawl()
    assert (result.exit_code, requests) == (0, ALWAYS), "another cache-buster is nothing new"


def test_a_first_run_that_was_killed_half_way(mirror: Growing) -> None:
    """Listed articles without a line are fetched, whether listed first today or before the kill."""
    running = start_crawl(f"mirror={mirror.server.base}", "name=growing", feed=mirror.feed)
    running.wait_for_lines(25)
    running.send(signal.SIGKILL)
    running.finish()
    known = set(Feed(mirror.feed).ids)
    assert 25 <= len(known) < 110
    mirror.server.requests.clear()
    mirror.publish(range(111, 151), ONE)
    result, requests = mirror.crawl()
    assert result.exit_code == 0, result.log
    asked_for = {path.rpartition("/")[2] for path in requests if path.startswith("/pages/")}
    assert asked_for == {f"{story(number).id}.md" for number in range(1, 151)} - {
        f"{article}.md" for article in known
    }
    assert set(requests.values()) == {1}
    assert len(result.feed.ids) == 150


def test_failed_pages_are_tried_again(mirror: Growing) -> None:
    """By the next run, with new articles; successful pages are not requested again."""
    mirror.server.behave(f"/{page_of(ONE, 9)}", status(403))
    kept = (mirror.directory / page_of(TWO, 105)).read_bytes()
    break_page(mirror.directory, TWO, story(105).id)
    break_page(mirror.directory, THREE, story(105).id)
    result, _ = mirror.crawl()
    assert result.exit_code == 3
    assert {reason: found["ids"] for reason, found in result.run["failures"].items()} == {
        "http_403": [story(9).id],
        "malformed": [story(105).id],
    }
    (mirror.directory / page_of(TWO, 105)).write_bytes(kept)
    mirror.publish([111], ONE)
    result, requests = mirror.crawl()
    assert requests == {**ALWAYS, **pages([9, 111]), **pages([105], TWO)}
    assert (result.exit_code, result.run["articles"]) == (3, 2)


def test_a_list_that_failed_is_read_later(mirror: Growing) -> None:
    """The next run reads an archive page or an index that failed."""
    mirror.server.behave(f"/indexes/{ONE}/2.md", status(404), times=1)
    mirror.server.behave(f"/indexes/{TWO}/README.md", status(404), times=1)
    result, _ = mirror.crawl()
    assert result.exit_code == 3
    assert len(result.feed.ids) == 80, (
        "what page 2 lists is missing, a third section lists the rest"
    )
    result, requests = mirror.crawl()
    assert result.exit_code == 0, result.log
    assert requests == {**ALWAYS, **archives([2]), **pages(range(31, 61))}
    assert len(result.feed.ids) == 110
