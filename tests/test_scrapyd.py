"""A real Scrapyd on loopback: ``scrapyd-deploy`` uploads an egg, and its jobs write feeds."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
from crawling import Feed, clean_environment
from mirrorkit.bulk import large_mirror
from packaging_kit import copy_sources

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = """
[scrapyd]
bind_address = 127.0.0.1
http_port = {port}
poll_interval = 0.2
max_proc = 2
"""


@dataclass(frozen=True)
class Scrapyd:
    """A running Scrapyd.

    Attributes:
        url: its address.
        place: its working directory, and the home of its jobs.
    """

    url: str
    place: Path

    def get(self, action: str, **parameters: str) -> dict[str, Any]:
        """Call a method of its API."""
        return self._ask(f"{self.url}{action}.json?{urlencode(parameters)}", None)

    def schedule(self, **parameters: str) -> str:
        """Schedule a job of the spider; return its id."""
        body = {"project": "epoch_mirror", "spider": "epoch_mirror", **parameters}
        job: str = self._ask(f"{self.url}schedule.json", urlencode(body).encode())["jobid"]
        return job

    def log_of_finished(self, job: str, seconds: float = 180) -> str:
        """Wait until a job is finished; return its log."""
        log = self.place / "logs" / "epoch_mirror" / "epoch_mirror" / f"{job}.log"
        end = time.monotonic() + seconds
        while job not in {one["id"] for one in self.get("listjobs")["finished"]}:
            assert time.monotonic() < end, log.read_text("utf-8") if log.exists() else "no log"
            time.sleep(0.1)
        return log.read_text(encoding="utf-8")

    def _ask(self, url: str, body: bytes | None) -> dict[str, Any]:
        with urlopen(url, body, timeout=120) as answer:  # noqa: S310 - loopback
            said: dict[str, Any] = json.load(answer)
        assert said["status"] == "ok", said
        return said


@pytest.fixture(scope="module")
def scrapyd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scrapyd]:
    """Start scrapyd, and deploy the project to it."""
    place = tmp_path_factory.mktemp("scrapyd")
    port = free_port()
    (place / "scrapyd.conf").write_text(CONFIGURATION.format(port=port), encoding="utf-8")
    server = Scrapyd(f"http://127.0.0.1:{port}/", place)
    with ExitStack() as stack:
        output = stack.enter_context((place / "output").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-m", "scrapyd", "--pidfile="],
            cwd=place,
            env=clean_environment({"HOME": str(place)}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        stack.callback(process.wait, 120)
        stack.callback(process.terminate)
        wait_for(server, process)
        deploy(server)
        yield server


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def wait_for(server: Scrapyd, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    """Wait until Scrapyd answers."""
    end = time.monotonic() + seconds
    while True:
        assert process.poll() is None, (server.place / "output").read_text("utf-8")
        assert time.monotonic() < end, (server.place / "output").read_text("utf-8")
        try:
            server.get("daemonstatus")
        except (URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return


def deploy(server: Scrapyd) -> None:
    """Run ``scrapyd-deploy`` in a copy of the project that has the server's address."""
    project = copy_sources(server.place / "project")
    configuration = project / "scrapy.cfg"
    text, count = re.subn(r"(?m)^url = .*$", f"url = {server.url}", configuration.read_text())
    assert count == 1
    configuration.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [Path(sys.prefix, "bin", "scrapyd-deploy")],
        cwd=project,
        env=clean_environment({"HOME": str(server.place)}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert '"status": "ok"' in done.stdout, done.stdout + done.stderr


def test_the_spider_is_listed(scrapyd: Scrapyd) -> None:
    assert "epoch_mirror" in scrapyd.get("listspiders", project="epoch_mirror")["spiders"]


def test_a_job_crawls_the_sample_from_the_egg(scrapyd: Scrapyd) -> None:
    """Scrapyd passes ``_job`` to every spider; the feed goes to the user's data directory."""
    log = scrapyd.log_of_finished(scrapyd.schedule())
    feed = Feed(scrapyd.place / ".local" / "share" / "epoch-mirror-crawler" / "feeds" / "sample")
    assert feed.runs, log
    assert (feed.runs[-1]["status"], feed.runs[-1]["exit_code"]) == ("complete", 0), log
    assert len(feed.ids) == len(set(feed.ids)) == feed.runs[-1]["articles"] > 0
    assert "ERROR" not in log


@pytest.mark.soak
def test_a_job_reads_a_large_mirror_with_page_readers(scrapyd: Scrapyd, tmp_path: Path) -> None:
    """Reader processes import the package from the egg as well."""
    articles = 1100
    large_mirror(tmp_path / "mirror", 1, articles)
    wanted = {"mirror": str(tmp_path / "mirror"), "feed": str(tmp_path / "feed")}
    log = scrapyd.log_of_finished(scrapyd.schedule(**wanted, setting="READERS=2"))
    feed = Feed(tmp_path / "feed")
    assert feed.runs, log
    assert feed.runs[-1]["status"] == "complete", log
    assert len(feed.ids) == articles
    assert "WARNING" not in log
