"""Measures the time from a page's bytes to a record, against lxml parsing the same bytes."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from statistics import fmean, median
from typing import TYPE_CHECKING

from lxml import etree
from report import Figure, Report

from crawler.formats.registry import find_format
from crawler.items import Article, Section
from crawler.loaders import ArticleContext, load_article

if TYPE_CHECKING:
    from collections.abc import Callable

    from workbench import Bench

TIMES_LXML_AT_MOST = 8.5
"""Target for a median page to a record, in bare parses of the same page."""

_PAGES, _ROUNDS = 500, 9
_PAGES_QUICKLY, _ROUNDS_QUICKLY = 200, 5

_PARSER = etree.HTMLParser(encoding="utf-8")
_FORMAT = find_format()
_READING = ArticleContext(
    mirror="bench",
    mirror_url="https://example.org/pages/ncid1/n1.md",
    sections=[Section(id="ncid1", name="news")],
    at=datetime.now(UTC),
)


def parse(page: bytes) -> etree._Element:
    """Parse the bytes of a page with lxml: the baseline."""
    return etree.fromstring(page, _PARSER)


def record(page: bytes) -> Article:
    """Build the item of a page, including the loader and excluding the pipelines."""
    return load_article(_FORMAT.read_article(page), _READING, _FORMAT)


def measure(bench: Bench) -> list[Report]:
    """Time both in turn on a sample of the mirror's pages; the best round of each page counts."""
    wanted = _PAGES_QUICKLY if bench.quick else _PAGES
    paths = sorted(bench.mirror.glob("pages/*/*.md"))
    pages = [path.read_bytes() for path in paths[:: max(len(paths) // wanted, 1)]]
    rounds = _ROUNDS_QUICKLY if bench.quick else _ROUNDS
    bare, whole = _best([parse, record], pages, rounds)
    ratios = [mine / theirs for mine, theirs in zip(whole, bare, strict=True)]
    return [
        Report(
            f"Page to record, {len(pages)} pages",
            [
                Figure("lxml's bare parse, median page", median(bare) * 1e3, "ms"),
                Figure("lxml's bare parse, mean", fmean(bare) * 1e3, "ms"),
                Figure("page to record, median page", median(whole) * 1e3, "ms"),
                Figure("page to record, mean", fmean(whole) * 1e3, "ms"),
                Figure(
                    "ratio of the two, median page", median(ratios), at_most=TIMES_LXML_AT_MOST
                ),
                Figure("ratio of the two, mean", sum(whole) / sum(bare)),
            ],
            [f"CPU time of one process, best of {rounds} rounds for each page"],
        )
    ]  # fmt: skip


def _best(
    functions: list[Callable[[bytes], object]], pages: list[bytes], rounds: int
) -> list[list[float]]:
    """Return the best CPU time in seconds of each function for each page."""
    least = [[float("inf")] * len(pages) for _ in functions]
    for _ in range(rounds):
        for number, page in enumerate(pages):
            for times, function in zip(least, functions, strict=True):
                began = time.thread_time()
                function(page)
                times[number] = min(times[number], time.thread_time() - began)
    return least
