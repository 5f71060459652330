"""Crawls of mirrors with unusual index pages: lost entries are reported, and the run is partial."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from crawling import Feed, assert_sound, mirrors_file, start_crawl, story
from gitserver import Repository
from mirrorkit import MirrorBuilder

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Crawl

ONE, TWO, THREE = "ncid1", "ncid2", "nf3"
DAY = 86400.0


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a mirror of 40 stories in one section, the last five in a second."""
    builder = MirrorBuilder.simple(ONE, TWO, THREE)
    for number in range(1, 41):
        builder.publish(story(number), ONE, *([TWO] if number > 35 else []))
    builder.publish(story(41), THREE)
    builder.write(tmp_path / "mirror")
    return tmp_path / "mirror"


def rewritten(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8", newline="")


def aged(feed: Feed, days: float) -> None:
    """Move all failures in the state this many days into the past."""
    with sqlite3.connect(feed.directory / "state.sqlite") as state:
        state.execute("UPDATE failures SET first = ?", (time.time() - days * DAY,))
    state.close()


@pytest.mark.parametrize("page", ["README", "1"])
def test_an_entry_without_an_article_makes_the_run_partial(
    crawl: Crawl, mirror: Path, page: str
) -> None:
    """For a week. Other entries are read, and a repaired index page is complete again."""
    index = mirror / "indexes" / ONE / f"{page}.md"
    entry = f"../../pages/{ONE}/{story(12).id}.md"
    rewritten(index, entry, f"../../pages/{ONE}/x/{story(12).id}.md")
    if page == "1":  # the newest page also lists it
        rewritten(mirror / "indexes" / ONE / "README.md", entry, f"../../README.md?{ONE}")
    first = crawl(f"mirror={mirror}")
    key = f"indexes/{ONE}/{page}.md"
    assert (first.exit_code, first.run["status"]) == (3, "partial"), first.log
    assert first.run["failures"] == {"stray": {"count": 1, "ids": [key]}}
    assert any(f"x/{story(12).id}.md" in text for text in first.run["warnings"])
    assert len(first.feed.ids) >= 40
    assert_sound(first.feed)
    again = crawl(f"mirror={mirror}")
    assert (again.exit_code, again.run["failures"]) == (3, first.run["failures"])
    aged(first.feed, 7.1)
    resting = crawl(f"mirror={mirror}")
    assert resting.exit_code == 0, resting.log
    assert resting.run["set_aside"] == {key: "stray"}
    aged(first.feed, 0.1)
    rewritten(index, f"x/{story(12).id}", story(12).id)
    repaired = crawl(f"mirror={mirror}")
    assert repaired.exit_code == 0, repaired.log
    assert set(repaired.feed.ids) == {story(number).id for number in range(1, 42)}


def test_a_checkout_with_other_line_ends_gives_the_same_lines(
    crawl: Crawl, mirror: Path, tmp_path: Path
) -> None:
    usual = crawl(f"mirror={mirror}", "name=small")
    for name, line_end, new in (("windows", b"\n", b"\r\n"), ("mac", b"\r\n", b"\r")):
        for path in mirror.rglob("*.md"):
            path.write_bytes(path.read_bytes().replace(line_end, new))
        other = crawl(f"mirror={mirror}", "name=small", feed=tmp_path / name)
        assert (usual.exit_code, other.exit_code) == (0, 0), other.log
        assert other.feed.timeless() == usual.feed.timeless()
        assert other.feed.timeless("listings.jsonl") == usual.feed.timeless("listings.jsonl")


def test_a_mirror_that_lists_nothing_is_never_complete(crawl: Crawl, mirror: Path) -> None:
    for section in (ONE, TWO, THREE):
        text = "### 经济\n---\n\n---\n#### 第 [ [1](./1.md) ] 页\n"
        (mirror / "indexes" / section / "README.md").write_text(text, encoding="utf-8")
    result = crawl(f"mirror={mirror}")
    assert (result.exit_code, result.run["status"]) == (4, "unusable"), result.log
    assert "lists no article" in result.log


def forget(home: str) -> str:
    """Return a home page without its link to the third section."""
    lines = home.split("\n")
    return "\n".join(line.replace(f"indexes/{THREE}/README.md", "ok") for line in lines)


@pytest.mark.parametrize("via", ["path", "git"])
def test_a_section_without_a_link_on_the_home_page_is_named(
    tmp_path: Path, mirror: Path, via: str
) -> None:
    """The message has the line that adds it; with that line it is read and no longer reported."""
    home = mirror / "README.md"
    home.write_text(forget(home.read_text(encoding="utf-8")), encoding="utf-8")
    place = mirror
    if via == "git":
        repository = Repository(tmp_path / "mirror.git")
        files = {path.relative_to(mirror): path for path in mirror.rglob("*") if path.is_file()}
        repository.commit({name.as_posix(): path.read_bytes() for name, path in files.items()})
        place = repository.path
    for sections in ([], [THREE]):
        described: dict[str, list[str]] = {"sections": sections} if sections else {}
        file = mirrors_file(tmp_path, "small", **{via: str(place)}, **described)
        settings = {"MIRRORS_FILE": file, "CACHE_DIRECTORY": tmp_path / "cache"}
        result = start_crawl("mirror=small", feed=tmp_path / "feed", settings=settings).finish()
        assert result.exit_code == 0, result.log
        named = [text for text in result.run["warnings"] if "does not link to" in text]
        assert len(named) == (0 if sections else 1)
        assert all(
            f'below [mirrors.small] in the mirrors file: sections = ["{THREE}"]' in text
            for text in named
        )
        assert (story(41).id in result.feed.ids) == bool(sections)


def test_pages_that_are_written_otherwise_give_their_line(crawl: Crawl, mirror: Path) -> None:
    """An impossible date in the URL fails the page, not the program."""

    def page(number: int) -> Path:
        return mirror / "pages" / ONE / f"{story(number).id}.md"

    rewritten(page(1), "### ", "###\u00a0")
    rewritten(page(2), "### ", "\u2028###\u2028")
    data = page(3).read_bytes()
    page(3).write_bytes(data.replace("。".encode(), "。".encode() + b"\xff", 1))
    day = story(4).date
    rewritten(page(4), f"/gb/{day.year % 100}/{day.month}/{day.day}/", "/gb/23/2/30/")
    result = crawl(f"mirror={mirror}")
    assert result.exit_code == 3, result.log
    assert result.run["failures"] == {"malformed": {"count": 1, "ids": [story(4).id]}}
    assert len(result.feed.ids) == 40
    assert "is not UTF-8 in 1 place" in " ".join(result.run["warnings"])
