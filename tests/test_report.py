"""``scrapy report``: one page about a feed, which needs no other file."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from crawling import scrapy

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.report.facts import gather
from crawler.report.page import render
from crawler.report.runs import duration

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2023, 10, 5, 12, tzinfo=UTC)


def article(number: int, **keys: Any) -> dict[str, Any]:
    return {
        "id": f"n{number}",
        "url": f"https://www.epochtimes.com/gb/23/10/1/n{number}.htm",
        "title": f"灯塔重新点亮{number}",
        "date_published": "2023-10-01",
        "sections": [{"id": "ncid1", "name": "海岛新闻"}],
        "authors": [{"name": "李言"}],
        "tags": ["灯塔"],
        **keys,
    }


def run(**keys: Any) -> dict[str, Any]:
    return {
        "start": "2023-10-02T04:00:00Z",
        "end": "2023-10-02T04:01:05Z",
        "mirror": "island",
        "way": "git",
        "status": "complete",
        "exit_code": 0,
        "articles": 1,
        "listings": 1,
        "failures": {},
        "set_aside": {},
        **keys,
    }


def write(
    directory: Path, articles: list[dict[str, Any]], runs: list[dict[str, Any]], tail: bytes = b""
) -> Path:
    directory.mkdir(exist_ok=True)
    for name, records in (("articles", articles), ("runs", runs)):
        lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in records)
        (directory / f"{name}.jsonl").write_bytes(lines.encode())
    with (directory / "articles.jsonl").open("ab") as file:
        file.write(tail)
    return directory


class Reader(HTMLParser):
    """Collects a page's elements with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def page_of(feed: Path) -> Reader:
    return Reader(render(gather(feed), NOW))


def test_counts_are_those_of_the_feed(tmp_path: Path) -> None:
    feed = write(
        tmp_path / "feed",
        [
            article(1),
            article(2, date_published="2022-12-31", authors=[], tags=["灯塔", "渡船"]),
            article(3, date_published="2023-10-03", sections=[{"id": "ncid2", "name": "渡船"}]),
        ],
        [run(), run(start="2023-10-02T08:00:00Z", end=None, status="killed", exit_code=None)],
    )
    facts = gather(feed)
    assert (facts.articles, facts.first, facts.last) == (3, "2022-12-31", "2023-10-03")
    assert facts.months == {"2022-12": 1, "2023-10": 2}
    assert facts.sections == {"ncid1": 2, "ncid2": 1}
    assert facts.authors == {"李言": 2}
    assert facts.tags == {"灯塔": 3, "渡船": 1}
    assert [one.number for one in facts.newest] == [3, 1, 2]
    assert [one.seconds for one in facts.runs] == [65.0, None]
    assert facts.days_old(NOW.date()) == 2


def test_months_without_an_article_have_their_place(tmp_path: Path) -> None:
    articles = [article(1, date_published="2022-11-30"), article(2, date_published="2023-02-01")]
    page = page_of(write(tmp_path / "feed", articles, []))
    [chart] = [attrs for tag, attrs in page.elements if tag == "svg" and "aria-label" in attrs]
    assert chart["aria-label"] == "Articles a month, 2022-11 to 2023-02"
    assert chart["viewbox"] == "0 0 4 120"


def test_a_few_stray_articles_do_not_flatten_the_plot(tmp_path: Path) -> None:
    """The plot says what it leaves out, and the numbers by year have it all."""
    articles = [article(at, date_published=f"2023-{1 + at % 9:02}-01") for at in range(40)]
    articles += [article(90, date_published="2004-03-10"), article(91, date_published="2005-01-01")]
    page = page_of(write(tmp_path / "feed", articles, []))
    charts = [attrs["aria-label"] for tag, attrs in page.elements if "aria-label" in attrs]
    assert charts == ["Articles a month, 2023-01 to 2023-09"]
    text = "".join(page.text)
    assert "2 older articles are left out, back to 2004-03." in text
    assert "20041" in text  # of the year 2004: 1
    many = articles + [article(at, date_published="2010-05-01") for at in range(100, 110)]
    page = page_of(write(tmp_path / "feed", many, []))
    charts = [attrs["aria-label"] for tag, attrs in page.elements if "aria-label" in attrs]
    assert charts == ["Articles a month, 2004-03 to 2023-09"]
    assert "left out" not in "".join(page.text)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, ""),
        (0, "under 1 s"),
        (42, "42 s"),
        (252, "4 min 12 s"),
        (3600 * 26 + 60, "26 h 01 min"),
    ],
)
def test_durations_are_for_people(seconds: float | None, expected: str) -> None:
    assert duration(seconds) == expected


def test_runs_show_what_there_is_to_see(tmp_path: Path) -> None:
    """No empty column, no colour that no run has, no plot of durations below a second."""
    quick = run(end="2023-10-02T04:00:00Z")
    page = page_of(write(tmp_path / "feed", [article(1)], [quick]))
    assert {"Failed", "Reason", "killed"}.isdisjoint(page.text)
    assert "Seconds that it took" not in page.text
    failed = run(status="partial", failures={"missing": {"count": 2, "ids": ["n1", "n2"]}})
    page = page_of(write(tmp_path / "feed", [article(1)], [quick, failed]))
    assert {"Failed", "2 missing", "Seconds that each of them took"} <= set(page.text)
    assert "partial, interrupted or put off" in page.text


def test_every_picture_has_its_text(tmp_path: Path) -> None:
    page = page_of(write(tmp_path / "feed", [article(1)], [run()]))
    pictures = [attrs for tag, attrs in page.elements if tag == "svg"]
    assert pictures
    hidden = {attrs.get("aria-hidden") for tag, attrs in page.elements if tag == "td"}
    assert "true" in hidden
    named = [attrs for attrs in pictures if attrs.get("role") == "img"]
    assert len(named) == 3
    assert all(attrs["aria-label"] for attrs in named)


def test_nothing_is_loaded_and_nothing_runs(tmp_path: Path) -> None:
    page = page_of(write(tmp_path / "feed", [article(1)], [run()]))
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in page.elements}
    assert not [name for _, attrs in page.elements for name in attrs if name.startswith("on")]
    [policy] = [a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"


@pytest.mark.parametrize("key", ["title", "authors", "tags", "sections"])
def test_what_a_mirror_wrote_stays_text(tmp_path: Path, key: str) -> None:
    evil = "<script>alert(1)</script>\u202e\x1b]0;x\x07" + "长" * 500
    value: Any = {
        "title": evil,
        "authors": [{"name": evil}],
        "tags": [evil],
        "sections": [{"id": evil, "name": evil}],
    }[key]
    page = page_of(write(tmp_path / "feed", [article(1, **{key: value})], [run(mirror=evil)]))
    assert "script" not in {tag for tag, _ in page.elements}
    text = "".join(page.text)
    assert "<script>alert(1)" in text
    assert not set("\u202e\x1b\x07") & set(text)
    assert max(map(len, page.text)) < 10_000


def test_an_address_that_is_none_is_no_link(tmp_path: Path) -> None:
    page = page_of(write(tmp_path / "feed", [article(1, url="javascript:alert(1)")], []))
    assert "a" not in {tag for tag, _ in page.elements}


def test_an_empty_feed_has_a_report(tmp_path: Path) -> None:
    page = page_of(write(tmp_path / "feed", [], [run(status="unusable", failures={})]))
    assert "No article is published yet." in page.text
    assert "Newest articles" not in page.text
    assert "Runs" in page.text


@pytest.mark.parametrize(
    "keys",
    [
        {"date_published": None},
        {"date_published": "nonsense"},
        {"sections": "x", "authors": None, "tags": None},
        {"id": None},
    ],
)
def test_a_line_with_odd_types_does_not_prevent_a_report(
    tmp_path: Path, keys: dict[str, Any]
) -> None:
    odd = write(tmp_path / "feed", [article(1), article(2, **keys)], [run(failures=3, start=7)])
    assert "2" in page_of(odd).text


def test_an_unfinished_line_is_mentioned_but_not_damaged(tmp_path: Path) -> None:
    feed = write(tmp_path / "feed", [article(1)], [], tail=b'{"id": "n2"')
    assert gather(feed).incomplete
    assert "unfinished" in "".join(page_of(feed).text)


def test_a_damaged_line_is_refused(tmp_path: Path) -> None:
    feed = write(tmp_path / "feed", [article(1)], [], tail=b"not json\n")
    with pytest.raises(FeedUnusable, match="line at byte 240 is damaged"):
        gather(feed)


def test_what_is_no_feed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="is not a feed"):
        gather(tmp_path)


def test_the_command_writes_the_page(tmp_path: Path) -> None:
    feed = write(tmp_path / "feed", [article(1)], [run()])
    done = scrapy("report", feed, "--to", tmp_path / "report.html")
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert {path.name for path in tmp_path.iterdir()} == {"feed", "report.html"}


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    feed = write(tmp_path / "feed", [article(1)], [], tail=b"not json\n")
    assert scrapy("report", feed, "--to", tmp_path / "report.html").returncode == 5
    assert scrapy("report", tmp_path, "--to", tmp_path / "report.html").returncode == 2
    assert scrapy("report", feed).returncode == 2
    whole = write(tmp_path / "whole", [article(1)], [])
    assert scrapy("report", whole, "--to", tmp_path / "missing" / "report.html").returncode == 2
    assert not (tmp_path / "report.html").exists()


def test_the_command_does_not_overwrite_the_feed(tmp_path: Path) -> None:
    """Not through a link either."""
    feed = write(tmp_path / "feed", [article(1)], [])
    (tmp_path / "link.html").symlink_to(feed / "articles.jsonl")
    before = (feed / "articles.jsonl").read_bytes()
    for target in (feed / "articles.jsonl", tmp_path / "link.html"):
        done = scrapy("report", feed, "--to", target)
        assert done.returncode == 2
        assert "has the name of a feed's file: name another" in done.stderr
    assert (feed / "articles.jsonl").read_bytes() == before
