"""Scrapy's own commands in the project, and foreign spiders with its settings."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from accept import EXPECTED
from crawling import ROOT, mirrors_file
from crawling import scrapy as scrapy_command
from misbehaving import redirect

from crawler import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from misbehaving import MisbehavingServer

FOREIGN = '''
"""A spider independent of the project, with a contract for ``scrapy check``."""

import os

from scrapy import Request, Spider


class Foreign(Spider):
    name = "foreign"

    async def start(self):
        yield Request(os.environ["FOREIGN_URL"])

    def parse(self, response):
        """Yield one item.

        @url {url}
        @returns items 1 1
        @scrapes title
        """
        yield {{"title": response.text.strip(), "url": response.url}}
'''


@pytest.fixture
def server(serve: Callable[[Path], MisbehavingServer], tmp_path: Path) -> MisbehavingServer:
    """Return a server of one page, ``page.txt``; ``moved.txt`` redirects to it."""
    directory = tmp_path / "site"
    directory.mkdir()
    (directory / "page.txt").write_text("渡船准点\n", encoding="utf-8")
    server = serve(directory)
    server.behave("/moved.txt", redirect("/page.txt"))
    return server


class Scrapy:
    """Runs ``scrapy`` in the project.

    Attributes:
        directory: holds the module ``foreign_spiders``.
        url: the URL that its spider requests.
    """

    def __init__(self, directory: Path, url: str) -> None:
        self.directory = directory
        self.url = url
        text = FOREIGN.format(url=url)
        (directory / "foreign_spiders.py").write_text(text, encoding="utf-8")

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it with the project's own spiders."""
        environment = {"FOREIGN_URL": self.url, "PYTHONPATH": str(self.directory)}
        return scrapy_command(*words, "-s", f"FEEDS_DIRECTORY={self.feeds}", env=environment)

    def foreign(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run it with the foreign spider in addition to the project's own."""
        return self(*words, "-s", "SPIDER_MODULES=crawler.spiders,foreign_spiders")

    @property
    def feeds(self) -> Path:
        """Directory of the feeds that a command would write."""
        return self.directory / "feeds"


@pytest.fixture
def scrapy(server: MisbehavingServer, tmp_path: Path) -> Scrapy:
    return Scrapy(tmp_path, f"{server.base}page.txt")


def assert_quiet(done: subprocess.CompletedProcess[str]) -> None:
    """Assert that a command succeeded, and that no component of the project logged a problem.

    ``scrapy parse`` of 2.19 itself uses deprecated code, which ``py.warnings`` logs.
    """
    assert done.returncode == 0, done.stderr
    log = "\n".join(line for line in done.stderr.splitlines() if "[py.warnings]" not in line)
    for word in ("Traceback", "ERROR", "WARNING", "Disabled"):
        assert word not in log, log


def test_list_names_the_projects_spiders(scrapy: Scrapy) -> None:
    done = scrapy("list")
    assert_quiet(done)
    assert "epoch_mirror" in done.stdout.split()


def test_settings_are_the_projects(scrapy: Scrapy) -> None:
    done = scrapy("settings", "--get", "USER_AGENT")
    assert_quiet(done)
    assert done.stdout.startswith(f"epoch-mirror-crawler/{__version__} (+https://")


def test_version_prints_the_libraries(scrapy: Scrapy) -> None:
    done = scrapy("version", "-v")
    assert_quiet(done)
    assert "Scrapy       : 2.19" in done.stdout


@pytest.mark.parametrize("spider", [(), ("--spider", "epoch_mirror")], ids=["none", "ours"])
def test_fetch_prints_a_page_of_any_host(scrapy: Scrapy, spider: tuple[str, ...]) -> None:
    done = scrapy("fetch", *spider, scrapy.url)
    assert_quiet(done)
    assert done.stdout == "渡船准点\n\n"
    assert not scrapy.feeds.exists()


def test_fetch_follows_a_redirect(scrapy: Scrapy, server: MisbehavingServer) -> None:
    done = scrapy("fetch", f"{server.base}moved.txt")
    assert_quiet(done)
    assert done.stdout == "渡船准点\n\n"


def test_fetch_obeys_robots_txt(scrapy: Scrapy, tmp_path: Path) -> None:
    (tmp_path / "site" / "robots.txt").write_text("User-agent: *\nDisallow: /page\n")
    assert scrapy("fetch", scrapy.url).stdout == ""


@pytest.mark.parametrize("spider", [(), ("--spider", "epoch_mirror")], ids=["none", "ours"])
def test_the_shell_has_a_response(scrapy: Scrapy, spider: tuple[str, ...]) -> None:
    done = scrapy("shell", *spider, scrapy.url, "-c", "(response.status, response.text.strip())")
    assert_quiet(done)
    assert done.stdout.endswith("(200, '渡船准点')\n")
    assert not scrapy.feeds.exists()


def test_check_finds_no_contract_of_the_projects_spiders(scrapy: Scrapy) -> None:
    done = scrapy("check")
    assert_quiet(done)
    assert "Ran 0 contracts" in done.stderr
    assert not scrapy.feeds.exists()


def test_check_runs_the_contracts_of_a_foreign_spider(scrapy: Scrapy) -> None:
    done = scrapy.foreign("check", "foreign")
    assert_quiet(done)
    assert "Ran 2 contracts" in done.stderr


@pytest.mark.parametrize("pipelines", [(), ("--pipelines",)], ids=["without", "with pipelines"])
def test_parse_prints_the_items_of_a_foreign_spider(
    scrapy: Scrapy, pipelines: tuple[str, ...]
) -> None:
    done = scrapy.foreign("parse", "--spider", "foreign", "--nocolour", *pipelines, scrapy.url)
    assert_quiet(done)
    assert "[{'title': '渡船准点', 'url': " in done.stdout


ARTICLE = "pages/nf900201/n15000304.md"


def test_parse_prints_the_article_of_a_page(scrapy: Scrapy, tmp_path: Path) -> None:
    """Like a crawl, except for its sections, because no list is read. There is no feed."""
    shutil.copytree(ROOT / "sample", tmp_path / "site", dirs_exist_ok=True)
    url = scrapy.url.replace("page.txt", ARTICLE)
    done = scrapy("parse", "--spider", "epoch_mirror", "--nocolour", "--nolinks", url)
    assert_quiet(done)
    [item] = ast.literal_eval(done.stdout[done.stdout.index("[") :])
    lines = map(json.loads, EXPECTED.read_text(encoding="utf-8").splitlines())
    [expected] = [line for line in lines if line["id"] == "n15000304"]
    told_by_lists = {"sections", "mirror", "mirror_url", "crawled_at"}
    assert {key: item[key] for key in expected.keys() - told_by_lists} == {
        key: expected[key] for key in expected.keys() - told_by_lists
    }
    assert item["sections"] == [{"id": "nf900201", "name": "nf900201"}]
    assert item["mirror_url"] == url
    assert not scrapy.feeds.exists()


def test_parse_knows_a_described_mirror(scrapy: Scrapy, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sample", tmp_path / "site", dirs_exist_ok=True)
    file = mirrors_file(tmp_path, "mine", http=scrapy.url.replace("page.txt", ""))
    url = scrapy.url.replace("page.txt", ARTICLE)
    done = scrapy("parse", "--spider", "epoch_mirror", url, "-s", f"MIRRORS_FILE={file}")
    assert "'mirror': 'mine'" in done.stdout
    assert f"'https://example.org/mine/blob/master/{ARTICLE}'" in done.stdout


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("page.txt", "its URL is not that of an article"),
        ("README.md", "its URL is not that of an article"),
        ("pages/nf900201/n1.md", "the host answered 404"),
        ("pages/nf900201/n15000305.md", "it is the page of n15000304"),
    ],
)
def test_parse_says_why_a_page_is_no_article(
    scrapy: Scrapy, tmp_path: Path, path: str, says: str
) -> None:
    site = tmp_path / "site"
    shutil.copytree(ROOT / "sample", site, dirs_exist_ok=True)
    shutil.copyfile(site / ARTICLE, site / "pages" / "nf900201" / "n15000305.md")
    url = scrapy.url.replace("page.txt", path)
    done = scrapy("parse", "--spider", "epoch_mirror", "--nocolour", url)
    assert f"{url}: {says}" in done.stderr
    assert "Traceback" not in done.stderr
    assert "\n[]\n" in done.stdout


@pytest.mark.parametrize("page", ["page.txt", "moved.txt"])
def test_a_foreign_spider_crawls_under_these_settings(
    scrapy: Scrapy, server: MisbehavingServer, tmp_path: Path, page: str
) -> None:
    """Its items go to Scrapy's exports, without passing the project's pipelines."""
    scrapy.url = f"{server.base}{page}"
    done = scrapy.foreign("crawl", "foreign", "-O", str(tmp_path / "items.json"))
    assert_quiet(done)
    items = json.loads((tmp_path / "items.json").read_text(encoding="utf-8"))
    assert items == [{"title": "渡船准点", "url": f"{server.base}page.txt"}]
    assert not scrapy.feeds.exists()


def test_runspider_takes_a_foreign_spider_too(scrapy: Scrapy) -> None:
    done = scrapy("runspider", str(scrapy.directory / "foreign_spiders.py"), "-o", "-:json")
    assert_quiet(done)
    assert json.loads(done.stdout)[0]["title"] == "渡船准点"
