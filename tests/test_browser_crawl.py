"""Whole crawls in a real Chromium: ``scrapy crawl epoch_mirror -a via=browser``."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from crawling import (
    Crawl,
    Feed,
    Result,
    assert_sound,
    mirrors_file,
    page_of,
    start_crawl,
    story,
)
from mirrorkit import MirrorBuilder, Picture, move_away
from misbehaving import MisbehavingServer, busy, status
from processes import Process, browser_of, descendants, wait_until
from standin import StandIn, serving, sites

from crawler.formats.epoch.rendered import UNSUPPORTED_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from crawling import Running

pytestmark = pytest.mark.usefixtures("chromium")

ONE, TWO = "ncid1", "nf2"
DAY = 86400.0
OF_THE_WAY = {"crawled_at", "mirror_url", "mirror"}


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a mirror of eight stories in two sections."""
    directory = tmp_path / "mirror"
    builder = MirrorBuilder.simple(ONE, TWO)
    picture = Picture("https://i.epochtimes.com/assets/uploads/2023/01/id1-600x400.jpg", "青屿港")
    for number in range(1, 9):
        lead = picture if number % 2 else None
        builder.publish(story(number, lead=lead), ONE, *([TWO] if number % 4 == 0 else []))
    builder.write(directory)
    return directory


@pytest.fixture
def site(mirror: Path) -> Iterator[StandIn]:
    """Run the stand-in for that mirror; no other host may get a request."""
    with sites(mirror) as (site, elsewhere):
        yield site
        assert elsewhere.hits.paths == []


def seen(line: dict[str, Any]) -> dict[str, Any]:
    """Return the keys of a line that a browser can see and that do not depend on the transport."""
    return {key: line[key] for key in line if key not in UNSUPPORTED_KEYS | OF_THE_WAY}


def stat(result: Result, name: str) -> int:
    """Return a value of Scrapy's stats."""
    found = re.search(rf"'{name}': (\d+)", result.log)
    assert found, result.log
    return int(found[1])


def by_id(feed: Feed) -> dict[str, dict[str, Any]]:
    return {line["id"]: line for line in feed.articles}


def files_asked(site: StandIn) -> list[str]:
    """Return the requested files of the mirror, in order."""
    prefix = len(site.prefix)
    return [path[prefix:] for path in site.hits.paths if path.startswith(site.prefix)]


# -- a crawl ------------------------------------------------------------------------------------


class Forwarder(ThreadingHTTPServer):
    """A proxy that forwards all requests to the mirror's host, whatever host they name.

    Attributes:
        asked: requested hosts.
        passwords: received ``Proxy-Authorization`` headers.
    """

    daemon_threads = True

    def __init__(self, place: tuple[str, int]) -> None:
        """Forward all requests to ``place``."""
        super().__init__(("127.0.0.1", 0), _ForwarderHandler)
        self.place = place
        self.asked: set[str] = set()
        self.passwords: set[str] = set()


class _ForwarderHandler(BaseHTTPRequestHandler):
    server: Forwarder

    def do_GET(self) -> None:
        """Forward one request."""
        parts = urlsplit(self.path)
        self.server.asked.add(parts.netloc)
        password = self.headers["Proxy-Authorization"]
        if password is None:
            self.send_response(407)
            self.send_header("Proxy-Authenticate", 'Basic realm="test"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.server.passwords.add(password)
        far = HTTPConnection(*self.server.place)
        far.request("GET", parts.path, headers={"User-Agent": self.headers["User-Agent"]})
        answer = far.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Server", "Date"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        far.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def forwarding(site: StandIn) -> Iterator[Forwarder]:
    """Run a proxy in front of ``site``."""
    proxy = Forwarder(("127.0.0.1", site.server_port))
    running = serving([proxy])
    next(running)
    try:
        yield proxy
    finally:
        running.close()


def test_a_crawl_yields_the_same_articles_as_the_directory(
    crawl: Crawl, site: StandIn, mirror: Path, tmp_path: Path
) -> None:
    """Through the environment's proxy, from a host that is busy for a while."""
    site.faults = {page_of(ONE, 5): "busy_once"}
    site.retry_after = 1
    expected = crawl(f"mirror={mirror}", feed=tmp_path / "expected")
    with forwarding(site) as proxy:
        base = f"http://mirror.invalid{site.prefix}"
        arguments = (f"mirror={base}", "via=browser", "name=mirror")
        given = {
            "settings": {"PACE_DELAY": 0, "STATS_DUMP": True},
            "env": {"http_proxy": f"http://reader:secret@127.0.0.1:{proxy.server_port}"},
        }
        result = crawl(*arguments, **given)  # type: ignore[arg-type]
        asked = files_asked(site)
    assert (result.exit_code, result.run["status"], result.run["way"]) == (0, "complete", "browser")
    assert result.run["failures"] == {}
    lines, wanted = by_id(result.feed), by_id(expected.feed)
    assert {name: seen(line) for name, line in lines.items()} == {
        name: seen(line) for name, line in wanted.items()
    }
    assert sorted(result.feed.pairs) == sorted(expected.feed.pairs)
    for name, line in lines.items():
        assert {key for key in line if line[key] is None} >= UNSUPPORTED_KEYS
        assert line["mirror_url"] == f"{base}pages/{ONE}/{name}.md"
    assert_sound(result.feed)
    # every page once, a thin article's other copy too, except for the one that was busy
    assert asked.count(page_of(ONE, 5)) == 2
    assert len(asked) == len(set(asked)) + 1 == len(result.feed.pairs) + 3 + 1
    assert site.hits.paths.count("/robots.txt") == 1
    assert "'epoch/parked/count': 1" in result.log
    # tabs are reused
    assert stat(result, "epoch/browser/tabs") < len(asked) / 2
    # only the proxy is contacted; it gets its password, and the mirror does not
    assert proxy.asked == {"mirror.invalid"}
    assert len(proxy.passwords) == 1
    assert "secret" not in result.log


@pytest.mark.soak
def test_failed_pages_are_counted_and_read_by_the_next_run(crawl: Crawl, site: StandIn) -> None:
    """Status 3; the run lists them with their reasons, and the other pages are written."""
    faults = {page_of(ONE, 3): "attachment", page_of(ONE, 6): "not_found_200"}
    site.faults = dict(faults)
    arguments = (f"mirror={site.base}", "via=browser", "name=mirror")
    settings = {"BROWSER_PAGE_SECONDS": 20, "BROWSER_CONTEXTS": 2, "RETRY_TIMES": 0}
    result = crawl(*arguments, settings=settings)
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log
    assert result.run["failures"] == {
        "not_a_page": {"count": 1, "ids": [story(3).id]},
        "missing": {"count": 1, "ids": [story(6).id]},
    }
    assert "Traceback" not in result.log
    site.faults = {}
    again = crawl(*arguments, settings=settings)
    assert (again.exit_code, again.run["articles"]) == (0, 2), again.log
    assert len(again.feed.ids) == 8
    assert_sound(again.feed)


def test_robots_txt_is_obeyed_before_any_page(crawl: Crawl, site: StandIn) -> None:
    """If it disallows the pages, none is requested and no browser starts."""
    site.robots = "User-agent: *\nDisallow: /*/blob/\n"
    result = crawl(f"mirror={site.base}", "via=browser", settings={"STATS_DUMP": True})
    assert (result.exit_code, result.run["status"]) == (4, "unusable"), result.log
    assert site.hits.paths == ["/robots.txt"]
    assert "epoch/browser/launches" not in result.log


@pytest.mark.soak
def test_a_host_that_stays_busy_ends_the_run(crawl: Crawl, site: StandIn) -> None:
    """Status 75; an error page with status 200 counts as well."""
    site.faults = {"README.md": "rate_limit_200"}
    result = crawl(f"mirror={site.base}", "via=browser", settings={"PARK_BUDGET": 5})
    assert (result.exit_code, result.run["status"]) == (75, "later"), result.log
    assert files_asked(site) == ["README.md"]


def test_a_missing_chromium_is_reported_before_the_crawl(crawl: Crawl, site: StandIn) -> None:
    """Status 2, and how to install it; the host gets no request."""
    settings = {"BROWSER_EXECUTABLE": "/nowhere/chromium"}
    result = crawl(f"mirror={site.base}", "via=browser", settings=settings)
    assert result.exit_code == 2, result.log
    assert "apt-get install chromium" in result.log
    assert "Traceback" not in result.log
    assert site.hits.paths == []


def scripted(place: Path, launch: str) -> str:
    """Return a fake Chromium that prints its version, and runs ``launch`` when it is started."""
    program = place / "chromium"
    version = 'case "$*" in --version) echo Chromium 1; exit 0;; esac'
    program.write_text(f"#!/bin/sh\n{version}\necho x >>{place}/launches\n{launch}\n")
    program.chmod(0o700)
    return str(program)


def test_a_chromium_that_does_not_start_ends_the_run(
    crawl: Crawl, site: StandIn, tmp_path: Path, mirror: Path
) -> None:
    """After three launches in all, not for every page, with one driver, and with its own output."""
    launch = "echo no room in /dev/shm >&2; exit 1"
    settings = {"BROWSER_EXECUTABLE": scripted(tmp_path, launch), "RETRY_TIMES": 0}
    for number in range(1, 9):  # the fallback is used for all pages
        (mirror / page_of(ONE, number)).unlink()
    result = crawl(f"mirror={site.base}", "via=browser", "name=mirror", settings=settings)
    assert (result.exit_code, result.run["articles"]) == (4, 0), result.log
    assert "no room in /dev/shm" in result.log
    assert "Traceback" not in result.log
    assert len((tmp_path / "launches").read_text().split()) <= 3


@pytest.mark.soak
def test_a_chromium_that_does_not_start_ends_a_run_that_falls_back(
    fall_back: tuple[MisbehavingServer, Callable[..., Result]], tmp_path: Path, site: StandIn
) -> None:
    raw, run = fall_back
    raw.behave("/pages/*", status(403))
    launch = "echo no room in /dev/shm >&2; exit 1"
    result = run("fallback=browser", env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
                 options=["-s", f"BROWSER_EXECUTABLE={scripted(tmp_path, launch)}"])  # fmt: skip
    assert (result.exit_code, result.run["status"]) == (2, "usage"), result.log
    assert "no room in /dev/shm" in result.run["reason"]
    assert len((tmp_path / "launches").read_text().split()) <= 4
    assert files_asked(site) == []


# -- how it ends ----------------------------------------------------------------------------------


@contextmanager
def crawling(site: StandIn, feed: Path, **settings: Any) -> Iterator[tuple[Running, list[Process]]]:
    """Start a crawl; yield it and its processes after two lines are written."""
    running = start_crawl(
        f"mirror={site.base}", "via=browser", "name=mirror", feed=feed, settings=settings
    )
    try:
        running.wait_for(lambda: running.feed.data("articles.jsonl").count(b"\n") >= 2)
        yield running, descendants(running.process.pid)
    finally:
        if running.process.poll() is None:
            running.process.kill()
            running.process.wait()
        running.output.close()


def assert_gone(processes: list[Process]) -> None:
    """Assert that all of a crawl's processes end."""
    assert len(processes) > 5, processes
    assert wait_until(lambda: not any(process.alive for process in processes)), [
        process for process in processes if process.alive
    ]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGTERM, 143),
        pytest.param(signal.SIGINT, 130, marks=pytest.mark.soak),
    ],
)
def test_a_signal_ends_the_run(
    site: StandIn, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    """Long before a hanging page times out; what was read is written, and no Chromium is left."""
    site.faults = {page_of(ONE, 3): "silent"}
    with crawling(site, tmp_path / "feed", BROWSER_PAGE_SECONDS=600) as (running, processes):
        running.wait_for(lambda: page_of(ONE, 3) in files_asked(site))
        running.send(number)
        result = running.finish()
    assert (result.exit_code, result.run["status"]) == (code, "interrupted"), result.log
    assert len(result.feed.ids) >= 2
    assert_sound(result.feed)
    assert_gone(processes)


@pytest.mark.soak
def test_a_killed_crawler_leaves_no_chromium_and_a_valid_feed(
    site: StandIn, tmp_path: Path
) -> None:
    """After kill -9 while a page hangs."""
    site.faults = {page_of(ONE, 3): "hung"}
    with crawling(site, tmp_path / "feed", BROWSER_PAGE_SECONDS=600) as (running, processes):
        running.wait_for(lambda: page_of(ONE, 3) in files_asked(site))
        running.process.kill()
        running.process.wait()
    assert_gone(processes)
    # the next run cuts off what follows the last newline
    assert len(running.feed.ids) >= 2


@pytest.mark.soak
def test_a_dead_browser_loses_no_page(site: StandIn, tmp_path: Path) -> None:
    """Another browser renders the remaining pages, and none outlives the run."""
    with crawling(site, tmp_path / "feed", STATS_DUMP=True) as (running, processes):
        os.kill(browser_of(processes).pid, signal.SIGKILL)
        result = running.finish()
    assert (result.exit_code, result.run["failures"]) == (0, {}), result.log
    assert len(result.feed.ids) == 8
    assert "'epoch/browser/launches': 2" in result.log
    assert "Traceback" not in result.log
    assert_gone(processes)


# -- pages that fail by HTTP ----------------------------------------------------------------------


@pytest.fixture
def fall_back(
    crawl: Crawl, site: StandIn, mirror: Path, serve: Callable[[Path], MisbehavingServer]
) -> tuple[MisbehavingServer, Callable[..., Result]]:
    """Return the host of the raw files, and a crawl of it with the site as fallback."""
    raw = serve(mirror)
    file = mirrors_file(mirror.parent, "small", http=raw.base, browser=site.base)
    settings = {"MIRRORS_FILE": file, "RETRY_TIMES": 0, "PARK_FIRST_WAIT": 0.2, "STATS_DUMP": True}

    def run(*arguments: str, **how: Any) -> Result:
        return crawl("mirror=small", "via=http", *arguments, settings=settings, **how)

    return raw, run


@pytest.mark.soak
def test_forbidden_and_set_aside_pages_are_read_in_the_browser(
    fall_back: tuple[MisbehavingServer, Callable[..., Result]], site: StandIn
) -> None:
    """Once. Pages of a busy or broken host are not, because a later run can read them in full."""
    raw, run = fall_back
    # the first page is parked; later responses show that the host is not busy
    refused, gone, broken, limited = (page_of(ONE, number) for number in (1, 2, 3, 8))
    raw.behave(f"/{refused}", status(403))
    raw.behave(f"/{gone}", status(404))
    raw.behave(f"/{broken}", status(500))
    raw.behave(f"/{limited}", busy())
    first = run()
    assert first.exit_code == 3, first.log
    assert len(first.feed.ids) == 4
    assert site.hits.paths == []
    with sqlite3.connect(first.feed.directory / "state.sqlite") as state:
        now = time.time()
        state.execute(
            "UPDATE failures SET first = ?, last = ? WHERE key != ?",
            (now - 15 * DAY, now - 8 * DAY, story(1).id),
        )
    state.close()
    second = run("fallback=browser")
    assert sorted(files_asked(site)) == [refused, gone]
    # of the one that is limited there is another copy, which is enough after a week
    assert sorted(second.feed.ids[4:]) == [story(number).id for number in (1, 2, 8)]
    for number in (1, 2):
        line = second.feed.article(story(number).id)
        assert all(line[key] is None for key in UNSUPPORTED_KEYS)
        assert line["content_text"] == "\n\n".join(story(number).blocks)
        assert line["mirror_url"] == f"https://example.org/small/blob/master/{page_of(ONE, number)}"
    assert set(second.run["failures"]) == {"http_500"}
    assert set(second.run["set_aside"]) == {story(3).id}
    assert second.exit_code == 0, second.log
    assert_sound(second.feed)


def test_the_fallback_follows_a_move(
    crawl: Crawl, tmp_path: Path, site: StandIn, mirror: Path,
    serve: Callable[[Path], MisbehavingServer],
) -> None:  # fmt: skip
    """The fallback requests pages at the new address."""
    host = tmp_path / "host"
    shutil.copytree(mirror, host / "owner" / "mirror")
    MirrorBuilder.simple(ONE).write(host / "old-owner" / "mirror")
    move_away(host / "old-owner" / "mirror", "owner/mirror")
    raw = serve(host)
    refused = page_of(ONE, 1)
    raw.behave(f"/owner/mirror/{refused}", status(403))
    file = mirrors_file(
        tmp_path,
        "small",
        public="https://github.com/old-owner/mirror/blob/master/",
        http=f"{raw.base}old-owner/mirror/",
        browser=site.base.replace("/owner/", "/old-owner/"),
    )
    settings = {"MIRRORS_FILE": file, "RETRY_TIMES": 0}
    result = crawl("via=http", "fallback=browser", "follow_move=true", settings=settings)
    assert (result.exit_code, len(result.feed.ids)) == (0, 8), result.log
    assert files_asked(site) == [refused]
    public = "https://github.com/owner/mirror/blob/master/pages/"
    assert all(line["mirror_url"].startswith(public) for line in result.feed.articles)


def test_the_driver_starts_only_for_a_fallback(
    fall_back: tuple[MisbehavingServer, Callable[..., Result]], site: StandIn, tmp_path: Path
) -> None:
    """Not in a run without fallbacks or without the browser, but with the first forbidden page."""
    raw, run = fall_back
    node, started = tmp_path / "node", tmp_path / "started"
    node.write_text(f"#!/bin/sh\ntouch {started}\nexit 1\n")
    node.chmod(0o700)
    env = {"PLAYWRIGHT_NODEJS_PATH": str(node)}
    result = run("fallback=browser", env=env)
    assert (result.exit_code, len(result.feed.ids)) == (0, 8), result.log
    assert site.hits.paths == []
    assert not started.exists()
    raw.behave(f"/{page_of(ONE, 1)}", status(403))
    broken = run("fallback=browser", env=env, feed=tmp_path / "other")
    assert broken.exit_code == 3, broken.log
    assert started.exists()
    assert len(broken.feed.ids) == 7
