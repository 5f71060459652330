"""The contract as a schema: what fits it, and what does not."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from accept import EXPECTED

from crawler.formats.registry import find_format
from crawler.items import Article, Listing, as_record
from crawler.schema import article_schema, listing_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

EPOCH = find_format("epoch")
ARTICLES = jsonschema_rs.Draft202012Validator(article_schema(EPOCH), validate_formats=True)
LISTINGS = jsonschema_rs.Draft202012Validator(listing_schema(EPOCH), validate_formats=True)

KEYS = [
    "id", "url", "title", "column", "language", "date_published", "date_source", "dateline",
    "byline", "authors", "translators", "editors", "sections", "tags", "image", "image_caption",
    "image_credit", "images", "videos", "has_video", "links", "content_text", "content_html",
    "truncated", "content_sha256", "mirror", "mirror_url", "crawled_at",
]  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """Return the first line of the sample with some keys changed."""
    line = json.loads(EXPECTED.read_text(encoding="utf-8").splitlines()[0])
    line["crawled_at"] = "2026-11-01T06:00:00Z"
    return {**line, **changes}


def test_the_keys_and_their_order() -> None:
    """As the contract has them, for whoever reads lines by eye."""
    assert [item.name for item in fields(Article)] == KEYS
    assert list(as_record(Article())) == KEYS
    assert article_schema(EPOCH)["required"] == KEYS
    assert [item.name for item in fields(Listing)] == ["id", "section", "title", "first_seen_at"]


def test_a_line_of_the_sample_fits() -> None:
    assert ARTICLES.is_valid(record())


def _without_each() -> Iterator[dict[str, Any]]:
    for key in KEYS:
        line = record()
        del line[key]
        yield line


def test_no_key_may_be_missing_and_none_more() -> None:
    assert not any(ARTICLES.is_valid(line) for line in _without_each())
    assert not ARTICLES.is_valid(record(colour="red"))


NULLABLE = {
    "column", "dateline", "byline", "tags", "image", "image_caption", "image_credit", "videos",
    "has_video", "links", "content_html", "truncated",
}  # fmt: skip


@pytest.mark.parametrize("key", KEYS)
def test_null(key: str) -> None:
    """What the page does not say, or a way cannot see."""
    assert ARTICLES.is_valid(record(**{key: None})) is (key in NULLABLE)


WRONG = [
    ("id", "14079761"), ("id", "n"), ("id", "n1/2"), ("id", 5),
    ("url", "http://www.epochtimes.com/gb/23/9/21/n1.htm"),
    ("url", "https://www.epochtimes.com/gb/23/9/21/n1.htm?x=1"),
    ("url", "https://www.epochtimes.com/gb/23/9/21/n1.htm#x"),
    ("title", ""), ("column", ""), ("language", "zh"), ("language", "zh-CN"),
    ("date_published", "2023-9-1"), ("date_published", "2023-02-30"),
    ("date_published", "2023-09-01T00:00:00Z"), ("date_source", "guess"),
    ("authors", ["陆小满"]), ("authors", [{"name": ""}]), ("authors", [{"name": "a", "url": "b"}]),
    ("translators", [{}]), ("editors", [""]), ("editors", "方笛"),
    ("sections", []), ("sections", [{"id": "nf1"}]),
    ("tags", ["a", "a"]), ("tags", [""]),
    ("image", "i.epochtimes.com/a.jpg"), ("image", "https://example.org/a b.jpg"),
    ("image", "data:image/png;base64,xx"), ("image_caption", ""),
    ("images", [{"url": "https://example.org/a.jpg", "caption": None, "credit": None}]),
    ("images", [{"url": None, "full_url": None, "caption": None, "credit": None}]),
    ("videos", ["javascript:alert(1)"]), ("has_video", "yes"), ("truncated", 0),
    ("links", [{"url": "ftp://example.org/", "text": ""}]),
    ("links", [{"url": "https://example.org/"}]),
    ("content_text", 1), ("content_sha256", "ABC"), ("content_sha256", "0" * 63),
    ("mirror", ""), ("mirror_url", "https://example.org/n1.md?10021200"),
    ("mirror_url", "ftp://example.org/n1.md"),
    ("crawled_at", "2026-11-01T06:00:00"), ("crawled_at", "2026-11-01T06:00:00+08:00"),
    ("crawled_at", "2026-11-01T06:00:00.5Z"), ("crawled_at", "2026-13-01T06:00:00Z"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_wrong_values(key: str, value: object) -> None:
    assert not ARTICLES.is_valid(record(**{key: value}))


RIGHT = [
    ("url", "https://www.epochtimes.com/b5/1/2/3/n28512.htm"), ("content_text", ""),
    ("content_html", ""), ("links", [{"url": "mailto:a@example.org", "text": ""}]),
    ("image", "http://example.org/a.jpg"), ("mirror_url", "file:///srv/pages/nf1/n1.md"),
    ("images", [{"url": "https://example.org/a.jpg", "full_url": None, "caption": None, "credit": None}]),
    ("authors", []), ("editors", []), ("tags", []), ("truncated", True),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), RIGHT)
def test_right_values(key: str, value: object) -> None:
    assert ARTICLES.is_valid(record(**{key: value}))


def test_listings() -> None:
    right = {"id": "n1", "section": "nf1", "title": "", "first_seen_at": "2026-11-01T06:00:00Z"}
    assert LISTINGS.is_valid(right)
    for key, value in (("id", "1"), ("section", ""), ("title", None), ("first_seen_at", "today")):
        assert not LISTINGS.is_valid({**right, key: value})
        assert not LISTINGS.is_valid({name: right[name] for name in right if name != key})
