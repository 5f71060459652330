"""A page in an unusual form yields the same line as the usual page."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crawler.exceptions import PageError, PageMalformed, PageNotText
from crawler.formats.epoch.article import read_article
from crawler.formats.epoch.source import decoded, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

TITLE = "### 海岛灯塔重新点亮"
NAVIGATION = "#### [首页](../../../..?n16000001) | [评论](../../../../../epoch-comment?n16000001)"
LEAD = """<div><img alt="灯塔" class="attachment wp-post-image" src="https://i.epochtimes.com/assets/a.jpg"/> <div class="caption">
 灯塔。（李言／大纪元）
</div></div><hr/>"""
START = '<div class="post_content" id="artbody" itemprop="articleBody">'
BODY = f"""{START}
 <!-- article content begin -->
 <p>
  【大纪元2023年09月22日讯】（大纪元记者李言报导）海岛的灯塔今天重新点亮。
 </p>
 <h4>
  守塔人
 </h4>
 <p>
  守塔人说：“灯光照得很远。”
  <ok href="https://www.epochtimes.com/gb/tag/%E7%81%AF%E5%A1%94.html">
   灯塔
  </ok>
 </p>
 <p>
  责任编辑：王明#
 </p>
 <!-- article content end -->
</div>"""
PIXEL = "<img src='http://gfw-breaker.win/epoch-news/pages/ncid1/n16000001.md' width='0px' height='0px'/>"
AD = "#### [ 🔥 油管热门视频 翻墙必看](http://192.0.2.8:10000/videos.html)"
LABEL = "原文链接（需翻墙）："
ADDRESS = "https://www.epochtimes.com/gb/23/9/22/n16000001.htm"
TAIL = f"{LABEL}{ADDRESS}"
PARTS = (TITLE, "---", NAVIGATION, f"{LEAD} {BODY}", PIXEL, "---", TAIL)
PAGE = "\n\n".join(PARTS)
MARKS = "\u00a0 \u3000 \u2009 \u2028 \u2003 \u200b".split(" ")


def line_of(page: str | bytes) -> dict[str, Any]:
    """Return the line of a page."""
    text = page if isinstance(page, str) else decoded(page)
    return asdict(read_article(text))


PLAIN = line_of(PAGE)


def instead(part: str, other: str) -> str:
    """Return the page with one part replaced."""
    assert PAGE.count(part) == 1 or part in (TITLE, TAIL)
    return PAGE.replace(part, other)


def titled(line: str) -> str:
    return PAGE.replace(TITLE, line, 1)


def tailed(tail: str) -> str:
    """Return the page with everything after its body replaced."""
    return PAGE.partition(f"\n\n{PIXEL}")[0] + tail


def begun(tag: str, end: str = "div") -> str:
    """Return the page with another start tag of its body."""
    return PAGE.replace(BODY, tag + BODY.removeprefix(START).removesuffix("</div>") + f"</{end}>")


def nested(levels: int, tag: str) -> str:
    inside = BODY.removeprefix(START).removesuffix("</div>")
    boxes = f"<{tag}>" * levels + inside + f"</{tag}>" * levels
    return PAGE.replace(BODY, f"{START}{boxes}</div>")


TEXT = TITLE.removeprefix("### ")
TITLES = {
    **{f"behind the blank {ord(mark):x}": f"### {mark}{TEXT}" for mark in MARKS if mark},
    **{f"instead of the blank {ord(mark):x}": f"###{mark}{TEXT}" for mark in MARKS if mark},
    **{f"at the end {ord(mark):x}": f"### {TEXT}{mark}" for mark in MARKS if mark},
    "no blank": f"###{TEXT}",
    "a tab": f"###\t{TEXT}",
    "an entity": f"###&nbsp;{TEXT}",
    **{f"{n} marks": f"{'#' * n} {TEXT}" for n in (1, 2, 4, 6, 7)},
    "full-width marks": f"＃＃＃ {TEXT}",
    "one full-width mark": f"＃{TEXT}",
    "small marks": f"﹟﹟﹟ {TEXT}",
    "indented": f"    ### {TEXT}",
    "ideographic indent": f"\u3000### {TEXT}",
    "quoted": f"> ### {TEXT}",
    "in a list": f"- ### {TEXT}",
    "escaped": f"\\### {TEXT}",
    "bold": f"### **{TEXT}**",
    "bold marks": f"**### {TEXT}**",
    "closed": f"### {TEXT} ###",
    "on the next line": f"###\n{TEXT}",
    "marked twice": f"### ### {TEXT}",
    "underlined": f"{TEXT}\n===",
    "underlined with dashes": f"{TEXT}\n---",
    "as HTML": f"<h3>{TEXT}</h3>",
    "as HTML with attributes": f'<H1 class="title">\n {TEXT}\n</H1>',
    "as HTML with a tag inside": f"<h1><span>{TEXT}</span></h1>",
    "a tag around it": f"<b>### {TEXT}</b>",
    "a tag inside": f"### <strong>{TEXT}</strong>",
    "a line break behind it": f"### {TEXT}<br/>",
    "a comment behind it": f"### {TEXT} <!-- 标题 -->",
    "a byte order mark": f"\ufeff{TITLE}",
    "a zero-width space": f"\u200b{TITLE}",
    "blank lines": f"\n\n \n{TITLE}",
    "a comment": f"<!-- 标题\n -->\n{TITLE}",
    "a comment with a heading": f"<!--\n### 别的\n-->\n{TITLE}",
    "a pixel": f"{PIXEL}\n\n{TITLE}",
    "a pixel on its line": f"{PIXEL}{TITLE}",
    "an ad": f"{AD}\n\n{TITLE}",
    "an ad without marks": f"{AD.lstrip('# ')}\n\n{TITLE}",
    "a bare address": f"#### http://192.0.2.8/a\n\n{TITLE}",
    "navigation": f"{NAVIGATION}\n\n{TITLE}",
    **{
        f"{where} {ord(mark):x}": f"{before}{mark}{behind}"
        for mark in "\u1680\u2000\u200a\u202f\u205f\xad\u2060\x0b\x0c\x1c"
        for where, before, behind in (("before", "", TITLE), ("behind", f"###{' '}", TEXT), ("last", TITLE, ""))
    },
    "an ellipsis": f"…{TITLE}",
    "in a numbered list": f"1. {TITLE}",
    "each mark escaped": f"\\#\\#\\# {TEXT}",
    "marks as entities": f"&#35;&#x23;&num; {TEXT}",
    "other entities": f"### &emsp14;{TEXT}&ensp;",
    "music sharps": f"♯♯♯ {TEXT}",
    "in italics": f"### *{TEXT}*",
    "in other italics": f"### _{TEXT}_",
    "struck": f"### ~~{TEXT}~~",
    "closed without a blank": f"### {TEXT}###",
    "a line break of Markdown": f"### {TEXT}\\",
    "an anchor": f"### {TEXT} {{#top}}",
    "a link to itself": f"### [{TEXT}](#top)",
    "an image": f"### ![灯塔](https://example.org/a.png) {TEXT}",
    "an image before it": f"![灯塔](https://example.org/a.png){TITLE}",
    "a break inside a word": "### 海岛<wbr/>灯塔重新点亮",
    "a style": f"<style>\n### 别的\n</style>\n{TITLE}",
    "as HTML, not closed": f"<h1>{TEXT}",
    "no mark": TEXT,
    "no mark behind a break": f"<br/>\n\n{TEXT}",
    "a rule": f"---\n\n{TITLE}",
    "bold without a mark": f"**{TEXT}**",
    "bold in a paragraph": f'<p align="center"><b>{TEXT}</b></p>',
    "spaced marks": f"# # # {TEXT}",
    "ideographic blanks between marks": f"#\u3000#\u3000# {TEXT}",
    "a line break": f"<br/>\n{TITLE}",
}  # fmt: skip

LABELS = (
    "原文链接：", "原文连接：", "原文鏈接：", "原文連結：", "原文链接:", "原文链接﹕", "原文链接；", "原文链接",
    "原文链接 ：", "原文链接： ", "原文链接：\u3000", "原文链接（需翻墙） ", "原文链接(需翻墙):", "**原文链接：**",
    "#### 原文链接：", "## 原文链接（需翻墙）：", "<b>原文链接：</b>", "> 原文链接：", "- 原文链接：", "　原文链接：",
    "原文链接：\n", "原文链接：\n\n", "原文链接：<br/>\n", "原 文 链 接：", "原文网址：", "原文地址：", "原文链接：原文链接：",
    "原文链接：<!-- 在此 -->",
    "<b>原文</b>链接：", "&#21407;文链接：", "【原文链接】", "| 原文链接 | ", "原文链接（需翻墙）︰",
    "__原文链接__：", "原文链接（需翻墙）：\u00a0", "", "来源：", "链接 ",
)  # fmt: skip
BEHIND = (
    "\n", "\r\n", " \n\n\n", "\u3000", f"\n\n{PIXEL}", PIXEL, "\n\n---", "\n\n---\n\n", "\n<!-- 完 -->",
    "<!-- 完 -->", f"\n\n{AD}", f"\n\n{AD}\n{AD}\n", "<br/>", "<br/>\n", " <br>", "\n\n#### [首页](../../../..?n16000001)",
    "\n</div>\n</body>\n</html>\n", "\n***\n", "\x1a", "\ufeff", "\u1680", "\x0c", "\n```\n",
    f"\n<script>var x = '{'长' * 2000}';</script>\n", f"\n<style>{'p { margin: 0 } ' * 200}</style>",
)  # fmt: skip
RULES = (
    "", "----", "-----", "***", "* * *", "___", "  ---", "   ---  ", "\t---", "--- ", "---\u00a0", "- - -", "--",
    "<hr/>", "<hr>", "<HR />", "---\n\n---", "===", "———",
)  # fmt: skip
NAME = "n16000001"
ADDRESSES = (
    f"www.epochtimes.com/gb/23/9/22/{NAME}.htm", f"//www.epochtimes.com/gb/23/9/22/{NAME}.htm",
    f"http://www.epochtimes.com/gb/23/9/22/{NAME}.htm", f"epochtimes.com/gb/23/9/22/{NAME}.htm",
    f"https://www.epochtimes.com/gb/2023/9/22/{NAME}.htm", f"https://www.epochtimes.com/gb/23/09/22/{NAME}.htm",
    f"https://cn.epochtimes.com/gb/23/9/22/{NAME}.htm", f"https://m.epochtimes.com/gb/23/9/22/{NAME}.htm",
    f"https://www.epochtimes.com:443/gb/23/9/22/{NAME}.htm", f"http://www.epochtimes.com:8080/gb/23/9/22/{NAME}.htm",
    f"[{ADDRESS}]({ADDRESS})", f"[原文]({ADDRESS})", f"<{ADDRESS}>", f"`{ADDRESS}`", f"**{ADDRESS}**", f"({ADDRESS})",
    f"（{ADDRESS}）", f"“{ADDRESS}”", f'<a href="{ADDRESS}">原文</a>', f"<ok href='{ADDRESS}'>{ADDRESS}</ok>",
    f"<a href={ADDRESS}>原文</a>", f"[原文]: {ADDRESS}", f'[原文]({ADDRESS} "原文")', f"[原文](<{ADDRESS}>)",
    f"https://www.epochtimes.com//gb/23/9/22/{NAME}.htm", f"https://www.epochtimes.com/gb//23/9//22/{NAME}.htm",
    f"https:///www.epochtimes.com/gb/23/9/22/{NAME}.htm", f"https:/www.epochtimes.com/gb/23/9/22/{NAME}.htm",
    *(ADDRESS + mark for mark in "。.,，;、)）>]#?/!…"), f"{ADDRESS}。）", f"{ADDRESS}l", f"{ADDRESS}#comments",
    f"{ADDRESS}?utm_source=x&y=1", f"{ADDRESS}/", ADDRESS.removesuffix(".htm"), ADDRESS.removesuffix("m") + "ml",
    ADDRESS.upper(), ADDRESS.replace("https", "HTTPS"), ADDRESS.replace("www", "WWW"), ADDRESS.replace(":", "："),
    ADDRESS.replace("/", "\\/"), ADDRESS.replace("/", "\\"), ADDRESS.replace(".", "\\."), ADDRESS.replace("/", "%2F"),
    ADDRESS.replace("/", "&#47;"), ADDRESS.replace("/", "／"), ADDRESS.replace("/", "/\u200b"),
    ADDRESS.replace("/gb/", "/ gb/"), ADDRESS.replace("/gb/", "/\ngb/"), ADDRESS.replace("com/", "com./"),
    ADDRESS.replace("23/9", "２３/９"), ADDRESS.replace("https://", "https://https://"), ADDRESS.replace("https", "htps"),
    f"https://www.epochtimes.com/djy/gb/23/9/22/{NAME}.htm", f"https://amp.epochtimes.com/amp/gb/23/9/22/{NAME}.htm",
    f"{ADDRESS}/amp", f"_{ADDRESS}_", *(ADDRESS.replace(".htm", end) for end in (".ht", ".htmm", "htm", ".md", ".php", ".htm.htm")),
    f"/gb/23/9/22/{NAME}.htm", f"gb/23/9/22/{NAME}.htm", f"../../gb/23/9/22/{NAME}.htm", ADDRESS.replace("www", "ｗｗｗ"),
)  # fmt: skip
STARTS = (
    "<div id=artbody>", '<div id = "artbody">', '<div id=" artbody ">', "<div id=' artbody'>", '<DIV ID="artbody">',
    '<div ID="ARTBODY">', "<DIV CLASS=post_content ID=ArtBody>", "<div\n class='column'\n id='artbody'\n>",
    "<div id='artbody' itemprop>", '<div title="a > b" id="artbody">', "<div title='1 < 2 > 0' id=artbody>",
    '<div title="<b>粗</b>" id="artbody">', f'<div data-x="{"长" * 3000}" id="artbody">', f'<div class="{"a " * 900}" id="artbody">',
    '<div data-id="x" id="artbody">', '<div/id="artbody">', '<div id=\\"artbody\\">', "<div id=“artbody”>",
    "<div id=`artbody`>", "<div id=‘artbody’>", "<div id=&quot;artbody&quot;>",
    '<div id="artbody"class="x">', '< div id="artbody">'.replace("< ", "<"), '<div  id="artbody" >',
)  # fmt: skip


@pytest.mark.parametrize("line", TITLES.values(), ids=TITLES)
def test_titles(line: str) -> None:
    assert line_of(titled(line)) == PLAIN


@pytest.mark.parametrize("label", LABELS)
def test_labels(label: str) -> None:
    """Also right behind the body, without a rule."""
    assert line_of(tailed(f"\n\n---\n\n{label}{ADDRESS}")) == PLAIN
    assert line_of(tailed(f"{label}{ADDRESS}")) == PLAIN


@pytest.mark.parametrize("behind", BEHIND)
def test_what_stands_behind(behind: str) -> None:
    assert line_of(PAGE + behind) == PLAIN


@pytest.mark.parametrize("rule", RULES)
def test_rules(rule: str) -> None:
    """Also after the title, and without a blank line."""
    assert line_of(tailed(f"\n\n{rule}\n\n{TAIL}")) == PLAIN
    assert line_of(tailed(f"\n{rule}\n{TAIL}")) == PLAIN
    assert line_of(PAGE.replace("\n\n---\n", f"\n\n{rule}\n", 1)) == PLAIN


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses(address: str) -> None:
    assert line_of(tailed(f"\n\n---\n\n{LABEL}{address}")) == PLAIN
    assert line_of(tailed(f"\n\n---\n\n{LABEL}{address}\n\n{AD}\n")) == PLAIN


@pytest.mark.parametrize("start", STARTS)
def test_start_tags(start: str) -> None:
    assert line_of(begun(start)) == PLAIN


@pytest.mark.parametrize(
    "name", ["{}article content {}", " Article Content {}", " article  content\n{} "]
)
def test_marks_of_begin_and_end(name: str) -> None:
    begin, end = (f"<!--{name.replace('{}', '').rstrip()} {word}-->" for word in ("begin", "END"))
    page = PAGE.replace("<!-- article content begin -->", f"<p>别的</p>{begin}")
    line = line_of(page.replace("<!-- article content end -->", f"{end}<p>别的</p>"))
    assert line | {"lines": PLAIN["lines"]} == PLAIN


def test_a_page_within_a_document() -> None:
    page = PAGE.replace(TITLE, f"<h3>{TEXT}</h3>")
    head = "<!DOCTYPE html>\n<html><head><title>海岛</title></head><body>\n"
    assert line_of(f"{head}{page}\n</body></html>") == PLAIN


@pytest.mark.parametrize("tag", ["section", "article", "main", "SECTION", "center", "td"])
def test_other_elements(tag: str) -> None:
    assert line_of(begun(f'<{tag} class="post_content" id="artbody">', tag)) == PLAIN


@pytest.mark.parametrize("tag", ["div", "section", "span", "p", "b", "font"])
@pytest.mark.parametrize("levels", [150, 250, 1500])
def test_nesting(levels: int, tag: str) -> None:
    """Formatting nested hundreds of times may be lost, but not the text."""
    line = line_of(nested(levels, tag))
    if tag == "b":
        line["content_html"] = PLAIN["content_html"]
    assert line == PLAIN


@pytest.mark.parametrize("tag", ["figure", "p", "section", "center", "DIV"])
def test_a_lead_in_another_box(tag: str) -> None:
    """Also after a box with only a pixel."""
    lead = LEAD.replace("<div><img", f"<{tag}><img").replace("</div></div>", f"</div></{tag}>")
    line = line_of(PAGE.replace(LEAD, f"<p>{PIXEL}</p>\n{lead}"))
    if tag == "p":  # a paragraph ends where the caption's box starts
        line["caption"] = PLAIN["caption"]
    assert line == PLAIN


def test_boxes_in_boxes_keep_their_blocks_apart() -> None:
    """A page with one unclosed box for each paragraph."""
    paragraphs = [f"第{number}段。" for number in range(400)]
    page = PAGE.replace(BODY, START + "".join(f"<div>{one}" for one in paragraphs) + "</div>")
    assert read_article(page).content_text == "\n\n".join(paragraphs)


def test_what_the_parser_would_drop_is_refused() -> None:
    """It is not cut silently: libxml2 drops elements below its depth limit."""
    with pytest.raises(PageMalformed, match="deeper"):
        read_article(nested(3000, "div"))


CAPITALS = re.compile(r"</?[a-z0-9]+")


@pytest.mark.parametrize(
    "written",
    [
        lambda page: page.replace("\n", "\r\n"),
        lambda page: page.replace("\n", "\r"),
        lambda page: page.replace("\n", "\r\r\n"),
        lambda page: page.replace("\n\n", "\n\r\n"),
        lambda page: page.replace("\n\n", "\n"),
        lambda page: page.replace("\n\n", "\n\u3000\n"),
        lambda page: CAPITALS.sub(lambda tag: tag[0].upper(), page),
    ],
    ids=["CRLF", "CR", "CR CRLF", "mixed", "no blank lines", "white lines", "capitals"],
)
def test_the_whole_page_written_otherwise(written: Callable[[str], str]) -> None:
    assert line_of(written(PAGE)) == PLAIN


REFUSED = {
    "no title": titled(""),
    "an empty title": titled("###"),
    "an error page": "<html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>",
    "an error page in the mirror's form": f"### 404\n\n---\n\n页面不存在\n\n---\n\n{TAIL}",
    "no body": PAGE.replace(BODY, "<p>文</p>"),
    "another id": PAGE.replace('id="artbody"', 'id="artbody2"'),
    "another attribute": PAGE.replace('id="artbody"', 'data-id="artbody"'),
    "no tail": tailed("\n"),
    "a label alone": tailed("\n\n---\n\n原文链接："),
    **{
        f"an address {number}": tailed(f"\n\n---\n\n{LABEL}{address}")
        for number, address in enumerate(
            (
                "https://www.epochtimes.com/gb/nsc1025.htm",
                "https://www.epochtimes.com/gb/tag/%E7%81%AF.html",
                f"https://www.epochtimes.com/{NAME}.htm",
                f"https://example.org/gb/23/9/22/{NAME}.htm",
                f"https://www.epochtimes.com.example.org/gb/23/9/22/{NAME}.htm",
                f"https://notepochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://www.theepochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://example.org/https://www.epochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://example.org/?u=www.epochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://x@www.epochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://example.org/gb/https://www.epochtimes.com/gb/23/9/22/{NAME}.htm",
                f"https://example.org/?url={ADDRESS}",
                f"www.example.org/gb/23/9/22/{NAME}.htm",
                f"https://example.org:/gb/23/9/22/{NAME}.htm",
                f"https://www.epochtimes.com/gb/23/9/22/{NAME}-2.htm",
                f"https://www.epochtimes.com/gb/23/9/22/{NAME}_p.htm",
                f"https://www.epochtimes.com/gb/23/9/22/{NAME}.jpg",
                f"https://www.epochtimes.com/gb/23/9/22/{NAME}p.htm",
                f"https://www.epochtimes.com/gb/23/2/30/{NAME}.htm",
                f"https://www.epochtimes.com/gb/23/13/1/{NAME}.htm",
                f"https://www.epochtimes.com/gb/23/0/0/{NAME}.htm",
                f"https://www.epochtimes.com/gb/1023/9/22/{NAME}.htm",
                f"https://www.epochtimes.com/gb/0/2/30/{NAME}.htm",
            )
        )
    },
}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.sampled_from(list(TITLES.values())),
    st.sampled_from(LABELS),
    st.sampled_from(ADDRESSES),
    st.sampled_from(STARTS),
    st.sampled_from(BEHIND),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sets(
        st.sampled_from("title label address start behind end".split()), min_size=2, max_size=2
    ),
)
def test_two_at_once(
    title: str, label: str, address: str, start: str, behind: str, end: str, both: set[str]
) -> None:
    page = begun(start) if "start" in both else PAGE
    page = page.replace(TITLE, title, 1) if "title" in both else page
    tail = f"{label if 'label' in both else LABEL}{address if 'address' in both else ADDRESS}"
    page = page.replace(TAIL, tail + (behind if "behind" in both else ""))
    assert line_of(page.replace("\n", end) if "end" in both else page) == PLAIN


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("### 灯塔 &amp; 港口", "灯塔 & 港口"),
        ("### &ldquo;灯塔&rdquo;&#8212;&#x200b;港口", "“灯塔”—港口"),
        ("### AT&T 与 R&D;", "AT&T 与 R&D;"),
        ("### 灯塔 \\*港口\\* \\[图\\]", "灯塔 *港口* [图]"),
        ("### *ST灯塔", "*ST灯塔"),
        ("### 灯塔*", "灯塔*"),
        ("### 灯塔 #1", "灯塔 #1"),
        ("### “#12句话说灯塔”", "“#12句话说灯塔”"),
        ("### 灯塔C#", "灯塔C#"),
        ("### 1 < 2", "1 < 2"),
        ("### 1. 灯塔", "1. 灯塔"),
    ],
)
def test_what_a_title_says(line: str, title: str) -> None:
    """Entities and escapes are what a reader sees; other marks are part of the title."""
    assert line_of(titled(line))["title"] == title


@pytest.mark.parametrize("page", REFUSED.values(), ids=REFUSED)
def test_what_stays_refused(page: str) -> None:
    with pytest.raises(PageMalformed):
        read_article(page)


def test_the_page_of_another_article_says_so() -> None:
    """The caller compares the id."""
    assert read_article(PAGE.replace(ADDRESS, ADDRESS.replace("1.htm", "2.htm"))).original.id == (
        "n16000002"
    )


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("http://epochtimes.com/b5/2009/01/05/n28512.html", "b5/9/1/5/n28512.htm"),
        ("https://www.epochtimes.com/gb/1/2/3/n28512.htm", "gb/1/2/3/n28512.htm"),
        ("https://www.dajiyuan.com/gb/2001/02/03/n28512.htm", "gb/1/2/3/n28512.htm"),
    ],
)
def test_an_address_has_one_form(written: str, url: str) -> None:
    page = read_article(tailed(f"\n\n---\n\n{LABEL}{written}"))
    assert page.original.url == f"https://www.epochtimes.com/{url}"


def test_an_address_has_a_bound() -> None:
    assert line_of(f"{PAGE}?{'x' * (2047 - len(ADDRESS) + len('https://www.'))}") == PLAIN
    with pytest.raises(PageMalformed, match="at most 2048"):
        read_article(f"{PAGE}?{'x' * 2048}")


def test_a_quoted_page_is_not_taken_for_the_page() -> None:
    """The last line counts, and text after a similar line is not lost."""
    quoted = "\n\n---\n\n原文链接：https://www.epochtimes.com/gb/22/1/1/n15000000.htm\n\n"
    inside = PAGE.replace("<h4>", f"{quoted}<h4>")
    assert read_article(inside).original == read_article(PAGE).original
    assert "守塔人说" in read_article(inside).content_text
    with pytest.raises(PageMalformed):
        read_article(inside.replace(f"\n\n---\n\n{TAIL}", "").replace("灯光", "灯光" * 600))


def test_a_label_in_the_text_is_not_the_last_line() -> None:
    """If the last line has an odd label, text after a label quoted in the article is kept."""
    page = tailed(f"\n\n---\n\n出处：{ADDRESS}").replace(
        "<h4>", "<p>见原文链接。" + "海" * 80 + "</p><h4>"
    )
    assert "守塔人说" in read_article(page).content_text


@pytest.mark.parametrize("bad", [b"\xff", b"\xe6\xb5", b"\x80", b"\xed\xa0\x80"[:1]])
@pytest.mark.parametrize("place", ["灯塔今天", "首页", "<h4>", "原文链接"])
def test_a_byte_that_is_no_utf8(bad: bytes, place: str) -> None:
    """It becomes U+FFFD and has no other effect."""
    body = PAGE.encode().replace(place.encode(), place.encode() + bad, 1)
    assert replaced(body) == 1
    shown = repr(line_of(body))
    assert ("\ufffd" in shown) == (place in ("灯塔今天", "<h4>"))
    assert shown.replace("\ufffd", "") == repr(PLAIN)


def test_more_bytes_are_no_text() -> None:
    """One in a thousand bytes is replaced, or one in a shorter page."""
    page = PAGE.encode() + b" " * (10_000 - len(PAGE.encode()))
    assert line_of(page[:-10] + b"\xff" * 10) == PLAIN
    with pytest.raises(PageNotText, match="11 places of 10000 bytes"):
        decoded(page[:-11] + b"\xff" * 11)
    assert replaced("\ufffd".encode() + b"\xff") == 1


# Anything except text may be between the parts of a page.
JUNK = st.lists(
    st.sampled_from(
        (" ", "\n", "\r\n", "\r", "\t", "\u00a0", "\u3000", "\u2028", "\u200b", "\ufeff", "\n\n",
         "<!-- x -->", "<!-- ### 别的\n原文链接 -->", PIXEL, "<br/>", "<hr/>", "\n---\n", "\n***\n", f"\n{AD}\n")
    ),
    max_size=6,
).map("".join)  # fmt: skip
LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(JUNK, min_size=9, max_size=9), LINE_ENDS)
def test_anything_between_the_parts(junk: list[str], end: str) -> None:
    """White space, comments, pixels, ads and rules, with any line ends."""
    parts = (TITLE, "---", NAVIGATION, LEAD, BODY, PIXEL, "---", TAIL)
    page = junk[0] + "".join(
        f"\n{part}\n{more}" for part, more in zip(parts, junk[1:], strict=True)
    )
    assert line_of(page.replace("\n", end)) == PLAIN


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.text(alphabet="#-*_ \n\r\t原文链接：:[]()<>/!&;husb\u00a0\u3000", max_size=40),
    st.integers(0, 8),
)
def test_other_junk_costs_no_other_page(junk: str, place: int) -> None:
    """Whatever is between the parts, the page is read or fails with a reason."""
    parts = [TITLE, "---", NAVIGATION, LEAD, BODY, PIXEL, "---", TAIL]
    parts.insert(place, junk)
    with suppress(PageError):
        assert read_article("\n\n".join(parts)).original == read_article(PAGE).original


IMAGE = "https://i.epochtimes.com/assets/a.jpg"
CAPTION = "灯塔。（李言／大纪元）"
UPLOADS = "https://i.epochtimes.com/assets/uploads/2023/09"


@pytest.mark.parametrize(
    ("old", "new", "image", "caption"),
    [
        ("<div><img", "<div>塔旁<img", IMAGE, f"塔旁\n{CAPTION}"),
        ("/> <div", "/>塔旁<div", IMAGE, f"塔旁\n{CAPTION}"),
        ("</div></div>", "</div>塔旁</div>", IMAGE, f"{CAPTION}\n塔旁"),
        ("李言", "<b>李言</b>", IMAGE, CAPTION),
        ('class="caption"', 'class="note" id="n"', IMAGE, CAPTION),
        ('class="caption"', 'class="related-posts"', IMAGE, None),
        ("<div><img", '<div class="related-posts"><img', None, None),
        ('alt="灯塔" class="', 'alt="☀" class="emoji ', None, None),
        (IMAGE, f'{UPLOADS}/loading.gif" data-src="{IMAGE}', IMAGE, CAPTION),
        (IMAGE, f'{UPLOADS}/a-1.jpg" data-src="{IMAGE}', f"{UPLOADS}/a-1.jpg", CAPTION),
        (IMAGE, f'{UPLOADS}/a-600x400.jpg" width="1', None, None),
        (IMAGE, "//I.epochtimes.com/assets/a.jpg", IMAGE, CAPTION),
    ],
)
def test_unusual_leads(old: str, new: str, image: str | None, caption: str | None) -> None:
    """What differs from the usual box of a lead image is read as any other markup."""
    assert old in LEAD
    line = line_of(PAGE.replace(LEAD, LEAD.replace(old, new, 1)))
    assert (line["image"], line["caption"]) == (image, caption)
