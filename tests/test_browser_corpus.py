"""Pages of real mirrors, read by the browser transport in a real Chromium."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from corpus import Corpus
from crawling import Crawl, assert_sound
from excerpt import excerpt, odd, spread
from standin import Renderer, sites

from crawler.formats.epoch.rendered import UNSUPPORTED_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("chromium")

OF_THE_WAY = {"crawled_at", "mirror_url"}
SAME_TEXT = 0.995
"""Share of a sample of a mirror's pages that must have the same text."""
CAUSES = {
    # the sanitizer drops the element, so its line is joined to its neighbours
    "centered text": re.compile(r"<center>\s*(?:<ok[^>]*>\s*)?[^<\s]"),
    # the sanitizer drops the style: a line under an image is not known to be centered, as captions are
    "a centered paragraph": re.compile(r'style="text-align: ?center'),
    # the sanitizer drops the link: whether a blank stood between it and the mark cannot be seen
    "a quotation mark after a link": re.compile(r"</ok>\s+[“”‘’]"),
    # Markdown ends a block of HTML there, and the rest of the tag is text
    "a blank line in an attribute": re.compile(r'="[^"<>]*\n[ \t]*\n[^"<>]*"'),
}
"""Patterns in the mirror's file that explain a different text."""


def differing(line: dict[str, Any], other: dict[str, Any]) -> set[str]:
    """Return the keys that a browser can see and that differ between two lines."""
    keys = line.keys() - UNSUPPORTED_KEYS - OF_THE_WAY
    return {key for key in keys if _visible(line[key]) != _visible(other[key])}


def _visible(value: Any) -> Any:
    """Return a value without what a browser cannot see of it: the link around an image."""
    if isinstance(value, list):
        return list(map(_visible, value))
    if isinstance(value, dict):
        return {key: part for key, part in value.items() if key != "full_url"}
    return value


def unexplained(page: str) -> bool:
    """Return whether nothing in the mirror's file explains a different text in the browser."""
    return not any(pattern.search(page) for pattern in CAUSES.values())


@pytest.mark.parametrize(
    ("name", "count", "every", "shell"),
    [
        pytest.param("comment", 60, 1, "newer", marks=pytest.mark.soak),
        pytest.param("comment", 150, 1, "older", marks=pytest.mark.soak),
        pytest.param("special", 150, 1, "newer", marks=pytest.mark.soak),
        pytest.param("news", 200, 3, "older", marks=pytest.mark.soak),
        pytest.param("special", 60, 1, "docsify", marks=pytest.mark.soak),
    ],
)
def test_the_browser_yields_the_same_articles_as_the_directory(
    crawl: Crawl,
    tmp_path: Path,
    corpus: Callable[[str], Corpus],
    name: str,
    count: int,
    every: int,
    shell: str,
) -> None:
    """Ids, sections, and all keys that it can see are equal, including the text.

    Half of the articles are odd ones; for them each difference of the text has a known cause.
    """
    mirror = tmp_path / "mirror"
    plain = spread(corpus(name), count // 2)
    others = odd(corpus(name), count, every=every)
    ids = list(dict.fromkeys([*plain, *others]))[:count]
    excerpt(corpus(name), mirror, ids)
    expected = crawl(f"mirror={mirror}", feed=tmp_path / "expected")
    assert len(expected.feed.ids) == count, expected.log
    with sites(mirror) as (site, elsewhere):
        site.new_payload = shell == "newer"
        # the form with less information, for the more frequent crawl
        site.renderer = Renderer(canonical=shell != "newer")
        base = site.docsify_base if shell == "docsify" else site.base
        settings = {"BROWSER_CONTEXTS": 2, "BROWSER_PAGE_SECONDS": 60}
        result = crawl(f"mirror={base}", "via=browser", "name=mirror", settings=settings)
        assert elsewhere.hits.paths == []
    assert result.exit_code == expected.exit_code == 0, result.log
    assert sorted(result.feed.pairs) == sorted(expected.feed.pairs)
    assert_sound(result.feed)
    lines = {line["id"]: line for line in result.feed.articles}
    assert lines.keys() == set(expected.feed.ids)
    other = {
        line["id"]: differing(line, lines[line["id"]])
        for line in expected.feed.articles
        if differing(line, lines[line["id"]])
    }
    assert not [name for name in other if unexplained(page_of(mirror, name))], other
    assert len(other.keys() & set(plain)) <= (1 - SAME_TEXT) * len(plain), other


def page_of(mirror: Path, article: str) -> str:
    """Return the text of an article's first copy."""
    return next(mirror.glob(f"pages/*/{article}.md")).read_text(encoding="utf-8")
