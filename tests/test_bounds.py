"""Reading takes linear time, and no page yields a line that is too long."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from crawler.exceptions import PageError, PageTooLarge
from crawler.formats.epoch.article import read_article
from crawler.formats.pages import ArticlePage

HEAD = "### 标题\n\n---\n\n#### [首页](../../../..?n16000001)\n\n\n"
TAIL = "\n\n\n---\n\n原文链接（需翻墙）：https://www.epochtimes.com/gb/23/9/22/n16000001.htm"
IMG = '<img src="https://x.example/a.jpg"/>'
CAPTION = "塔（何灯／大纪元）"


def framed(inner: str) -> str:
    return f'{HEAD}<div id="artbody">\n{inner}\n</div>{TAIL}'


FORMS = {
    "attributes": "<p " + "{}>文</p>",
    "quoted attributes": "<p " + "{}>文</p>",
    "different tags": "{}",
    "centres": "<center></center>",
    "nested centres": "<center>" * 190 + "{}",
    "captions": f"<figure>{IMG}" + "{}",
    "captions without a figure": f"<figcaption>{CAPTION}</figcaption>",
    "figures": f"<figure>{IMG}<figcaption>{CAPTION}</figcaption></figure>",
    "tables": f"<table><tr><td>{IMG}</td></tr><tr><td>{CAPTION}</td></tr></table>",
    "rows": "<table>{}",
    "centred lines": f'<p align="center">{IMG}<br/>{CAPTION}</p>',
    "cells": "<table><tr>{}<td>文</td></tr></table>",
    "end marks": "#<br/>",
    "end marks in blocks": "<p>#</p>",
    "escaped tags": "&lt;b a=1&gt;文&lt;/b&gt;",
    "shortcodes": "[gallery] ",
    "torn links": "。href=x",
    "old addresses": "(http://www.dajiyuan.com)<br/>",
    "related articles": '<p>相关文章</p><ok href="https://x.example/">a</ok>',
    "combining marks": "\u0301\u0316",
    "combining marks as entities": "&#769;&#790;",
    "quotation marks": "<b>”\n</b>",
    "references": "&amp;",
    "promotion": "<p>关注我们</p>",
    "advertisements": "#### [a](http://x.example/)<br/>",
}
UNITS = {
    "attributes": ' a{}="x"',
    "quoted attributes": " a{}='>'",
    "different tags": '<ok href="https://www.epochtimes.com/gb/tag/t{}.html">t</ok>',
    "nested centres": "<br/>",
    "captions": f"<figcaption>{CAPTION}</figcaption>",
    "rows": f"<tr><td>{IMG}</td></tr><tr><td>{CAPTION}</td></tr>",
    "cells": "<td></td>",
}
SIZE = 60_000
"""Size in bytes; four times as many take a few tenths of a second each."""


def crafted(form: str, size: int) -> str:
    """Return a page of about ``size`` bytes that repeats one form."""
    unit = UNITS.get(form, FORMS[form])
    repeated = "".join(unit.format(number) for number in range(size // len(unit.encode())))
    return framed(FORMS[form].format(repeated) if form in UNITS else repeated)


def cost(page: str) -> float:
    """Return the CPU time in seconds, the best of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        with suppress(PageError):
            read_article(page)
        spent.append(time.process_time() - began)
    return min(spent)


@pytest.mark.soak
@pytest.mark.parametrize("form", FORMS)
def test_time_grows_with_the_size(form: str) -> None:
    once, four_times = cost(crafted(form, SIZE)), cost(crafted(form, 4 * SIZE))
    assert four_times < max(6 * once, 0.1)


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
