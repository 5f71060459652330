"""Lines made by readers have the same bytes as those of loader and pipelines."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import page_cases
import pytest
from crawling import start_crawl
from mirrorkit import large_mirror
from scrapy.settings import Settings

from crawler import pipelines, settings
from crawler.formats.registry import find_format
from crawler.items import ArticleLine, Section, as_record
from crawler.lines import finished, read_or_finish
from crawler.loaders import ArticleContext, load_article
from crawler.readers.pages import read_page
from crawler.readers.readers import MANY
from crawler.spiders.epoch_mirror import EpochMirrorSpider
from crawler.store.edition import digest_of, is_thin
from crawler.store.jsonlines import dumps

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawling import Feed
    from misbehaving import MisbehavingServer

FORMAT = find_format()
READING = ArticleContext(
    mirror="lines",
    mirror_url="https://example.org/lines/blob/master/pages/ncid900101/n1.md",
    sections=[Section(id="ncid900101", name="海岛经济")],
    at=datetime(2026, 11, 1, 6, tzinfo=UTC),
)
CASES = page_cases.cases()
USUAL = CASES[0]


def page_of(case: Path) -> bytes:
    return (case / "page.md").read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_line_has_the_bytes_that_loader_and_pipelines_give(case: Path) -> None:
    page = FORMAT.read_article(page_of(case))
    record = as_record(load_article(page, READING, FORMAT))
    line = read_or_finish(FORMAT, (), "article", "ncid900101", page_of(case), READING)
    assert isinstance(line, ArticleLine)
    line = pickle.loads(pickle.dumps(line))  # noqa: S301 - as it comes from a reader's process
    assert line.line == dumps(record)
    for key in ("id", "content_sha256", "date_published", "mirror_url"):
        assert getattr(line, key) == record[key]
    assert (line.digest, line.thin) == (digest_of(record), is_thin(record))
    assert (line.unusable_urls, line.replaced_bytes) == (page.unusable_urls, page.replaced_bytes)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_thin_article_with_another_copy_is_left_to_the_frontier(case: Path) -> None:
    page = FORMAT.read_article(page_of(case))
    reading = replace(READING, copies=2)
    thin = is_thin(as_record(load_article(page, reading, FORMAT)))
    assert (finished(page, reading, FORMAT) is None) is thin


def test_an_article_that_breaks_the_contract_is_left_to_the_check() -> None:
    page = FORMAT.read_article(page_of(USUAL))
    assert finished(page, READING, FORMAT)
    assert finished(page, replace(READING, sections=[]), FORMAT) is None


def test_a_page_is_a_page_where_no_line_is_asked_for() -> None:
    body = page_of(USUAL)
    assert read_or_finish(FORMAT, (), "article", "ncid900101", body) == read_page(
        FORMAT, (), "article", "ncid900101", body
    )


def test_the_projects_pipelines_are_those_of_the_settings() -> None:
    ordered = sorted(settings.ITEM_PIPELINES, key=lambda name: settings.ITEM_PIPELINES[name])
    assert tuple(ordered) == pipelines.OWN


OWN = settings.ITEM_PIPELINES


@pytest.mark.parametrize(
    ("changed", "lines"),
    [
        ({}, True),
        ({"ITEM_PIPELINES": {**OWN, "other.Pipeline": None}}, True),
        ({"ITEM_PIPELINES": {**OWN, "other.Pipeline": 350}}, False),
        ({"ITEM_PIPELINES": {name: order for name, order in OWN.items() if order != 300}}, False),
        ({"ITEM_PIPELINES": {name: -order for name, order in OWN.items()}}, False),
        ({"ITEM_PIPELINES": {**OWN, pipelines.OWN[2]: None}}, False),
        ({"FEEDS": {"out.json": {"format": "json"}}}, False),
        ({"SPIDER_MIDDLEWARES": {"other.Middleware": 10}}, False),
    ],
)
def test_lines_are_made_only_where_nobody_else_sees_an_article(
    changed: dict[str, Any], lines: bool
) -> None:
    spider = EpochMirrorSpider()
    spider.settings = Settings({"ITEM_PIPELINES": OWN, **changed})

    class Mirror:
        format = FORMAT

    assert spider.makes_lines(Mirror()) is lines  # type: ignore[arg-type]
    Mirror.format = type("Other", (), {"canonical_urls": False})()
    assert not spider.makes_lines(Mirror())  # type: ignore[arg-type]


# -- whole crawls ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("many") / "mirror"
    large_mirror(directory, 1, MANY + 40)
    return directory


def crawled(mirror: Path, feed: Path, *options: str, **others: object) -> tuple[Feed, str]:
    """Crawl with two readers; return the feed and the log."""
    given = {"READERS": 2, "STATS_DUMP": True, **others}
    result = start_crawl(f"mirror={mirror}", feed=feed, settings=given, options=options).finish()
    assert result.exit_code == 0, result.log
    assert f"'item_scraped_count': {MANY + 40}" in result.log
    return result.feed, result.log


def test_an_export_gets_whole_articles(mirror: Path, tmp_path: Path) -> None:
    """The feed has the same lines as without; Scrapy counts every article as one item."""
    plain, _ = crawled(mirror, tmp_path / "plain")
    exported, _ = crawled(mirror, tmp_path / "feed", "-O", str(tmp_path / "out.jsonl"))
    assert exported.timeless() == plain.timeless()
    records = [
        json.loads(line) for line in (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    ]
    assert records == exported.articles


@pytest.mark.soak
def test_another_pipeline_gets_whole_articles(mirror: Path, tmp_path: Path) -> None:
    pipeline = tmp_path / "titled.py"
    pipeline.write_text(
        "class Titled:\n"
        "    def process_item(self, item):\n"
        "        assert item.title\n"
        "        return item\n",
        "utf-8",
    )
    plain, _ = crawled(mirror, tmp_path / "plain")
    used = json.dumps({**OWN, "titled.Titled": 350})
    result = start_crawl(
        f"mirror={mirror}",
        feed=tmp_path / "feed",
        settings={"READERS": 2, "ITEM_PIPELINES": used},
        env={"PYTHONPATH": str(tmp_path)},
    ).finish()
    assert result.exit_code == 0, result.log
    assert "Error in the pipelines" not in result.log
    assert result.feed.timeless() == plain.timeless()


def test_copies_are_chosen_and_compared_as_without_readers(tmp_path: Path) -> None:
    """Readers return the page of an article with several copies, or one that is read again."""
    mirror = tmp_path / "mirror"
    large_mirror(mirror, 3, MANY + 40)
    alone, _ = crawled(mirror, tmp_path / "alone", READERS=0)
    feed, _ = crawled(mirror, tmp_path / "feed")
    assert feed.timeless() == alone.timeless()
    again = start_crawl(
        f"mirror={mirror}", "recheck=true", feed=tmp_path / "feed", settings={"READERS": 2}
    ).finish()
    assert again.exit_code == 0, again.log
    assert again.feed.timeless() == feed.timeless()
    assert not again.feed.changes


@pytest.mark.soak
def test_pages_that_arrive_one_by_one_are_read_by_readers_too(
    mirror: Path, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """The lines are the same; a host whose pace has a delay gets no readers."""
    base = serve(mirror).base
    feeds = []
    given: list[dict[str, object]] = [{"READERS": 0}, {}, {"PACE_DELAY": 0.0001}]
    for n, others in enumerate(given):
        settings = {"READERS": 2, **others}
        result = start_crawl(f"mirror={base}", feed=tmp_path / str(n), settings=settings).finish()
        assert result.exit_code == 0, result.log
        assert ("Processes that read articles: 1" in result.log) is (n == 1)
        feeds.append(result.feed.timeless())
    assert feeds[0] == feeds[1] == feeds[2]
