"""The frontier: which pages are fetched, in which order, and what happens to unreadable pages."""

from __future__ import annotations

import sqlite3
import time
from typing import TYPE_CHECKING

import pytest
from crawling import LONG, page_of, story
from driving import WatchedTransport, walk_mirror
from mirrorkit import (
    Group,
    Link,
    MirrorBuilder,
    Section,
    article_page,
    break_page,
    cut_page,
    drop_page,
    move_away,
)

from crawler.exceptions import (
    MirrorMoved,
    MirrorUnusable,
    PageError,
    PageMissing,
    PageUnreachable,
    WrongUsage,
)
from crawler.formats.registry import find_format
from crawler.items import ArticleLine
from crawler.lines import read_or_finish
from crawler.snapshot import Changes, History, Snapshot, blob_id_of
from crawler.store.packed_ids import PackedIds
from crawler.store.state import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from driving import Walked

    from crawler.frontier.frontier import Frontier
    from crawler.frontier.target import Target
    from crawler.items import Article

ONE, TWO, THREE = "ncid1", "ncid2", "nf3"
INDEXES = [f"indexes/{section}/README.md" for section in (ONE, TWO, THREE)]
DAY = 86400.0


def built(directory: Path, rows: dict[int, Iterable[str]]) -> MirrorBuilder:
    """Write a mirror of three sections that list stories by their numbers."""
    builder = MirrorBuilder.simple(ONE, TWO, THREE)
    for number, sections in rows.items():
        builder.publish(story(number), *sections)
    builder.write(directory)
    return builder


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return tmp_path / "mirror"


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    return tmp_path / "feed"


def test_lists_come_before_articles(mirror: Path, feed: Path) -> None:
    """Home page, indexes, archive pages from the last but one down, articles; newest first."""
    built(mirror, dict.fromkeys(range(1, 66), (ONE,)))
    walked = walk_mirror(mirror, feed)
    archives = [f"indexes/{ONE}/2.md", f"indexes/{ONE}/1.md"]
    articles = [page_of(ONE, number) for number in range(65, 0, -1)]
    assert walked.paths == ["README.md", *INDEXES, *archives, *articles]
    assert walked.frontier.finished
    assert walked.frontier.lists_complete


def test_an_unexpected_error_affects_only_its_page(mirror: Path, feed: Path) -> None:
    built(mirror, dict.fromkeys(range(1, 4), (ONE,)))
    walked = walk_mirror(mirror, feed, fails={page_of(ONE, 2): RuntimeError("a bug")})
    assert len(walked.feed.ids) == 2
    assert walked.feed.runs[0]["exit_code"] == 1


def test_an_unexpected_error_at_the_home_page_ends_the_run(mirror: Path, feed: Path) -> None:
    """What the frontier raises because of it has a reason, like any other end of a run."""
    built(mirror, {1: (ONE,)})
    walked = walk_mirror(mirror, feed, fails={"README.md": RuntimeError("a bug")})
    assert isinstance(walked.error, MirrorUnusable)
    assert walked.feed.runs[0]["exit_code"] == 1


@pytest.mark.parametrize(("limit", "archives"), [(1, 0), (30, 0), (31, 1), (35, 1), (36, 2)])
def test_a_limit_reads_no_more_lists_than_it_needs(
    mirror: Path, feed: Path, limit: int, archives: int
) -> None:
    """The index lists 30 of 65 articles, archive page 2 has 5 more, and page 1 the rest."""
    built(mirror, dict.fromkeys(range(1, 66), (ONE,)))
    walked = walk_mirror(mirror, feed, limit=limit)
    assert walked.counts.pages["archive"] == archives
    assert walked.counts.new == limit


def test_a_limit_does_not_count_listings_on_every_round(
    mirror: Path, feed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten archive pages are read before the limit is reached."""
    built(mirror, dict.fromkeys(range(1, 301), (ONE,)))
    counted: list[int] = []
    real = State.pending

    def pending(self: State) -> PackedIds:
        counted.append(1)
        return real(self)

    monkeypatch.setattr(State, "pending", pending)
    walked = walk_mirror(mirror, feed, limit=280)
    assert walked.counts.pages["archive"] == 9
    assert len(counted) <= 4


@pytest.mark.parametrize(("limit", "archives"), [(30, 0), (60, 2), (61, 4)])
def test_an_article_of_two_sections_counts_once_for_a_limit(
    mirror: Path, feed: Path, limit: int, archives: int
) -> None:
    built(mirror, dict.fromkeys(range(1, 91), (ONE, TWO)))
    walked = walk_mirror(mirror, feed, limit=limit)
    assert walked.counts.pages["archive"] == archives
    assert walked.counts.new == limit


def test_a_pager_of_two_hundred_pages(mirror: Path, feed: Path) -> None:
    """Pages are derived from the last number, so no depth limit applies."""
    builder = MirrorBuilder.simple(ONE)
    builder.rows[ONE] = [(story(number).id, f"第{number}号") for number in range(1, 6001)]
    builder.write(mirror)
    walked = walk_mirror(mirror, feed)
    archives = [f"indexes/{ONE}/{number}.md" for number in range(199, 0, -1)]
    assert walked.paths[1:201] == [INDEXES[0], *archives]
    assert walked.counts.listings == walked.counts.failure_count == 6000
    assert walked.frontier.finished


def test_a_pager_that_is_a_trap(mirror: Path, feed: Path) -> None:
    """It names more pages than any mirror has: the section fails, and none is requested."""
    built(mirror, {1: (ONE,), 2: (TWO,)})
    path = mirror / "indexes" / ONE / "README.md"
    text = path.read_text(encoding="utf-8").replace("[1](./1.md", "[99999](./99999.md")
    path.write_text(text, encoding="utf-8")
    walked = walk_mirror(mirror, feed)
    assert walked.counts.failures == {"malformed": {f"indexes/{ONE}/README.md"}}
    assert walked.feed.ids == [story(2).id]


def test_missing_pages_of_a_pager_are_skipped(mirror: Path, feed: Path) -> None:
    """After thirty consecutive missing pages, the rest is not requested, which is reported."""
    built(mirror, {1: (ONE,), **dict.fromkeys(range(2, 70), (TWO,))})
    path = mirror / "indexes" / ONE / "README.md"
    text = path.read_text(encoding="utf-8").replace("[1](./1.md", "[19999](./19999.md")
    path.write_text(text, encoding="utf-8")
    walked = walk_mirror(mirror, feed)
    missing = [f"indexes/{ONE}/{number}.md" for number in range(19998, 19968, -1)]
    assert walked.counts.failures == {
        "missing": set(missing),
        "pager": {f"indexes/{ONE}/README.md"},
    }
    assert [one for one in walked.paths if one.startswith(f"indexes/{ONE}/1")] == missing
    assert not walked.frontier.lists_complete
    assert len(walked.feed.ids) == 69


HTML = "<!DOCTYPE html><html><body><h1>503</h1></body></html>"


@pytest.mark.parametrize("cut", [HTML, "", 6, -1], ids=["html", "empty", "few lines", "no pager"])
def test_an_invalid_archive_page_is_requested_again(
    mirror: Path, feed: Path, cut: str | int
) -> None:
    """Complete pages are final; error pages and truncated ones are not."""
    built(mirror, dict.fromkeys(range(1, 66), (ONE,)))
    path = mirror / "indexes" / ONE / "1.md"
    whole = path.read_text(encoding="utf-8")
    lines = whole.rstrip("\n").split("\n")
    path.write_text(cut if isinstance(cut, str) else "\n".join(lines[:cut]), encoding="utf-8")
    first = walk_mirror(mirror, feed)
    assert first.counts.failures == {"malformed": {f"indexes/{ONE}/1.md"}}
    assert not first.frontier.lists_complete
    path.write_text(whole, encoding="utf-8")
    again = walk_mirror(mirror, feed)
    assert again.counts.failures == {}
    assert len(again.feed.ids) == 65
    assert walk_mirror(mirror, feed).paths == ["README.md", *INDEXES]


def test_an_archive_page_that_is_not_full_is_not_final(mirror: Path, feed: Path) -> None:
    """A cache may return an old version, from when it was the last page."""
    built(mirror, dict.fromkeys(range(1, 51), (ONE,)))
    old = (mirror / "indexes" / ONE / "2.md").read_text(encoding="utf-8")
    walk_mirror(mirror, feed)
    built(mirror, dict.fromkeys(range(1, 96), (ONE,)))
    path = mirror / "indexes" / ONE / "2.md"
    full = path.read_text(encoding="utf-8")
    lines = [line for line in old.split("\n") if "pages/" in line][-20:]
    path.write_text("\n".join(["### 一", "---", *lines, "", "---", "#### 第 [ [2](./2.md) ] 页"]))
    stale = walk_mirror(mirror, feed)
    assert stale.counts.failures == {}
    assert len(stale.feed.ids) < 95
    path.write_text(full, encoding="utf-8")
    again = walk_mirror(mirror, feed)
    assert len(again.feed.ids) == 95
    assert walk_mirror(mirror, feed).paths == ["README.md", *INDEXES]


@pytest.mark.parametrize("cut", [HTML, 6], ids=["html", "few lines"])
def test_a_section_index_that_is_none_is_partial(mirror: Path, feed: Path, cut: str | int) -> None:
    built(mirror, dict.fromkeys(range(1, 66), (ONE,)))
    path = mirror / INDEXES[0]
    lines = path.read_text(encoding="utf-8").split("\n")
    path.write_text(cut if isinstance(cut, str) else "\n".join(lines[:cut]), encoding="utf-8")
    walked = walk_mirror(mirror, feed)
    assert walked.counts.failures == {"malformed": {INDEXES[0]}}


def test_an_id_that_is_listed_a_thousand_times_is_one(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,), 2: (ONE,)})
    path = mirror / "indexes" / ONE / "README.md"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:3] + lines[2:3] * 1000 + lines[3:]), encoding="utf-8")
    walked = walk_mirror(mirror, feed)
    assert sorted(walked.feed.pairs) == [(ONE, story(1).id), (ONE, story(2).id)]
    assert walked.counts.duplicates == 0


def test_sections_in_the_order_of_the_home_page_then_of_the_mirrors_file(
    mirror: Path, feed: Path
) -> None:
    """Named by the headings of their indexes, or by the labels of the home page."""
    groups = (
        Section("nf9", "第九", heading="专题：第九"),
        Section("nf5", "第五"),
        Section("nf1", "第一", linked=False),
        Section("nf3", "第三", linked=False),
    )
    builder = MirrorBuilder((Group("海岛", groups),))
    builder.publish(story(1), "nf1", "nf3", "nf5", "nf9")
    builder.write(mirror)
    path = mirror / "indexes" / "nf5" / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("### 第五\n", "", 1), encoding="utf-8")
    path = mirror / "indexes" / "nf1" / "README.md"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("### 第一\n", "", 1), encoding="utf-8")
    walked = walk_mirror(mirror, feed, sections=("nf3", "nf1"))
    assert walked.feed.articles[0]["sections"] == [
        {"id": "nf9", "name": "专题：第九"},
        {"id": "nf5", "name": "第五"},
        {"id": "nf3", "name": "第三"},
        {"id": "nf1", "name": "nf1"},
    ]


def test_a_name_is_kept_where_the_index_fails_later(mirror: Path, feed: Path) -> None:
    """The last known heading takes precedence over the home page's label."""
    builder = MirrorBuilder(
        (Group("海岛", (Section(ONE, "一"), Section(TWO, "二", heading="第二版"))),)
    )
    builder.publish(story(1), ONE, TWO)
    builder.write(mirror)
    walk_mirror(mirror, feed)
    builder.publish(story(2), ONE, TWO)
    builder.write(mirror)
    builder.publish(story(3), TWO)
    builder.write(mirror)
    missing = PageMissing("gone")
    walked = walk_mirror(mirror, feed, fails={f"indexes/{TWO}/README.md": missing})
    assert walked.feed.article(story(2).id)["sections"] == [{"id": ONE, "name": "一"}]
    walked = walk_mirror(mirror, feed)
    assert walked.feed.article(story(3).id)["sections"] == [{"id": TWO, "name": "第二版"}]


def test_a_repeated_label_of_a_section_is_a_warning(mirror: Path, feed: Path) -> None:
    again = Link("破浪", f"indexes/{ONE}/README.md?10020845")
    builder = MirrorBuilder((Group("海岛", (Section(ONE, "一"), again)),))
    builder.publish(story(1), ONE)
    builder.write(mirror)
    walked = walk_mirror(mirror, feed)
    assert len(walked.counts.warnings) == 1
    assert "破浪" in walked.counts.warnings[0]
    assert walked.paths.count(f"indexes/{ONE}/README.md") == 1


# -- copies ------------------------------------------------------------------------------------

WHOLE, CUT, GONE, BROKEN, LATE = "whole", "cut", "missing", "malformed", "late"
STUB, BARE, UNSIGNED = "a few words", "no lead image", "no editor"
SHORTER, MUCH_SHORTER = "50 characters less", "51 characters less"

COPIES = [
    # the copies in the order of the sections, how many are read, which is taken
    ((WHOLE, WHOLE, WHOLE), 1, 1),
    ((GONE, WHOLE, WHOLE), 3, 2),
    ((BROKEN, WHOLE, WHOLE), 3, 2),
    ((CUT, WHOLE, WHOLE), 3, 2),
    ((CUT, CUT, WHOLE), 3, 3),
    ((GONE, BROKEN, WHOLE), 3, 3),
    ((CUT, GONE, WHOLE), 3, 3),
    ((GONE, CUT, WHOLE), 3, 3),
    ((CUT, CUT, CUT), 3, 1),
    ((GONE, CUT, CUT), 3, 2),
    ((GONE, GONE, CUT), 3, 3),
    ((CUT, BROKEN, GONE), 3, 1),
    ((GONE, CUT, BROKEN), 3, 2),
    ((GONE, GONE, GONE), 3, None),
    ((BROKEN, GONE, GONE), 3, None),
    # one that is out of reach today is tried again by a later run
    ((LATE, WHOLE, WHOLE), 1, None),
    ((GONE, LATE, WHOLE), 2, None),
    ((CUT, LATE, WHOLE), 2, None),
    # a stub, and what makes a copy look like one
    ((STUB, WHOLE, WHOLE), 3, 2),
    ((STUB, STUB, WHOLE), 3, 3),
    ((STUB, CUT, GONE), 3, 2),
    ((STUB, GONE, BROKEN), 3, 1),
    ((STUB, LATE, WHOLE), 2, None),
    ((BARE, WHOLE, WHOLE), 3, 2),
    ((BARE, BARE, BARE), 3, 1),
    ((BARE, STUB, STUB), 3, 1),
    ((UNSIGNED, WHOLE, WHOLE), 3, 1),
    ((UNSIGNED, BARE, BARE), 3, 1),
    ((WHOLE, STUB, BARE), 1, 1),
    # texts that differ by at most 50 characters are one text, edited
    ((BARE, SHORTER, WHOLE), 3, 2),
    ((BARE, MUCH_SHORTER, WHOLE), 3, 3),
    ((BARE, MUCH_SHORTER, BARE), 3, 1),
]


def write_copy(mirror: Path, section: str, state: str) -> None:
    """Write the copy of the first story in a section, in the given state."""
    blocks = story(1).blocks
    versions = {
        STUB: story(1, blocks=("青屿的渡船今天准点到港。",)),
        BARE: story(1, lead=None),
        UNSIGNED: story(1, editor=""),
        SHORTER: story(1, blocks=(*blocks[:-1], LONG[:-50])),
        MUCH_SHORTER: story(1, blocks=(*blocks[:-1], LONG[:-51])),
    }
    if state == CUT:
        cut_page(mirror, section, story(1).id)
    elif state == GONE:
        drop_page(mirror, section, story(1).id)
    elif state == BROKEN:
        break_page(mirror, section, story(1).id)
    elif state in versions:
        page = article_page(versions[state], section)
        (mirror / page_of(section, 1)).write_text(page, encoding="utf-8")


@pytest.mark.parametrize(("copies", "tried", "taken"), COPIES)
def test_which_copy_is_published(
    mirror: Path, feed: Path, copies: tuple[str, str, str], tried: int, taken: int | None
) -> None:
    """The first section's; if that is missing, malformed or thin, the best of all."""
    sections = (ONE, TWO, THREE)
    built(mirror, {1: sections})
    fails = {}
    for section, state in zip(sections, copies, strict=True):
        write_copy(mirror, section, state)
        if state == LATE:
            fails[page_of(section, 1)] = PageUnreachable("late", reason="timeout")
    walked = walk_mirror(mirror, feed, fails=fails)
    pages = [page_of(section, 1) for section in sections]
    assert [path for path in walked.paths if path.startswith("pages/")] == pages[:tried]
    assert walked.frontier.finished
    if taken is None:
        readable = [state for state in copies[:tried] if state not in (CUT, STUB)]
        reason = "timeout" if readable[0] == LATE else readable[0]
        assert walked.counts.failures == {reason: {story(1).id}}
        assert walked.feed.ids == []
        return
    [line] = walked.feed.articles
    assert line["mirror_url"].endswith(pages[taken - 1])
    assert line["truncated"] is (copies[taken - 1] == CUT)
    assert walked.counts.failures == {}
    told = [copy for copy in copies[: tried - 1] if copy in (GONE, BROKEN)]
    assert len(walked.counts.warnings) == len(told)


def test_after_a_week_an_article_does_without_a_copy(mirror: Path, feed: Path) -> None:
    """Whatever the reason, and even if it is the first copy; at the weekly try."""
    built(mirror, {1: (ONE, TWO, THREE), 2: (ONE, TWO)})
    write_copy(mirror, ONE, STUB)
    refused = PageUnreachable("no", reason="http_403")
    away = {page_of(TWO, 1): refused, page_of(ONE, 2): refused}
    for _ in range(2):
        assert walk_mirror(mirror, feed, fails=away).feed.ids == []
    age(feed, 8, 8)
    walked = walk_mirror(mirror, feed, fails=away)
    assert walked.counts.failures == {}
    told = {line["id"]: line["mirror_url"].split("/")[-2] for line in walked.feed.articles}
    assert told == {story(1).id: THREE, story(2).id: TWO}


# -- what fails ---------------------------------------------------------------------------------


def age(feed: Path, first: float, last: float) -> None:
    """Set the first and last time of all failures to so many days ago."""
    now = time.time()
    with sqlite3.connect(feed / "state.sqlite") as state:
        state.execute(
            "UPDATE failures SET first = ?, last = ?", (now - first * DAY, now - last * DAY)
        )
    state.close()


@pytest.mark.parametrize(
    ("first", "last", "asked", "counted"),
    [
        (0.1, 0.1, True, 1),
        (6.9, 6.9, True, 1),
        (7.1, 0.1, False, 0),
        (7.1, 6.9, False, 0),
        (7.1, 7.05, True, 0),
        (100, 8, True, 0),
        (100, 1, False, 0),
    ],
)
@pytest.mark.parametrize("what", ["article", "archive"])
def test_what_fails_for_a_week_is_tried_once_a_week(
    mirror: Path, feed: Path, what: str, first: float, last: float, asked: bool, counted: int
) -> None:
    """And no longer counts for the status."""
    built(mirror, dict.fromkeys(range(1, 40), (ONE,)))
    path = {"article": page_of(ONE, 39), "archive": f"indexes/{ONE}/1.md"}[what]
    key = {"article": story(39).id, "archive": path}[what]
    fails = {path: PageMissing("gone")}
    assert walk_mirror(mirror, feed, fails=fails).counts.counted_failures == 1
    age(feed, first, last)
    walked = walk_mirror(mirror, feed, fails=fails)
    assert (path in walked.paths) is asked
    assert walked.counts.counted_failures == counted
    assert (key in walked.counts.set_aside) is (first >= 7)
    age(feed, first, 8)
    mended = walk_mirror(mirror, feed)
    assert mended.counts.failure_count == 0
    assert mended.counts.set_aside == {}
    assert len(mended.feed.ids) == 39


WITH_FALLBACK = Snapshot(fallback_unsupported_keys=frozenset({"tags", "links"}))


@pytest.mark.parametrize("by_readers", [False, True])
def test_a_refused_page_is_tried_once_by_the_fallback(
    mirror: Path, feed: Path, by_readers: bool
) -> None:
    """Its line has null for unsupported keys, and its page no blob id, whoever makes the line."""
    built(mirror, {1: [ONE], 2: [ONE]})
    refused = {page_of(ONE, 1): PageUnreachable("no", reason="http_403")}
    tried: list[bool] = []

    def prepare(frontier: Frontier) -> None:
        on_error = frontier.on_error

        def by_the_fallback(target: Target, error: PageError) -> Article | None:
            tried.append(target.use_fallback)
            if target.use_fallback:
                body = (mirror / target.path).read_bytes()
                page = None
                if by_readers:
                    context = frontier.context_of(target)
                    page = read_or_finish(frontier.format, (), "article", "", body, context)
                    assert isinstance(page, ArticleLine)
                return frontier.on_page(target, body, page)  # type: ignore[return-value]
            return on_error(target, error)

        frontier.on_error = by_the_fallback  # type: ignore[method-assign]

    walked = walk_mirror(mirror, feed, fails=refused, snapshot=WITH_FALLBACK, prepare=prepare)
    assert tried == [False, True]
    blobs = dict(sqlite3.connect(feed / "state.sqlite").execute("SELECT id, blob FROM articles"))
    original = blob_id_of((mirror / page_of(ONE, 2)).read_bytes())
    assert blobs == {story(1).id: None, story(2).id: original}
    assert walked.feed.article(story(1).id)["tags"] is None
    assert walked.feed.article(story(2).id)["tags"] == []
    assert walked.counts.failures == {}


@pytest.mark.parametrize(
    ("reason", "set_aside", "tries"),
    [
        ("http_403", False, 2),
        ("http_403", True, 2),
        ("missing", False, 1),
        ("missing", True, 2),
        ("timeout", False, 1),
        ("http_429", False, 1),
        ("http_429", True, 1),
        ("http_500", False, 1),
        ("http_503", True, 1),
    ],
)
def test_which_pages_the_fallback_fetches(
    mirror: Path, feed: Path, reason: str, set_aside: bool, tries: int
) -> None:
    """Pages that are refused or set aside, but not those of a busy or broken host."""
    built(mirror, {1: [ONE]})
    path = page_of(ONE, 1)
    if set_aside:
        walk_mirror(mirror, feed, fails={path: PageMissing("gone")})
        age(feed, 15, 7.1)
    error = PageMissing("no") if reason == "missing" else PageUnreachable("no", reason=reason)
    walked = walk_mirror(mirror, feed, fails={path: error}, snapshot=WITH_FALLBACK)
    assert walked.paths.count(path) == tries
    assert walked.counts.failures == {reason: {story(1).id}}


def test_another_copy_is_tried_by_the_first_transport_again(mirror: Path, feed: Path) -> None:
    """It may be complete there."""
    built(mirror, {1: [ONE, TWO]})
    paths = [page_of(ONE, 1), page_of(TWO, 1)]
    gone = {path: PageMissing("gone") for path in paths}
    walk_mirror(mirror, feed, fails=gone)
    age(feed, 15, 7.1)
    del gone[paths[1]]
    walked = walk_mirror(mirror, feed, fails=gone, snapshot=WITH_FALLBACK)
    assert [path for path in walked.paths if path.startswith("pages/")] == [
        paths[0],
        paths[0],
        paths[1],
    ]
    assert walked.feed.article(story(1).id)["tags"] == []


def test_a_home_page_that_cannot_be_fetched_ends_the_run(mirror: Path, feed: Path) -> None:
    walked = walk_mirror(mirror, feed)
    assert isinstance(walked.error, MirrorUnusable)
    assert walked.paths == ["README.md"]
    assert not walked.frontier.finished


def test_a_home_page_that_says_that_it_moved(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,)})
    move_away(mirror, "new-owner/mirror")
    walked = walk_mirror(mirror, feed)
    assert isinstance(walked.error, MirrorMoved)
    assert walked.error.address == "https://github.com/new-owner/mirror"


def test_a_section_of_the_mirrors_file_that_is_not_there(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,)})
    walked = walk_mirror(mirror, feed, sections=("nf8",))
    assert walked.counts.failures == {"missing": {"indexes/nf8/README.md"}}


def test_wanted_sections_must_be_there(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,)})

    def want(frontier: Frontier) -> None:
        object.__setattr__(frontier.options, "sections", frozenset({"nf8", ONE}))

    walked = walk_mirror(mirror, feed, prepare=want)
    assert isinstance(walked.error, WrongUsage)
    assert "sections=nf8 are not" in str(walked.error)
    assert f"{ONE} (版面{ONE})" in str(walked.error)


def test_the_commit_is_kept_only_if_all_lists_were_read(mirror: Path, feed: Path) -> None:
    """With a limit, archive pages are not read, so other new articles would never be found."""
    built(mirror, dict.fromkeys(range(1, 100), (ONE,)))
    limited = walk_mirror(mirror, feed, limit=1, commit="c1")
    assert (limited.error, limited.counts.failure_count) == (None, 0)
    assert limited.counts.entries > 0
    assert kept(feed) == (None, None)
    gone = {f"indexes/{ONE}/2.md": PageMissing("gone")}
    walk_mirror(mirror, feed, commit="c2", fails=gone)
    assert kept(feed) == ("c2", None)
    whole = walk_mirror(mirror, feed, commit="c3")
    assert kept(feed) == ("c3", whole.counts.entries)


def kept(feed: Path) -> tuple[object, object]:
    """Return the commit and the number of entries in the state."""
    state = State(feed / "state.sqlite", find_format().id_order)
    found = state.get("commit"), state.get("entries")
    state.close()
    return found


def test_shrinking_is_measured_against_the_last_complete_run(mirror: Path, feed: Path) -> None:
    """Not against a partial run, and not if a list failed."""
    builder = built(mirror, dict.fromkeys(range(1, 31), (ONE,)))
    assert walk_mirror(mirror, feed).error is None
    builder.rows[ONE] = builder.rows[ONE][:10]
    builder.write(mirror)
    shrunk = walk_mirror(mirror, feed)
    assert isinstance(shrunk.error, MirrorUnusable)
    assert "10 entries, after 30 in" in str(shrunk.error)
    fails = {f"indexes/{TWO}/README.md": PageUnreachable("late", reason="timeout")}
    assert walk_mirror(mirror, feed, fails=fails).error is None


@pytest.mark.parametrize("what", ["README.md", f"indexes/{ONE}/README.md", page_of(ONE, 3)])
def test_a_crawl_that_ends_while_pages_are_in_flight(mirror: Path, feed: Path, what: str) -> None:
    """Cancelled pages count neither as read nor as failed, and lists as incomplete."""
    built(mirror, {**dict.fromkeys(range(1, 31), (ONE,)), 31: (TWO,)})
    assert walk_mirror(mirror, feed, fails={page_of(ONE, 3): PageMissing("gone")}).error is None
    ended = walk_mirror(mirror, feed, stops_at=what)
    assert ended.paths[-1] == what
    assert ended.error is None
    assert ended.counts.failures == {}
    assert not ended.frontier.finished
    assert walk_mirror(mirror, feed).frontier.finished


def test_a_recheck_of_an_unchanged_mirror_finds_nothing(mirror: Path, feed: Path) -> None:
    """It reads everything again: final lists, and the copies that lines were made from."""
    built(mirror, dict.fromkeys(range(1, 36), (ONE, TWO)))
    drop_page(mirror, ONE, story(5).id)
    walk_mirror(mirror, feed)
    walked = walk_mirror(mirror, feed, recheck=True)
    assert walked.counts.changed == {}
    assert walked.counts.pages == {"home": 1, "index": 3, "archive": 2, "article": 35}
    assert page_of(TWO, 5) in walked.paths
    assert len(walked.feed.ids) == 35


def test_a_recheck_reports_what_is_no_longer_listed(mirror: Path, feed: Path) -> None:
    """Even if nothing is listed."""
    builder = built(mirror, {**dict.fromkeys(range(1, 36), (ONE, TWO)), 36: (TWO,)})
    assert walk_mirror(mirror, feed).error is None
    builder.rows[ONE].clear()
    builder.rows[TWO].pop()
    builder.write(mirror)
    (mirror / "indexes" / ONE / "2.md").unlink()
    changed = walk_mirror(mirror, feed, recheck=True, shrunk_share=0).counts.changed
    one = [f"{ONE}/{story(number).id}" for number in range(1, 36)]
    assert sorted(changed["unlisted"]) == [*one, f"{TWO}/{story(36).id}"]
    builder.rows[TWO].clear()
    builder.write(mirror)
    (mirror / "indexes" / TWO / "2.md").unlink()
    changed = walk_mirror(mirror, feed, recheck=True, shrunk_share=0).counts.changed
    assert len(changed["unlisted"]) == 35 + 36


def test_a_recheck_that_cannot_read_is_partial(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,), 2: (ONE,)})
    walk_mirror(mirror, feed)
    away = {page_of(ONE, 2): PageUnreachable("500", reason="http_500")}
    walked = walk_mirror(mirror, feed, recheck=True, fails=away)
    assert walked.counts.changed == {"unread": [story(2).id]}
    assert walked.counts.failures == {"http_500": {story(2).id}}
    assert walk_mirror(mirror, feed).counts.failures == {}


def test_a_section_that_left_the_home_page_is_named(mirror: Path, feed: Path) -> None:
    built(mirror, {1: (ONE,), 2: (TWO,)})
    walk_mirror(mirror, feed)
    path = mirror / "README.md"
    path.write_text(path.read_text(encoding="utf-8").replace(f"indexes/{TWO}/", "indexes/x/"))
    walked = walk_mirror(mirror, feed)
    assert any(f"section {TWO} " in text and "no longer" in text for text in walked.counts.warnings)


def test_section_pages_that_are_notices(mirror: Path, feed: Path) -> None:
    """If all are, the mirror has moved. If some are, those sections fail and others are read."""
    built(mirror, {1: (ONE, TWO), 2: (TWO,)})
    home = (mirror / "README.md").read_bytes()
    index = (mirror / INDEXES[1]).read_bytes()
    move_away(mirror, "new-owner/mirror", sections=(ONE, TWO, THREE))
    (mirror / "README.md").write_bytes(home)
    walked = walk_mirror(mirror, feed)
    assert isinstance(walked.error, MirrorMoved)
    assert walked.error.address == "https://github.com/new-owner/mirror"
    assert walked.feed.pairs == []
    (mirror / INDEXES[1]).write_bytes(index)
    walked = walk_mirror(mirror, feed)
    assert walked.error is None
    assert walked.counts.failures == {"moved": {INDEXES[0], INDEXES[2]}}
    assert set(walked.feed.ids) == {story(1).id, story(2).id}


def test_an_archive_page_is_read_once(mirror: Path, feed: Path) -> None:
    """Once the next one exists, however slowly a section grows. Each story is read once."""
    builder = built(mirror, dict.fromkeys(range(1, 101), (ONE,)))
    walk_mirror(mirror, feed)
    archives = []
    for number in range(101, 161, 4):  # 100 rows and on: page 5 comes with 121, page 6 with 151
        for story_number in range(number, number + 4):
            builder.publish(story(story_number), ONE)
        builder.write(mirror)
        paths = walk_mirror(mirror, feed).paths
        pages = [page_of(ONE, new) for new in range(number + 3, number - 1, -1)]
        assert paths[:4] == ["README.md", *INDEXES]
        assert paths[-4:] == pages
        archives += [(number + 3, path) for path in paths[4:-4]]
    assert archives == [(124, f"indexes/{ONE}/4.md"), (152, f"indexes/{ONE}/5.md")]


# -- what a transport knows of changes ------------------------------------------------------------------


def changes(**kinds: Iterable[str]) -> Changes:
    return Changes(**{kind: frozenset(paths) for kind, paths in kinds.items()})


def walked_with(mirror: Path, feed: Path, known: Changes | None) -> Walked:
    """Crawl with a transport that knows blob ids, and what changed (None: it does not know)."""
    return walk_mirror(mirror, feed, snapshot=knowing(mirror, known))


def knowing(mirror: Path, known: Changes | None) -> Snapshot:
    def blob_id_at(path: str) -> str | None:
        file = mirror / path
        return blob_id_of(file.read_bytes()) if file.exists() else None

    return Snapshot(history=History(known, blob_id_at, old_page=lambda _: None))


def test_nothing_changed_means_nothing_is_read(mirror: Path, feed: Path) -> None:
    """Unless something is left to fetch."""
    built(mirror, dict.fromkeys(range(1, 40), (ONE,)))
    missing = {page_of(ONE, 7): PageMissing("gone")}
    walk_mirror(mirror, feed, fails=missing)
    assert len(walked_with(mirror, feed, changes()).paths) == 5
    nothing = walked_with(mirror, feed, changes())
    assert nothing.paths == []
    assert nothing.frontier.finished
    assert nothing.frontier.lists_complete


def test_an_archive_page_that_changed_is_read_again(mirror: Path, feed: Path) -> None:
    """If the transport does not know, all of them are."""
    built(mirror, dict.fromkeys(range(1, 100), (ONE,)))
    walk_mirror(mirror, feed)
    path = f"indexes/{ONE}/2.md"
    once = walked_with(mirror, feed, changes(modified=[path]))
    assert [one for one in once.paths if one not in ("README.md", *INDEXES)] == [path]
    everything = walked_with(mirror, feed, None)
    assert [one for one in everything.paths if "README" not in one] == [
        f"indexes/{ONE}/{number}.md" for number in (3, 2, 1)
    ]


def test_changed_and_vanished_pages_are_reported(mirror: Path, feed: Path) -> None:
    """Only if a key differs, not if only bytes do; each once.

    If the transport does not know, all lines are compared.
    """
    built(mirror, {1: (ONE, TWO), 2: (ONE,), 3: (ONE,), 4: (ONE,)})
    walk_mirror(mirror, feed)
    edited = article_page(story(1, title="青屿消息更正"), ONE)
    (mirror / page_of(ONE, 1)).write_text(edited, encoding="utf-8")
    (mirror / page_of(ONE, 3)).write_bytes((mirror / page_of(ONE, 3)).read_bytes() + b"\n")
    drop_page(mirror, ONE, story(2).id)
    known = changes(
        modified=[page_of(ONE, 1), page_of(TWO, 1), page_of(ONE, 3), page_of(ONE, 4), "README.md"],
        deleted=[page_of(ONE, 2)],
        added=[page_of(ONE, 9)],
    )
    told = {"changed": [story(1).id], "vanished": [story(2).id]}
    walked = walked_with(mirror, feed, known)
    assert walked.counts.changed == told
    pages = [path for path in walked.paths if path.startswith("pages/")]
    assert pages == [page_of(ONE, 3), page_of(ONE, 1)]
    unknown = walked_with(mirror, feed, None).counts
    assert unknown.changed == {}
    edited = article_page(story(4, title="青屿消息再更正"), ONE)
    (mirror / page_of(ONE, 4)).write_text(edited, encoding="utf-8")
    assert walked_with(mirror, feed, None).counts.changed == {"changed": [story(4).id]}


def test_a_list_that_failed_is_due_even_if_nothing_changed(mirror: Path, feed: Path) -> None:
    """Even an archive page that was read, then changed, and failed."""
    built(mirror, dict.fromkeys(range(1, 100), (ONE,)))
    path = f"indexes/{ONE}/2.md"
    walk_mirror(mirror, feed)
    gone = {path: PageMissing("gone")}
    known = knowing(mirror, changes(modified=[path]))
    failed = walk_mirror(mirror, feed, fails=gone, snapshot=known)
    assert failed.counts.failures == {"missing": {path}}
    assert (failed.frontier.lists_asked, failed.frontier.lists_complete) == (True, False)
    again = walked_with(mirror, feed, changes())
    assert again.paths == ["README.md", *INDEXES, path]
    assert walked_with(mirror, feed, changes()).paths == []


@pytest.mark.parametrize("recheck", [True, False], ids=["lines", "blob ids"])
def test_a_stop_is_noticed_while_nothing_is_fetched(
    mirror: Path, feed: Path, recheck: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan pauses while it looks at all lines, or at the blob ids of all pages."""
    built(mirror, dict.fromkeys(range(1, 300), (ONE,)))
    walk_mirror(mirror, feed)
    looked_at: list[str] = []
    sections_of = State.sections_of

    def noted(self: State, article: str) -> set[str]:
        looked_at.append(article)
        return sections_of(self, article)

    class Stopped(WatchedTransport):
        @property
        def stopped(self) -> bool:
            return bool(looked_at)

        @stopped.setter
        def stopped(self, _: bool) -> None: ...

    monkeypatch.setattr(State, "sections_of", noted)
    known = knowing(mirror, None)
    walked = walk_mirror(mirror, feed, recheck=recheck, snapshot=known, transport=Stopped)
    assert 0 < len(looked_at) < 299
    assert not walked.frontier.finished


def test_a_section_that_is_new_in_the_mirrors_file_is_read_though_nothing_changed(
    mirror: Path, feed: Path
) -> None:
    built(mirror, {1: (ONE, TWO)})
    walk_mirror(mirror, feed)
    known = knowing(mirror, changes())
    walked = walk_mirror(mirror, feed, sections=("nf9",), snapshot=known)
    assert walked.counts.failures == {"missing": {"indexes/nf9/README.md"}}
