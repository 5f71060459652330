"""Reading takes linear time, and no page yields a line that is too long."""

from __future__ import annotations

import time
from contextlib import suppress
from functools import partial

import pytest
from costs import assert_linear

from crawler.exceptions import PageError, PageTooLarge
from crawler.formats.epoch.article import read_article
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.rendered import article_markdown
from crawler.formats.epoch.writers import writers_of
from crawler.formats.pages import ArticlePage

HEAD = "### 标题\n\n---\n\n#### [首页](../../../..?n16000001)\n\n\n"
TAIL = "\n\n\n---\n\n原文链接（需翻墙）：https://www.epochtimes.com/gb/23/9/22/n16000001.htm"
IMG = '<img src="https://x.example/a.jpg"/>'
CAPTION = "塔（何灯／大纪元）"
LINK = '<ok href="https://x.example/{}">'
REPEATED = "@@"
"""Where a form repeats its unit."""

SIZE = 60_000
"""Size in bytes; four times as many take a few tenths of a second each."""

FORMS = {
    "attributes": ("<p @@>文</p>", ' a{}="x"'),
    "quoted attributes": ("<p @@>文</p>", " a{}='>'"),
    "tags": ("@@", '<ok href="https://www.epochtimes.com/gb/tag/t{}.html">t</ok>'),
    "element names": ("@@", "<x{}>文</x{}>"),
    "open elements": ("@@", "<x{}>文"),
    "centres": ("@@", "<center></center>"),
    "nested centres": ("<center>" * 190 + "@@", "<br/>"),
    "captions": (f"<figure>{IMG}@@", f"<figcaption>{CAPTION}</figcaption>"),
    "captions without a figure": ("@@", f"<figcaption>{CAPTION}</figcaption>"),
    "figures": ("@@", f"<figure>{IMG}<figcaption>{CAPTION}</figcaption></figure>"),
    "open figures": ("@@", f"<figure>{IMG}"),
    "tables": ("@@", f"<table><tr><td>{IMG}</td></tr><tr><td>{CAPTION}</td></tr></table>"),
    "nested tables": ("@@", f"<table><tr><td>{IMG}"),
    "rows": ("<table>@@", f"<tr><td>{IMG}</td></tr><tr><td>{CAPTION}</td></tr>"),
    "cells": ("<table><tr>@@<td>文</td></tr></table>", "<td></td>"),
    "cells under pictures": (f"<table><tr><td>{IMG}</td></tr><tr>@@", f"<td>{CAPTION}</td>"),
    "centred lines": ("@@", f'<p align="center">{IMG}<br/>{CAPTION}</p>'),
    "lines under a picture": (f'<p align="center">{IMG}@@</p>', f"<br/>{CAPTION}"),
    "lists": ("@@", "<ul><li>文"),
    "items": ("@@", "<li>文</li>"),
    "quotes": ("@@", "<blockquote><p>文"),
    "headings": ("@@", "<h2>文</h2>"),
    "frames": ("@@", '<iframe src="https://x.example/{}"></iframe>'),
    "players": ("@@", "<noscript><a href='https://x.example/{}.mp4'>文</a></noscript>"),
    "popups": ("@@", "<div id='gtx-trans'><div class='jfk-bubble'>文"),
    "comments": ("@@", "<!-- article content end -->文"),
    "open comments": ("@@", "<!--"),
    "links": ("@@", LINK + "文</ok>"),
    "open links": ("@@", LINK + "文"),
    "links around blocks": ("@@", LINK + "<p>文</p>"),
    "a long address": ('<ok href="https://x.example/@@">文</ok>', "%E6%96%87/../"),
    "a long word": ("@@", "w"),
    "a long line": ("@@", "海岛 "),
    "digits": ("【大纪元@@日讯】", "2023年09月"),
    "opening brackets": ("<p>@@</p>", "【（["),
    "closing brackets": ("<p>@@</p>", "）】]"),
    "brackets in a caption": (f"<figure>{IMG}<figcaption>@@</figcaption></figure>", "（塔）"),
    "invisible characters": ("@@", "文\u200b\u202e"),
    "entities": ("@@", "&#8203;&nbsp;&#x3000;&x;"),
    "datelines": ("@@", "<p>【大纪元2023年09月23日讯】（大纪元记者李言报导）</p>"),
    "editors": ("<p>@@</p>", "责任编辑：李言<br/>"),
    "names of editors": ("<p>责任编辑：@@</p>", "李言、"),
    "names in a byline": ("<p>【大纪元2023年09月23日讯】（大纪元记者@@报导）</p>", "李言、"),
    "signatures": ("@@", "<p>作者：李言</p>"),
    "labels of the original": (
        "@@",
        "<p>原文链接：https://www.epochtimes.com/gb/23/9/22/n1.htm</p>",
    ),
    "end marks": ("@@", "#<br/>"),
    "end marks in blocks": ("@@", "<p>#</p>"),
    "escaped tags": ("@@", "&lt;b a=1&gt;文&lt;/b&gt;"),
    "shortcodes": ("@@", "[gallery] "),
    "torn links": ("@@", "。href=x"),
    "old addresses": ("@@", "(http://www.dajiyuan.com)<br/>"),
    "old addresses in a line": ("<p>文@@文</p>", "(http://www.dajiyuan.com)"),
    "related articles": ("@@", f"<p>相关文章</p>{LINK}a</ok>"),
    "combining marks": ("@@", "\u0301\u0316"),
    "combining marks as entities": ("@@", "&#769;&#790;"),
    "quotation marks": ("@@", "<b>”\n</b>"),
    "references": ("@@", "&amp;"),
    "promotion": ("@@", "<p>关注我们</p>"),
    "advertisements": ("@@", "#### [a](http://x.example/)<br/>"),
}
"""Forms of an article's body: what is around the repeated unit, and the unit."""

LISTS = {
    "a pager on a line of marks": ("/" * 20_000 + "@@", "[{}](./{}.md) "),
    "entries": ("@@", "[题](../../pages/ncid1/n{}.md)\n"),
    "entries on a line": ("@@", "[题](../../pages/ncid1/n{}.md) "),
    "entries of another section": ("@@", "[题](../../pages/ncid2/n{}.md) "),
    "open entries": ("@@", "[题](../../pages/ncid1/n"),
    "nested brackets": ("@@", "[[题](../../pages/ncid1/n{}.md)"),
    "definitions": ("@@", "[{}]: ../../pages/ncid1/n{}.md\n"),
    "rules": ("@@", "---\n"),
}
"""Forms of an index page."""

RENDERED = {
    "spans": ("@@", "<span>文</span>"),
    "spans under pictures": ("@@", f"{IMG}<br><span>文</span>"),
    "paragraphs in links": ("@@", '<a href="https://x.example/{}">文<p>文'),
    "anchors": ("@@", '<a class="anchor">文'),
    "icons": ("@@", "<svg></svg>文文文文文文文文"),
    "wrappers": ("@@", "<g-emoji>文文文文文文文文</g-emoji>"),
    "cells": ("<table><tr><td>文</td></tr><tr>@@", "<td><span>文</span></td>"),
    "paragraphs behind a blank line": ("<div>文@@</div>", "<p>文</p>"),
}
"""Forms of a rendered article's body."""


def framed(inner: str) -> str:
    return f'{HEAD}<div id="artbody">\n{inner}\n</div>{TAIL}'


def listed(inner: str) -> str:
    return f"### 题\n\n{inner}\n\n---\n第 [ [1](./1.md) ] 页"


def rendered(inner: str) -> str:
    head = "<article class='markdown-body'><h3>题</h3><hr><h4>首页</h4>"
    tail = "<hr><p>原文链接：https://www.epochtimes.com/gb/23/9/22/n1.htm</p></article>"
    return f"{head}<div id='user-content-artbody'>{inner}</div>{tail}"


def crafted(form: tuple[str, str], size: int) -> str:
    """Return a form of about ``size`` bytes."""
    around, unit = form
    count = size // len(unit.format(1234, 1234).encode())
    return around.replace(REPEATED, "".join(unit.format(number, number) for number in range(count)))


def read_all_of(text: str) -> None:
    """Read an article's page, and who wrote it."""
    with suppress(PageError):
        writers_of(read_article(text), ["nsc1"])


@pytest.mark.soak
@pytest.mark.parametrize("form", FORMS)
def test_an_article_costs_what_its_size_is(form: str) -> None:
    assert_linear(read_all_of, lambda size: framed(crafted(FORMS[form], size)), SIZE)


@pytest.mark.soak
@pytest.mark.parametrize("form", LISTS)
def test_a_list_costs_what_its_size_is(form: str) -> None:
    read = partial(read_index, section="ncid1")
    assert_linear(read, lambda size: listed(crafted(LISTS[form], size)), SIZE)


@pytest.mark.soak
@pytest.mark.parametrize("form", RENDERED)
def test_a_rendered_page_costs_what_its_size_is(form: str) -> None:
    def read(page: str) -> None:
        with suppress(PageError):
            article_markdown(page)

    assert_linear(read, lambda size: rendered(crafted(RENDERED[form], size)), 2 * SIZE)


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(
            f'<ok href="https://x.example/{"a" * 1900}">{"<p>x</p>" * 5000}</ok>',
            id="a link around many blocks",
        ),
        pytest.param(
            "".join(f'<ok href="https://x.example/{n}">' for n in range(150)) + "文字" * 20_000,
            id="links in links",
        ),
        pytest.param("&amp;" * 850_000, id="text that grows when it is escaped"),
        pytest.param("文字" * 500_000, id="text"),
        pytest.param(
            f'<img src="https://x.example/a.jpg" alt="{"海" * 1_500_000}"/>', id="an image"
        ),
    ],
)
def test_a_line_that_would_be_too_long(inner: str) -> None:
    """A page of 50 KB once yielded a line of 164 MB. The length is checked before it is built."""
    began = time.process_time()
    with pytest.raises(PageTooLarge, match="4194304"):
        read_article(framed(inner))
    assert time.process_time() - began < 2


@pytest.mark.parametrize("part", ["标题", "灯塔"])
def test_a_title_or_caption_that_would_make_a_line_too_long(part: str) -> None:
    """A quotation mark takes two bytes of a line."""
    lead = "<figure><img src='https://x.example/a.jpg'/><figcaption>灯塔</figcaption></figure>"
    page = framed("文").replace("<div id=", f"{lead}<div id=")
    with pytest.raises(PageTooLarge, match="4194304"):
        read_article(page.replace(part, '海"' * 1_000_000))


def test_an_address_that_is_too_long_is_left_out_and_counted() -> None:
    long = "https://x.example/" + "a" * 2048
    page = read_article(framed(f'<ok href="{long}">文</ok><img src="{long}.jpg"/>'))
    assert (page.links, page.images, page.unusable_urls) == ([], [], 2)
    assert page.content_html == "<p>文</p>"


def read(inner: str) -> ArticlePage:
    return read_article(framed(inner))


def test_the_first_attributes_of_many_stay() -> None:
    many = "".join(f' a{number}="x"' for number in range(5000))
    page = read(f'<ok href="https://x.example/"{many}>文</ok>后文')
    assert page.links == [{"url": "https://x.example/", "text": "文"}]
    assert page.content_text == "文后文"


@pytest.mark.parametrize(
    ("inner", "count"),
    [
        ('<img src="http://192.168.1.1/reboot.cgi"/>', 1),
        ('<ok href="http://127.0.0.1/">文</ok><ok href="https://a:b@x.example/">文</ok>', 2),
        ('<ok href="https://x.example/">文</ok>', 0),
    ],
)
def test_unsafe_addresses_are_counted(inner: str, count: int) -> None:
    assert read(f"<p>{inner}后文</p>").unusable_urls == count


def test_an_unsafe_lead_is_left_out_and_counted() -> None:
    lead = '<div><img src="http://10.0.0.1/a.jpg"/><div class="caption">塔。</div></div><hr/>'
    page = read_article(framed("文").replace('<div id="artbody">', f'{lead}<div id="artbody">'))
    assert (page.image, page.unusable_urls) == (None, 1)
