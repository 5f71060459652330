"""The audit counts keys and finds oddities; the keys of its JSON are stable."""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import hashlib
import io
import json
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console
from scrapy.exceptions import UsageError

from crawler.audit import oddities as any_format
from crawler.audit.audit import FILE, KEYS, MAX_DISTINCT, Audit, audit
from crawler.audit.floors import missed, read_floors
from crawler.audit.tables import print_tables
from crawler.commands.audit import Command, exit_status
from crawler.exceptions import WrongUsage
from crawler.formats.epoch.article import read_article
from crawler.formats.epoch.audit_rules import RULES
from crawler.formats.epoch.paths import copy_of
from crawler.formats.registry import find_format
from crawler.loaders import ArticleContext, load_article

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corpus import Corpus

FLOORS = Path(__file__).with_name("floors.toml")

TEXT = "港口城市松石湾的轮渡昨天恢复通航，码头上聚集了数百人。船长说头一班船载了六十二人，风浪小。"


def article(**changes: Any) -> dict[str, Any]:
    text = changes.get("content_text", TEXT)
    record = {
        "id": "n15000001",
        "url": "https://www.epochtimes.com/gb/22/3/3/n15000001.htm",
        "title": "松石湾轮渡复航",
        "column": None,
        "language": "zh-Hans",
        "date_published": "2022-03-04",
        "date_source": "dateline",
        "dateline": "大纪元2022年03月04日讯",
        "byline": "大纪元记者方若水报导",
        "authors": [{"name": "方若水"}],
        "translators": [],
        "editors": ["高静"],
        "sections": [{"id": "ncid999", "name": "港口"}],
        "tags": ["轮渡"],
        "image": "https://i.epochtimes.com/a-600x400.jpg",
        "image_caption": "码头的清晨。",
        "image_credit": "沈知夏／大纪元",
        "images": [],
        "videos": [],
        "has_video": False,
        "links": [],
        "content_text": text,
        "content_html": f"<p>{text}</p>",
        "truncated": False,
        "content_sha256": hashlib.sha256((text or "").encode()).hexdigest(),
        "mirror": "sample",
        "mirror_url": "https://example.org/pages/ncid999/n15000001.md",
        "crawled_at": "2022-03-05T00:00:00Z",
    }
    return record | changes


def oddities(record: dict[str, Any]) -> list[tuple[str, str]]:
    return [*any_format.oddities(record), *RULES.oddities(record)]


def audited(records: Iterable[dict[str, Any]]) -> dict[str, Any]:
    found = Audit(RULES)
    for record in records:
        found.add(record)
    return found.report()


def write_feed(path: Path, records: Iterable[dict[str, Any]], tail: bytes = b"") -> Path:
    lines = [json.dumps(record, ensure_ascii=False).encode() + b"\n" for record in records]
    (path / FILE).write_bytes(b"".join(lines) + tail)
    return path


def run(*args: str, **options: Any) -> int:
    command = Command()
    opts = argparse.Namespace(
        **{"json": False, "all": False, "floors": None, "verify": False} | options
    )
    command.run(list(args), opts)
    return command.exitcode


def test_an_ordinary_article_is_not_odd() -> None:
    assert list(article()) == list(KEYS)
    assert (oddities(article())) == []


ODD: dict[str, tuple[dict[str, Any], str]] = {
    "author_long": ({"authors": [{"name": "方若水台湾台北"}]}, "方若水台湾台北"),
    "author_short": ({"authors": [{"name": "方"}]}, "方"),
    "author_place": ({"authors": [{"name": "方若水台北"}]}, "方若水台北"),
    "author_verb": ({"authors": [{"name": "方若水报导"}]}, "方若水报导"),
    "author_office": ({"authors": [{"name": "记者方若水"}]}, "记者方若水"),
    "author_newsroom": ({"authors": [{"name": "松石湾记者站"}]}, "松石湾记者站"),
    "author_marks": ({"authors": [{"name": "方若水、沈知夏"}]}, "方若水、沈知夏"),
    "author_digits": ({"authors": [{"name": "方若水3"}]}, "方若水3"),
    "translator_long": ({"translators": [{"name": "沈知夏方若水"}]}, "沈知夏方若水"),
    "translator_short": ({"translators": [{"name": "沈"}]}, "沈"),
    "translator_place": ({"translators": [{"name": "沈知夏纽约"}]}, "沈知夏纽约"),
    "translator_verb": ({"translators": [{"name": "沈知夏编译"}]}, "沈知夏编译"),
    "translator_office": ({"translators": [{"name": "专栏作家沈"}]}, "专栏作家沈"),
    "translator_newsroom": ({"translators": [{"name": "Harbour Staff"}]}, "Harbour Staff"),
    "translator_marks": ({"translators": [{"name": "（沈知夏"}]}, "（沈知夏"),
    "translator_digits": ({"translators": [{"name": "沈2"}]}, "沈2"),
    "byline_brackets": ({"byline": "记者方若水（Fang报导"}, "记者方若水（Fang报导"),
    "byline_long": ({"byline": "方" * 61}, "方" * 61),
    "byline_without_person": ({"authors": [], "byline": "松石湾记者站报导"}, "松石湾记者站报导"),
    "caption_without_credit": ({"image_credit": None}, "码头的清晨。"),
    "column_unusual": ({"column": "【港口】"}, "【港口】"),
    "credit_unusual": ({"image_credit": "沈知夏／大纪元）"}, "沈知夏／大纪元）"),
    "date_invalid": (
        {"date_published": "2022-02-30"},
        "2022-02-30 for https://www.epochtimes.com/gb/22/3/3/n15000001.htm",
    ),
    "date_outside_window": (
        {"date_published": "2022-03-01"},
        "2022-03-01 is -2 days from https://www.epochtimes.com/gb/22/3/3/n15000001.htm",
    ),
    "dateline_not_used": ({"date_source": "url"}, "大纪元2022年03月04日讯"),
    "dateline_unusual": ({"dateline": "大纪元3月4日电"}, "大纪元3月4日电"),
    "dateline_without_year": ({"dateline": "大纪元3月4日讯"}, "大纪元3月4日讯"),
    "editor_digits": ({"editors": ["高静1"]}, "高静1"),
    "editor_long": ({"editors": ["高静沈知夏"]}, "高静沈知夏"),
    "editor_marks": ({"editors": ["高静#"]}, "高静#"),
    "editor_office": ({"editors": ["译者沈"]}, "译者沈"),
    "html_active": ({"content_html": "<p onclick=x()>x</p>"}, "<p onclick="),
    "image_without_address": ({"image": "/i6/a.jpg"}, "/i6/a.jpg"),
    "link_unusual": ({"links": [{"url": "file:///a", "text": "a"}]}, "file:///a"),
    "section_unnamed": ({"sections": [{"id": "nf1", "name": "nf1"}]}, "nf1"),
    "sections_none": ({"sections": []}, "n15000001"),
    "sha256_wrong": ({"content_sha256": "0" * 64}, "n15000001"),
    "tag_unusual": ({"tags": ["%E8%BD%AE"]}, "%E8%BD%AE"),
    "text_empty": ({"content_text": ""}, "n15000001"),
    "text_left": ({"content_text": f"{TEXT}\n\n责任编辑：高静"}, "责任编辑："),
    "text_long": ({"content_text": "字" * 40_001}, "n15000001: 40001 characters"),
    "text_markup": ({"content_text": f"{TEXT}<br/>"}, "<br/>"),
    "text_short": ({"content_text": "短讯"}, "短讯"),
    "title_unusual": ({"title": "松石湾  轮渡"}, "松石湾  轮渡"),
    "truncated": ({"truncated": True}, "n15000001"),
    "url_unusual": ({"url": "https://example.org/n1"}, "https://example.org/n1"),
    "video_denied": ({"videos": ["https://youtu.be/x"]}, "https://youtu.be/x"),
}


@pytest.mark.parametrize("name", ODD)
def test_each_oddity_is_found(name: str) -> None:
    changes, value = ODD[name]
    report = audited([article(id="n1"), article(**changes)])
    listed = report["oddities"][name]
    assert listed["count"] == 1
    assert listed["values"] == [
        {"value": value, "count": 1, "example": changes.get("id", "n15000001")}
    ]


def test_every_oddity_has_its_case() -> None:
    assert set(ODD) == {*any_format.NAMES, *RULES.names}


def test_transliterated_names_and_credits_with_brackets_are_ordinary() -> None:
    authors = [{"name": "约书亚‧菲利普"}, {"name": "Robert B. O’Hara-Lee"}]
    credit = "Lee/AFP（资料）"
    assert (oddities(article(authors=authors, image_credit=credit))) == []


def test_keys_are_counted() -> None:
    odd = article(id="n2", column="港口", byline=None, editors=[], has_video=None)
    del odd["tags"]
    odd["extra"] = 1
    keys = audited([article(), odd])["keys"]
    assert keys["column"] == {"lines": 1, "share": 0.5, "null": 1, "empty": 0, "missing": 0}
    assert keys["editors"] == {"lines": 1, "share": 0.5, "null": 0, "empty": 1, "missing": 0}
    assert keys["tags"] == {"lines": 1, "share": 0.5, "null": 0, "empty": 0, "missing": 1}
    assert keys["has_video"] == {"lines": 1, "share": 0.5, "null": 1, "empty": 0, "missing": 0}


def test_keys_unknown_and_out_of_order_are_counted() -> None:
    turned = dict(reversed(article(id="n2").items()))
    report = audited([article(), turned, article(id="n3", extra=1)])
    assert report["keys_unknown"] == {"extra": 1}
    assert report["keys_out_of_order"] == 1


def test_shares() -> None:
    records = [
        article(id="n1", has_video=True, videos=["https://www.youtube.com/watch?v=a"]),
        article(id="n2", date_source="url", authors=[], truncated=True),
        article(
            id="n3", byline=None, images=[{"url": "https://a/b", "caption": "c", "credit": None}]
        ),
        article(id="n4", image_caption=None, image_credit=None),
    ]
    report = audited(records)
    assert report["shares"] == {
        "date_from_dateline": 0.75,
        "byline_without_person": 0.333333,
        "caption_with_credit": 0.75,
        "lead_caption_with_credit": 1.0,
        "has_video": 0.25,
        "truncated": 0.25,
    }
    assert report["video_hosts"] == {"www.youtube.com": 1}
    assert report["date_source"] == {"dateline": 3, "url": 1}


def test_a_duplicate_id_is_found() -> None:
    doubled = audited([article(), article(id="n2"), article()])["oddities"]["id_doubled"]
    assert [value["value"] for value in doubled["values"]] == ["n15000001"]


def test_values_are_ordered_by_frequency() -> None:
    records = [article(id=f"n{n}", editors=["高静#" if n < 3 else "沈#"]) for n in range(4)]
    values = audited(records)["oddities"]["editor_marks"]["values"]
    assert [(value["value"], value["count"]) for value in values] == [("高静#", 3), ("沈#", 1)]


def test_the_report_is_json_with_stable_keys() -> None:
    report = audited([])
    assert json.loads(json.dumps(report)) == report
    assert list(report) == [
        "lines",
        "damaged",
        "unfinished_tail_bytes",
        "keys",
        "keys_unknown",
        "keys_out_of_order",
        "shares",
        "date_source",
        "language",
        "video_hosts",
        "oddities",
    ]
    assert set(report["oddities"]) == {*any_format.NAMES, *RULES.names, "id_doubled"}
    assert report["shares"]["has_video"] is None


def test_distinct_values_are_bounded() -> None:
    """A rule that fires for every line must not fill the memory."""
    many = MAX_DISTINCT + 500
    odd = audited(article(id=f"n{n}", editors=[f"高{n}"]) for n in range(many))["oddities"]
    assert odd["editor_digits"]["count"] == many
    assert odd["editor_digits"]["unlisted"] == 500
    assert len(odd["editor_digits"]["values"]) == MAX_DISTINCT


def test_memory_is_flat() -> None:
    """Of a line only its id is kept, less than 1 KB whatever its text."""
    found, lines = Audit(RULES), 400
    found.add(article(id="n0"))
    tracemalloc.start()
    try:
        for number in range(1, lines + 1):
            found.add(article(id=f"n{number}", content_text=TEXT * 40))
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < lines * 512


def test_a_feed_is_read_from_its_directory_or_file(tmp_path: Path) -> None:
    feed = write_feed(tmp_path, [article()])
    assert audit(feed).report() == audit(feed / FILE).report() == audited([article()])


def test_an_unfinished_tail_is_not_damage(tmp_path: Path) -> None:
    report = audit(write_feed(tmp_path, [article()], tail=b'{"id": "n2", "ti')).report()
    assert (report["lines"], report["unfinished_tail_bytes"]) == (1, 16)
    assert report["damaged"]["count"] == 0


@pytest.mark.parametrize(
    "line",
    [
        b"{not json\n",
        b"[]\n",
        b"\n",
        b"\xff\n",
        b"null\n",
        b"[" * 200_000 + b"\n",
        b'{"id": "n1", "title": "\\ud800"}\n',
        b'{"url": 1}\n',
        b'{"authors": [{"name": 1}]}\n',
        b'{"images": [[]]}\n',
        b'{"tags": "x"}\n',
    ],
)
def test_damaged_lines_are_reported_and_exit_with_5(line: bytes, tmp_path: Path) -> None:
    feed = write_feed(tmp_path, [article()], tail=line + b"{}\n")
    assert audit(feed).report()["damaged"] == {"count": 1, "lines": [2]}
    assert run(str(feed)) == 5


def test_met_floors_exit_with_0(tmp_path: Path) -> None:
    floors = tmp_path / "floors.toml"
    floors.write_text('[at_least]\n"keys.title.share" = 1\n[at_most]\n"lines" = 1\n')
    assert run(str(write_feed(tmp_path, [article()])), floors=str(floors)) == 0


def test_missed_floors_exit_with_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    floors = tmp_path / "floors.toml"
    floors.write_text('[at_least]\n"keys.column.share" = 0.5\n[at_most]\n"lines" = 0\n')
    feed = write_feed(tmp_path, [article()])
    assert run(str(feed), floors=str(floors), json=True) == 3
    assert json.loads(capsys.readouterr().out)["floors_missed"] == [
        {"at_least": 0.5, "path": "keys.column.share", "found": 0.0},
        {"at_most": 0, "path": "lines", "found": 1},
    ]


def real_articles(mirror: Corpus) -> Iterator[dict[str, Any]]:
    """Yield the record of the first copy of each article."""
    seen = set()
    for path, text in mirror.pages():
        copy = copy_of(path)
        assert copy is not None
        if copy.id in seen:
            continue
        seen.add(copy.id)
        reading = ArticleContext(
            mirror=mirror.name,
            mirror_url=f"https://example.org/{path}",
            sections=[{"id": copy.section, "name": "版块"}],
            at=dt.datetime(2022, 10, 2, tzinfo=dt.UTC),
        )
        made = load_article(read_article(text), reading, find_format())
        yield {key.name: getattr(made, key.name) for key in dataclasses.fields(made)}


@pytest.mark.soak
@pytest.mark.parametrize("name", ["news", "comment", "special"])
def test_real_mirrors_meet_their_floors(name: str, corpus: Callable[[str], Corpus]) -> None:
    floors = FLOORS if name == "news" else FLOORS.with_name(f"floors_{name}.toml")
    assert missed(audited(real_articles(corpus(name))), read_floors(floors)) == []


def test_an_empty_feed_meets_no_floor_of_a_share() -> None:
    """An empty feed must not pass: zero of zero is not a share."""
    bounds = [bound for bound in read_floors(FLOORS) if "share" in bound.path]
    assert len(missed(audited([]), bounds)) == len(bounds) > 0


def test_the_published_floors_name_numbers_of_the_report() -> None:
    report = audited([article(), article(id="n2", has_video=True, videos=["https://a/b"])])
    found = {bound["path"] for bound in missed(report, read_floors(FLOORS))}
    assert found == {"shares.has_video"}


@pytest.mark.parametrize(
    "floors",
    [
        "",
        "[at_least]\n",
        "[lines]\nx = 1",
        "at_least = 1",
        '[at_least]\n"lines" = "many"',
        '[at_least]\n"keys.nothing.share" = 1',
        '[at_least]\n"keys.title" = 1',
        "no toml",
    ],
)
def test_invalid_floors_are_wrong_usage(floors: str, tmp_path: Path) -> None:
    path = tmp_path / "floors.toml"
    path.write_text(floors)
    with pytest.raises(UsageError):
        run(str(write_feed(tmp_path, [article()])), floors=str(path))


@pytest.mark.parametrize("args", [[], ["a", "b"], ["--jsn", "a"]])
def test_wrong_arguments_are_wrong_usage(args: list[str]) -> None:
    with pytest.raises(UsageError):
        run(*args)


def test_a_missing_feed_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="does not exist: give a feed"):
        audit(tmp_path)
    with pytest.raises(UsageError):
        run(str(tmp_path / "nothing"))


def printed(report: dict[str, Any], *, everything: bool = False) -> str:
    console = Console(file=io.StringIO(), width=200)
    whole = {"feed": "feeds/sample", "floors_missed": []} | report
    print_tables(whole, console, everything=everything)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_tables_name_keys_shares_and_oddities() -> None:
    records = [article(), article(id="n2", editors=["高静#"], videos=["https://youtu.be/a"])]
    text = printed(audited(records))
    for expected in ("2 lines in feeds/sample", "高静#", "video_hosts: youtu.be", "50.00%"):
        assert expected in text
    for key in KEYS:
        assert f" {key} " in text


def test_the_tables_show_the_most_frequent_and_the_rarest() -> None:
    counts = [n for n in range(20) for _ in range(n + 1)]
    report = audited(article(id=f"n{i}", editors=[f"高#{n:02}"]) for i, n in enumerate(counts))
    text, whole = printed(report), printed(report, everything=True)
    assert [n for n in range(20) if f"高#{n:02}" in text] == [*range(5), *range(10, 20)]
    assert [n for n in range(20) if f"高#{n:02}" in whole] == [*range(20)]


def test_every_byline_without_a_person_is_printed() -> None:
    records = [article(id=f"n{n}", authors=[], byline=f"第{n:02}记者站报导") for n in range(40)]
    text = printed(audited(records))
    assert all(f"第{n:02}记者站报导" in text for n in range(40))


def test_control_characters_of_a_page_do_not_reach_the_terminal() -> None:
    text = printed(audited([article(editors=["高\x1b[31m静"])]))
    assert "\x1b" not in text
    assert "高\\x1b[31m静" in text


def test_exit_status_prefers_damage() -> None:
    assert exit_status({"damaged": {"count": 1}, "floors_missed": [{}]}) == 5
