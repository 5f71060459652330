"""Index pages in unusual forms have the same entries: what looks like one to a person is one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mirrorkit import ABSOLUTE_AD, Section
from mirrorkit.indexes import index_page

from crawler.exceptions import PageTooLarge
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.pages import Entry

BASES = (
    "https://github.com/owner/epoch-news/blob/master/",
    "https://raw.githubusercontent.com/owner/epoch-news/master/",
)
SECTION = "ncid1"
TO = "../../pages/ncid1/n15.md"
USUAL = f"#### [海岛灯塔]({TO}) "
PAGER = "#### 第 [ [3](./3.md) / [2](./2.md) / [1](./1.md) ] 页"


def page_with(line: str, pager: str = PAGER, heading: str = "### 经济\n---") -> str:
    """Return an index page with one line between two usual entries."""
    before, behind = USUAL.replace("15", "14"), USUAL.replace("15", "16")
    return f"{heading}\n{before}\n{line}\n{behind}\n\n---\n{pager}\n"


def listed(line: str) -> tuple[list[str], tuple[str, ...]]:
    index = read_index(page_with(line), SECTION, BASES)
    assert (index.heading, index.last_page) == ("经济", 3)
    return [f"{entry.id} {entry.title}" for entry in index.entries], index.strays


ALL = ["n14 海岛灯塔", "n15 海岛灯塔", "n16 海岛灯塔"]
LINK = f"[海岛灯塔]({TO})"
ENTRIES = (
    f"####\u00a0{LINK}", f"\u00a0{USUAL}", f"\u3000#### {LINK}", f"#### {LINK}\u00a0", f"#### {LINK}\u3000\u2028", f"{LINK}",
    f"####{LINK}", f"# {LINK}", f"####### {LINK}", f"＃＃＃＃ {LINK}", f"- {LINK}", f"* {LINK}", f"+ {LINK}", f"• {LINK}",
    f"· {LINK}", f"1. {LINK}", f"15、{LINK}", f"(3) {LINK}", f"> {LINK}", f"| {LINK} | 9月22日 |", f"#### **{LINK}**",
    f"__{LINK}__", f"#### [**海岛灯塔**]({TO})", f"#### [__海岛灯塔__]({TO})", f"#### 2023-09-22 {LINK}", f"[9/22] {LINK}",
    f"#### {LINK} 2023-09-22", f"#### {LINK} (9月22日)", f"#### {LINK} ★", f"🔥 {LINK}", f"新！{LINK}",
    f'#### [海岛灯塔]({TO} "海岛灯塔")', f"#### [海岛灯塔]({TO} '题')", f"#### [海岛灯塔](<{TO}>)", f"#### [海岛灯塔]( {TO} )",
    f"#### [海岛灯塔] ({TO})", f"#### [海岛灯塔]（{TO}）", f"#### [海岛灯塔]\n({TO})", f"#### [海岛灯塔](\n{TO}\n)",
    f"#### [ 海岛灯塔 ]({TO})", f"#### [海岛灯塔]({TO}", f'<a href="{TO}">海岛灯塔</a>', f"<ok href='{TO}'>海岛灯塔</ok>",
    f"<A HREF={TO}>海岛灯塔</A>", f'<li><a target="_blank" href="{TO}" class="x"><b>海岛灯塔</b></a></li>',
    f'#### <a href="{TO}"\n>海岛灯塔</a>', f"海岛灯塔 <{TO}>", f"#### 海岛灯塔 {TO}", f"海岛灯塔：{TO}。", f"[海岛灯塔][1]\n\n[1]: {TO}",
    f"[海岛灯塔][甲]\n\n[甲]: <{TO}>", f"<!-- 旧 --> #### {LINK}", f"#### {LINK} <!-- 旧 -->", f"#### {LINK}<br/>", f"<p>{LINK}</p>",
    f"![海岛灯塔]({TO})", f"#### [海岛灯塔]({TO}?10211645)", f"#### [海岛灯塔]({TO}#top)", f"#### [海岛灯塔]({TO}?a=1&b=2)",
    "#### [海岛灯塔](../../pages/ncid1/n15)", "#### [海岛灯塔](../../pages/ncid1/n15.html)", "#### [海岛灯塔](../../pages/ncid1/n15.MD)",
    "#### [海岛灯塔](../../pages//ncid1/n15.md)", "#### [海岛灯塔](..//../pages/ncid1/n15.md)", "#### [海岛灯塔](..\\..\\pages\\ncid1\\n15.md)",
    "#### [海岛灯塔](../../pages/ncid1/n15%2Emd)", "#### [海岛灯塔](..%2F..%2Fpages%2Fncid1%2Fn15.md)", "#### [海岛灯塔](../../pages/ncid1/n15.md/)",
    "#### [海岛灯塔](./../../pages/ncid1/n15.md)", "#### [海岛灯塔](pages/ncid1/n15.md)", "#### [海岛灯塔](../../pages/ncid1/n1\u200b5.md)",
    *(f"#### [海岛灯塔]({base}pages/ncid1/n15.md)" for base in BASES),
    f"#### [海岛灯塔]({BASES[0].replace('https', 'http')}pages/ncid1/n15.md?10211645)",
    f"#### [海岛灯塔]({BASES[0].replace('github', 'GitHub')}pages/ncid1/n15.md)",
    f"#### [海岛灯塔]({BASES[0].replace('blob/master', 'raw/main')}pages/ncid1/n15.md)",
    f"#### [海岛灯塔]({BASES[1].replace('master', 'refs/heads/master')}pages/ncid1/n15.md)",
    f"#### [海岛灯塔]({BASES[0].removeprefix('https:')}pages/ncid1/n15.md)",
    "#### [海岛灯塔](/owner/epoch-news/blob/master/pages/ncid1/n15.md)",
    f"<{BASES[0]}pages/ncid1/n15.md> 海岛灯塔".replace("> 海岛灯塔", ">").join(("海岛灯塔 ", "")),
    f"#### [![图](a.png)海岛灯塔]({TO})", f"#### [<b>海岛灯塔</b><br/>]({TO})", f"#### [海岛灯塔\n]({TO})", f"#### [海岛灯塔]: {TO}",
    f"#### [海岛灯塔][]\n\n[海岛灯塔]: {TO}", f"#### [海岛灯塔][1]\n\n[1]:{TO} '题'",
    f'<a href="{TO}">海岛灯塔', f'<a title="1 > 0" href="{TO}">海岛灯塔</a>',
    f"<a href='{TO}' title='1 > 0'>海岛灯塔</a>", f"#### ［海岛灯塔］（{TO}）",
    f"#### [海岛灯塔]({TO.replace('n15', 'N15')})", f"#### [海岛灯塔]({TO}&n=1)", "#### [海岛灯塔](&#46;./../pages/ncid1/n15.md)",
    f"#### [海岛灯塔]({BASES[0].replace('.com', '.com:443')}pages/ncid1/n15.md)", f"#### [海岛灯塔]({BASES[0]}/pages/ncid1/n15.md)",
    f"#### [海岛灯塔]({TO}) [海岛灯塔]({TO})", f"#### [![图](https://a.example/a.jpg)海岛灯塔]({TO})".replace("![图](https://a.example/a.jpg)", ""),
)  # fmt: skip


@pytest.mark.parametrize("line", ENTRIES)
def test_an_entry_in_any_form(line: str) -> None:
    assert listed(line) == (ALL, ())


def test_two_entries_on_a_line() -> None:
    """Also all entries of a page on one line."""
    two = read_index(page_with(f"#### {LINK} {LINK.replace('15', '17')}"), SECTION)
    assert [entry.id for entry in two.entries] == ["n14", "n15", "n17", "n16"]
    assert two.lines == 4
    one_line = read_index(" ".join(page_with(USUAL).split("\n")[2:]), SECTION)
    assert [f"{entry.id} {entry.title}" for entry in one_line.entries] == ALL
    assert one_line.last_page == 3


STRAYS = (
    "#### [题](../../pages/ncid2/n15.md)",
    "#### [题](https://example.org/pages/ncid1/n15.md)",
    "#### [题](https://github.com/other/epoch-news/blob/master/pages/ncid1/n15.md)",
    "#### [题](/pages/ncid1/n15.md)",
    "#### [题](../../pages/ncid1/n15a.md)",
    "#### [题](../../pages/ncid1/x/n15.md)",
    "#### [题](../../pages/ncid1/n1234567890123.md)",
    "../../pages/n15.md",
    '<a href="../../pages/ncid2/n15.md">题</a>',
    "#### [题](n15.md)",
    f"#### [题]({TO}?{'x' * 2048})",
)


@pytest.mark.parametrize("line", STRAYS)
def test_what_looks_like_an_entry_is_reported(line: str) -> None:
    entries, strays = listed(line)
    assert entries == [ALL[0], ALL[2]]
    assert len(strays) == 1
    assert strays[0] in line


NEITHER = (
    ABSOLUTE_AD.replace("{stamp}", "1"),
    "#### [油管热门频道](ok?10211645)",
    "#### [首页](../../README.md)",
    f"#### [经济](../../indexes/{SECTION}/README.md)",
    "#### [说明](https://github.com/owner/nogfw/blob/master/README.md?n15)",
    "<!-- #### [题](../../pages/ncid1/n15.md) -->",
    "<img src='http://192.0.2.8/epoch-news/pages/ncid1/n15.md' width='0px' height='0px'/>",
    "",
)


@pytest.mark.parametrize("line", NEITHER)
def test_what_is_neither_entry_nor_stray(line: str) -> None:
    """Ads, navigation, pixels, and text in comments."""
    assert listed(line) == ([ALL[0], ALL[2]], ())


@pytest.mark.parametrize(
    "heading",
    [
        "###\u00a0经济\n---", "###经济\n---", "＃＃＃ 经济\n---", "# 经济\n---", "###\u3000经济\u3000\n----", "### **经济**\n***",
        "### 经济 ###\n---", "\ufeff### 经济\n---", "<!-- 目录 -->\n### 经济\n---", "### 经济 <!-- 目录 -->\n---", "\n\n### 经济\n\n---\n",
        "#### [油管热门](http://192.0.2.8/a)\n### 经济\n---", "<h3>经济</h3>\n<hr/>", "### 经济\n", "---\n### 经济\n---", "### 经济<br/>\n---",
        "经济\n---", "经济\n====", "<h2>经济\n---", "&#35;## 经济\n---", "###\u1680经济\x0b\n---", "### *经济*\n---",
        "<img src='http://192.0.2.8/x' width='0px'/>\n\n### 经济\n---", "#### [首页](../../README.md)\n\n### 经济\n---",
    ],
)  # fmt: skip
def test_headings(heading: str) -> None:
    index = read_index(page_with(USUAL, heading=heading), SECTION)
    assert index.heading == "经济"
    assert len(index.entries) == 3


@pytest.mark.parametrize(
    "pager",
    [
        "第 [ [3](./3.md) / [2](./2.md) ] 页", "**第 [ [3](./3.md) ] 页**", "[3](./3.md)", "####\u00a0第 [ [3]( ./3.md ) ] 页",
        "#### 第 [ [3](3.md) / [2](2.md) ] 页", '#### 第 [ [3](./3.md "三") ] 页', "#### 第 [ [3](<./3.md>) ] 页",
        '第 <a href="./3.md">3</a> / <a href="./2.md">2</a> 页', "#### 第 [ [3](../ncid1/3.md?10211645) ] 页",
        f"#### 第 [ [3]({BASES[0]}indexes/ncid1/3.md) ] 页", "- [2](./2.md)\n- [3](./3.md)", "<!-- 页 --> #### 第 [ [3](./3.md) ] 页 <!-- -->",
        "#### 第 [ [3](./3.html) ] 页", "#### 第 [ [3](./3) / [2](./2) ] 页",
        "#### 第 [ [3](./3.MD) ] 页", "#### 第 [ [3](./003.md) ] 页", "#### 第 [ [3](.\\3.md) ] 页", "#### 第 [ [3](&#46;/3.md) ] 页",
        "#### 第 [\n[3](./3.md)\n/\n[2](./2.md)\n] 页", "#### [油管热门](http://192.0.2.8/9.md)\n#### 第 [ [3](./3.md) ] 页",
    ],
)  # fmt: skip
def test_pagers(pager: str) -> None:
    for rule in ("---", "----", "***", "", "<hr/>"):
        page = page_with(USUAL, pager).replace("\n\n---\n", f"\n\n{rule}\n")
        assert read_index(page, SECTION, BASES).last_page == 3
    above = f"### 经济\n---\n#### 第 [ [3](./3.md) ] 页\n{USUAL}\n"
    assert read_index(above, SECTION).last_page == 3


@pytest.mark.parametrize("end", ["\r\n", "\r", "\r\r\n"])
def test_line_ends(end: str) -> None:
    """As in a checkout on another system."""
    section = Section(SECTION, "经济", ad=ABSOLUTE_AD)
    rows = [(f"n{number}", f"第{number}号") for number in range(1, 31)]
    page = index_page(section, rows, 12, stamp="10020845")
    assert read_index(page.replace("\n", end), SECTION) == read_index(page, SECTION)
    home = "## 新闻\n\n#### 一 > [经济](indexes/ncid1/README.md)\n\n#### [社会](indexes/nf2/README.md)\n"
    assert read_home(home.replace("\n", end)) == read_home(home)


def test_a_title_may_hold_brackets() -> None:
    for title in ("【栏目】题 [组图]", "[组图] 题", "题 [组图", "题] 组图", "*ST藏格", "a_b_c"):
        index = read_index(page_with(f"#### [{title}]({TO}) "), SECTION)
        assert index.entries[1] == Entry("n15", title)


def test_a_section_name_has_a_bound() -> None:
    assert read_index(page_with(USUAL, heading=f"### {'经' * 200}\n---"), SECTION).heading
    with pytest.raises(PageTooLarge, match="201 characters; at most 200"):
        read_index(page_with(USUAL, heading=f"### {'经' * 201}\n---"), SECTION)
    home = read_home(f"[{'经' * 201}](indexes/ncid1/README.md)")
    assert [label.text for label in home.labels] == [""]
    assert home.unnamed == ("ncid1",)


@pytest.mark.parametrize(
    "link",
    [
        "[经济](indexes/ncid1/README.md)", "- [经济](indexes/ncid1/README.md)", "**[经济](indexes/ncid1/README.md)**",
        '[经济](indexes/ncid1/README.md "经济")', "[经济](<indexes/ncid1/README.md>)", '<a href="indexes/ncid1/README.md">经济</a>',
        f"[经济]({BASES[0]}indexes/ncid1/README.md?1)", f"[经济]({BASES[1]}indexes/ncid1/README.md)", "[**经济**](indexes/ncid1/README.md)",
        "[经济][a]\n\n[a]: indexes/ncid1/README.md", "[经济][1]\n\n[1]:indexes/ncid1/README.md", "[经济](indexes/ncid1/readme.MD)",
        "[经济](indexes\\ncid1\\README.md)", "[经济](indexes%2Fncid1%2FREADME.md)", "[经济\n](indexes/ncid1/README.md)",
        "\u00a0[经济](indexes/ncid1/README.md)\u3000", "<!-- x -->[经济](indexes/ncid1/README.md)",
        "经济 indexes/ncid1/README.md",
    ],
)  # fmt: skip
def test_home_links(link: str) -> None:
    home = read_home(f"## 新闻\n\n{link}\n\n[社会](indexes/nf2/README.md)\n", BASES)
    assert [(label.text, label.section) for label in home.labels] == [
        ("经济", "ncid1"),
        ("社会", "nf2"),
    ]


JUNK = st.text(alphabet=" \t\u00a0\u3000\u200b\ufeff*_>+•-#1.、|<>b/", max_size=8)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(JUNK, JUNK, st.sampled_from(["\n", "\r\n", "\r"]))
def test_marks_around_an_entry(before: str, behind: str, end: str) -> None:
    """Marks other than letters do not hide an entry."""
    page = page_with(f"{before} {LINK} {behind}").replace("\n", end)
    index = read_index(page, SECTION)
    assert [f"{entry.id} {entry.title}" for entry in index.entries] == ALL
    assert index.strays == ()
