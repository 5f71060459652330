"""Home page and section indexes: their entries, and parts that are not the mirror's."""

from __future__ import annotations

import time

import pytest
from crawling import ROOT
from hypothesis import given
from hypothesis import strategies as st
from mirrorkit import ABSOLUTE_AD, RELATIVE_AD, Section
from mirrorkit.indexes import index_page, moved_notice

from crawler.exceptions import PageNotText, PageTooLarge
from crawler.formats.epoch.home import moved_to, read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.source import decoded
from crawler.formats.pages import MAX_PAGE_BYTES, Entry, Label

HOME = """## 群岛新闻

#### 新闻 &nbsp;>&nbsp; [经济](indexes/ncid1/README.md?10020845) &nbsp;| &nbsp; [社会](indexes/ncid2/README.md?10020845)

#### 专题 &nbsp;>&nbsp; [灯塔](indexes/nf3/README.md?10020845) &nbsp;| &nbsp; [航路](indexes/ncid2/README.md?10020845)

#### 别处 &nbsp;>&nbsp; [百年](https://github.com/example/epoch-special/blob/master/README.md?10020845)
"""


def test_a_home_page_names_sections_in_order() -> None:
    """Each once, with its first label; a repeated label is reported separately."""
    home = read_home(HOME)
    assert home.labels == (Label("经济", "ncid1"), Label("社会", "ncid2"), Label("灯塔", "nf3"))
    assert home.repeated == (Label("航路", "ncid2"),)
    assert home.moved_to is None


def test_the_samples_home_page() -> None:
    home = read_home((ROOT / "sample" / "README.md").read_text(encoding="utf-8"))
    assert [label.section for label in home.labels] == [
        "ncid900101", "ncid900102", "nf900201", "nsc900301"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("link", "section"),
    [
        ("[一](indexes/ncid1/README.md)", "ncid1"),
        ("[一]( indexes/ncid1/README.md?1 )", "ncid1"),
        ("[一](./indexes/ncid1/README.md#top)", "ncid1"),
        ("[ 一\u200b ](indexes/ncid1/README.md)", "ncid1"),
        ("[](indexes/ncid1/README.md)", "ncid1"),
        ("![一](indexes/ncid1/README.md)", "ncid1"),
        ("[一](indexes/ncid1/1.md)", None),
        ("[一](indexes/ncid1/)", "ncid1"),
        ("[一](indexes/ncid1)", "ncid1"),
        ("[一](indexes/ncid1.csv)", None),
        ("[一](indexes/README.md)", None),
        ("[一](indexes/README)", None),
        ("[一](indexes/)", None),
        ("[一](pages/ncid1/n1.md)", None),
        ("[一](README.md)", None),
        ("[一](ok?10020845)", None),
        ("[一](../indexes/ncid1/README.md)", None),
        ("[一](indexes/../../x/README.md)", None),
        ("[一](/indexes/ncid1/README.md)", None),
        ("[一](//example.org/indexes/ncid1/README.md)", None),
        ("[一](https://example.org/indexes/ncid1/README.md)", None),
        ("[一](javascript:alert)", None),
        ("[一]\n(indexes/ncid1/README.md)", "ncid1"),
    ],
)
def test_which_links_are_sections(link: str, section: str | None) -> None:
    found = [label.section for label in read_home(f"## 新闻\n\n{link}\n").labels]
    assert found == ([section] if section else [])


def test_a_label_is_text() -> None:
    [label] = read_home("[ 海岛\u3000 经济\u200b ](indexes/ncid1/README.md)").labels
    assert label.text == "海岛 经济"


NOTICE = moved_notice("new-owner/epoch-news", pixel="http://gfw-breaker.win/x/README.md")


def test_a_notice_that_the_mirror_has_moved() -> None:
    """With and without a pixel; a page that lists sections is not a notice, whatever its text."""
    home = read_home(NOTICE)
    assert home.labels == ()
    assert home.moved_to == "https://github.com/new-owner/epoch-news"
    assert read_home(HOME + NOTICE).moved_to is None
    assert moved_to("该项目已迁移至 别处") is None
    index = read_index(NOTICE, "ncid1")
    assert (index.entries, index.heading) == ((), None)
    assert index.moved_to == "https://github.com/new-owner/epoch-news"


SECTION = Section("ncid1", "经济", heading="评论：经济")
ROWS = [(f"n{number}", f"第{number}号") for number in range(1, 31)]


@pytest.mark.parametrize("ad", ["", ABSOLUTE_AD, RELATIVE_AD])
@pytest.mark.parametrize("stamp", ["", "10020845"])
def test_an_index_page_lists_thirty_the_newest_first(ad: str, stamp: str) -> None:
    """An ad among them is neither an entry nor a stray."""
    section = Section("ncid1", "经济", heading="评论：经济", ad=ad)
    index = read_index(index_page(section, ROWS, 12, stamp=stamp), "ncid1")
    assert index.heading == "评论：经济"
    assert [entry.id for entry in index.entries] == [f"n{number}" for number in range(30, 0, -1)]
    assert index.entries[0] == Entry("n30", "第30号")
    assert (index.last_page, index.strays, index.moved_to) == (12, (), None)


@pytest.mark.parametrize(
    ("line", "entries", "strays"),
    [
        ("#### [题](../../pages/ncid1/n1.md) ", [("n1", "题")], []),
        ("#### [题](../../pages/ncid1/n1.md?10020845)", [("n1", "题")], []),
        ("####[题](../../pages/ncid1/n1.md)", [("n1", "题")], []),
        ("#### [【栏目】题 [组图] *ST | 题](../../pages/ncid1/n1.md)",
         [("n1", "【栏目】题 [组图] *ST | 题")], []),
        ("#### [题\u00a0\u3000 ](../../pages/ncid1/n1.md)", [("n1", "题")], []),
        ("#### [](../../pages/ncid1/n1.md)", [("n1", "")], []),
        ("#### [题](../../pages/ncid2/n1.md)", [], ["../../pages/ncid2/n1.md"]),
        ("#### [题](../../../etc/passwd.md)", [], ["../../../etc/passwd.md"]),
        ("#### [题](https://example.org/pages/ncid1/n1.md)", [],
         ["https://example.org/pages/ncid1/n1.md"]),
        ("#### [题](../../pages/ncid1/x1.md)", [], ["../../pages/ncid1/x1.md"]),
        ("#### [题](n1.md)", [], ["n1.md"]),
        ("#### [广告](ok?10020845)", [], []),
        ("#### [广告](http://192.0.2.1:81/youtube.html?10020845)", [], []),
        ("[题](../../pages/ncid1/n1.md)", [("n1", "题")], []),
        ("#### [题](../../pages/ncid1/n1.md) 等", [("n1", "题")], []),
    ],
)  # fmt: skip
def test_what_is_an_entry(line: str, entries: list[tuple[str, str]], strays: list[str]) -> None:
    index = read_index(f"### 经济\n---\n{line}\n\n---\n#### 第 [ [1](./1.md) ] 页\n", "ncid1")
    assert [tuple(vars_of(entry)) for entry in index.entries] == entries
    assert list(index.strays) == strays


def vars_of(entry: Entry) -> tuple[str, str]:
    return entry.id, entry.title


def test_an_id_twice_on_a_page_is_one_entry() -> None:
    """It has the title of the first one."""
    page = "### 经济\n---\n#### [甲](../../pages/a/n1.md)\n#### [乙](../../pages/a/n1.md)\n"
    assert read_index(page, "a").entries == (Entry("n1", "甲"),)


@pytest.mark.parametrize(
    ("text", "heading"),
    [
        ("### 经济\n---\n", "经济"),
        ("\n### 经济  \n", "经济"),
        ("# 经济\u200b \u3000新闻\n", "经济 新闻"),
        ("---\n", None),
        ("", None),
        ("#### [题](../../pages/ncid1/n1.md)\n", None),
        ("经济\n### 后来\n", None),
    ],
)
def test_a_heading_stands_first(text: str, heading: str | None) -> None:
    assert read_index(text, "ncid1").heading == heading


@pytest.mark.parametrize(
    ("pager", "last"),
    [
        ("#### 第 [ [669](./669.md) / [668](./668.md) ] 页", 669),
        ("#### 第 [ [3](./3.md?10020845) / [2](./2.md?10020845) / [1](./1.md?10020845) ] 页", 3),
        ("#### 第 [ [9](../ncid2/9.md) / [4](./4.md) ] 页", 4),
        ("#### 第 [ [9](https://example.org/9.md) ] 页", 0),
        ("#### 第 [ [0](./0.md) ] 页", 0),
        ("#### 第 [ ] 页", 0),
        ("", 0),
    ],
)
def test_the_pager_names_the_last_page(pager: str, last: int) -> None:
    page = (
        f"### 经济\n---\n#### [99](./99.md)\n#### [题](../../pages/ncid1/n1.md) \n\n---\n{pager}\n"
    )
    assert read_index(page, "ncid1").last_page == last


@given(st.text(alphabet="#[](). /\n\\-ncid1md?%:海", max_size=200))
def test_no_text_breaks_a_reader(text: str) -> None:
    """All entries are in the section."""
    home = read_home(text)
    assert len({label.section for label in home.labels}) == len(home.labels)
    index = read_index(text, "ncid1")
    assert all(entry.id[0] == "n" and entry.id[1:].isdigit() for entry in index.entries)
    assert index.last_page >= 0


@pytest.mark.parametrize(
    "unit",
    ["# [x](", " ", "\n", "[x](\n", "# [x](a) ", "[", "#", "该项目已迁移至 ", "# [x](a ", "/../"],
)
def test_long_runs_are_read_in_time(unit: str) -> None:
    """Also before endless blanks."""
    long = unit * (200_000 // len(unit))
    began = time.process_time()
    for text in (long, f"# [x]({long}", f"{unit}{' ' * 200_000}x"):
        read_index(text, "ncid1")
        read_home(text)
    assert time.process_time() - began < 2  # seconds; 0.1 here


# -- bytes -----------------------------------------------------------------------------------------


def test_bytes_are_utf8_with_a_mark_or_without() -> None:
    assert decoded("海岛".encode()) == "海岛"
    assert decoded("海岛".encode("utf-8-sig")) == "海岛"
    assert decoded(b"") == ""


@pytest.mark.parametrize(
    "body", ["海岛".encode("gb18030"), "海".encode()[:2] * 2, b"\xff\xfe", b"a\x80" * 2]
)
def test_other_encodings_are_not_text(body: bytes) -> None:
    with pytest.raises(PageNotText, match="not UTF-8 at byte"):
        decoded(body)


def test_a_page_may_have_four_megabytes() -> None:
    assert len(decoded(b"x" * MAX_PAGE_BYTES)) == 4 << 20
    with pytest.raises(PageTooLarge):
        decoded(b"x" * (MAX_PAGE_BYTES + 1))
