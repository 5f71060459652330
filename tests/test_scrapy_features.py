"""Scrapy features that could break the guarantees of a run, and crawls from a script."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed, clean_environment, story
from mirrorkit import Group, MirrorBuilder, Section

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Crawl

SCRIPT = """
import sys
from scrapy.crawler import AsyncCrawlerProcess, CrawlerProcess
from scrapy.utils.project import get_project_settings
from crawler.spiders.epoch_mirror import EpochMirrorSpider
settings = get_project_settings()
{before}
process = {process}(settings)
process.crawl(EpochMirrorSpider, {arguments})
process.start()
"""

UNREADABLE = b"\xff\xfe\x00"
"""A home page that is not text; a directory without one is refused before the run."""


def script(arguments: str, process: str = "CrawlerProcess", before: str = "") -> str:
    """Crawl from a script; return the log."""
    code = SCRIPT.format(process=process, arguments=arguments, before=before)
    env = clean_environment({"SCRAPY_SETTINGS_MODULE": "crawler.settings"})
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, check=False, capture_output=True, text=True
    )
    return done.stderr


def test_jobdir_is_refused(crawl: Crawl, tmp_path: Path) -> None:
    """Replaying its queue would write wrong lines."""
    result = crawl("mirror=sample", settings={"JOBDIR": tmp_path / "job"})
    assert (result.exit_code, result.feed.directory.exists()) == (2, False)
    assert "JOBDIR" in result.log
    assert "a new run continues where the last one ended" in result.log


@pytest.mark.parametrize(
    "export",
    ["/dev/full:jsonlines", "/proc/x.jsonl", "{}/file/x.csv", "ftp://127.0.0.1:1/x.jsonl"],
)
def test_an_export_that_cannot_be_written(crawl: Crawl, tmp_path: Path, export: str) -> None:
    """Reported once, in the log and in the run's line; the feed is complete."""
    (tmp_path / "file").touch()
    result = crawl("mirror=sample", options=["-O", export.format(tmp_path)])
    assert (result.exit_code, result.run["status"], result.run["exit_code"]) == (3, "partial", 3)
    assert result.run["reason"].startswith("the export (-O, FEEDS) is incomplete: ")
    assert len(result.feed.ids) == 93
    assert result.log.count("ERROR: the export (-O, FEEDS) is incomplete") == 1


def test_an_export_that_is_written(crawl: Crawl, tmp_path: Path) -> None:
    result = crawl("mirror=sample", options=["-O", f"{tmp_path}/x.jsonl"])
    assert (result.exit_code, result.warnings) == (0, [])
    assert (tmp_path / "x.jsonl").read_bytes().count(b"\n") == 93


def test_runspider_ends_as_crawl_does(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "scrapy", "runspider", "crawler/spiders/epoch_mirror.py"]
    ended = {}
    (tmp_path / "README.md").write_bytes(UNREADABLE)
    for mirror in ("sample", str(tmp_path), "nobody"):
        feed = tmp_path / "feeds" / mirror.strip("/").replace("/", "-")
        done = subprocess.run(
            [*line, "-a", f"mirror={mirror}", "-a", f"feed={feed}"],
            cwd=ROOT, env=clean_environment(), check=False, capture_output=True,
        )  # fmt: skip
        runs = Feed(feed).runs
        ended[mirror] = (done.returncode, runs[-1]["status"] if runs else None)
    assert ended == {
        "sample": (0, "complete"),
        str(tmp_path): (4, "unusable"),
        "nobody": (2, None),
    }


@pytest.mark.parametrize("process", ["CrawlerProcess", "AsyncCrawlerProcess"])
def test_a_crawl_from_a_script_has_its_line(tmp_path: Path, process: str) -> None:
    """Whether complete or unusable; arguments may be Python values."""
    feed = Feed(tmp_path / "feed")
    log = script(
        f"mirror='sample', feed={str(feed.directory)!r}, limit=None, via=None, name=None, "
        "sections=['ncid900101', 'nf900201'], recheck=False, fallback=[]",
        process,
    )
    assert [run["status"] for run in feed.runs] == ["complete"], log
    none = Feed(tmp_path / "no-feed")
    (tmp_path / "README.md").write_bytes(UNREADABLE)
    log = script(f"mirror={str(tmp_path)!r}, feed={str(none.directory)!r}", process)
    assert [run["status"] for run in none.runs] == ["unusable"], log


def test_a_feed_that_a_script_does_not_name(tmp_path: Path) -> None:
    log = script(
        "mirror='sample', feed=None, limit=2",
        before=f"settings['FEEDS_DIRECTORY'] = {str(tmp_path)!r}",
    )
    assert Feed(tmp_path / "sample").runs[-1]["status"] == "limited", log


@pytest.mark.parametrize(
    ("process", "before"),
    [
        ("CrawlerProcess", "settings['TWISTED_REACTOR'] = None"),
        (
            "CrawlerProcess",
            "settings['TWISTED_REACTOR'] = 'twisted.internet.selectreactor.SelectReactor'",
        ),
        ("AsyncCrawlerProcess", "settings['TWISTED_REACTOR_ENABLED'] = False"),
    ],
)
def test_a_foreign_reactor_is_refused(tmp_path: Path, process: str, before: str) -> None:
    log = script(f"mirror='sample', feed={str(tmp_path / 'feed')!r}", process, before)
    assert re.search(r"WrongUsage: TWISTED_REACTOR\S* is not supported", log), log
    assert not (tmp_path / "feed").exists()


def test_names_from_the_mirror_are_printable_in_the_log(crawl: Crawl, tmp_path: Path) -> None:
    """Whichever logger, and although Scrapy replaces the handler when a crawl begins."""
    directory = tmp_path / "mirror"
    mirror = MirrorBuilder((Group("海岛", (Section("ncid1", "青屿"),)),))
    mirror.publish(story(1), "ncid1")
    mirror.write(directory)
    index = next(directory.glob("indexes/*/README.md"))
    evil = "\x1b]0;pwned\x07\u202e\x9b[red]"
    index.write_text(index.read_text() + f"\n### [{evil}](/{evil}/x.md)\n")
    (site := tmp_path / "site").mkdir()
    (site / "sitecustomize.py").write_text(
        "import crawler.extensions.progress as progress\n"
        f"progress.Progress.line = lambda self: {evil!r}\n"
        "progress.LOG_EVERY = 0.01\n"
    )
    result = crawl(f"mirror={directory}", env={"PYTHONPATH": f"{site}:{ROOT}"})
    assert r"\x1b]0;pwned\x07\u202e\x9b[red]" in result.log
    assert not set("\x1b\x07\u202e\x9b") & set(result.log)
