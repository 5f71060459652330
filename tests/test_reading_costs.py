"""Reading is linear, whatever a page holds: four times the page, at most six times the CPU."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from costs import assert_linear

from crawler.exceptions import PageError
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.template import take_apart
from crawler.text import visible

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = "### 题\n\n---\n\n#### [首页](../../../..?n1)\n\n"
BODY = '<div id="artbody"><p>文</p></div>'
TAIL = "\n\n---\n\n原文链接：https://www.epochtimes.com/gb/23/9/22/n1.htm"

UNITS = (
    "\n", " ", "\r", "\u3000", "\u2028", "#", "# ", "＃\n", "-", "---\n", "* ", "_", ">", "> # ", "\\", "=\n", "a\n=\n",
    "<", ">", "<!--", "-->", "<!-- -->", "<!", "<div ", "<div id=", '<div id="', "<div id='artbody", "artbody", "id=artbody ",
    "id=\n", "<h1>", "<h1><b>", "</h1>", "<b>", "<img ", "<img>", "<a href=", "[", "]", "](", "[x](", "[x](y)", "[[", "![",
    "原", "原文链接", "原文链接：", "原 文 链 接", "原文链接：http", "\n---\n\n原文链接：", "epochtimes.com", "www.", "https://",
    "https://www.epochtimes.com/gb/", "https://www.epochtimes.com/gb/23/9/22/n", "/", "//", ".", "%2F", "&nbsp;", "&#47;", "\\/",
    "pages/", "../", "../../pages/", "pages/ncid1/n1", "[x](../../pages/ncid1/n1.md) ", "[x](../../pages/ncid2/n1.md)\n",
    "[x](../../pages/ncid1/n1.md?", "<a href=../../pages/ncid1/n1.md>", "<ok href='pages/n1", "[1]: pages/ncid1/n1.md\n", "[x][1] ",
    "./1.md ", "[1](./1.md) / ", "第 [ [1](./1.md) ] 页\n", "第 ", "indexes/ncid1/README.md ", "[x](indexes/ncid1/README.md) ",
    "该项目已迁移至 ", "该项目已迁移至 [x](", "。", "文", "a", "e\u0301", "\u0301", "\u0316\u0301", "\u0344", "\ufeff", "\ufffd",
)  # fmt: skip


SIZE = 10_000
"""Characters; of a quadratic reader four times as many take seconds."""

WORST = (
    "\n",
    " ",
    "# ",
    "<!--",
    "<div id=",
    "[x](",
    "原文链接：",
    "www.",
    "../../pages/",
    "\u0316\u0301",
)
"""Each made a reader quadratic, or would if a pattern were not anchored."""


def title_of(unit: str) -> Callable[[int], str]:
    return lambda size: "### " + unit * (size // len(unit)) + "\n\n" + BODY + TAIL


def before_title(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit)) + HEAD + BODY + TAIL


def before_body(unit: str) -> Callable[[int], str]:
    return lambda size: HEAD + unit * (size // len(unit)) + BODY + TAIL


def before_tail(unit: str) -> Callable[[int], str]:
    return lambda size: HEAD + BODY + unit * (size // len(unit)) + TAIL


def behind_tail(unit: str) -> Callable[[int], str]:
    return lambda size: HEAD + BODY + TAIL + unit * (size // len(unit))


def alone(unit: str) -> Callable[[int], str]:
    return lambda size: unit * (size // len(unit))


def apart(text: str) -> None:
    with suppress(PageError):
        take_apart(text)


def as_lists(text: str) -> None:
    read_home(text)
    with suppress(PageError):
        read_index(text, "ncid1")


units = pytest.mark.parametrize(
    "unit", [*WORST, *(pytest.param(unit, marks=pytest.mark.soak) for unit in UNITS)]
)


@units
def test_a_page_costs_what_its_size_is(unit: str) -> None:
    """Wherever the unit is repeated."""
    for made in (title_of, before_title, before_body, before_tail, behind_tail):
        assert_linear(apart, made(unit), SIZE)


@units
def test_a_list_costs_what_its_size_is(unit: str) -> None:
    """Alone, among entries, and in the address of one."""
    run = alone(unit)
    for made in (
        run,
        lambda size: f"### 题\n{run(size)}\n---\n第 [ [1](./1.md) ] 页",
        lambda size: f"### 题\n[x](../../pages/ncid1/n1.md{run(size)})\n",
    ):
        assert_linear(as_lists, made, SIZE)


@pytest.mark.parametrize(
    "unit", ["\u0301", "\u0316\u0301", "e\u0316\u0301", "\u0344\u0316", "か\u3099", "\u0f73"]
)
def test_normalising_costs_what_the_size_is(unit: str) -> None:
    """Combining marks are sorted; as many as a page may hold of them would take minutes."""
    assert_linear(visible, alone(unit), 2 * SIZE)
