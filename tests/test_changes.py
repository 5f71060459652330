"""Articles that a mirror corrects, withdraws or brings back become lines of ``changes.jsonl``."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from crawling import (
    Feed,
    assert_sound,
    mirrors_file,
    page_of,
    start_crawl,
    story,
)
from gitserver import SETTINGS
from mirrorkit import MirrorBuilder, article_page
from misbehaving import status

from crawler.audit.verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from crawling import Result
    from misbehaving import MisbehavingServer

ONE, TWO = "ncid1", "ncid2"
SEED = int(os.environ.get("EPOCH_TEST_SEED", random.SystemRandom().randrange(1 << 30)))


def git(directory: Path, *arguments: str) -> None:
    command = ["git", "-C", str(directory), *arguments]
    env = {"PATH": os.environ["PATH"], **SETTINGS}
    subprocess.run(command, check=True, capture_output=True, env=env)


@dataclass
class Edited:
    """A mirror of 30 stories whose pages are edited between crawls.

    Attributes:
        tree: its files.
        via: the transport.
        server: serves them over HTTP.
        settings: settings of the crawls.
        feed: the feed's directory.
    """

    tree: Path
    via: str
    server: MisbehavingServer
    settings: dict[str, object]
    feed: Path
    builder: MirrorBuilder = field(default_factory=lambda: MirrorBuilder.simple(ONE, TWO))

    def publish(self, numbers: Iterable[int], *sections: str) -> None:
        for number in numbers:
            self.builder.publish(story(number), *sections)
        self.builder.write(self.tree)

    def page(self, number: int, section: str = ONE) -> Path:
        return self.tree / page_of(section, number)

    def edit(self, number: int, section: str = ONE, **keys: Any) -> None:
        """Change the text of a page."""
        page = article_page(story(number, **keys), section)
        self.page(number, section).write_text(page, encoding="utf-8")

    def touch(self, numbers: Iterable[int]) -> None:
        """Change bytes of pages without an effect on lines."""
        for number in numbers:
            page = self.page(number)
            page.write_text(page.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    def arguments(self, *, recheck: bool | None = None) -> list[str]:
        if self.via == "git":
            git(self.tree, "add", "--all")
            git(self.tree, "commit", "--quiet", "--allow-empty", "--message", "update")
        if recheck is None:
            recheck = self.via != "git"
        return [f"via={self.via}", *(["recheck=true"] if recheck else [])]

    def crawl(self, *, recheck: bool | None = None, **settings: object) -> Result:
        """Crawl; by default with the arguments that find changes."""
        given = {**self.settings, **settings}
        arguments = self.arguments(recheck=recheck)
        result = start_crawl(*arguments, feed=self.feed, settings=given).finish()
        assert_sound(result.feed)
        assert verify(self.feed).problems == []
        return result


@pytest.fixture
def edited(serve: Callable[[Path], MisbehavingServer], tmp_path: Path) -> Callable[[str], Edited]:
    """Return a function that prepares the mirror for a transport."""

    def ready(via: str) -> Edited:
        tree = tmp_path / "tree"
        tree.mkdir()
        server = serve(tree)
        roots: dict[str, str | list[str]] = {
            "path": str(tree), "http": server.base, "git": str(tree)
        }  # fmt: skip
        settings: dict[str, object] = {
            "MIRRORS_FILE": mirrors_file(tmp_path, "edited", **roots),
            "CACHE_DIRECTORY": tmp_path / "cache",
        }
        if via == "git":
            git(tree, "init", "--quiet")
        mirror = Edited(tree, via, server, settings, tmp_path / "feed")
        mirror.publish(range(1, 31), ONE)
        return mirror

    return ready


def changes_of(feed: Feed) -> list[tuple[str, str]]:
    """Return (kind, id) of all changes, in order."""
    return [(line["kind"], line["id"]) for line in feed.changes]


def id_of(number: int) -> str:
    return story(number).id


@pytest.mark.parametrize("via", ["git", "http", pytest.param("path", marks=pytest.mark.soak)])
def test_what_changes_and_what_does_not(edited: Callable[[str], Edited], via: str) -> None:
    """Corrections, withdrawals and returns have lines; other bytes and sections have none."""
    mirror = edited(via)
    first = mirror.crawl(recheck=False)
    assert first.exit_code == 0, first.log
    published = first.feed.data("articles.jsonl")
    assert (first.feed.changes, first.run["changes"]) == ([], 0)

    mirror.publish([3, 31], TWO)
    mirror.touch(range(10, 25))
    mirror.edit(5, title="青屿消息第5号（更正）")
    mirror.edit(6, editor="责任编辑：方帆#")
    mirror.page(7).unlink()
    second = mirror.crawl()
    assert second.exit_code == 0, second.log
    assert sorted(changes_of(second.feed)) == [
        ("changed", id_of(5)), ("changed", id_of(6)), ("vanished", id_of(7))
    ]  # fmt: skip
    lines = {line["id"]: line for line in second.feed.changes}
    before = second.feed.article(id_of(5))
    now = lines[id_of(5)]["article"]
    assert list(now) == list(before)
    differing = {key for key in now if now[key] != before[key]}
    assert differing - {"crawled_at"} == {"title"}
    assert lines[id_of(5)]["content_sha256"] == before["content_sha256"]
    assert lines[id_of(6)]["article"]["editors"] == ["方帆"]
    gone = lines[id_of(7)]
    assert (gone["content_sha256"], gone["article"]) == (None, None)
    assert second.run["changes"] == 3
    named = {kind: second.run["changed"][kind]["count"] for kind in ("changed", "vanished")}
    assert named == {"changed": 2, "vanished": 1}
    assert second.feed.data("articles.jsonl").startswith(published)
    assert second.feed.ids[30:] == [id_of(31)]

    mirror.edit(5)
    mirror.edit(7, blocks=("青屿的渡船停航。", *story(7).blocks))
    third = mirror.crawl()
    assert changes_of(third.feed)[3:] in (
        [("returned", id_of(7)), ("changed", id_of(5))],
        [("changed", id_of(5)), ("returned", id_of(7))],
    )
    assert "停航" in next(
        line["article"]["content_text"] for line in third.feed.changes if line["kind"] == "returned"
    )
    fourth = mirror.crawl()
    assert (fourth.exit_code, fourth.run["changes"], fourth.run["changed"].get("changed")) == (
        0, 0, None
    )  # fmt: skip


def test_by_git_only_what_differs_is_read(edited: Callable[[str], Edited]) -> None:
    mirror = edited("git")
    mirror.crawl()
    mirror.touch([4, 9])
    mirror.edit(11, title="又一条")
    result = mirror.crawl()
    assert result.run["pages"] == {"home": 1, "index": 2, "article": 3}
    assert changes_of(result.feed) == [("changed", id_of(11))]
    assert mirror.crawl().run["pages"] == {}


def test_without_a_recheck_http_reads_no_page_again(edited: Callable[[str], Edited]) -> None:
    mirror = edited("http")
    mirror.crawl(recheck=False)
    mirror.edit(11, title="又一条")
    result = mirror.crawl(recheck=False)
    assert "article" not in result.run["pages"]
    assert changes_of(result.feed) == []


# -- copies ------------------------------------------------------------------------------------


@pytest.mark.parametrize("via", ["git", pytest.param("http", marks=pytest.mark.soak)])
def test_an_article_has_vanished_when_its_last_copy_has(
    edited: Callable[[str], Edited], via: str
) -> None:
    mirror = edited(via)
    mirror.publish([40, 41], ONE, TWO)
    mirror.edit(41, TWO, blocks=(*story(41).blocks, "渡船明天停航。"))
    mirror.crawl(recheck=False)
    mirror.page(40).unlink()
    mirror.page(41).unlink()
    result = mirror.crawl()
    assert changes_of(result.feed) == [("changed", id_of(41))], "its other copy says more"
    mirror.page(40, TWO).unlink()
    mirror.page(41, TWO).unlink()
    result = mirror.crawl()
    assert sorted(changes_of(result.feed)[1:]) == [("vanished", id_of(40)), ("vanished", id_of(41))]


@pytest.mark.parametrize("via", ["git", pytest.param("http", marks=pytest.mark.soak)])
def test_a_stub_is_replaced_by_another_copy(edited: Callable[[str], Edited], via: str) -> None:
    """If another section lists it later with a complete copy."""
    mirror = edited(via)
    mirror.edit(8, blocks=("青屿的渡船停航。",))
    mirror.crawl(recheck=False)
    mirror.publish([8], TWO)
    mirror.edit(8, blocks=("青屿的渡船停航。",))
    result = mirror.crawl()
    [line] = result.feed.changes
    assert (line["id"], line["kind"]) == (id_of(8), "changed")
    assert line["article"]["mirror_url"].endswith(page_of(TWO, 8))
    assert mirror.crawl().run["changes"] == 0


# -- readers -----------------------------------------------------------------------------------


def forget(feed: Path, **columns: str | None) -> None:
    """Change the state of all articles."""
    with sqlite3.connect(feed / "state.sqlite") as state:
        for name, value in columns.items():
            state.execute(f"UPDATE articles SET {name} = ?", (value,))  # noqa: S608
    state.close()


@pytest.mark.parametrize(("via", "changes"), [("git", [4]), ("path", [9, 4])])
def test_other_readers_make_no_changes_if_the_old_page_is_available(
    edited: Callable[[str], Edited], via: str, changes: list[int]
) -> None:
    """Otherwise the run warns that the readers differ."""
    mirror = edited(via)
    mirror.crawl(recheck=False)
    forget(mirror.feed, digest="0" * 32, readers="older")
    mirror.touch([9])
    mirror.edit(4, title="更正")
    result = mirror.crawl()
    assert changes_of(result.feed) == [("changed", id_of(number)) for number in changes]
    differ = [text for text in result.run["warnings"] if "readers differ: 2 changes" in text]
    assert bool(differ) is (via == "path")


@pytest.mark.parametrize("via", ["git", pytest.param("path", marks=pytest.mark.soak)])
def test_a_lost_state_loses_no_change(edited: Callable[[str], Edited], via: str) -> None:
    """The last editions are read from the feed, including its changes."""
    mirror = edited(via)
    mirror.crawl(recheck=False)
    mirror.edit(2, title="更正")
    mirror.page(3).unlink()
    mirror.crawl()
    (mirror.feed / "state.sqlite").unlink()
    mirror.edit(4, title="更正")
    result = mirror.crawl()
    assert changes_of(result.feed)[2:] == [("changed", id_of(4))]
    (mirror.feed / "state.sqlite").unlink()
    mirror.edit(3)
    assert changes_of(mirror.crawl().feed)[3:] == [("returned", id_of(3))]


def test_a_lost_state_and_other_readers_make_no_changes(edited: Callable[[str], Edited]) -> None:
    """Then it is unknown whether a page changed."""
    mirror = edited("path")
    mirror.crawl(recheck=False)
    forget(mirror.feed, digest="0" * 32, readers="older", blob=None)
    assert changes_of(mirror.crawl().feed) == []
    mirror.edit(4, title="更正")
    assert changes_of(mirror.crawl().feed) == [("changed", id_of(4))]


# -- troubles ----------------------------------------------------------------------------------


def test_a_page_that_differs_and_cannot_be_read_is_tried_again(
    edited: Callable[[str], Edited],
) -> None:
    """Even by a run without a recheck; its published edition stays valid."""
    mirror = edited("http")
    mirror.crawl(recheck=False)
    mirror.edit(4, title="更正")
    mirror.server.behave(f"/{page_of(ONE, 4)}", status(403), times=1)
    failed = mirror.crawl()
    assert (failed.exit_code, changes_of(failed.feed)) == (3, [])
    assert failed.run["changed"] == {"unread": {"count": 1, "ids": [id_of(4)]}}
    again = mirror.crawl(recheck=False)
    assert (again.exit_code, changes_of(again.feed)) == (0, [("changed", id_of(4))])
    assert again.run["pages"]["article"] == 1
    assert again.run["set_aside"] == {}


@pytest.mark.parametrize("via", ["git", pytest.param("path", marks=pytest.mark.soak)])
def test_pages_that_vanish_by_the_dozen_are_a_broken_mirror(
    edited: Callable[[str], Edited], via: str
) -> None:
    mirror = edited(via)
    mirror.crawl(recheck=False)
    for number in range(1, 22):
        mirror.page(number).unlink()
    refused = mirror.crawl()
    assert (refused.exit_code, refused.run["status"]) == (4, "unusable")
    assert "has lost 21 pages of the 30 articles" in refused.run["reason"]
    assert changes_of(refused.feed) == []
    right = mirror.crawl(MIRROR_SHRUNK_SHARE=0)
    assert right.exit_code == 0, right.log
    assert sorted(changes_of(right.feed)) == [
        ("vanished", id_of(number)) for number in range(1, 22)
    ]


def crawl_killed(mirror: Edited, rng: random.Random, longest: float) -> None:
    """Crawl and kill at a random moment after the feed was opened."""
    arguments = mirror.arguments()
    running = start_crawl(*arguments, feed=mirror.feed, settings=mirror.settings)
    lock = mirror.feed / "lock"
    running.wait_for(lambda: lock.exists() and lock.stat().st_size)
    time.sleep(rng.uniform(0, longest))
    running.send(signal.SIGKILL)
    running.finish()
    raw = mirror.feed.joinpath("changes.jsonl").read_bytes()
    ids = [line["id"] for line in Feed(mirror.feed).changes]
    assert len(set(ids)) == len(ids), (raw[-200:], f"EPOCH_TEST_SEED={SEED}")


def killed_at_random(mirror: Edited, kills: int) -> None:
    """Kill a run that finds 200 changes so often, then let one end."""
    rng = random.Random(SEED)
    mirror.publish(range(100, 300), ONE)
    assert mirror.crawl(recheck=False).exit_code == 0
    for number in range(100, 290):
        mirror.edit(number, title=f"第{number}号更正")
    for number in range(290, 300):
        mirror.page(number).unlink()
    for _ in range(kills):
        crawl_killed(mirror, rng, 0.6)
    for _ in range(20):  # a git that outlives its crawl holds the clone for a moment
        result = mirror.crawl()
        if result.exit_code != 75:
            break
        time.sleep(0.2)
    assert result.exit_code == 0, result.log
    assert sorted(changes_of(result.feed), key=lambda one: one[1]) == [
        *(("changed", id_of(number)) for number in range(100, 290)),
        *(("vanished", id_of(number)) for number in range(290, 300)),
    ], f"EPOCH_TEST_SEED={SEED}"
    assert mirror.crawl().run["changes"] == 0


@pytest.mark.parametrize("via", ["git", pytest.param("path", marks=pytest.mark.soak)])
def test_kills_lose_and_double_no_change(edited: Callable[[str], Edited], via: str) -> None:
    killed_at_random(edited(via), 4)


@pytest.mark.soak
@pytest.mark.parametrize("via", ["git", "path", "http"])
def test_sixty_kills_lose_and_double_no_change(edited: Callable[[str], Edited], via: str) -> None:
    killed_at_random(edited(via), 20)


# -- how fresh a mirror is -----------------------------------------------------------------------


def test_a_mirror_that_is_no_longer_updated_is_stale(edited: Callable[[str], Edited]) -> None:
    """The feed is complete; a graver ending takes precedence."""
    mirror = edited("path")
    first = mirror.crawl(STALE_AFTER_DAYS=30)
    assert (first.exit_code, first.run["status"]) == (4, "stale")
    assert "days old (2023-01-0" in first.run["reason"]
    assert len(first.feed.ids) == 30
    assert first.run["newest"] == max(line["date_published"] for line in first.feed.articles)
    assert any(line.startswith("newest ") and "2023-01-0" in line for line in first.tail)
    fresh = mirror.crawl(STALE_AFTER_DAYS=36500)
    assert (fresh.exit_code, fresh.run["status"]) == (0, "complete")
    assert mirror.crawl(STALE_AFTER_DAYS="soon").exit_code == 2


def test_runs_say_which_readers_read_them(edited: Callable[[str], Edited]) -> None:
    mirror = edited("path")
    versions = {run["readers"] for run in [mirror.crawl().run, mirror.crawl().run]}
    assert len(versions) == 1
    assert len(versions.pop()) == 12
