"""Scrapy features that could break the guarantees of a run, and crawls from a script."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed, clean_environment, scrapy, story
from mirrorkit import Group, MirrorBuilder, Section
from scrapy.settings import Settings

from crawler.exceptions import WrongUsage
from crawler.run.scrapy_settings import (
    require_exports_apart,
    require_usable_values,
    require_working_features,
)

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


def settings_with(**given: object) -> Settings:
    """Return the project's settings with some of the command line's."""
    settings = Settings()
    settings.setmodule("crawler.settings", priority="project")
    settings.setdict(given, priority="cmdline")
    return settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CONCURRENT_ITEMS", "x", "CONCURRENT_ITEMS must be a number, such as 100, not 'x'"),
        ("DOWNLOAD_TIMEOUT", "", "DOWNLOAD_TIMEOUT must be a number"),
        ("MEMUSAGE_ENABLED", "maybe", "MEMUSAGE_ENABLED must be True or False"),
        ("STATS_CLASS", "x", "STATS_CLASS must be the path of a class, such as 'scrapy."),
        ("SCHEDULER", "no.such.Scheduler", "SCHEDULER must be the path of a class"),
        ("LOG_LEVEL", "info", "LOG_LEVEL must be one of CRITICAL, ERROR, WARNING, INFO, DEBUG"),
        ("LOG_FILE", "/no/such/log", "LOG_FILE=/no/such/log cannot be written (No such file"),
        ("LOG_FILE", "{}", " cannot be written (Is a directory)"),
        ("LOG_FILE", "{}/fifo", "/fifo cannot be written (No such device"),
        ("LOG_FILE", "{}/articles.jsonl", "/articles.jsonl has the name of a feed's file"),
    ],
)
def test_a_value_that_scrapy_cannot_use(tmp_path: Path, name: str, value: str, says: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(WrongUsage, match=re.escape(says)):
        require_usable_values(settings_with(**{name: value.format(tmp_path)}))


def test_values_that_scrapy_can_use(tmp_path: Path) -> None:
    """Fractions, paths of other classes, settings that Scrapy does not know."""
    log = tmp_path / "log"
    log.write_text("before\n")
    require_usable_values(
        settings_with(
            DOWNLOAD_TIMEOUT="0.5", STATS_CLASS="scrapy.statscollectors.DummyStatsCollector",
            READERS="x", MINE="y", LOG_LEVEL="ERROR", LOG_FILE=str(log), LOG_ENCODING="utf-8",
        )
    )  # fmt: skip
    assert log.read_text() == "before\n"


@pytest.mark.parametrize("name", ["ITEM_PIPELINES", "EXTENSIONS", "DOWNLOADER_MIDDLEWARES"])
def test_a_run_needs_its_components(name: str) -> None:
    """Without them it would say that it is complete and have written nothing, or ask anybody."""
    require_working_features(settings_with())
    with pytest.raises(WrongUsage, match=f"{name} lacks .*, which a run needs"):
        require_working_features(settings_with(**{name: {}}))
    off = dict.fromkeys(settings_with()[name])
    with pytest.raises(WrongUsage, match=f"{name} lacks"):
        require_working_features(settings_with(**{name: off}))


@pytest.mark.parametrize(
    ("export", "says"),
    [
        ("{0}/feed/articles.jsonl", "is a file of the feed itself"),
        ("file://{0}/feed/runs.jsonl", "is a file of the feed itself"),
        ("{0}/feed/../feed/lock", "is a file of the feed itself"),
        ("{0}/hard", "is a file of the feed itself"),
        ("{0}/soft", "is a file of the feed itself"),
        ("{0}/fifo", "is a FIFO that nobody reads"),
    ],
)
def test_an_export_keeps_off_the_feed(tmp_path: Path, export: str, says: str) -> None:
    """It would overwrite published lines or wait without end; it is refused before anything is written."""
    own = tmp_path / "feed" / "articles.jsonl"
    own.parent.mkdir()
    own.write_text("published\n")
    (tmp_path / "hard").hardlink_to(own)
    (tmp_path / "soft").symlink_to(own)
    os.mkfifo(tmp_path / "fifo")
    uri = export.format(tmp_path)
    with pytest.raises(WrongUsage, match=says):
        require_exports_apart(settings_with(FEEDS={uri: {"format": "json"}}), own.parent)
    for other in (f"{own.parent}/other.jsonl", "stdout:", "ftp://host/articles.jsonl"):
        require_exports_apart(settings_with(FEEDS={other: {"format": "json"}}), own.parent)


def test_published_lines_survive_an_export_to_their_file(crawl: Crawl, tmp_path: Path) -> None:
    assert crawl("mirror=sample", "limit=3").exit_code == 0
    feed = Feed(tmp_path / "feed")
    before = feed.snapshot()
    result = crawl("mirror=sample", options=["-O", str(feed.directory / "articles.jsonl")])
    assert result.exit_code == 2
    assert "is a file of the feed itself, which already has every article: name" in result.log
    assert feed.snapshot() == before


def test_a_log_on_a_full_disk_does_not_end_the_run(crawl: Crawl) -> None:
    """Standard error says that the log is incomplete, without a traceback."""
    result = crawl("mirror=sample", "limit=3", options=["--logfile", "/dev/full"])
    assert (result.exit_code, len(result.feed.ids)) == (0, 3), result.log
    assert set(result.log.splitlines()) == {"the log cannot be written: No space left on device"}


@pytest.mark.parametrize("option", ["--logfile", "--pidfile", "--profile"])
def test_a_file_of_the_command_line_that_cannot_be_written(crawl: Crawl, option: str) -> None:
    result = crawl("mirror=sample", options=[option, "/no/such/file"])
    assert (result.exit_code, result.feed.directory.exists()) == (2, False)
    assert "/no/such/file cannot be written (No such file or directory): name an" in result.log
    assert "Traceback" not in result.log


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
    line = ("runspider", "crawler/spiders/epoch_mirror.py")
    ended = {}
    (tmp_path / "README.md").write_bytes(UNREADABLE)
    for mirror in ("sample", str(tmp_path), "nobody"):
        feed = tmp_path / "feeds" / mirror.strip("/").replace("/", "-")
        done = scrapy(*line, "-a", f"mirror={mirror}", "-a", f"feed={feed}")
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


def test_a_crawl_from_a_thread_has_its_line(tmp_path: Path) -> None:
    """A notebook or a task runner has no main thread to spare; signals are its own then."""
    code = SCRIPT.format(
        process="AsyncCrawlerProcess",
        arguments=f"mirror='sample', feed={str(tmp_path)!r}, limit=2",
        before="",
    ).replace("process.start()", "process.start(install_signal_handlers=False)")
    code = f"import threading\nthread = threading.Thread(target=exec, args=({code!r}, {{}}))\n"
    env = clean_environment({"SCRAPY_SETTINGS_MODULE": "crawler.settings"})
    done = subprocess.run(
        [sys.executable, "-c", code + "thread.start()\nthread.join()"],
        cwd=ROOT, env=env, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert [run["status"] for run in Feed(tmp_path).runs] == ["limited"], done.stderr


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
    result = crawl(f"mirror={directory}", env={"PYTHONPATH": f"{site}:{ROOT}"}, fresh=True)
    assert r"\x1b]0;pwned\x07\u202e\x9b[red]" in result.log
    assert not set("\x1b\x07\u202e\x9b") & set(result.log)
