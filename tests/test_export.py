"""``scrapy export --to feed.db``: what the tables hold."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from exported import (
    append,
    article,
    articles,
    canned,
    change,
    dump,
    export,
    listing,
    rows,
    run,
)

from crawler.exceptions import FeedUnusable, TryLater, WrongUsage
from crawler.export import database, sync
from crawler.export.database import Database
from crawler.export.published import PublishedFeed
from crawler.items import CONTRACT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawling import Feed

AS_NAMED = (
    *("id", "url", "title", "language", "date_published", "date_source", "dateline", "byline"),
    *("image", "image_caption", "image_credit", "has_video", "truncated", "content_sha256"),
    *("mirror", "mirror_url", "crawled_at", "content_text", "content_html"),
)


@pytest.fixture(scope="module")
def exported(sample_feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of the sample, HTML included."""
    path = tmp_path_factory.mktemp("exported") / "feed.db"
    export(path, sample_feed.directory, html=True)
    return path


# -- a row says what the line says -------------------------------------------------------------


def test_an_article_has_what_its_line_says(sample_feed: Feed, exported: Path) -> None:
    columns = ", ".join(AS_NAMED)
    found = rows(exported, f"select {columns} from articles order by article_key")  # noqa: S608
    assert found == [tuple(line[key] for key in AS_NAMED) for line in sample_feed.articles]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("authors", {"author": "name"}),
        ("translators", {"translator": "name"}),
        ("editors", {"editor": None}),
        ("tags", {"tag": None}),
        ("videos", {"url": None}),
        ("sections", {"section_id": "id", "section_name": "name"}),
        ("links", {"url": "url", "link_text": "text"}),
        (
            "images",
            {"url": "url", "full_url": "full_url", "caption": "caption", "credit": "credit"},
        ),
    ],
)
def test_a_list_is_a_table(
    sample_feed: Feed, exported: Path, table: str, columns: dict[str, str | None]
) -> None:
    wanted = [
        (
            line["mirror"],
            line["id"],
            n,
            *(each.get(key) if key else each for key in columns.values()),
        )
        for line in sample_feed.articles
        for n, each in enumerate(line[table] or [], start=1)
    ]
    found = rows(exported, f"select mirror, id, ordinal, {', '.join(columns)} from {table}")  # noqa: S608
    assert sorted(found, key=repr) == sorted(wanted, key=repr)
    assert wanted, "the sample shows none"


def test_listings_and_runs_are_whole(sample_feed: Feed, exported: Path) -> None:
    found = rows(exported, "select section_id, id, listed_title, first_seen_at from listings")
    keys = ("section", "id", "title", "first_seen_at")
    assert sorted(found) == sorted(
        tuple(line[key] for key in keys) for line in sample_feed.listings
    )
    [(record, status, written)] = rows(
        exported, "select run_record, run_status, articles_written from runs"
    )
    assert json.loads(record) == sample_feed.runs[0]
    assert (status, written) == ("complete", len(sample_feed.articles))


def test_counts_are_null_where_the_transport_cannot_see_the_list(tmp_path: Path) -> None:
    feed = append(
        tmp_path / "feed",
        "articles",
        [article(tags=None, links=[], videos=["https://a.example/v"])],
    )
    export(tmp_path / "feed.db", feed)
    counts = rows(tmp_path / "feed.db", "select tag_count, link_count, video_count from articles")
    assert counts == [(None, 0, 1)]


def test_html_is_exported_on_request(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    export(tmp_path / "plain.db", feed)
    with pytest.raises(sqlite3.OperationalError, match="content_html"):
        rows(tmp_path / "plain.db", "select content_html from articles")
    with pytest.raises(WrongUsage, match="was created without --html"):
        export(tmp_path / "plain.db", feed, html=True)
    export(tmp_path / "html.db", feed, html=True)
    append(feed, "articles", articles(2)[1:])
    export(tmp_path / "html.db", feed)  # goes on as it was begun
    assert rows(tmp_path / "html.db", "select count(content_html) from articles") == [(2,)]


SQLITES_KEYWORDS = set(
    """
    abort action add after all alter always analyze and as asc attach autoincrement before begin
    between by cascade case cast check collate column commit conflict constraint create cross
    current current_date current_time current_timestamp database default deferrable deferred delete
    desc detach distinct do drop each else end escape except exclude exclusive exists explain fail
    filter first following for foreign from full generated glob group groups having if ignore
    immediate in index indexed initially inner insert instead intersect into is isnull join key last
    left like limit match materialized natural no not nothing notnull null nulls of offset on or
    order others outer over partition plan pragma preceding primary query raise range recursive
    references regexp reindex release rename replace restrict returning right rollback row rows
    savepoint select set table temp temporary then ties to transaction trigger unbounded union unique
    update using vacuum values view virtual when where window with without
""".split()
)


def names(path: Path) -> set[str]:
    """Return the names of all tables and columns that a user meets."""
    tables = rows(path, "select name from sqlite_master where type in ('table', 'view')")
    known = {name for (name,) in tables if not name.startswith(("sqlite_", "articles_fts_"))}
    return known.union(
        *({row[1] for row in rows(path, f"pragma table_info({table})")} for table in known)
    )


def test_no_name_is_a_keyword_of_sqlite(exported: Path) -> None:
    assert names(exported) & SQLITES_KEYWORDS == set()
    assert {"articles", "unique_articles", "articles_fts", "changed_at"} <= names(exported)


def test_no_name_is_a_keyword_of_another_database(exported: Path) -> None:
    """DuckDB takes its list from PostgreSQL. ``language`` is on it, the key's name, and reserved in neither."""
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    keywords = duckdb.sql("from duckdb_keywords() select keyword_name").fetchall()
    assert names(exported) & {word for (word,) in keywords} == {"language"}


def test_who_wrote_most_in_a_year(sample_feed: Feed, exported: Path) -> None:
    written = Counter(
        author["name"]
        for line in sample_feed.articles
        if line["date_published"].startswith("2022")
        for author in line["authors"]
    )
    assert len(written) > 2
    ordered = sorted(written.items(), key=lambda pair: (-pair[1], pair[0]))
    assert canned(exported, "most_articles", year="2022") == ordered


def test_which_articles_three_sections_list(sample_feed: Feed, exported: Path) -> None:
    listed = Counter(listing["id"] for listing in sample_feed.listings)
    wanted = {identity: number for identity, number in listed.items() if number >= 3}
    found = canned(exported, "in_sections", at_least="3")
    assert {identity: number for identity, _, _, number, _ in found} == wanted
    assert len(wanted) == 3


# -- several exports -----------------------------------------------------------------------------


def test_an_export_continues_where_the_last_one_ended(tmp_path: Path) -> None:
    everything = articles(30)
    feed = append(tmp_path / "feed", "articles", everything[:20])
    append(feed, "listings", [listing(each, "ncid1") for each in everything[:20]])
    export(tmp_path / "parts.db", feed)
    append(feed, "articles", everything[20:])
    append(feed, "listings", [listing(each, "ncid1") for each in everything[20:]])
    append(feed, "runs", [run()])
    taken = export(tmp_path / "parts.db", feed)
    assert taken == {"articles.jsonl": 10, "listings.jsonl": 10, "runs.jsonl": 1}
    assert not export(tmp_path / "parts.db", feed)
    export(tmp_path / "whole.db", feed)
    assert dump(tmp_path / "parts.db") == dump(tmp_path / "whole.db")


def test_a_feed_is_exported_in_transactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = append(tmp_path / "feed", "articles", articles(30))
    export(tmp_path / "one.db", feed)
    monkeypatch.setattr(sync, "BATCH_BYTES", 3_000)
    export(tmp_path / "many.db", feed)
    assert dump(tmp_path / "many.db") == dump(tmp_path / "one.db")


def test_a_tail_without_newline_is_not_read(tmp_path: Path) -> None:
    first, second = articles(2)
    feed = append(tmp_path / "feed", "articles", [first])
    line = json.dumps(second, ensure_ascii=False)
    path = feed / "articles.jsonl"
    for cut in (1, len(line) // 2, len(line)):
        whole = path.read_text(encoding="utf-8").splitlines()[0]
        path.write_text(f"{whole}\n{line[:cut]}", encoding="utf-8")
        export(tmp_path / "feed.db", feed)
        assert rows(tmp_path / "feed.db", "select id from articles") == [(first["id"],)]
    path.write_text(f"{whole}\n{line}\n", encoding="utf-8")
    export(tmp_path / "feed.db", feed)
    assert len(rows(tmp_path / "feed.db", "select id from articles")) == 2


@pytest.mark.parametrize(
    "alter",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines[:-1], lines[-1].replace("点灯", "熄灯")],
        lambda lines: [lines[0], *lines],
        lambda lines: [*lines[1:], *lines[1:]],
    ],
    ids=["shorter", "edited", "a line more before", "another feed"],
)
def test_an_altered_feed_is_refused(
    tmp_path: Path, alter: Callable[[list[str]], list[str]]
) -> None:
    feed = append(tmp_path / "feed", "articles", articles(5))
    export(tmp_path / "feed.db", feed)
    before = dump(tmp_path / "feed.db")
    path = feed / "articles.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(alter(lines)), encoding="utf-8")
    with pytest.raises(FeedUnusable, match=r"was altered .* Export it\s+into a new file"):
        export(tmp_path / "feed.db", feed)
    assert dump(tmp_path / "feed.db") == before


def test_an_export_continues_with_a_feed_that_was_moved(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(2))
    export(tmp_path / "feed.db", feed)
    moved = feed.rename(tmp_path / "moved")
    append(moved, "articles", articles(3)[2:])
    export(tmp_path / "feed.db", moved)
    assert len(rows(tmp_path / "feed.db", "select id from articles")) == 3


# -- several feeds -------------------------------------------------------------------------------


def test_an_article_of_two_mirrors_has_two_rows_and_one_that_is_preferred(tmp_path: Path) -> None:
    same = {"id": "n15000001"}
    news = [article(**same, content_text="短文。"), article(id="n15000002")]
    special = [article(**same, content_text="长一些的短文。", mirror="special")]
    target = tmp_path / "feed.db"
    export(
        target,
        append(tmp_path / "news", "articles", news),
        append(tmp_path / "special", "articles", special),
    )
    assert len(rows(target, "select 1 from articles")) == 3
    found = rows(target, "select id, mirror from unique_articles order by id")
    assert found == [("n15000001", "special"), ("n15000002", "news")]


@pytest.mark.parametrize(
    ("news", "comment"),
    [
        ({"content_text": "长长的短文。", "truncated": True}, {"content_text": "短文。"}),
        ({"content_text": "长长的短文。", "truncated": None}, {"content_text": "短文。"}),
        ({"content_text": "一样。"}, {"content_text": "一样。"}),
    ],
    ids=["cut short", "not known to be whole", "equal"],
)
def test_the_preferred_edition(
    tmp_path: Path, news: dict[str, Any], comment: dict[str, Any]
) -> None:
    """Of these, that of the mirror ``comment``."""
    target = tmp_path / "feed.db"
    export(target, append(tmp_path / "n", "articles", [article(**news)]))
    export(target, append(tmp_path / "c", "articles", [article(**comment, mirror="comment")]))
    assert rows(target, "select mirror from unique_articles") == [("comment",)]


def test_an_edition_that_is_gone_is_not_preferred(tmp_path: Path) -> None:
    gone, there = (
        article(content_text="长长的短文。"),
        article(content_text="短。", mirror="comment"),
    )
    target = tmp_path / "feed.db"
    feed = append(tmp_path / "n", "articles", [gone])
    append(feed, "changes", [change("vanished", gone, "2026-11-03T00:00:00Z")])
    export(target, feed, append(tmp_path / "c", "articles", [there]))
    assert rows(target, "select mirror from unique_articles") == [("comment",)]


# -- corrections ---------------------------------------------------------------------------------


def test_a_correction_replaces_the_row_and_keeps_the_previous_record(tmp_path: Path) -> None:
    first, other = article(), article(id="n15000002", content_text="别的事。")
    second = article(content_text="雁口港今晚点灯。", authors=[], tags=["港口"], title="雁口港点灯")
    third = article(content_text="雁口港明晚点灯。", authors=[{"name": "程远帆"}])
    target = tmp_path / "feed.db"
    feed = append(tmp_path / "feed", "articles", [first, other])
    export(target, feed)
    append(feed, "changes", [change("changed", second, "2026-11-02T00:00:00Z")])
    append(feed, "changes", [change("changed", third, "2026-11-03T00:00:00Z")])
    export(target, feed)
    [row] = rows(
        target,
        "select article_key, content_text, changed_at, vanished_at from articles where id = ?",
        (first["id"],),
    )
    assert row == (1, third["content_text"], "2026-11-03T00:00:00Z", None)
    assert rows(target, "select author from authors where id = ?", (first["id"],)) == [("程远帆",)]
    history = rows(
        target, "select seen_at, kind, record_before from changes order by change_number"
    )
    assert [(at, kind) for at, kind, _ in history] == [
        ("2026-11-02T00:00:00Z", "changed"),
        ("2026-11-03T00:00:00Z", "changed"),
    ]
    kept = [
        {key: value for key, value in each.items() if key != "content_html"}
        for each in (first, second)
    ]
    assert [json.loads(record) for *_, record in history] == kept
    assert [canned(target, "search", phrase=text) != [] for text in ("昨晚", "今晚", "明晚")] == [
        False,
        False,
        True,
    ]
    export(tmp_path / "whole.db", feed)
    assert dump(tmp_path / "whole.db") == dump(target)


def test_an_article_that_vanished_stays_with_the_time(tmp_path: Path) -> None:
    record, target = article(), tmp_path / "feed.db"
    feed = append(tmp_path / "feed", "articles", [record])
    append(feed, "changes", [change("vanished", record, "2026-11-02T00:00:00Z")])
    export(target, feed)
    assert rows(target, "select vanished_at, content_text from articles") == [
        ("2026-11-02T00:00:00Z", record["content_text"])
    ]
    append(feed, "changes", [change("returned", record, "2026-11-05T00:00:00Z")])
    export(target, feed)
    assert rows(target, "select vanished_at, changed_at from articles") == [(None, None)]
    assert rows(target, "select kind from changes order by seen_at") == [
        ("vanished",),
        ("returned",),
    ]


def test_changes_since_a_given_time(tmp_path: Path) -> None:
    old, gone = article(), article(id="n15000002")
    new = article(id="n15000003", crawled_at="2026-11-02T06:00:00Z")
    feed = append(tmp_path / "feed", "articles", [old, gone, new])
    corrected = article(title="雁口港点灯")
    append(feed, "changes", [change("changed", corrected, "2026-11-02T07:00:00Z")])
    append(feed, "changes", [change("vanished", gone, "2026-11-02T08:00:00Z")])
    export(tmp_path / "feed.db", feed)
    found = canned(tmp_path / "feed.db", "changed_since", since="2026-11-02")
    assert [(kind, article_id, before) for _, kind, article_id, _, _, before in found] == [
        ("vanished", "n15000002", None),
        ("changed", "n15000001", old["title"]),
        ("new", "n15000003", None),
    ]


def test_an_article_is_new_when_it_was_first_read(tmp_path: Path) -> None:
    """Whatever happens to it later: its row has the time of the last reading."""
    times = [f"2026-11-0{day}T06:00:00Z" for day in range(1, 6)]
    changed = [article(crawled_at=at, title=f"第{at[9]}版") for at in times[:3]]
    returned = [article(id="n15000002", crawled_at=at) for at in (times[0], times[4])]
    feed = append(tmp_path / "feed", "articles", [changed[0], returned[0]])
    append(feed, "changes", [change("changed", changed[1], times[1])])
    append(feed, "changes", [change("changed", changed[2], times[2])])
    append(feed, "changes", [change("vanished", returned[0], times[3])])
    append(feed, "changes", [change("returned", returned[1], times[4])])
    export(tmp_path / "feed.db", feed)
    found = canned(tmp_path / "feed.db", "changed_since", since="2026-11")
    assert [(at, kind, article_id) for at, kind, article_id, *_ in found] == [
        (times[4], "returned", "n15000002"),
        (times[3], "vanished", "n15000002"),
        (times[2], "changed", "n15000001"),
        (times[1], "changed", "n15000001"),
        (times[0], "new", "n15000002"),
        (times[0], "new", "n15000001"),
    ]


# -- older and newer feeds, older files ----------------------------------------------------------


def test_an_older_file_gets_the_queries_of_today(tmp_path: Path) -> None:
    feed, target = append(tmp_path / "feed", "articles", [article()]), tmp_path / "feed.db"
    export(target, feed)
    shipped = rows(target, "select * from canned_queries")
    with closing(sqlite3.connect(target)) as db, db:
        db.execute("update canned_queries set query_text = 'select 1' where query_name = 'search'")
        db.execute("insert into canned_queries values ('mine', '', '', 'select 2')")
    export(target, feed)
    assert rows(target, "select * from canned_queries where query_name <> 'mine'") == shipped
    assert rows(target, "select query_text from canned_queries where query_name = 'mine'")


def test_an_older_feed_lacks_keys_and_a_newer_one_has_more(tmp_path: Path) -> None:
    picture = {"url": "https://i.example/a.jpg", "caption": None, "credit": None}
    older = article(images=[picture])
    newer = article(
        id="n15000002",
        images=[{**picture, "full_url": "https://i.example/b.jpg", "width": 600}],
        place="雁口港",
        scores=[1, 2],
    )
    feed = append(tmp_path / "feed", "articles", [older, newer])
    export(tmp_path / "feed.db", feed)
    assert rows(tmp_path / "feed.db", "select id, full_url from images order by id") == [
        ("n15000001", None),
        ("n15000002", "https://i.example/b.jpg"),
    ]
    found = rows(tmp_path / "feed.db", "select further_keys from articles order by id")
    assert found == [(None,), ('{"place":"雁口港","scores":[1,2]}',)]


MAJOR = int(CONTRACT_VERSION.partition(".")[0])


@pytest.mark.parametrize("version", [CONTRACT_VERSION, f"{MAJOR}.0", f"{MAJOR}.17"])
def test_a_feed_of_this_major_version_is_read(tmp_path: Path, version: str) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    append(feed, "runs", [run(contract=version)])
    assert export(tmp_path / "feed.db", feed)["articles.jsonl"] == 1


@pytest.mark.parametrize("version", [MAJOR, MAJOR + 1, f"{MAJOR + 1}.0", None, "one"])
def test_a_feed_of_another_major_version_is_refused(tmp_path: Path, version: object) -> None:
    """The pre-1.0 format has version 1, a number."""
    feed = append(tmp_path / "feed", "articles", articles(1))
    append(feed, "runs", [run(contract=version)])
    with pytest.raises(FeedUnusable, match=f"contract version {version!r}, but this program reads"):
        export(tmp_path / "feed.db", feed)


# -- damaged feeds -------------------------------------------------------------------------------

ODD_ARTICLES = {
    "no id": article(id=None),
    "a number for an id": article(id=15),
    "a list for a title": article(title=["港"]),
    "a text for tags": article(tags="灯塔"),
    "a number among tags": article(tags=["灯塔", 7]),
    "an author without a name": article(authors=[{}]),
    "a text for an author": article(authors=["欧阳听雨"]),
    "a number for a truth value": article(has_video=1),
    "half a character": article(title="\ud83d"),
    "another mirror": article(mirror="special"),
    "no object": ["n15000001"],
    "an id twice": article(id="n15000000"),
}


@pytest.mark.parametrize("odd", ODD_ARTICLES.values(), ids=ODD_ARTICLES)
def test_a_line_that_is_not_an_article_is_damaged(tmp_path: Path, odd: object) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    end = (feed / "articles.jsonl").stat().st_size
    with (feed / "articles.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(odd) + "\n")
    with pytest.raises(FeedUnusable, match=rf"articles.jsonl: the line at byte {end} is damaged"):
        export(tmp_path / "feed.db", feed)


@pytest.mark.parametrize("line", ["{", "", "[" * 100_000, "\x00", '{"id": "n1"}', "7", "NaN"])
def test_a_line_that_is_not_a_record_is_damaged(tmp_path: Path, line: str) -> None:
    for name in ("articles", "changes", "listings", "runs"):
        feed = append(tmp_path / name, "articles", articles(1))
        append(feed, "runs", [run()])
        with (feed / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
        if (name, line) != ("runs", '{"id": "n1"}'):  # a run may say little
            with pytest.raises(
                FeedUnusable, match=rf"{name}.jsonl: the line at byte \d+ is damaged"
            ):
                export(tmp_path / f"{name}.db", feed)


@pytest.mark.parametrize("first", [{}, {"mirror": 7}])
def test_a_run_that_names_no_mirror_hides_no_articles(
    tmp_path: Path, first: dict[str, Any]
) -> None:
    feed = append(tmp_path / "feed", "runs", [first])
    append(feed, "articles", articles(1))
    assert export(tmp_path / "feed.db", feed)["articles.jsonl"] == 1
    nobodys = append(tmp_path / "nobodys", "articles", [article(mirror=None)])
    with pytest.raises(FeedUnusable, match="has no mirror"):
        export(tmp_path / "other.db", nobodys)


ODD_CHANGES = {
    "no kind": change("changed", article(), "2026-11-02T00:00:00Z", kind=None),
    "an object for a digest": change("changed", article(), "", content_sha256={}),
    "another article": change("changed", article(id="n15000009"), "", id="n15000001"),
    "a text for the record": change("changed", article(), "", article="雁口港"),
    "an object for a time": change("changed", article(), "", seen_at={}),
    "no time": change("vanished", article(), "", seen_at=None),
}


@pytest.mark.parametrize("odd", ODD_CHANGES.values(), ids=ODD_CHANGES)
def test_a_line_that_is_not_a_change_is_damaged(tmp_path: Path, odd: dict[str, Any]) -> None:
    feed = append(tmp_path / "feed", "articles", [article()])
    append(feed, "changes", [odd])
    with pytest.raises(FeedUnusable, match=r"changes.jsonl: the line at byte 0 is damaged"):
        export(tmp_path / "feed.db", feed)
    assert rows(tmp_path / "feed.db", "select count(*) from changes") == [(0,)]


@pytest.mark.parametrize("number", [2**70, 1.5, "x" * 3, {"a": 1}])
def test_an_odd_value_of_a_run_is_kept_or_damage(tmp_path: Path, number: object) -> None:
    feed = append(tmp_path / "feed", "runs", [run(exit_code=number)])
    if isinstance(number, str):
        export(tmp_path / "feed.db", feed)
    else:
        with pytest.raises(FeedUnusable, match=r"runs.jsonl: the line at byte 0"):
            export(tmp_path / "feed.db", feed)


# -- the file ------------------------------------------------------------------------------------


def test_a_file_that_is_not_an_export_is_left_alone(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("create table notes (note)")
    text = tmp_path / "text.db"
    text.write_text("no database, but a text that is longer than the header of one " * 9)
    for path, why in ((other, "is not an export of a feed"), (text, "is not an SQLite file")):
        before = path.read_bytes()
        with pytest.raises(WrongUsage, match=why):
            export(path, feed)
        assert path.read_bytes() == before


def test_an_export_of_other_tables_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    export(tmp_path / "feed.db", feed)
    monkeypatch.setattr(database, "SCHEMA_VERSION", 99)
    with pytest.raises(
        WrongUsage, match="has tables of version 1, but this program writes 99: export into"
    ):
        export(tmp_path / "feed.db", feed)


def test_two_exports_at_once_do_not_write_the_same(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(3))
    append(feed, "listings", [listing(each, "ncid1") for each in articles(3)])
    target = tmp_path / "feed.db"

    def meddle(_size: int) -> None:
        if not rows(target, "select 1 from listings"):
            export(target, feed)

    with (
        Database(target, html=False) as one,
        PublishedFeed(feed) as opened,
        pytest.raises(TryLater, match="is being written by another export"),
    ):
        sync.sync(one, [opened], meddle)
    export(tmp_path / "alone.db", feed)
    assert dump(target) == dump(tmp_path / "alone.db")


def test_an_export_waits_for_another_program_and_then_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = append(tmp_path / "feed", "articles", articles(3))
    target = tmp_path / "feed.db"
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with closing(sqlite3.connect(target, isolation_level=None)) as other:
        other.execute("begin immediate")
        with pytest.raises(TryLater, match="is locked by another program"):
            export(target, feed)


def test_a_sqlite_without_full_text_search_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    monkeypatch.setattr(database, "TOKENIZER", "such as no SQLite has")
    with pytest.raises(WrongUsage, match="of this Python has no full-text search"):
        export(tmp_path / "feed.db", feed)
    assert not (tmp_path / "feed.db").exists()


def test_a_feed_that_has_published_nothing_is_not_an_error(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", [])
    assert not export(tmp_path / "feed.db", feed)
    append(feed, "articles", articles(1))
    assert export(tmp_path / "feed.db", feed)["articles.jsonl"] == 1
