"""The catalogue of books: its reader and its spider."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest
from crawling import scrapy

from crawler.exceptions import PageMalformed, PageNotText, WrongUsage
from crawler.formats.books import Book, Download, read_catalogue
from crawler.spiders.epoch_books import EpochBooksSpider

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from misbehaving import MisbehavingServer

BASE = "https://example.org/books/raw/README.md"
FILES = "https://example.org/files"
HEAD = "### 禁书下载\n\n---\n\n[首页](https://example.org/) [更多](more.md)\n\n"
COLUMNS = "| 书名 | 下载 | 下载 | 下载 |\n| --- | --- | --- | --- |\n"
ROW = f"| 《青屿纪事》 | [TXT格式]({FILES}/a.txt) | [PDF格式]({FILES}/a.pdf) | - |\n"
BOOK = Book(
    title="青屿纪事",
    downloads=[
        Download(format="TXT", url=f"{FILES}/a.txt"),
        Download(format="PDF", url=f"{FILES}/a.pdf"),
    ],
)


def read(text: str, base: str = BASE) -> list[Book]:
    return read_catalogue(text.encode(), base)


def test_a_catalogue() -> None:
    text = HEAD + COLUMNS + ROW + f"| 《潮汐》 | - | - | [EPUB格式]({FILES}/b.epub) |\n\n尾\n"
    epub = Download(format="EPUB", url=f"{FILES}/b.epub")
    assert read(text) == [BOOK, Book(title="潮汐", downloads=[epub])]


SPELLINGS = {
    "CRLF": (HEAD + COLUMNS + ROW).replace("\n", "\r\n"),
    "byte order mark": "\ufeff" + HEAD + COLUMNS + ROW,
    "no heading": COLUMNS + ROW,
    "no end of line": (HEAD + COLUMNS + ROW).rstrip(),
    "odd spacing": HEAD
    + "|书名|下载|  下载|下载|\n|:--|:-:|--:|-|\n"
    + f"|  《 青屿纪事 》|[ TXT格式 ]( {FILES}/a.txt )|\u3000[PDF格式]({FILES}/a.pdf)|-|\n",
    "no outer pipes": "书名 | 下载 | 下载\n--- | --- | ---\n" + ROW.strip("| \n") + "\n",
    "missing cells": COLUMNS + ROW.replace(" | - |", ""),
    "more cells": COLUMNS + ROW.replace(" - |", " - | - | - |"),
    "several links in a cell": COLUMNS
    + ROW.replace("a.txt) | [PDF", "a.txt), [PDF").replace("- |", "- | - |"),
    "link titles": COLUMNS
    + ROW.replace("a.txt)", 'a.txt "一个文件")').replace("(https", "( https"),
    "angle brackets": COLUMNS + ROW.replace(f"({FILES}/a.txt)", f"(<{FILES}/a.txt>)"),
    "a linked title": COLUMNS + ROW.replace("《青屿纪事》", "[《青屿纪事》](a.md)"),
    "emphasis": COLUMNS + ROW.replace("《青屿纪事》", "**《青屿纪事》**"),
    "after another table": "| 站点 | 说明 |\n| --- | --- |\n| 甲 | [乙](c) |\n\n" + COLUMNS + ROW,
    "before another table": COLUMNS + ROW + "\n| 站点 | 说明 |\n| --- | --- |\n| 甲 | [乙](c) |\n",
    "the same row twice": COLUMNS + ROW + ROW,
    "a row without a title": COLUMNS + f"| | [TXT格式]({FILES}/x.txt) |\n" + ROW,
    "an anchor and a script": COLUMNS + ROW.replace(" - |", " [EPUB格式](#) [x](javascript:x) |"),
}


@pytest.mark.parametrize("text", SPELLINGS.values(), ids=SPELLINGS)
def test_other_spellings_of_the_same(text: str) -> None:
    assert read(text) == [BOOK]


TITLES = {
    r"《甲\|乙》": "甲|乙",
    "《甲》（修订版）": "《甲》（修订版）",
    "《甲》与《乙》": "《甲》与《乙》",
    "无书名号": "无书名号",
    "《A &amp; B》": "A & B",
    r"《星\*号》": "星*号",
    "《甲\u200b乙》": "甲乙",
}


@pytest.mark.parametrize(("cell", "title"), TITLES.items())
def test_titles(cell: str, title: str) -> None:
    assert [book["title"] for book in read(f"{COLUMNS}| {cell} | - |\n")] == [title]


ADDRESSES = {
    "files/a.txt": "https://example.org/books/raw/files/a.txt",
    "../a.txt": "https://example.org/books/a.txt",
    "/a.txt": "https://example.org/a.txt",
    "//cdn.example/a.txt": "https://cdn.example/a.txt",
    "http://example.org/甲.txt": "http://example.org/%E7%94%B2.txt",
    "a(1).txt": "https://example.org/books/raw/a(1).txt",
    "https://example.org/a.txt?raw=true": "https://example.org/a.txt?raw=true",
    r"a\|b.txt": "https://example.org/books/raw/a%7Cb.txt",
}


@pytest.mark.parametrize(("href", "url"), ADDRESSES.items())
def test_addresses(href: str, url: str) -> None:
    [book] = read(f"{COLUMNS}| 《甲》 | [TXT格式]({href}) |\n")
    assert book["downloads"] == [{"format": "TXT", "url": url}]


def test_addresses_below_a_directory() -> None:
    text = f"{COLUMNS}| 《甲》 | [TXT格式](a.txt) | [PDF格式](https://example.org/a.pdf) |\n"
    [book] = read(text, "file:///books/README.md")
    assert [one["url"] for one in book["downloads"]] == [
        "file:///books/a.txt",
        "https://example.org/a.pdf",
    ]


def test_the_format_of_a_book_is_the_catalogues_word() -> None:
    """It is never guessed from the URL."""
    text = f"{COLUMNS}| 《甲》 | [mobi格式](a) | [在线阅读](b.htm) | [格式](c.pdf) | [](d.txt) |\n"
    [book] = read(text)
    assert [one["format"] for one in book["downloads"]] == ["mobi", "在线阅读", None, None]


NO_CATALOGUES = {
    "empty": "",
    "a mirror's home page": "### 大纪元\n\n---\n\n[新闻](indexes/ncid1/README.md)\n",
    "no rows": HEAD + COLUMNS,
    "no line below the head": "| 书名 | 下载 |\n" + ROW,
    "another table": HEAD + COLUMNS.replace("书名", "站点") + ROW,
    "rows apart from the head": HEAD + COLUMNS + "\n文\n" + ROW,
}


@pytest.mark.parametrize("text", NO_CATALOGUES.values(), ids=NO_CATALOGUES)
def test_a_page_without_a_catalogue(text: str) -> None:
    with pytest.raises(PageMalformed, match="no table of books"):
        read(text)


def test_no_text() -> None:
    with pytest.raises(PageNotText):
        read_catalogue(b"\xff\xfe", BASE)


@pytest.mark.parametrize("piece", ["[", "[a](", "\\|", "[a](b(", "[a](<", "《", "<", "- | ", "`"])
def test_long_rows_are_read_in_linear_time(piece: str) -> None:
    """Four times the length takes about four times as long, not sixteen times."""
    short, long = (_seconds(f"{COLUMNS}| 《甲》 | {piece * n} |\n") for n in (5_000, 20_000))
    assert long < 10 * short + 0.01


def _seconds(text: str) -> float:
    taken = []
    for _ in range(3):
        began = time.thread_time()
        read(text)
        taken.append(time.thread_time() - began)
    return min(taken)


# -- its location ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/owner/books",
        "https://github.com/owner/books/",
        "https://GitHub.com/owner/books.git",
    ],
)
def test_a_repository_is_read_at_its_raw_host(address: str) -> None:
    spider = EpochBooksSpider(address)
    assert spider.base == "https://raw.githubusercontent.com/owner/books/HEAD/"
    assert spider.page == "https://github.com/owner/books/blob/HEAD/README.md"


@pytest.mark.parametrize("owner", ["owner", "blob"])
def test_addresses_on_github_lead_to_raw_files(owner: str) -> None:
    page = f"https://github.com/{owner}/books/blob/HEAD/README.md"
    [book] = read(f"{COLUMNS}| 《甲》 | [TXT格式](a.txt) |\n", page)
    [file] = book["downloads"]
    assert file["url"] == f"https://github.com/{owner}/books/raw/HEAD/a.txt"


def test_any_other_address_is_a_base_of_raw_files() -> None:
    page = "http://127.0.0.1:80/x/README.md"
    spider = EpochBooksSpider("http://127.0.0.1:80/x")
    assert (spider.base, spider.page) == (page[:-9], page)


def test_a_directory_has_any_name(tmp_path: Path) -> None:
    directory = tmp_path / "my blob" / "blob"
    directory.mkdir(parents=True)
    spider = EpochBooksSpider(str(directory))
    assert spider.base == f"{directory.as_uri()}/"
    assert spider.page == f"{directory.as_uri()}/README.md"


@pytest.mark.parametrize(
    "mirror",
    ["nowhere", "ftp://example.org/", "http://u:p@example.org/", "http://x.org/?a=1", "://"],
)
def test_an_address_that_is_not_a_mirror_is_refused(mirror: str) -> None:
    with pytest.raises(WrongUsage, match="mirror"):
        EpochBooksSpider(mirror)


# -- the spider ------------------------------------------------------------------------------


def crawl(export: Path, *arguments: str) -> tuple[int, str]:
    """Run the spider; return its status and log."""
    given = [word for argument in arguments for word in ("-a", argument)]
    done = scrapy("crawl", "epoch_books", "-O", export, *given)
    return done.returncode, done.stderr


@pytest.fixture
def books(tmp_path: Path) -> Path:
    directory = tmp_path / "books"
    directory.mkdir()
    row = "| 《潮汐》 | [TXT格式](files/b.txt) | - | - |\n"
    (directory / "README.md").write_text(HEAD + COLUMNS + ROW + row, encoding="utf-8")
    return directory


def test_by_http_only_the_page_is_fetched(
    books: Path, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    server = serve(books)
    status, log = crawl(tmp_path / "books.jsonl", f"mirror={server.base}")
    assert status == 0, log
    lines = [json.loads(line) for line in (tmp_path / "books.jsonl").read_text().splitlines()]
    page = f"{server.base}README.md"
    assert [list(line) for line in lines] == [
        ["title", "downloads", "mirror_url", "crawled_at"]
    ] * 2
    assert {line["mirror_url"] for line in lines} == {page}
    assert lines[0]["downloads"] == BOOK["downloads"]
    assert lines[1]["title"] == "潮汐"
    assert lines[1]["downloads"] == [{"format": "TXT", "url": f"{server.base}files/b.txt"}]
    assert sorted(seen.path for seen in server.requests) == ["/README.md", "/robots.txt"]


def test_from_a_directory(books: Path, tmp_path: Path) -> None:
    status, log = crawl(tmp_path / "books.csv", f"mirror={books}", "_job=1")
    assert status == 0, log
    assert "青屿纪事" in (tmp_path / "books.csv").read_text(encoding="utf-8")


def test_a_page_that_is_not_a_catalogue(books: Path, tmp_path: Path) -> None:
    """The exit status shows it, and an earlier export is kept."""
    export = tmp_path / "books.jsonl"
    export.write_text("kept\n")
    (books / "README.md").write_text("### 大纪元\n", encoding="utf-8")
    status, log = crawl(export, f"mirror={books}")
    assert status == 4, log
    assert "is not a catalogue of books: no table of books" in log
    assert export.read_text() == "kept\n"


def test_a_missing_page(tmp_path: Path, serve: Callable[[Path], MisbehavingServer]) -> None:
    (tmp_path / "empty").mkdir()
    by_http = crawl(tmp_path / "x.jsonl", f"mirror={serve(tmp_path / 'empty').base}")
    from_directory = crawl(tmp_path / "x.jsonl", f"mirror={tmp_path / 'empty'}")
    assert (by_http[0], from_directory[0]) == (4, 4), (by_http[1], from_directory[1])
    assert "the host answered 404" in by_http[1]


def test_wrong_usage(tmp_path: Path) -> None:
    status, log = crawl(tmp_path / "x.jsonl", "limit=3")
    assert status == 2, log
    assert "unknown argument -a limit=: the only one is mirror" in log
