"""A feed read again: the same lines, changes for what differs, and interruptions."""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import shutil
import signal
import time
from argparse import ArgumentParser
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import costly
import pytest
from crawling import Feed, mirrors_file, start_crawl, story
from dask_cluster import kill
from gitserver import Repository
from mirrorkit import MirrorBuilder, article_page, break_page, drop_page
from rereading import (
    SEED,
    SMALL_PARTS,
    Crawled,
    again,
    assert_whole,
    crawled,
    files_of,
    large_feed,
    remove,
    reread,
    start_reread,
    timeless,
    undisturbed_files,
)
from scrapy.utils.project import get_project_settings

from crawler.commands.reread import Command
from crawler.exceptions import FeedUnusable, MirrorUnusable, PageError, WrongUsage
from crawler.reread.lone_reader import BlockingLoneReader
from crawler.reread.pool import PoolEngine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ONE, TWO = "ncid1", "ncid2"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    return large_feed(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return undisturbed_files(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Crawled:
    """Return a mirror of ten stories, each in two sections, and its feed."""
    place = tmp_path_factory.mktemp("small")
    builder = MirrorBuilder.simple(ONE, TWO)
    for number in range(1, 11):
        builder.publish(story(number), ONE, TWO)
    builder.write(place / "mirror")
    return Crawled(place / "mirror", crawled(place / "mirror", place / "feed"))


@pytest.fixture
def small(published: Crawled, tmp_path: Path) -> Iterator[Crawled]:
    """Return the mirror of ten stories, at the place that the feed names, and a copy of the feed."""
    pages = shutil.copytree(published.mirror, tmp_path / "mirror before")
    feed = shutil.copytree(published.feed.directory, tmp_path / "feed")
    yield Crawled(published.mirror, Feed(feed))
    shutil.rmtree(published.mirror)
    shutil.move(pages, published.mirror)


def republish(small: Crawled, number: int, **keys: Any) -> None:
    """Edit a story's page, in both sections."""
    builder = MirrorBuilder.simple(ONE, TWO)
    builder.publish(story(number, **keys), ONE, TWO)
    for name, text in builder.files(builder.stamp):
        if name.startswith("pages/"):
            (small.mirror / name).write_text(text, encoding="utf-8")


def ident(number: int) -> str:
    return f"n{15_000_000 + number}"


# -- the same lines ------------------------------------------------------------------------


def test_the_sample_gives_its_own_lines(tmp_path: Path) -> None:
    """Byte for byte but for one time of reading; the old feed is as it was; a crawl goes on."""
    old = start_crawl("mirror=sample", feed=tmp_path / "old").finish().feed
    before = old.snapshot()
    result = reread(old.directory, tmp_path / "new")
    assert result.exit_code == 0, result.output
    new = result.feed
    assert timeless(new) == timeless(old)
    assert new.data("listings.jsonl") == old.data("listings.jsonl")
    assert {line["crawled_at"] for line in new.articles} == {new.runs[0]["start"]}
    assert_whole(new)
    assert old.snapshot() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "old"]
    on = start_crawl("mirror=sample", feed=new.directory).finish()
    assert (on.exit_code, on.run["articles"], on.run["listings"]) == (0, 0, 0), on.log
    assert on.run["pages"].get("archive", 0) == 0
    assert "sqlite" not in on.log
    assert_whole(new)


def crawl_repository(repository: Repository, place: Path) -> Feed:
    """Crawl a bare repository that no mirrors file describes."""
    arguments = (f"mirror={repository.path}", "via=git", "name=small")
    settings = {"CACHE_DIRECTORY": place / "cache"}
    return start_crawl(*arguments, feed=place / "old", settings=settings).finish().feed


def test_one_commit_of_a_repository_in_place(tmp_path: Path) -> None:
    """The commit of the beginning is read to the end, whatever is committed meanwhile."""
    builder = MirrorBuilder.simple(ONE)
    for number in range(1, 41):
        builder.publish(story(number), ONE)
    files = {name: text.encode() for name, text in builder.files(builder.stamp)}
    repository = Repository(tmp_path / "mirror.git")
    first = repository.commit(files)
    old = crawl_repository(repository, tmp_path)
    half = len(old.data("articles.jsonl")) // 2
    assert reread(old.directory, tmp_path / "new", "--range", f"0:{half}").exit_code == 0
    repository.commit({name: data.replace("准点".encode(), b"") for name, data in files.items()})
    result = reread(old.directory, tmp_path / "new")
    assert result.exit_code == 0, result.output
    assert timeless(result.feed) == timeless(old)
    assert (result.feed.runs[0]["way"], result.feed.runs[0]["commit"]) == ("git", first)
    assert not result.feed.data("changes.jsonl")
    later = reread(old.directory, tmp_path / "later")
    assert later.exit_code == 0, later.output
    assert timeless(later.feed) == timeless(old)
    assert len(later.feed.lines("changes.jsonl")) == 40
    assert_whole(later.feed)


def test_a_repository_by_address_is_read_from_its_clone(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "mirror.git")
    builder = MirrorBuilder.simple(ONE)
    builder.publish(story(1), ONE)
    repository.commit({name: text.encode() for name, text in builder.files(builder.stamp)})
    mirrors = mirrors_file(tmp_path, "small", git=f"file://{repository.path}")
    settings = {"MIRRORS_FILE": mirrors, "CACHE_DIRECTORY": tmp_path / "cache"}
    old = start_crawl(feed=tmp_path / "old", settings=settings).finish().feed
    given = [word for name, value in settings.items() for word in ("-s", f"{name}={value}")]
    result = reread(old.directory, tmp_path / "new", *given)
    assert result.exit_code == 0, result.output
    assert timeless(result.feed) == timeless(old)
    with pytest.raises(WrongUsage, match="--mirror"):
        again(old.directory, tmp_path / "far", mirrors_file=mirrors, many_machines=True)


# -- what differs --------------------------------------------------------------------------


def test_a_page_that_is_gone_changed_or_broken_keeps_its_line(
    small: Crawled, tmp_path: Path
) -> None:
    """What reads differently now is a change; what cannot be read is a failure."""
    for section in (ONE, TWO):
        drop_page(small.mirror, section, ident(1))
    drop_page(small.mirror, ONE, ident(2))  # another section has a copy
    republish(small, 3, blocks=("改写了。",))
    page = small.mirror / "pages" / ONE / f"{ident(4)}.md"
    page.write_bytes(page.read_bytes() + b"\n")  # other bytes, nothing else
    break_page(small.mirror, ONE, ident(5))
    with pytest.raises(MirrorUnusable, match="lacks 2 of 10 pages"):
        again(small.feed.directory, tmp_path / "new")
    rightly = ("-s", "MIRROR_SHRUNK_SHARE=0.8")
    result = reread(small.feed.directory, tmp_path / "new", *rightly)
    assert result.exit_code == 3, result.output
    new = result.feed
    old_lines = {line["id"]: line for line in small.feed.articles}
    carried = {ident(number) for number in range(1, 6)}
    assert {line["id"] for line in new.articles if line == old_lines[line["id"]]} >= carried
    assert timeless(new) == timeless(small.feed)
    run = new.runs[0]
    assert run["reread"]["carried"] == {
        "differs": {"count": 2, "ids": [ident(3), ident(4)]},
        "malformed": {"count": 1, "ids": [ident(5)]},
        "missing": {"count": 2, "ids": [ident(1), ident(2)]},
    }
    assert run["failures"] == {"malformed": {"count": 1, "ids": [ident(5)]}}
    assert (run["status"], run["exit_code"]) == ("partial", 3)
    changes = {change["id"]: change for change in new.lines("changes.jsonl")}
    assert {one: changes[one]["kind"] for one in changes} == {
        ident(1): "vanished",
        ident(3): "changed",
    }
    assert changes[ident(3)]["article"]["content_text"] == "改写了。"
    assert changes[ident(3)]["seen_at"] == run["start"]
    assert_whole(new)
    second = again(new.directory, tmp_path / "second", shrunk_share=0.8)  # it has the blob ids, too
    assert second.runs[0]["reread"]["carried"] == run["reread"]["carried"]
    assert second.data("changes.jsonl") == new.data("changes.jsonl")


def test_another_reread_repeats_no_change(small: Crawled, tmp_path: Path) -> None:
    """Old changes are copied; a new one is a difference from the last edition, not from the first."""
    republish(small, 3, blocks=("改写了。",))
    for section in (ONE, TWO):
        shutil.move(small.mirror / "pages" / section / f"{ident(1)}.md", tmp_path / section)
    first = again(small.feed.directory, tmp_path / "first")
    second = again(first.directory, tmp_path / "second")
    assert second.data("changes.jsonl") == first.data("changes.jsonl") != b""
    for section in (ONE, TWO):
        shutil.move(tmp_path / section, small.mirror / "pages" / section / f"{ident(1)}.md")
    republish(small, 3)  # as it was at first
    last = again(second.directory, tmp_path / "last")
    assert last.data("changes.jsonl").startswith(first.data("changes.jsonl"))
    added = last.lines("changes.jsonl")[len(first.lines("changes.jsonl")) :]
    kinds = {change["id"]: change["kind"] for change in added}
    assert kinds == {ident(1): "returned", ident(3): "changed"}
    assert last.runs[0]["reread"]["carried"] == {}
    assert_whole(last)


def test_without_blob_ids_texts_are_compared(small: Crawled, tmp_path: Path) -> None:
    republish(small, 3, blocks=("改写了。",))
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("articles.jsonl", "listings.jsonl", "runs.jsonl"):
        shutil.copy(small.feed.directory / name, copy)
    new = again(copy, tmp_path / "new")
    assert new.runs[0]["reread"]["carried"] == {"differs": {"count": 1, "ids": [ident(3)]}}
    read_again = {line["id"] for line in new.articles if line["crawled_at"] == new.runs[0]["start"]}
    assert read_again >= {ident(number) for number in (1, 2, 4, 5, 6, 7, 8, 9, 10)}


def test_better_readers_replace_the_line(small: Crawled, tmp_path: Path) -> None:
    """A line that older readers got wrong is replaced, without a change, because the page is the same."""
    articles = small.feed.directory / "articles.jsonl"
    wrong = articles.read_bytes().replace("陆小满".encode(), "陆大满".encode())
    articles.write_bytes(wrong)
    new = again(small.feed.directory, tmp_path / "new")
    assert {line["authors"][0]["name"] for line in new.articles} == {"陆小满"}
    assert not new.data("changes.jsonl")
    assert_whole(new)


# -- what is left out ----------------------------------------------------------------------


def test_a_withdrawn_article_does_not_return(small: Crawled, tmp_path: Path) -> None:
    """From every file; neither a crawl nor another reread brings it back."""
    republish(small, 3, blocks=("改写了。",))
    changed = again(small.feed.directory, tmp_path / "changed")
    ids = tmp_path / "ids.txt"
    ids.write_text(f"# a demand\n{ident(3)}  # of today\n\nn19999999\n", encoding="utf-8")
    new = reread(changed.directory, tmp_path / "new", "--without", str(ids)).feed
    assert ident(3) not in new.ids
    assert len(new.ids) == 9
    assert not any(ident(3).encode() in data for data in files_of(new).values())
    assert new.runs[0]["reread"]["withdrawn"] == 1
    assert_whole(new)
    on = start_crawl(f"mirror={small.mirror}", feed=new.directory).finish()
    assert (on.exit_code, on.run["articles"], on.run["listings"]) == (0, 0, 0), on.log
    os.remove(new.directory / "state.sqlite")
    rebuilt = start_crawl(f"mirror={small.mirror}", feed=new.directory).finish()
    assert (rebuilt.exit_code, rebuilt.run["articles"], rebuilt.run["listings"]) == (0, 0, 0)
    third = again(new.directory, tmp_path / "third")
    assert (third.directory / "withdrawn.txt").read_text() == f"{ident(3)}\nn19999999\n"
    assert len(third.ids) == 9


# -- parts ---------------------------------------------------------------------------------


@pytest.mark.soak
def test_any_ranges_joined_are_the_same_feed(
    large: Crawled, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """A line belongs to the range that it begins in; ranges may lie across lines, or be read twice."""
    target, size = tmp_path / "new", len(large.feed.data("articles.jsonl"))
    cuts = [0, 1, size // 3, size // 3 + 5, size + 1000, size + 2000]
    ranges = [f"{a}:{b}" for a, b in pairwise(cuts)]
    random.Random(SEED).shuffle(ranges)
    for one in ranges[1:]:
        assert reread(large.feed.directory, target, "--range", one).exit_code == 0
    early = reread(large.feed.directory, target, "--join")
    if early.exit_code:  # a range of five bytes may hold no line's beginning
        assert early.exit_code == 75
        assert "are left" in early.output
        assert not target.exists()
        assert reread(large.feed.directory, target, "--range", ranges[0]).exit_code == 0
        joined = reread(large.feed.directory, target, "--join")
        assert joined.exit_code == 0, joined.output
    assert files_of(Feed(target)) == undisturbed, f"EPOCH_TEST_SEED={SEED}"


def test_a_restart_skips_what_is_there_and_clears_the_rest(
    large: Crawled, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    target, work = tmp_path / "new", tmp_path / "new.reread"
    reread(large.feed.directory, target, "--range", "0:100000")
    [part] = (work / "parts").iterdir()
    before = part.stat().st_mtime_ns
    (work / "parts" / "aside-left").write_bytes(b"half")
    (work / "parts" / part.name.replace(part.name.split(".")[1], "0" * 16)).write_bytes(b"old")
    at = json.loads((work / "plan.json").read_text())["at"]
    time.sleep(1.1)
    running = start_reread(large.feed.directory, target, *SMALL_PARTS)
    running.wait_for_parts(3)
    kill([running.process.pid])
    running.finish()
    assert part.stat().st_mtime_ns == before
    assert not {path.name for path in (work / "parts").iterdir()} & {"aside-left"}
    assert all("0" * 16 not in path.name for path in (work / "parts").iterdir())
    again(large.feed.directory, target)
    assert {line["crawled_at"] for line in Feed(target).articles} == {at}
    assert files_of(Feed(target)) == undisturbed


def test_other_readers_begin_again(small: Crawled, tmp_path: Path) -> None:
    """What older readers made of a part is no part of what today's make."""
    target, work = tmp_path / "new", tmp_path / "new.reread"
    assert reread(small.feed.directory, target, "--range", "0:2000").exit_code == 0
    [part] = (work / "parts").iterdir()
    plan = json.loads((work / "plan.json").read_text())
    old = part.with_name(part.name.replace(plan["readers"], "0123456789abcdef"))
    old.write_bytes(part.read_bytes().replace("青屿".encode(), "红屿".encode()))
    part.unlink()
    (work / "plan.json").write_text(json.dumps({**plan, "readers": "0123456789abcdef"}))
    assert timeless(again(small.feed.directory, target)) == timeless(small.feed)


# -- stopped and killed --------------------------------------------------------------------


def reread_with_kills(feed: Path, target: Path, kills: int, rng: random.Random) -> tuple[int, Feed]:
    """Reread under so many kills at most, then to the end; return how many there were."""
    killed = 0
    while killed < kills:
        running = start_reread(feed, target, *SMALL_PARTS)
        if rng.random() < 0.75:
            running.wait_for_parts(len(running.parts) + 1)
        time.sleep(rng.uniform(0, 0.6))
        running.process.kill()
        if running.finish().exit_code != -signal.SIGKILL:
            break
        killed += 1
    return killed, again(feed, target)


def kill_often(large: Crawled, undisturbed: dict[str, bytes], place: Path, kills: int) -> None:
    """Reread as often as it takes for so many kills; each feed is that of an undisturbed run."""
    rng, killed = random.Random(SEED), 0
    before = large.feed.snapshot()
    while killed < kills:
        times, feed = reread_with_kills(
            large.feed.directory, place / "new", min(4, kills - killed), rng
        )
        killed += times
        assert files_of(feed) == undisturbed, f"EPOCH_TEST_SEED={SEED}"
        assert not (place / "new.reread").exists()
        remove(place / "new")
    assert large.feed.snapshot() == before


def test_killed_at_random_moments(
    large: Crawled, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    kill_often(large, undisturbed, tmp_path, 2)


@pytest.mark.soak
def test_killed_at_fifty_random_moments(
    large: Crawled, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    kill_often(large, undisturbed, tmp_path, 50)


def test_it_survives_a_stop_signal_and_dead_readers(
    large: Crawled, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """A signal ends it within seconds; a killed reader costs nothing."""
    running = start_reread(large.feed.directory, tmp_path / "new", *SMALL_PARTS, "-s", "READERS=2")
    running.wait_for_parts()
    readers = running.children("spawn_main")
    sent = time.monotonic()
    running.process.send_signal(signal.SIGTERM)
    stopped = running.finish()
    assert time.monotonic() - sent < 20
    assert stopped.exit_code == 143, stopped.output
    assert not any(reader.alive for reader in readers)
    assert not (tmp_path / "new").exists()
    running = start_reread(large.feed.directory, tmp_path / "new", *SMALL_PARTS, "-s", "READERS=2")
    for _ in range(2):
        running.wait_for_parts(len(running.parts) + 1)
        kill(one.pid for one in running.children("spawn_main"))
    result = running.finish()
    assert result.exit_code == 0, result.output
    assert files_of(result.feed) == undisturbed


def test_without_readers_it_reads_itself(small: Crawled, tmp_path: Path) -> None:
    new = again(small.feed.directory, tmp_path / "new", PoolEngine(0))
    assert timeless(new) == timeless(small.feed)


def test_a_page_that_kills_its_reader_fails_alone() -> None:
    """It fails, and so does one that its reader cannot handle; the next one is read."""
    page = article_page(story(1), ONE).encode()
    reader = BlockingLoneReader(costly.read)
    try:
        for mark, reason in (
            (costly.KILLS, "too_costly"),
            (costly.EATS, "too_costly"),
            (costly.FAILS, "error"),
        ):
            with pytest.raises(PageError) as failure:
                reader.read(page + mark)
            assert failure.value.reason == reason
            assert reader.read(page).original.id == ident(1)
    finally:
        reader.close()


def test_a_large_page_is_read_in_a_separate_process(small: Crawled, tmp_path: Path) -> None:
    republish(small, 3, blocks=tuple(f"青屿第{number}段。" * 40 for number in range(600)))
    feed = crawled(small.mirror, tmp_path / "larger")
    assert max(map(len, feed.data("articles.jsonl").splitlines())) > 256 << 10
    new = again(feed.directory, tmp_path / "new")
    assert timeless(new) == timeless(feed)


# -- refused -------------------------------------------------------------------------------


def damage_line(feed: Path) -> None:
    """Spoil the second line."""
    lines = (feed / "articles.jsonl").read_bytes().split(b"\n")
    lines[1] = lines[1][:-5]
    (feed / "articles.jsonl").write_bytes(b"\n".join(lines))


def of_the_future(feed: Path) -> None:
    """Have the feed keep a contract that nobody knows yet."""
    run = json.loads((feed / "runs.jsonl").read_bytes().split(b"\n")[0])
    (feed / "runs.jsonl").write_text(json.dumps({**run, "contract": "9.0"}) + "\n")


@pytest.mark.parametrize(("harm", "said"), [(damage_line, "at byte"), (of_the_future, "9.0")])
def test_a_feed_that_cannot_be_read(
    small: Crawled, tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    harm(small.feed.directory)
    with pytest.raises(FeedUnusable, match=said):
        again(small.feed.directory, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_feed_that_is_cut_off_meanwhile(small: Crawled, tmp_path: Path) -> None:
    reread(small.feed.directory, tmp_path / "new", "--range", "0:2000")
    os.truncate(small.feed.directory / "listings.jsonl", 0)
    with pytest.raises(FeedUnusable, match="is shorter than it was"):
        again(small.feed.directory, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_directory_without_a_mirror(small: Crawled, tmp_path: Path) -> None:
    """An archive that is not mounted does not make every article vanish."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(MirrorUnusable, match="is not a mirror"):
        again(small.feed.directory, tmp_path / "new", mirror=str(tmp_path / "empty"))
    assert again(small.feed.directory, tmp_path / "new").runs[0]["exit_code"] == 0


def test_a_feed_that_a_run_writes(small: Crawled, tmp_path: Path) -> None:
    with (small.feed.directory / "lock").open("rb+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = reread(small.feed.directory, tmp_path / "new")
    assert result.exit_code == 75, result.output
    assert "a run is writing" in result.output


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--range", "5:1"], "--range must be START:END"),
        (["--range", "0:1", "--join"], "--join reads nothing"),
        (["--join"], "has nothing to join"),
        (["--engine", "dask://nowhere"], "--engine must be dask://HOST:PORT"),
        (["--engine", "dask+tls://127.0.0.1:9"], "needs certificates"),
        (["--part-bytes", "0"], "part_bytes must be a positive integer"),
        (["--mirror", "nonesuch"], "no mirror 'nonesuch'"),
        (["--without", "/nonexistent"], "--without /nonexistent cannot be read"),
        (["--without", __file__], "is not an id of an article"),
    ],
)  # fmt: skip
def test_wrong_usage(small: Crawled, tmp_path: Path, options: list[str], said: str) -> None:
    """The command's own part, without its process."""
    command, parser = Command(), ArgumentParser(conflict_handler="resolve")
    command.settings = get_project_settings()
    command.add_options(parser)
    given = parser.parse_args(["--to", str(tmp_path / "new"), *options])
    with pytest.raises(WrongUsage, match=re.escape(said)):
        command._reread(small.feed.directory, given)
    assert not (tmp_path / "new").exists()
    assert not (tmp_path / "new.reread").exists()


def test_it_overwrites_nothing(small: Crawled, tmp_path: Path) -> None:
    before = small.feed.snapshot()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("dear")
    for target in (small.feed.directory, tmp_path / "full"):
        with pytest.raises(WrongUsage, match="exists: give a new directory"):
            again(small.feed.directory, target)
    assert small.feed.snapshot() == before
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["letter.txt"]


def test_a_finished_reread_is_not_repeated(small: Crawled, tmp_path: Path) -> None:
    first = reread(small.feed.directory, tmp_path / "new")
    before = first.feed.snapshot()
    second = reread(small.feed.directory, tmp_path / "new")
    assert (second.exit_code, second.output) == (first.exit_code, first.output)
    assert first.feed.snapshot() == before


def test_an_unfinished_reread_of_something_else(small: Crawled, tmp_path: Path) -> None:
    reread(small.feed.directory, tmp_path / "new", "--range", "0:2000")
    other = shutil.copytree(small.feed.directory, tmp_path / "other")
    ids = tmp_path / "ids.txt"
    ids.write_text(ident(1))
    with pytest.raises(WrongUsage, match="unfinished reread of"):
        again(other, tmp_path / "new")
    with pytest.raises(WrongUsage, match="unfinished reread without other ids"):
        again(small.feed.directory, tmp_path / "new", without=ids)


# -- real mirrors --------------------------------------------------------------------------


@pytest.mark.soak
def test_a_real_mirror_gives_its_own_lines(corpus: Any, tmp_path: Path) -> None:
    """By directory and by git."""
    special = corpus("special")
    tree = special.tree()
    old = crawled(tree, tmp_path / "old")
    for number, mirror in enumerate((tree, special.git)):
        result = reread(
            old.directory, tmp_path / f"new{number}", "--mirror", str(mirror), *SMALL_PARTS
        )
        assert result.exit_code == 0, result.output
        assert timeless(result.feed) == timeless(old)
        assert result.feed.runs[0]["reread"]["carried"] == {}
        assert_whole(result.feed)
