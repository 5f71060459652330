"""Any page yields a record or a named error, within limits of time and memory."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from page_cases import cases

from crawler.exceptions import PageError, PageMalformed, PageTooLarge
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.source import decoded
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.formats.registry import find_format
from crawler.items import Article, as_record
from crawler.loaders import ArticleContext, load_article
from crawler.schema import article_schema

PAGES = [(case / "page.md").read_bytes() for case in cases()]
VALIDATOR = jsonschema_rs.Draft202012Validator(article_schema(find_format()))
READING = ArticleContext(
    mirror="m",
    mirror_url="https://example.org/m/pages/ncid1/n1.md",
    sections=[{"id": "nsc1", "name": "评论"}],
    at=datetime(2026, 11, 1, tzinfo=UTC),
)
HEAD = "### 标题\n\n---\n\n#### [首页](../../../..?n16000001)\n\n\n"
TAIL = "\n\n\n---\n\n原文链接（需翻墙）：https://www.epochtimes.com/gb/23/9/22/n16000001.htm"


def record_or_error(body: bytes) -> Article | PageError:
    """Read a page as the crawl does; anything other than an article or a PageError is a bug."""
    try:
        article = load_article(find_format().read_article(body), READING, find_format())
    except PageError as error:
        return error
    VALIDATOR.validate(as_record(article))
    as_record(article)["content_html"].encode()
    return article


def framed(inner: str) -> bytes:
    """Return a page with this content of its body."""
    return f'{HEAD}<div id="artbody">\n{inner}\n</div>{TAIL}'.encode()


relaxed = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


@relaxed
@given(st.sampled_from(PAGES), st.integers(0, 20_000))
def test_a_page_cut_anywhere(page: bytes, at: int) -> None:
    record_or_error(page[: at % (len(page) + 1)])


@relaxed
@given(st.sampled_from(PAGES), st.integers(0, 2**32))
def test_a_page_with_bytes_flipped(page: bytes, seed: int) -> None:
    dice = random.Random(seed)
    body = bytearray(page)
    for _ in range(dice.randrange(1, 40)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    record_or_error(bytes(body))


@relaxed
@given(st.sampled_from(PAGES), st.integers(0, 2**32))
def test_a_page_with_its_tags_shuffled(page: bytes, seed: int) -> None:
    dice = random.Random(seed)
    parts = page.split(b"<")
    for _ in range(dice.randrange(1, 12)):
        one, other = dice.randrange(1, len(parts)), dice.randrange(1, len(parts))
        parts[one], parts[other] = parts[other], parts[one]
    record_or_error(b"<".join(parts))


@relaxed
@given(st.text(max_size=400))
def test_any_text_as_a_body(text: str) -> None:
    record_or_error(framed(text).decode("utf-8", "replace").encode("utf-8", "replace"))


@relaxed
@given(st.text(max_size=300))
def test_any_text_as_a_list(text: str) -> None:
    read_home(text)
    read_index(text, "ncid1")


@pytest.mark.parametrize(
    "inner",
    [
        "<div>" * 10_000 + "深处" + "</div>" * 10_000,
        "<b>" * 10_000 + "深处",
        "<li>" * 10_000 + "深处",
        "<table><tr><td>" * 3_000 + "深处",
        "<blockquote>" * 10_000 + "深处",
    ],
    ids=["div", "b", "li", "table", "quote"],
)
def test_endless_nesting_is_a_record_or_a_named_error(inner: str) -> None:
    result = record_or_error(framed(inner))
    if isinstance(result, Article):
        assert "深处" in (result.content_text or "")
    else:
        assert isinstance(result, PageMalformed)


@pytest.mark.parametrize(
    "run",
    [
        "（" * 1_000_000,
        "【" * 1_000_000,
        "【大纪元" * 200_000,
        "【大纪元2023年09月23日讯】（" + "大纪元记者" * 150_000,
        "【大纪元2023年09月23日讯】（" + "（）" * 300_000,
        "责任编辑" * 200_000,
        "责任编辑：" * 200_000,
        "#◇@*" * 300_000 + "尾",
        "(http://www.dajiyuan.com" * 40_000,
        "[a](http://x" * 80_000,
        " \n" * 500_000 + "尾",
        "<br/>" * 200_000,
        "<figure><img src='https://x.example/a.jpg'/><figcaption>" + "（" * 500_000,
        "<ok href='" + "http://" * 100_000 + "'>x</ok>",
        "作者：" * 300_000,
        # within the maximum length of a byline
        "【大纪元2023年09月23日讯】（大纪元记者" + "和" * 280 + "报导）",
        "【大纪元2023年09月23日讯】（大纪元记者" + "和李" * 140 + "报导）",
        "【大纪元2023年09月23日讯】（大纪元记者" + "李明和王" * 70 + "报导）",
    ],
    ids=range(18),
)
def test_long_hostile_text_is_read_in_time(run: str) -> None:
    started = time.process_time()
    record_or_error(framed(run))
    # about a megabyte each; plain pages of that size take 0.1 s, a quadratic rule takes minutes
    assert time.process_time() - started < 20


def test_many_blocks_are_read_in_time() -> None:
    started = time.process_time()
    result = record_or_error(framed("<p>一段。</p>" * 60_000))
    assert isinstance(result, Article)
    assert time.process_time() - started < 20


def test_a_page_of_fifty_megabytes_is_too_large() -> None:
    with pytest.raises(PageTooLarge, match=str(MAX_PAGE_BYTES)):
        decoded(b"x" * (50 << 20))


def test_a_title_of_a_megabyte() -> None:
    body = framed("文").replace("标题".encode(), ("：" * 300_000).encode(), 1)
    record_or_error(body)
