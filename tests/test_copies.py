"""Which copy of an article is the best, and which is thin."""

from __future__ import annotations

from typing import Any

import pytest

from crawler.frontier.copies import best_copy
from crawler.items import Article
from crawler.store.edition import digest_of, is_thin

WHOLE = {
    "content_text": "字" * 500, "image": "https://example.org/1.jpg", "editors": ["方笛"],
    "truncated": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "thin"),
    [
        ({}, False),
        ({"content_text": "字" * 499}, True),
        ({"image": None}, True),
        ({"editors": []}, True),
        ({"truncated": True}, True),
        ({"truncated": None}, False),
        ({"content_text": None}, True),
    ],
)
def test_thin(keys: dict[str, Any], thin: bool) -> None:
    assert is_thin({**WHOLE, **keys}) is thin


def copy(length: int, *, image: bool = False, truncated: bool = False) -> Article:
    address = "https://example.org/1.jpg" if image else None
    return Article(content_text="字" * length, image=address, truncated=truncated)


@pytest.mark.parametrize(
    ("copies", "best"),
    [
        ([copy(411), copy(12_800)], 1),
        ([copy(411, image=True), copy(12_800)], 1),
        ([copy(950), copy(1000)], 0),
        ([copy(949), copy(1000)], 1),
        ([copy(1000), copy(950, image=True)], 1),
        ([copy(1000), copy(949, image=True)], 0),
        ([copy(1000), copy(990, image=True), copy(1020, image=True)], 1),
        ([copy(1000, truncated=True), copy(1000)], 1),
        ([copy(1000, truncated=True), copy(1000, truncated=True)], 0),
        ([copy(1000, image=True, truncated=True), copy(1000)], 0),
        ([copy(0)], 0),
    ],
)
def test_the_best_copy(copies: list[Article], best: int) -> None:
    assert best_copy(copies) is copies[best]


def test_values_that_json_cannot_express_have_a_digest() -> None:
    """A lone surrogate and a number of more than 64 bits are not errors."""
    assert digest_of({"title": "\ud800"}) != digest_of({"title": 1 << 70})
