"""Fixtures shared by several tests; their code is in the other modules of this directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from corpus import corpus  # noqa: F401 - a fixture
from crawling import Feed, scrapy, start_crawl
from gitserver import MIRROR, Repository
from hypothesis import settings
from misbehaving import MisbehavingServer

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from crawling import Crawl, Result

settings.register_profile("fixed", derandomize=True, deadline=None)
settings.register_profile("search", deadline=None, max_examples=1000)


def pytest_configure(config: pytest.Config) -> None:
    """Let Hypothesis search for new examples only in the long tests; the others are repeatable."""
    short = "not soak" in config.getoption("markexpr")
    settings.load_profile("fixed" if short else "search")


@pytest.fixture(scope="session")
def chromium() -> None:
    """Skip the test if there is no browser."""
    from crawler.exceptions import WrongUsage  # noqa: PLC0415 - most tests need none of it
    from crawler.transports.browser.executable import find_chromium  # noqa: PLC0415

    try:
        find_chromium()
    except WrongUsage as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of three articles in two commits."""
    repository = Repository(tmp_path_factory.mktemp("template") / "mirror.git")
    first = repository.commit({"README.md": b"first"})
    repository.commit(MIRROR, parent=first)
    return repository.path


@pytest.fixture
def published(template: Path, tmp_path: Path) -> Repository:
    """A copy of ``template`` of the test's own."""
    return Repository(tmp_path / "served" / "mirror.git", like=template)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Directory for clones."""
    return tmp_path / "cache"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report all tests skipped for lack of a browser at one location, so that pytest prints one line."""
    report = yield
    if report.skipped and report.when == "setup" and "chromium" in item.fixturenames:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        report.longrepr = (__file__, 0, reason)
    return report


@pytest.fixture(scope="session")
def sample_feed(tmp_path_factory: pytest.TempPathFactory) -> Feed:
    """Return the feed of a first crawl of the sample; a test that changes it makes a copy."""
    directory = tmp_path_factory.mktemp("sample") / "feed"
    done = scrapy("crawl", "epoch_mirror", "-a", "mirror=sample", "-a", f"feed={directory}")
    assert done.returncode == 0, done.stderr
    return Feed(directory)


@pytest.fixture
def crawl(tmp_path: Path) -> Crawl:
    """Return a function that runs a crawl to its end in a process of its own."""

    def run(*arguments: str, feed: Path | None = None, **how: Any) -> Result:
        return start_crawl(*arguments, feed=feed or tmp_path / "feed", **how).finish()

    return run


@pytest.fixture
def serve() -> Iterator[Callable[[Path], MisbehavingServer]]:
    """Return a function that serves a directory on loopback until the test ends."""
    servers: list[MisbehavingServer] = []

    def start(directory: Path) -> MisbehavingServer:
        server = MisbehavingServer(directory)
        server.__enter__()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)
