"""The commands and units in docs/operations.md work as written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed
from documents import code_blocks, indented_lines, part

if TYPE_CHECKING:
    from pathlib import Path

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
WRITTEN = "/srv/epoch-mirror-crawler"
"""The directory that stands in the document for the project's."""

_FIELD = r"[\d*/,-]+"


def crontab_command() -> str:
    """Return the command of the crontab line, after the five fields for the time."""
    [line] = indented_lines(part(OPERATIONS, "From a crontab"))
    match = re.fullmatch(rf"(?:{_FIELD} +){{5}}(.*)", line)
    assert match, line
    assert "%" not in match[1], "cron takes % for a line break"
    return match[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project, as on a server after ``make crawl``."""
    program = os.path.join(sys.prefix, "bin", "scrapy")
    if not os.path.exists(program):
        pytest.skip(f"scrapy is not installed as a program: no {program}")
    place = tmp_path / "the project"
    skip = shutil.ignore_patterns("__pycache__")
    for name in ("crawler", "sample"):
        shutil.copytree(ROOT / name, place / name, ignore=skip)
    for name in ("scrapy.cfg", "mirrors.toml"):
        shutil.copy(ROOT / name, place / name)
    (place / ".venv").symlink_to(sys.prefix)
    return place


def run_as_cron(command: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as cron does: minimal environment, /bin/sh, no terminal, another directory."""
    environment = {"HOME": str(home), "LOGNAME": "crawler", "SHELL": "/bin/sh"}
    bare = ["env", "-i", *(f"{k}={v}" for k, v in environment.items()), "PATH=/usr/bin:/bin"]
    return subprocess.run(
        [*bare, "/bin/sh", "-c", command],
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
    )


def put_in(command: str, project: Path) -> str:
    """Return the command with only the project's directory replaced."""
    assert command.count(WRITTEN) == 1
    return command.replace(WRITTEN, str(project).replace(" ", "\\ "))


def test_the_crontab_line_crawls_the_default_mirror(project: Path, tmp_path: Path) -> None:
    done = run_as_cron(put_in(crontab_command(), project), tmp_path)
    log = (project / "crawl.log").read_text(encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), log
    feed = Feed(project / "feeds" / "sample")
    assert len(feed.ids) == len(set(feed.ids)) > 0
    assert feed.runs[-1]["exit_code"] == 0
    assert "exit status 0" in log


def test_the_crontab_line_prints_errors(project: Path, tmp_path: Path) -> None:
    """Cron sends this output by mail."""
    shutil.rmtree(project / "sample")
    done = run_as_cron(put_in(crontab_command(), project), tmp_path)
    assert done.stdout.startswith("epoch_mirror: status 4\n")
    assert "no directory" in done.stdout


def test_the_crontab_line_appends_to_the_log(project: Path, tmp_path: Path) -> None:
    command = put_in(crontab_command(), project)
    for _ in range(2):
        assert run_as_cron(command, tmp_path).stdout == ""
    log = (project / "crawl.log").read_text(encoding="utf-8")
    assert len(re.findall(r"new articles  [1-9]", log)) == 1
    assert len(re.findall(r"new articles  0$", log, re.MULTILINE)) == 1


# -- systemd --------------------------------------------------------------------------------------


def units() -> dict[str, str]:
    """Return the document's units by file name."""
    said = part(OPERATIONS, "As a systemd service")
    names = re.findall(r"^`/etc/systemd/system/([\w@.-]+)`", said, re.MULTILINE)
    return dict(zip(names, code_blocks(said, "ini"), strict=True))


def service() -> dict[str, str]:
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(units()["epoch-mirror@.service"])
    return dict(parser["Service"])


def test_the_services_command_crawls(project: Path, tmp_path: Path) -> None:
    """As systemd runs it: specifiers and variables expanded, no shell, a clean environment."""
    words = service()["ExecStart"].split()
    places = {"STATE_DIRECTORY": tmp_path / "state", "CACHE_DIRECTORY": tmp_path / "cache"}
    filled = [
        re.sub(r"\$\{(\w+)\}", lambda m: str(places[m[1]]), word.replace("%i", "sample"))
        for word in words
    ]
    command = [word.replace(WRITTEN, str(project)) for word in filled]
    done = subprocess.run(
        command,
        cwd=service()["WorkingDirectory"].replace(WRITTEN, str(project)),
        env={"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert Feed(tmp_path / "state" / "sample").ids


def test_the_services_good_statuses_are_the_temporary_ones() -> None:
    assert service()["SuccessExitStatus"].split() == ["3", "75", "143"]


def test_systemd_takes_the_units(project: Path, tmp_path: Path) -> None:
    """``systemd-analyze verify`` accepts every option and finds the program."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    plain = tmp_path / "project"
    project.rename(plain)
    for name, text in units().items():
        (tmp_path / name.replace("@", "@sample")).write_text(text.replace(WRITTEN, str(plain)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *sorted(tmp_path.glob("epoch-mirror@*"))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    ours = [line for line in done.stderr.splitlines() if "epoch-mirror" in line]
    assert not ours, done.stderr


# -- resetting and moving -------------------------------------------------------------------------


def test_a_reset_state_loses_no_line(project: Path, tmp_path: Path) -> None:
    command = put_in(crontab_command(), project)
    run_as_cron(command, tmp_path)
    feed = Feed(project / "feeds" / "sample")
    before = feed.data("articles.jsonl"), feed.data("listings.jsonl")
    assert "`rm feeds/news/state.sqlite*`" in OPERATIONS
    assert run_as_cron(f"cd '{project}' && rm feeds/sample/state.sqlite*", tmp_path).returncode == 0
    assert run_as_cron(command, tmp_path).stdout == ""
    assert (feed.data("articles.jsonl"), feed.data("listings.jsonl")) == before
    assert feed.runs[-1]["pages"].get("article") is None
    assert json.dumps(feed.runs[-1]["status"]) == '"complete"'


def test_a_moved_feed_is_continued(project: Path, tmp_path: Path) -> None:
    command = put_in(crontab_command(), project)
    run_as_cron(command, tmp_path)
    moved = tmp_path / "data" / "sample"
    moved.parent.mkdir()
    (project / "feeds" / "sample").rename(moved)
    before = Feed(moved).data("articles.jsonl")
    there = command.replace("crawl epoch_mirror", f"crawl epoch_mirror -a feed={moved}")
    assert run_as_cron(there, tmp_path).stdout == ""
    assert Feed(moved).data("articles.jsonl") == before
    assert not (project / "feeds").exists() or not any((project / "feeds").iterdir())
