"""Crawling the bundled sample as a user does yields the expected feed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import jsonschema_rs
import pytest
from accept import EXPECTED
from crawling import (
    ROOT,
    Feed,
    Result,
    asked,
    assert_sound,
    clean_environment,
    command,
    mirrors_file,
    start_crawl,
)
from make_sample import sample_entries

from crawler.formats.registry import find_format
from crawler.items import Article, Listing
from crawler.schema import article_schema, listing_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawling import Crawl
    from misbehaving import MisbehavingServer


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return the first crawl of the sample."""
    return start_crawl("mirror=sample", feed=tmp_path_factory.mktemp("sample") / "feed").finish()


def test_the_crawl_of_the_sample_is_complete(sample: Result) -> None:
    """Status 0, no warnings, every article once, with every section that lists it."""
    assert sample.exit_code == 0, sample.log
    assert not sample.warnings
    assert "Traceback" not in sample.log
    entries = {entry.spec.id: entry for entry in sample_entries()}
    assert set(sample.feed.ids) == set(entries)
    pairs = {(section, id_) for id_, entry in entries.items() for section in entry.sections}
    assert set(sample.feed.pairs) == pairs
    assert_sound(sample.feed)


def test_the_feed_is_the_expected_one(sample: Result) -> None:
    """Line by line; ``python tests/accept.py`` accepts a new one."""
    assert sample.feed.timeless() == EXPECTED.read_text(encoding="utf-8").splitlines()


def test_every_line_satisfies_the_contract(sample: Result) -> None:
    """All keys have their order and types, and the newest article comes first."""
    articles = jsonschema_rs.Draft202012Validator(
        article_schema(find_format()), validate_formats=True
    )
    for line in sample.feed.articles:
        assert articles.is_valid(line), next(iter(articles.iter_errors(line)))
        assert tuple(line) == tuple(Article.__slots__)
    listings = jsonschema_rs.Draft202012Validator(
        listing_schema(find_format()), validate_formats=True
    )
    for line in sample.feed.listings:
        assert listings.is_valid(line), next(iter(listings.iter_errors(line)))
        assert tuple(line) == tuple(Listing.__slots__)
    assert sample.feed.ids == sorted(sample.feed.ids, key=lambda one: -int(one[1:]))


def test_sections_have_the_order_of_the_home_page(sample: Result) -> None:
    """Their names are the headings of their indexes."""
    order = ["ncid900101", "ncid900102", "nf900201", "nsc900301"]
    names = {"nf900201": "群岛专题：灯塔与航路", "nsc900301": "海岛评论：海岛随笔"}
    for line in sample.feed.articles:
        ids = [section["id"] for section in line["sections"]]
        assert ids == sorted(ids, key=order.index)
        for section in line["sections"]:
            assert section["name"] == names.get(section["id"], section["name"])
            assert section["name"] != section["id"]
        assert line["mirror_url"].endswith(f"/pages/{ids[0]}/{line['id']}.md")


def test_the_line_of_the_run_describes_it(sample: Result) -> None:
    """It agrees with the end of the log and the exit status."""
    run, feed = sample.run, sample.feed
    assert (run["status"], run["exit_code"], run["reason"]) == ("complete", 0, None)
    assert (run["mirror"], run["way"], run["commit"]) == ("sample", "path", None)
    assert run["articles"] == len(feed.ids)
    assert run["pages"]["article"] == len(feed.pairs), "copies of pages this short are all read"
    assert run["listings"] == len(feed.pairs)
    assert run["duplicates"] == len(feed.pairs) - len(feed.ids)
    assert (run["pages"]["home"], run["pages"]["index"]) == (1, 4)
    assert run["failures"] == {}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", run["end"])
    assert run["start"] <= run["end"]
    assert "status        complete, exit status 0" in sample.tail
    assert f"new articles  {len(feed.ids)}" in sample.tail


def test_the_last_lines_mention_the_sample(sample: Result) -> None:
    """They say how to crawl a live mirror, and nothing follows them."""
    first, second = sample.log.splitlines()[-2:]
    assert first.endswith("This was the bundled sample mirror: invented news.")
    assert "scrapy crawl epoch_mirror -a mirror=news" in second


def test_the_log_contains_no_article_text(sample: Result) -> None:
    """Not a sentence of any body."""
    for line in sample.feed.articles:
        assert line["content_text"][:40] not in sample.log


def test_a_second_run_adds_nothing(crawl: Crawl, sample: Result, tmp_path: Path) -> None:
    """It reads the home page and the sections' indexes, and reports that nothing is new."""
    shutil.copytree(sample.feed.directory, tmp_path / "feed")
    before = {name: sample.feed.data(name) for name in ("articles.jsonl", "listings.jsonl")}
    second = crawl("mirror=sample")
    assert second.exit_code == 0, second.log
    assert {name: second.feed.data(name) for name in before} == before
    assert second.run["pages"] == {"home": 1, "index": 4}
    assert (second.run["status"], second.run["articles"]) == ("complete", 0)
    assert_sound(second.feed)


def test_http_yields_the_same_lines_as_path(
    crawl: Crawl,
    serve: Callable[[Path], MisbehavingServer],
    sample: Result,
    tmp_path: Path,
) -> None:
    """Except for order and times."""
    server = serve(ROOT / "sample")
    file = mirrors_file(tmp_path, "sample", http=server.base)
    file.write_text(
        file.read_text().replace("example.org/sample", "example.org/epoch-sample"), encoding="utf-8"
    )
    result = crawl("mirror=sample", "via=http", settings={"MIRRORS_FILE": file})
    assert result.exit_code == 0, result.log
    assert result.feed.timeless() == sample.feed.timeless()
    assert result.feed.timeless("listings.jsonl") == sample.feed.timeless("listings.jsonl")
    assert set(asked(server).values()) == {1}


def test_scrapys_feed_exports_still_work(crawl: Crawl, tmp_path: Path) -> None:
    """``-O other.jsonl``: articles only, the same lines. The argument overrides EPOCH_MIRROR."""
    other = tmp_path / "other.jsonl"
    unknown = {"EPOCH_MIRROR": "no-such-mirror"}
    result = crawl("mirror=sample", options=["-O", str(other)], env=unknown)
    assert result.exit_code == 0, result.log
    assert [json.loads(line) for line in other.read_bytes().splitlines()] == result.feed.articles
    assert "晨" in other.read_text(encoding="utf-8")


def test_the_default_feed_is_beside_scrapy_cfg(tmp_path: Path) -> None:
    """Without arguments, from a directory below the project's."""
    project = tmp_path / "project"
    for name in ("crawler", "sample"):
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("scrapy.cfg", "mirrors.toml"):
        shutil.copy(ROOT / name, project / name)
    below = project / "sample" / "pages"
    process = subprocess.run(
        command((), None, ()), cwd=below, env=clean_environment(), capture_output=True, check=False
    )
    assert process.returncode == 0, process.stderr.decode()
    assert len(Feed(project / "feeds" / "sample").ids) == len(sample_entries())
    assert sorted(path.name for path in below.iterdir()) == sorted(
        path.name for path in (ROOT / "sample" / "pages").iterdir()
    )


def test_the_environment_sets_the_default_mirror(crawl: Crawl) -> None:
    """``EPOCH_MIRROR`` overrides the file's default."""
    result = crawl(env={"EPOCH_MIRROR": "no-such-mirror"})
    assert result.exit_code == 2
    assert "no-such-mirror" in result.log
