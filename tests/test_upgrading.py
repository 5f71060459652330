"""The commands in docs/upgrading.md work as written."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed, scrapy
from documents import indented_lines, part

from crawler import __version__

if TYPE_CHECKING:
    from pathlib import Path

UPGRADING = (ROOT / "docs" / "upgrading.md").read_text(encoding="utf-8")


def crawl(feed: Path, limit: str) -> subprocess.CompletedProcess[str]:
    """Crawl the sample."""
    arguments = ("mirror=sample", limit, f"feed={feed}")
    return scrapy("crawl", "epoch_mirror", *(f"-a{one}" for one in arguments))


@pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine")
def test_the_version_that_read_a_line_can_be_determined(tmp_path: Path) -> None:
    """Every line of the feed is in one of the ranges; a run without new lines has none."""
    feed = tmp_path / "feeds" / "news"
    for limit in ("limit=3", "limit=5", "limit=", "limit="):
        assert crawl(feed, limit).returncode == 0
    [command] = indented_lines(part(UPGRADING, "Which version read a line"))
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    ranges = [line.split(" ") for line in done.stdout.splitlines()]
    assert [version for _, _, version in ranges] == [__version__] * 3
    data = (feed / "articles.jsonl").read_bytes()
    told = [json.loads(line)["id"] for line in data.splitlines()]
    counted = [data[int(begin) : int(end)].count(b"\n") for begin, end, _ in ranges]
    assert counted == [3, 5, len(told) - 8]


def test_no_line_is_lost_when_a_new_feed_takes_the_place_of_the_old(tmp_path: Path) -> None:
    """As documented: two directories are renamed, and the next run continues."""
    feeds = tmp_path / "feeds"
    for name in ("news", "news.new"):
        assert crawl(feeds / name, "limit=5").returncode == 0
    said = part(UPGRADING, "When the readers get better")
    for command in re.findall(r"^ {4}(mv .+)$", said, re.MULTILINE):
        subprocess.run(["/bin/sh", "-c", command], cwd=tmp_path, check=True)
    assert sorted(path.name for path in feeds.iterdir()) == ["news", "news.old"]
    assert crawl(feeds / "news", "limit=").returncode == 0
    ids = Feed(feeds / "news").ids
    assert len(set(ids)) == len(ids) > 5
