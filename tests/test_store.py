"""The store: feed and state agree, whatever happens to either."""

from __future__ import annotations

import datetime as dt
import errno
import os
import sqlite3
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from crawling import Feed, assert_offsets_meet

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.items import CONTRACT_VERSION, ArticleLine
from crawler.lines import line_of
from crawler.store.edition import PublishedArticle, digest_of
from crawler.store.feed import FeedStore
from crawler.store.packed_ids import PackedIds
from crawler.store.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOON = dt.datetime(2026, 11, 1, 12, 30, 1, tzinfo=dt.UTC)
READERS = "0123456789ab"
ABOUT = {
    "start": "2026-11-01T12:00:00Z", "mirror": "small", "way": "path", "contract": CONTRACT_VERSION,
    "readers": READERS,
}  # fmt: skip
RUN = {**ABOUT, "end": "2026-11-01T12:01:00Z", "status": "complete", "exit_code": 0}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "feeds" / "small"


@contextmanager
def opened(directory: Path, mirror: str = "small") -> Iterator[FeedStore]:
    """Open the store, and close it regularly."""
    store = FeedStore(directory, mirror, ABOUT)
    yield store
    store.commit()
    store.close(RUN)


def die(store: FeedStore) -> None:
    """Leave a store as a killed run does: without a commit, with the note."""
    store.state.close()
    for file in (store.articles, store.listings, store.changes, store.runs):
        file.close()
    os.close(store.lock._fd)


def record(number: int, section: str = "nf1", **keys: Any) -> dict[str, Any]:
    """Return the keys of an article that the store uses."""
    url = f"https://example.org/small/pages/{section}/n{number}.md"
    told = {"id": f"n{number}", "mirror": "small", "mirror_url": url, "content_sha256": "0" * 64}
    return {**told, "date_published": None, "sections": [{"id": section, "name": "一"}], **keys}


def line(number: int, **keys: Any) -> ArticleLine:
    return line_of(record(number, **keys))


def entries(*numbers: int) -> list[tuple[str, str]]:
    return [(f"n{number}", f"第{number}号") for number in numbers]


def filled(directory: Path) -> Feed:
    """Write three listings and two articles in one run."""
    with opened(directory) as store:
        store.add_listings("nf1", entries(1, 2, 3), NOON)
        store.write(line(1), blob_id="a" * 40)
        store.write(line(2), blob_id="a" * 40)
    return Feed(directory)


def test_what_a_run_leaves(directory: Path) -> None:
    feed = filled(directory)
    assert feed.ids == ["n1", "n2"]
    assert feed.listings[0] == {
        "id": "n1", "section": "nf1", "title": "第1号", "first_seen_at": "2026-11-01T12:30:01Z"
    }  # fmt: skip
    [run] = feed.runs
    assert run.items() >= RUN.items()
    assert (run["articles_before"], run["articles_after"]) == (0, len(feed.data("articles.jsonl")))
    assert (directory / "lock").read_bytes() == b""
    assert_offsets_meet(feed)


def test_listings_are_added_once(directory: Path) -> None:
    """The result has the number of new pairs, and how many are of ids listed before."""
    with opened(directory) as store:
        assert store.add_listings("nf1", entries(1, 2), NOON) == (2, 0)
        assert store.add_listings("nf1", entries(1, 2, 3), NOON) == (1, 0)
        assert store.add_listings("nf2", entries(2, 3, 4), NOON) == (3, 2)
    with opened(directory) as store:
        assert store.add_listings("nf2", entries(2, 5), NOON) == (1, 0)
        assert store.state.sections_of("n2") == {"nf1", "nf2"}
    assert len(Feed(directory).pairs) == 7


def test_pending_is_what_is_listed_and_has_no_line(directory: Path) -> None:
    """Newest first by number, because ids have seven or eight digits."""
    with opened(directory) as store:
        store.add_listings("nf1", entries(9999999, 10000000, 28512), NOON)
        store.write(line(28512))
        assert list(store.pending()) == ["n10000000", "n9999999"]


def test_a_killed_run_is_caught_up_with(directory: Path) -> None:
    """Lines after the state's last commit are read from the feed, and the run's line is written."""
    feed = filled(directory)
    store = FeedStore(directory, "small", ABOUT)
    store.add_listings("nf2", entries(2, 7), NOON)
    store.write(line(3))
    die(store)
    with opened(directory) as after:
        assert list(after.pending()) == ["n7"]
        assert after.state.sections_of("n2") == {"nf1", "nf2"}
        assert after.add_listings("nf2", entries(2, 7), NOON) == (0, 0)
    assert [run["status"] for run in feed.runs] == ["complete", "killed", "complete"]
    killed = feed.runs[1]
    assert (killed["start"], killed["end"], killed["exit_code"]) == (ABOUT["start"], None, None)
    assert killed["articles_before"] < killed["articles_after"]
    assert_offsets_meet(feed)


def test_a_run_that_died_behind_its_line_gets_no_second(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FeedStore(directory, "small", ABOUT)
    monkeypatch.setattr(store.lock, "clear", lambda: None)
    store.close(RUN)
    assert (directory / "lock").read_bytes() != b""
    with opened(directory):
        pass
    assert [run["status"] for run in Feed(directory).runs] == ["complete", "complete"]


@pytest.mark.parametrize("line", ["{\n", '{"articles_after": null, "end": "x"}\n'])
def test_a_runs_line_that_was_changed_by_hand(directory: Path, line: str) -> None:
    """It is skipped if it is invalid; an invalid count is 0."""
    filled(directory)
    with (directory / "runs.jsonl").open("a", encoding="utf-8") as runs:
        runs.write(line)
    with opened(directory) as store:
        assert list(store.pending()) == ["n3"]


@pytest.mark.parametrize("what", ["lists", "fails"])
def test_the_state_is_committed_while_lists_are_read_and_pages_fail(
    directory: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """A killed run loses at most two seconds of reading lists."""
    clock = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    store = FeedStore(directory, "small", ABOUT)
    store.add_listings("nf1", entries(1), NOON)
    store.state.mark_archive_read("nf1", 1)
    clock[0] += 3
    if what == "lists":
        store.add_listings("nf1", entries(2), NOON)
    else:
        store.fail("n1", "missing")
    store.state.mark_archive_read("nf1", 2)
    die(store)
    with opened(directory) as after:
        assert after.state.archives_read("nf1") == {1}
        assert [key for key, *_ in after.state.failures()] == (["n1"] if what == "fails" else [])


def test_a_full_disk_in_the_lists_loses_no_listing(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pair whose line cannot be written is not known, even if the state can be."""
    store = FeedStore(directory, "small", ABOUT)

    def full(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", full)
        with pytest.raises(FeedUnusable, match="No space left"):
            store.add_listings("nf1", entries(1), NOON)
    store.close(RUN)
    with opened(directory) as after:
        assert after.add_listings("nf1", entries(1), NOON) == (1, 0)
    assert Feed(directory).pairs == [("nf1", "n1")]


def test_a_full_disk_in_the_changes_loses_no_change(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No partial line stays, and the change is found again."""
    filled(directory)
    store = FeedStore(directory, "small", ABOUT)
    pwrite = os.pwrite

    def nearly_full(fd: int, data: bytes, offset: int) -> int:
        if offset > 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return pwrite(fd, data[:20], offset)

    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", nearly_full)
        with pytest.raises(FeedUnusable, match="No space left"):
            store.write_change(line(1, title="x"), NOON)
        with pytest.raises(FeedUnusable, match="No space left"):
            store.write_vanished("n2", NOON)
    store.commit()
    store.close(RUN)
    feed = Feed(directory)
    assert feed.data("changes.jsonl") == b""
    with opened(directory) as after:
        assert after.write_change(line(1, title="x"), NOON) == "changed"
        assert after.write_vanished("n2", NOON)
    assert [(one["kind"], one["id"]) for one in feed.changes] == [
        ("changed", "n1"), ("vanished", "n2")
    ]  # fmt: skip
    assert_offsets_meet(feed)


def test_changes_behind_the_state_are_caught_up_with(directory: Path) -> None:
    """A killed run's changes are known and not written again; its partial line is truncated."""
    filled(directory)
    store = FeedStore(directory, "small", ABOUT)
    assert store.write_change(line(1, title="x"), NOON) == "changed"
    assert store.write_vanished("n2", NOON)
    die(store)
    with (directory / "changes.jsonl").open("ab") as torn:
        torn.write(b'{"id":"n1","ki')
    with opened(directory) as after:
        assert after.write_change(line(1, title="x"), NOON, blob_id="b" * 40) is None
        assert not after.write_vanished("n2", NOON)
        assert after.write_change(line(2), NOON, blob_id="b" * 40) == "returned"
        assert after.write_change(line(1), NOON) == "changed"
    feed = Feed(directory)
    assert [one["kind"] for one in feed.changes] == ["changed", "vanished", "returned", "changed"]
    assert [run["status"] for run in feed.runs] == ["complete", "killed", "complete"]
    assert_offsets_meet(feed)


@pytest.mark.parametrize(
    ("key", "value", "kind"),
    [
        ("title", "x", "changed"),
        ("editors", ["方帆"], "changed"),
        ("content_sha256", "1" * 64, "changed"),
        ("sections", [], None),
        ("mirror_url", "https://example.org/small/pages/nf2/n1.md", None),
        ("mirror", "other", None),
        ("crawled_at", "2027-01-01T00:00:00Z", None),
    ],
)
def test_which_keys_make_a_change(directory: Path, key: str, value: Any, kind: str | None) -> None:
    filled(directory)
    with opened(directory) as store:
        assert store.write_change(line(1, **{key: value}), NOON, blob_id="b" * 40) == kind


def test_a_state_that_cannot_be_written_ends_the_run_with_5(directory: Path) -> None:
    """Whichever method fails: status 5, not an unexpected exception."""
    filled(directory)
    store = FeedStore(directory, "small", ABOUT)
    store.state._db.execute("PRAGMA query_only = ON")
    for what in (
        lambda: store.add_listings("nf1", entries(8), NOON),
        lambda: store.write(line(8)),
        lambda: store.fail("n8", "missing"),
        lambda: store.state.recover("n8"),
        lambda: store.state.mark_archive_read("nf1", 1),
        lambda: store.state.name_section("nf1", "一"),
        store.commit,
    ):
        with pytest.raises(FeedUnusable, match=r"state in .* cannot be written"):
            what()
    die(store)


# -- whose feed ----------------------------------------------------------------------------------


def contents(directory: Path) -> dict[str, bytes]:
    return Feed(directory).snapshot()


@pytest.mark.parametrize("left", ["runs.jsonl", "articles.jsonl"])
def test_a_feed_of_another_mirror_is_refused(directory: Path, left: str) -> None:
    """By its first run or its first article, before anything is written."""
    filled(directory)
    for name in {"runs.jsonl", "articles.jsonl"} - {left}:
        (directory / name).unlink()
    before = contents(directory)
    with pytest.raises(WrongUsage, match=r"belongs to mirror 'small', not to 'other'"):
        FeedStore(directory, "other", ABOUT)
    assert contents(directory) == before


def test_a_feed_that_was_killed_before_its_first_article_is_refused(directory: Path) -> None:
    """The killed run's note names the mirror."""
    store = FeedStore(directory, "small", ABOUT)
    store.add_listings("nf1", entries(1), NOON)
    die(store)
    before = contents(directory)
    with pytest.raises(WrongUsage, match=r"belongs to mirror 'small', not to 'other'"):
        FeedStore(directory, "other", ABOUT)
    assert contents(directory) == before


@pytest.mark.parametrize("version", ["1", '"1.1"', '"2.0"', '"0.9"', '"1"', "null"])
def test_a_feed_of_another_contract_is_refused(directory: Path, version: str) -> None:
    """The first edition called itself 1, a number."""
    filled(directory)
    path = directory / "runs.jsonl"
    path.write_bytes(
        path.read_bytes().replace(b'"contract":"1.0"', f'"contract":{version}'.encode())
    )
    before = contents(directory)
    with pytest.raises(FeedUnusable, match=r"contract version .*writes '1.0'.*feed=DIR"):
        FeedStore(directory, "small", ABOUT)
    assert contents(directory) == before


# -- hands in it -----------------------------------------------------------------------------------


def test_an_article_with_two_lines_is_an_error(directory: Path) -> None:
    """It is found when the state is rebuilt, and after the state's offset."""
    filled(directory)
    path = directory / "articles.jsonl"
    path.write_bytes(path.read_bytes() + path.read_bytes().splitlines(keepends=True)[0])
    with pytest.raises(FeedUnusable, match=r"more than one line of n1: it was changed by hand"):
        FeedStore(directory, "small", ABOUT)


@pytest.mark.parametrize("name", ["articles.jsonl", "listings.jsonl"])
@pytest.mark.parametrize("how", ["cut", "emptied", "deleted", "edited"])
def test_files_that_were_changed_by_hand(
    directory: Path, name: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The old state is renamed; only what the files contain now is known."""
    feed = filled(directory)
    path = directory / name
    lines = path.read_bytes().splitlines(keepends=True)
    if how == "cut":
        path.write_bytes(b"".join(lines[:-1]) + lines[-1][:10])
    elif how == "emptied":
        path.write_bytes(b"")
    elif how == "deleted":
        path.unlink()
    else:
        last = lines[-1].replace(b'"n2"', b'"n9"').replace(b'"n3"', b'"n9"')
        path.write_bytes(b"".join([*lines[:-1], last]))
    left = {"cut": len(lines) - 1, "edited": len(lines)}.get(how, 0)
    with opened(directory) as store:
        known = store.state.counts()[name == "listings.jsonl"]
        assert known == left
        assert store.state.is_written("n9") is (name == "articles.jsonl" and how == "edited")
    assert "changed by hand: renamed to state.sqlite.aside-" in caplog.text
    assert len([path for path in directory.iterdir() if "aside" in path.name]) == 1
    assert len(feed.runs) == 2 + (how != "edited")
    assert_offsets_meet(feed) if how != "edited" else None


def spoil(state: Path, how: str) -> None:
    """Damage a state in one way."""
    data = state.read_bytes()
    spoilt = {
        "emptied": b"",
        "no database": b"nothing of SQLite's" * 100,
        "cut": data[: len(data) // 2],
        "overwritten": data[:4096] + b"\xa5" * 8192 + data[12288:],
    }
    if how == "deleted":
        state.unlink()
    elif how in ("without tables", "words for times"):
        with sqlite3.connect(state) as database:
            if how == "without tables":
                database.execute("DROP TABLE listings")
            else:
                database.execute("INSERT INTO failures VALUES ('n3', 'missing', 'then', 'now')")
        database.close()
    else:
        state.write_bytes(spoilt[how])


@pytest.mark.parametrize(
    "how",
    [
        "deleted",
        "emptied",
        "no database",
        "cut",
        "overwritten",
        "without tables",
        "words for times",
    ],
)
def test_a_damaged_state_is_rebuilt(
    directory: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is renamed, if it exists, and rebuilt from the feed."""
    filled(directory)
    spoil(directory / "state.sqlite", how)
    with opened(directory) as store:
        assert list(store.pending()) == ["n3"]
        assert store.state.counts() == (2, 3)
    assert "rebuilt from the feed" in caplog.text
    aside = [path.name for path in directory.iterdir() if "aside" in path.name]
    assert len(aside) == (how not in ("deleted", "emptied"))
    caplog.clear()
    with opened(directory) as store:
        assert list(store.pending()) == ["n3"]
    assert caplog.text == ""


@pytest.mark.parametrize(
    "error",
    [sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR],
)
def test_a_state_that_cannot_be_opened_is_not_renamed(
    directory: Path, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    """A full disk is not damage: status 5, and the state stays."""
    filled(directory)

    def refuse(_: State) -> None:
        refused = sqlite3.OperationalError("refused")
        refused.sqlite_errorcode = error
        raise refused

    monkeypatch.setattr(State, "_open", refuse)
    with pytest.raises(FeedUnusable, match="refused"):
        FeedStore(directory, "small", ABOUT)
    assert not [path for path in directory.iterdir() if "aside" in path.name]


def test_a_state_beside_a_forgotten_log(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    """``state.sqlite`` was deleted, but not its write-ahead log, which is not applied."""
    store = FeedStore(directory, "small", ABOUT)
    store.add_listings("nf1", entries(1, 2, 3), NOON)
    store.write(line(1))
    store.commit()
    log = (directory / "state.sqlite-wal").read_bytes()
    assert log
    store.close(RUN)
    (directory / "state.sqlite").unlink()
    (directory / "state.sqlite-wal").write_bytes(log)
    with opened(directory) as after:
        assert list(after.pending()) == ["n3", "n2"]
    assert "missing: rebuilt from the feed" in caplog.text


# -- what fails ------------------------------------------------------------------------------------


def test_failures_end_with_a_line(directory: Path) -> None:
    with opened(directory) as store:
        store.add_listings("nf1", entries(1), NOON)
        store.fail("n1", "missing")
        store.fail("indexes/nf1/2.md", "timeout")
        store.write(line(1))
        assert [key for key, *_ in store.state.failures()] == ["indexes/nf1/2.md"]
        store.state.recover("indexes/nf1/2.md")
        assert list(store.state.failures()) == []


def test_a_failure_keeps_its_first_time(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(directory) as store:
        for now, reason in ((1.8e9, "missing"), (1.8e9 + 1000, "timeout")):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            store.fail("n1", reason)
        assert list(store.state.failures()) == [("n1", "timeout", 1.8e9, 1.8e9 + 1000)]


@pytest.mark.parametrize(
    ("wrong", "resting"),
    [("2099", False), ("1970", False), (None, True)],
)
def test_a_wrong_clock_sets_no_page_aside(
    directory: Path, monkeypatch: pytest.MonkeyPatch, wrong: str | None, resting: bool
) -> None:
    """Neither by the first failure nor by the last; the correct clock corrects both."""
    now = 1.8e9
    times = {"2099": 4.07e9, "1970": 60.0, None: now - 1}

    def at(moment: float) -> None:
        monkeypatch.setattr(time, "time", lambda: moment)

    with opened(directory) as store:
        at(now - 8 * 86400)
        store.fail("long", "missing")
        at(times[wrong])
        store.fail("long", "missing")
        store.fail("new", "missing")
        at(now)
        assert ("long" in store.set_aside(due=False)) is resting
        assert "new" not in store.set_aside()
        for key in ("long", "new"):
            store.fail(key, "missing")
        at(now + 60)
        assert store.set_aside(due=False) == {"long": "missing"}
        firsts = {key: first for key, _, first, _ in store.state.failures()}
        assert firsts == {"long": now - 8 * 86400, "new": times[None] if not wrong else now}


def test_what_the_state_keeps_of_a_line(directory: Path) -> None:
    """The values from the line, and the blob id of the page, which only the run knows."""
    told = record(1, "nf2", date_published="2026-10-31")
    with opened(directory) as store:
        store.write(line_of(told), blob_id="b" * 40)
        kept = store.state.published("n1")
        assert kept == PublishedArticle(
            sha256="0" * 64, section="nf2", blob_id="b" * 40, digest=digest_of(told),
            readers_version=READERS, thin=True, day="2026-10-31", vanished=False,
        )  # fmt: skip
    (directory / "state.sqlite").unlink()
    with opened(directory) as store:
        assert store.state.published("n1") == kept._replace(blob_id=None)


def test_further_sections(directory: Path) -> None:
    """Sections that list an article but are not in its line."""
    with opened(directory) as store:
        store.add_listings("nf1", entries(1, 2), NOON)
        store.write(line(1))
        store.write(line(2))
        assert list(store.further_sections()) == [("n1", []), ("n2", [])]
        store.add_listings("nf3", entries(2, 5), NOON)
        assert list(store.further_sections()) == [("n1", []), ("n2", ["nf3"])]


def test_many_ids_take_little_memory_and_keep_their_order() -> None:
    """A list of strings takes seventy bytes for each."""
    made = PackedIds(f"n{number}" for number in range(100_000))
    assert len(made) == 100_000
    assert list(made) == list(made) == [f"n{number}" for number in range(100_000)]
    assert len(made._text) < 800_000
    assert not PackedIds(())
    assert list(PackedIds(["", "é", "n1"])) == ["", "é", "n1"]


@pytest.mark.parametrize("name", ["articles", "listings"])
def test_lines_are_on_the_disk_before_the_state_knows_them(
    directory: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """When power fails between the two, the state must not be ahead."""
    with opened(directory) as store:
        store.add_listings("nf1", entries(1), NOON)
        store.write(line(1))
        safe: list[int] = []
        file = getattr(store, name)
        sync, commit = file.sync, store.state.commit

        def note(what: int, then: Callable[[], None]) -> None:
            safe.append(what)
            then()

        monkeypatch.setattr(file, "sync", lambda: note(file.size, sync))
        monkeypatch.setattr(store.state, "commit", lambda: note(-1, commit))
        store.commit()
        assert safe == [len((directory / f"{name}.jsonl").read_bytes()), -1]
        monkeypatch.undo()
