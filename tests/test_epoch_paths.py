"""Paths of an Epoch Times mirror, and URLs of articles and tags."""

from __future__ import annotations

from datetime import date

import pytest

from crawler.formats.epoch.format import EpochFormat
from crawler.formats.epoch.paths import (
    Tag,
    article_path,
    copy_of,
    day_of,
    id_order,
    index_path,
    is_article_id,
    is_section_id,
    section_of,
    tag_at,
)
from crawler.formats.pages import Copy

BASE = "https://www.epochtimes.com/gb/23/9/21/n15000529.htm"
OWN = "https://www.epochtimes.com"
ISLAND = "%E6%B5%B7%E5%B2%9B"

PAGES = [
    ("README.md", True),
    ("indexes/ncid1/README.md", True),
    ("indexes/ncid1/738.md", True),
    ("pages/ncid1/n14079761.md", True),
    ("pages/nsc424/n28512.md", True),
    ("indexes/ncid1/ok", False),
    ("indexes/ncid1/0.md", False),
    ("indexes/ncid1/01.md", False),
    ("indexes/ncid1/-1.md", False),
    ("indexes/ncid1/99999999.md", False),
    ("indexes/ncid1/readme.md", False),
    ("indexes/1/README.md", False),
    ("indexes/../README.md", False),
    ("indexes/a/b/README.md", False),
    ("pages/ncid1/14079761.md", False),
    ("pages/ncid1/n14079761.md.md", False),
    ("pages/ncid1/n1407976100000.md", False),
    ("pages/ncid1/n１４.md", False),
    ("pages/n1.md", False),
    ("pages/ncid1/n1.md\n", False),
    ("indexes/ncid1.csv", False),
    ("", False),
]


@pytest.mark.parametrize(("path", "expected"), PAGES)
def test_which_paths_are_pages(path: str, expected: bool) -> None:
    """The home page, index pages and articles; no other path is read."""
    epoch = EpochFormat()
    is_page = path == epoch.home or epoch.index_at(path) or epoch.copy_at(path)
    assert bool(is_page) is expected


def test_paths_round_trip() -> None:
    assert section_of(index_path("nf1")) == ("nf1", None)
    assert section_of(index_path("nf1", 12)) == ("nf1", 12)
    assert copy_of(article_path("nf1", "n7")) == Copy("nf1", "n7")
    assert section_of("pages/nf1/n7.md") is None
    assert copy_of("indexes/nf1/7.md") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ncid1078159", True), ("nf1412576", True), ("nsc424", True), ("a-b_c", True)]
    + [(bad, False) for bad in ("", "1a", "..", "a/b", "a.b", "a b", "海岛", "a" * 65, "a\n")],
)
def test_section_ids(text: str, expected: bool) -> None:
    assert is_section_id(text) is expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (BASE, date(2023, 9, 21)),
        (f"{OWN}/b5/1/2/3/n28512.htm", date(2001, 2, 3)),
        (f"{OWN}/gb/23/2/30/n1.htm", None),
        (f"{OWN}/gb/2023/9/21/n1.htm", None),
        (f"{OWN}/gb/tag/x.html", None),
        (f"{BASE}?x=1", None),
        ("https://example.org/gb/23/9/21/n1.htm", None),
        ("", None),
    ],
)
def test_the_day_of_an_article(url: str, expected: date | None) -> None:
    assert day_of(url) == expected


TAGS = [
    (f"{OWN}/gb/tag/{ISLAND}.html", "海岛"),
    (f"{OWN}/b5/tag/{ISLAND}.html", "海岛"),
    (f"{OWN}/gb/tag/{ISLAND}.htm", "海岛"),
    (f"{OWN}/gb/tag/{ISLAND}", "海岛"),
    (f"{OWN}/gb/tag/{ISLAND}/", "海岛"),
    (f"{OWN}/gb/tag/a%20%20b.html", "a b"),
    (f"{OWN}/gb/tag/C%2B%2B.html", "C++"),
    (f"{OWN}/gb/tag/a.b.html", "a.b"),
    (f"{OWN}/gb/tag/%20.html", None),
    (f"{OWN}/gb/tag/", None),
    (f"{OWN}/gb/nf1412576.htm", None),
    (f"https://example.org/gb/tag/{ISLAND}.html", None),
]


@pytest.mark.parametrize(("url", "expected"), TAGS)
def test_tag_at(url: str, expected: str | None) -> None:
    assert tag_at(url) == (Tag(expected, url) if expected else None)


def test_a_tag_has_a_canonical_address() -> None:
    assert tag_at(f"http://WWW.epochtimes.com/gb/tag/{ISLAND.lower()}.html") == Tag(
        "海岛", f"{OWN}/gb/tag/{ISLAND}.html"
    )


@pytest.mark.parametrize(
    "href", [f"/gb/tag/{ISLAND}.html", f"httpd/gb/tag/{ISLAND}", "http:///tag/"]
)
def test_only_an_absolute_address_names_a_tag(href: str) -> None:
    assert tag_at(href) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("n1", True), ("n28512", True), ("n123456789012", True)]
    + [(bad, False) for bad in ("", "n", "1", "N1", "n1234567890123", "n１", "n1\n", "n-1")],
)
def test_article_ids(text: str, expected: bool) -> None:
    assert is_article_id(text) is expected


def test_ids_are_ordered_by_their_number() -> None:
    """They are not compared as text, because the ids of 2001 have five digits."""
    ids = ["n9999999", "n28512", "n10000000"]
    assert sorted(ids, key=id_order) == ["n28512", "n9999999", "n10000000"]
