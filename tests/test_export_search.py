"""Full-text search in an export: exact for phrases of any length, by the queries that ship with it."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from crawling import ROOT
from exported import append, article, canned, export, rows
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.export.datasette import metadata
from crawler.export.phrases import TOKENIZER, WORD_CHARACTERS, words
from crawler.export.queries import QUERIES, SPLIT

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = {
    "n1": ("雁口港点灯", "鹿角岛、白沙镇都看得见。\n\n雾散了。"),
    "n2": ("白沙镇的图书馆", "馆长程远帆（Tom O’Neil）说：“雁口港点灯了。”\n雾没有散。"),
    "n3": ("GDP增长3.5%", "鹿角岛白沙镇 雾中\tＡ座，COVID-19 与 café Ёлка，𠮷田与𫠠、㐀。"),
    "n4": ("港", '英文 New York 与 New\nYork；half-light；O\'Neil said "no"。'),
}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of :data:`TEXTS`."""
    directory = tmp_path_factory.mktemp("search")
    records = [
        article(id=identity, title=title, content_text=text, date_published=f"2022-0{n}-01")
        for n, (identity, (title, text)) in enumerate(TEXTS.items(), start=1)
    ]
    export(directory / "feed.db", append(directory / "feed", "articles", records))
    return directory / "feed.db"


def found(path: Path, phrase: str) -> set[str]:
    """Return the ids that the canned query finds."""
    return {row[-2] for row in canned(path, "search", phrase=phrase)}


def containing(phrase: str) -> set[str]:
    """Return the ids of the texts that contain a phrase, in whatever case, its words whole."""
    word = f"[{WORD_CHARACTERS}]"
    before = f"(?<!{word})" if re.match(word, phrase) else ""
    after = f"(?!{word})" if re.match(word, phrase[-1:]) else ""
    pattern = re.compile(f"{before}{re.escape(phrase)}{after}", re.IGNORECASE)
    return {identity for identity, texts in TEXTS.items() if any(map(pattern.search, texts))}


def phrases() -> list[str]:
    """Return every part of every text, up to ten characters, that cuts no word or number."""
    cut = {
        text[start : start + length].strip(" ")
        for texts in TEXTS.values()
        for text in texts
        for start in range(len(text))
        for length in range(1, 11)
        if not _cuts(text, start) and not _cuts(text, min(start + length, len(text)))
    }
    return sorted(cut - {""})


def _cuts(text: str, place: int) -> bool:
    around = text[max(place - 1, 0) : place + 1]
    return len(words(around).split()) == 1 and len(around) == 2


def test_every_part_of_a_text_is_found_where_it_stands(exported: Path) -> None:
    asked = phrases()
    assert len(asked) > 500
    assert {phrase: found(exported, phrase) for phrase in asked} == {
        phrase: containing(phrase) for phrase in asked
    }


@pytest.mark.parametrize(
    ("phrase", "ids"),
    [
        ("鹿角岛白沙镇", {"n3"}),
        ("鹿角岛、白沙镇", {"n1"}),
        ("白沙镇 雾", {"n3"}),
        ("白沙镇雾", set()),
        ("雾散", {"n1"}),
        ("gdp", {"n3"}),
        ("GD", set()),
        ("3.5", {"n3"}),
        ("3 5", set()),
        ("New York", {"n4"}),
        ("cafe", set()),
        ("O'Neil", {"n4"}),
        ('"no"', {"n4"}),
        ("  雁口港  ", {"n1", "n2"}),
        ("\u3000雁口港\xa0", {"n1", "n2"}),
        ("白沙镇\u3000雾", {"n3"}),
        ("", set()),
        ("   ", set()),
        ('"', {"n4"}),
        ("雁口港* OR 白沙", set()),
        ("title:港", set()),
    ],
)
def test_a_phrase_is_exact(exported: Path, phrase: str, ids: set[str]) -> None:
    assert found(exported, phrase) == ids


CHARACTERS = st.one_of(
    st.sampled_from("港灯雾 aZ9éЖα\n\t、。\"'*-^(:＂𠮷𫠠␣␤"),
    st.characters(exclude_categories=["Cs", "Cc", "Cf", "Zs", "Zl", "Zp"]),
)


@given(st.text(CHARACTERS, max_size=12))
@example("a b")
@example("a  b")
@example("港 b")
def test_sql_splits_as_the_index_does(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        [(matched,)] = db.execute(f"{SPLIT} select match_text from wanted", {"phrase": text})  # noqa: S608
    split = words(text.strip(" ")).replace('"', '""')
    assert matched[1:-1].split() == split.split()


@given(st.text(CHARACTERS, min_size=1, max_size=6))
def test_the_tokenizer_drops_no_word(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(f'create virtual table f using fts5 (x, tokenize="{TOKENIZER}")')
        db.execute("insert into f values (?)", (words(text),))
        db.execute("create virtual table v using fts5vocab (f, instance)")
        [(number,)] = db.execute("select count(*) from v")
    assert number == len(words(text).split())


def test_the_index_shows_the_text_as_it_is(exported: Path) -> None:
    query = "select title, content_text from articles_fts where articles_fts match ?"
    assert rows(exported, query, ('"图 书 馆"',)) == [TEXTS["n2"]]


def test_a_search_shows_the_passage(exported: Path) -> None:
    [(day, title, passage, mirror, identity, url)] = canned(exported, "search", phrase="程远帆")
    assert (day, title, mirror, identity) == ("2022-02-01", TEXTS["n2"][0], "news", "n2")
    assert "程远帆" in passage
    assert url


def test_mentions_by_month_name_every_month(exported: Path) -> None:
    assert canned(exported, "mentions_by_month", phrase="雁口港") == [
        ("2022-01", 1, 1, 100.0),
        ("2022-02", 1, 1, 100.0),
        ("2022-03", 0, 1, 0.0),
        ("2022-04", 0, 1, 0.0),
    ]


# -- the bare form -------------------------------------------------------------------------------

BARE = re.compile(r"match\s+'\"?[^\s'\"]*[\u3400-\u9fff]{2,}", re.IGNORECASE)


def test_the_bare_form_finds_nothing(exported: Path) -> None:
    query = "select rowid from articles_fts where articles_fts match ?"
    assert rows(exported, query, ("雁口港",)) == []
    assert BARE.search("match '雁口港'")


def test_documents_and_queries_avoid_the_bare_form() -> None:
    led = [
        path.read_text(encoding="utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
    ]
    assert [BARE.search(text) for text in [*led, *(query.text for query in QUERIES)]] == [None] * (
        len(led) + len(QUERIES)
    )


def test_datasette_blocks_the_page_of_the_index(exported: Path) -> None:
    tables = metadata(exported)["databases"]["feed"]["tables"]
    assert tables["articles_fts"] == {"hidden": True, "allow": False}


def test_datasette_shows_the_canned_queries_and_no_search_box(exported: Path) -> None:
    """Its own search box passes the phrase on as it is, and would find nothing."""
    app = pytest.importorskip("datasette.app", reason="Datasette is not installed")
    served = app.Datasette([str(exported)], metadata=metadata(exported))

    async def pages() -> tuple[dict[str, str], Any]:
        tables = ("articles", "articles_fts", "unique_articles", "canned_queries")
        texts = {name: (await served.client.get(f"/feed/{name}")).text for name in tables}
        texts["database"] = (await served.client.get("/feed")).text
        answer = await served.client.get("/feed/search.json?phrase=雁口港&_shape=array")
        return texts, json.loads(answer.text)

    texts, answer = asyncio.run(pages())
    assert [name for name, text in texts.items() if 'name="_search"' in text] == []
    assert [row["id"] for row in answer] == ["n2", "n1"]
    for query in QUERIES:
        assert f"/feed/{query.name}" in texts["database"]
    assert "articles_fts_data" not in texts["database"].partition("hidden table")[0]
