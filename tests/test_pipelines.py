"""The pipelines, with items that no crawl of a valid mirror yields."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from accept import EXPECTED
from scrapy.exceptions import DropItem

from crawler.config.mirrors import Mirror
from crawler.config.options import CrawlOptions
from crawler.formats.epoch.format import EpochFormat
from crawler.items import Article, as_record
from crawler.pipelines.canonicalize import CanonicalizePipeline
from crawler.pipelines.check import CheckPipeline
from crawler.pipelines.deduplicate import DeduplicatePipeline
from crawler.pipelines.write import WritePipeline
from crawler.run.run import Run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOB = "b" * 40


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    mirror = Mirror("sample", "https://example.org/x/", {"path": str(tmp_path)})
    run = Run(CrawlOptions(mirror, "path", tmp_path / "feed"))
    yield run
    if not run.closed:
        run.close(datetime.now(UTC))


class RawUrls(EpochFormat):
    """A format whose reader returns URLs as the page has them."""

    canonical_urls = False


@pytest.fixture
def raw(run: Run) -> Run:
    run.options = replace(run.options, mirror=replace(run.options.mirror, format=RawUrls()))
    return run


def article(**keys: object) -> Article:
    """Return the first article of the sample with some keys changed."""
    line = json.loads(EXPECTED.read_text(encoding="utf-8").splitlines()[0])
    item = Article(**{**line, "crawled_at": "2026-11-01T06:00:00Z", **keys})
    item.came_from(BLOB)
    return item


def test_each_id_has_one_line(run: Run) -> None:
    """A second article with the same id is dropped, even if it differs."""
    deduplicate, write = DeduplicatePipeline(run), WritePipeline(run)
    write.process_item(deduplicate.process_item(article()))
    with pytest.raises(DropItem, match="is already in the feed"):
        deduplicate.process_item(article(title="又一条"))
    assert (run.counts.new, run.counts.dropped) == (1, 1)


def test_the_state_keeps_the_blob_and_the_line_does_not(run: Run) -> None:
    item = article()
    WritePipeline(run).process_item(item)
    published = run.store.state.published(str(item.id))
    assert published is not None
    assert published.blob_id == BLOB
    assert BLOB not in (run.store.directory / "articles.jsonl").read_text(encoding="utf-8")
    assert "blob_id" not in as_record(item)


def test_an_article_that_breaks_the_contract_is_a_failure(run: Run) -> None:
    check = CheckPipeline(run)
    assert check.process_item(article()) is not None
    with pytest.raises(DropItem, match="breaks the feed contract at url"):
        check.process_item(article(url="https://example.org/"))
    assert run.counts.failures == {"contract": {article().id}}


def test_a_line_that_would_be_too_long_is_a_failure(run: Run) -> None:
    """Nothing of it is written, whatever makes it so long."""
    sections = [{"id": f"nf{number}", "name": "海" * 200} for number in range(7000)]
    with pytest.raises(DropItem, match="at most 4194304 are written"):
        WritePipeline(run).process_item(article(sections=sections))
    assert run.counts.failures == {"too_large": {article().id}}
    assert (run.store.directory / "articles.jsonl").read_bytes() == b""
    assert WritePipeline(run).process_item(article()) is not None


def test_addresses_become_canonical(raw: Run) -> None:
    """Unusable URLs are removed and counted; videos with equal canonical URLs are merged."""
    item = CanonicalizePipeline(raw).process_item(
        article(
            url="HTTP://www.epochtimes.com/gb/23/9/1/n1.htm",
            image="/a.jpg",
            images=[
                {
                    "url": "//Example.org/b.jpg",
                    "full_url": "/B.jpg",
                    "caption": None,
                    "credit": None,
                }
            ],
            links=[{"url": "c?utm_source=x", "text": "丙"}, {"url": "javascript:x", "text": "丁"}],
            videos=["http://Example.org/v", "http://example.org/v"],
        )
    )
    assert item.url == "https://www.epochtimes.com/gb/23/9/1/n1.htm"
    assert item.image == "https://www.epochtimes.com/a.jpg"
    [image] = item.images
    assert image["url"] == "https://example.org/b.jpg"
    assert image["full_url"] == "https://www.epochtimes.com/B.jpg"
    assert item.links == [{"url": "https://www.epochtimes.com/gb/23/9/1/c", "text": "丙"}]
    assert item.videos == ["http://example.org/v"]
    assert raw.counts.unusable_urls == 1


def test_urls_that_the_reader_made_canonical_are_skipped(run: Run) -> None:
    links = [{"url": "HTTP://example.org", "text": "甲"}]
    item = CanonicalizePipeline(run).process_item(article(links=links))
    assert item.links == [{"url": "HTTP://example.org", "text": "甲"}]


def test_what_a_browser_cannot_see_stays_null(raw: Run) -> None:
    item = article(links=None, videos=None, image=None)
    CanonicalizePipeline(raw).process_item(item)
    assert (item.links, item.videos, item.image) == (None, None, None)
