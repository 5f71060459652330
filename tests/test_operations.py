"""The commands in docs/operations.md and the files in deploy/ work as written."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed
from documents import code_blocks, code_names, indented_lines, part, table

if TYPE_CHECKING:
    from collections.abc import Mapping

DEPLOY = ROOT / "deploy"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
WRITTEN = "/srv/epoch-mirror-crawler"
"""The project's directory in the documents and units."""

MIRRORS = """\
[mirrors.news]
public = "https://example.org/epoch-sample/blob/master/"
path = "sample"
"""
"""A mirrors file that gives the bundled sample the name of the live mirror in the documents."""

_FIELD = r"[\d*/,-]+"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a copy of the project, as on a server after ``make crawl``."""
    program = os.path.join(sys.prefix, "bin", "scrapy")
    if not os.path.exists(program):
        pytest.skip(f"scrapy is not installed as a program: no {program}")
    place = tmp_path / "the project"
    for name in ("crawler", "sample", "deploy"):
        shutil.copytree(ROOT / name, place / name)
    shutil.copy(ROOT / "scrapy.cfg", place)
    (place / "mirrors.toml").write_text(MIRRORS)
    (place / ".venv").symlink_to(sys.prefix)
    return place


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """Return a directory for programs that replace those of the system."""
    place = tmp_path / "commands"
    place.mkdir()
    return place


def stand_in(commands: Path, name: str) -> Path:
    """Create a program that records its arguments and input; return the file with the records."""
    kept = commands / f"{name}.kept"
    program = commands / name
    program.write_text(f"#!/bin/sh\necho \"$*\" >>'{kept}'\n[ -t 0 ] || cat | tee -a '{kept}'\n")
    program.chmod(0o755)
    return kept


def run_bare(
    command: str | list[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    umask: int = 0o077,
) -> subprocess.CompletedProcess[str]:
    """Run a command as cron and systemd do: minimal environment, no terminal, another directory."""
    return subprocess.run(
        ["/bin/sh", "-c", command] if isinstance(command, str) else command,
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        start_new_session=True,
        umask=umask,
    )


def put_in(command: str, project: Path) -> str:
    """Return the command with only the project's directory replaced."""
    assert WRITTEN in command
    return command.replace(WRITTEN, str(project).replace(" ", "\\ "))


# -- cron -----------------------------------------------------------------------------------------


def crontab_command() -> str:
    """Return the command of the crontab line, after the five fields for the time."""
    [line] = indented_lines(part(OPERATIONS, "From a crontab"))
    match = re.fullmatch(rf"(?:{_FIELD} +){{5}}(.*)", line)
    assert match, line
    assert "%" not in match[1], "cron takes % for a line break"
    return match[1]


def test_the_example_crontab_has_the_line_of_the_document() -> None:
    lines = (DEPLOY / "crontab").read_text(encoding="utf-8").splitlines()
    jobs = [line for line in lines if not line.startswith("#") and "=" not in line.split(" ")[0]]
    assert jobs == indented_lines(part(OPERATIONS, "From a crontab"))


def test_the_crontab_line_prints_the_run_that_a_person_must_see(project: Path) -> None:
    """Only that run, so that cron mails it; the log has all."""
    command, feed = put_in(crontab_command(), project), Feed(project / "feeds" / "news")
    log = project / "news.log"
    done = run_bare(command)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), log.read_text("utf-8")
    assert len(feed.ids) == len(set(feed.ids)) > 0
    assert feed.runs[-1]["exit_code"] == 0
    assert "exit status 0" in log.read_text(encoding="utf-8")
    with (feed.directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run_bare(command)
    assert (done.returncode, done.stdout, done.stderr) == (75, "", "")
    assert "another run" in log.read_text(encoding="utf-8").lower()
    shutil.rmtree(project / "sample")
    done = run_bare(command)
    assert done.returncode == 4
    assert done.stdout.startswith("exit status 4: .venv/bin/scrapy crawl epoch_mirror")
    assert "no directory" in done.stdout
    assert "exit status 0" not in done.stdout
    assert "exit status 0" in log.read_text(encoding="utf-8")
    assert "no directory" in log.read_text(encoding="utf-8")


def test_the_crontab_line_is_silent_after_a_partial_run(project: Path) -> None:
    for copy in (project / "sample" / "pages").glob("*/n15000304.md"):
        copy.write_text("no article")
    done = run_bare(put_in(crontab_command(), project))
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    assert Feed(project / "feeds" / "news").runs[-1]["status"] == "partial"


def cron_run(log: Path, script: str) -> list[str]:
    return [str(DEPLOY / "cron-run"), str(log), "/bin/sh", "-c", script]


@pytest.mark.parametrize("status", [0, 3, 75, 130, 143])
def test_cron_run_logs_what_no_person_must_see(tmp_path: Path, status: int) -> None:
    log = tmp_path / "a.log"
    for _ in range(2):
        done = run_bare(cron_run(log, f"echo said; exit {status}"))
        assert (done.returncode, done.stdout, done.stderr) == (status, "", "")
    assert log.read_text() == "said\nsaid\n"
    assert list(tmp_path.iterdir()) == [log]


@pytest.mark.parametrize("status", [1, 2, 4, 5, 126, 137, 139])
def test_cron_run_prints_what_a_person_must_see(tmp_path: Path, status: int) -> None:
    log = tmp_path / "a.log"
    log.write_text("an earlier run\n")
    done = run_bare(cron_run(log, f"echo said; echo complained >&2; exit {status}"))
    assert done.returncode == status
    assert done.stdout.splitlines()[1:] == ["said", "complained"]
    assert log.read_text() == "an earlier run\nsaid\ncomplained\n"


def test_cron_run_says_that_it_cannot_log(tmp_path: Path) -> None:
    done = run_bare(cron_run(tmp_path / "missing" / "a.log", "exit 0"))
    assert done.returncode != 0
    assert "missing/a.log" in done.stdout + done.stderr


STOPPED_IN_GOOD_ORDER = """\
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: (print("stopped"), sys.exit(143)))
print("begun", flush=True)
while True:
    signal.pause()
"""


def test_cron_run_keeps_the_log_of_a_run_that_is_stopped(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    command = [str(DEPLOY / "cron-run"), str(log), sys.executable, "-c", STOPPED_IN_GOOD_ORDER]
    running = subprocess.Popen(command, start_new_session=True)
    deadline = time.monotonic() + 120
    while not any(path.read_text() for path in tmp_path.glob("a.log.*")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(running.pid, signal.SIGTERM)
    assert running.wait(120) == 143
    assert log.read_text() == "begun\nstopped\n"


def test_the_log_of_the_crontab_line_is_rotated() -> None:
    [log] = re.findall(r"cron-run (\S+)", crontab_command())
    rules = (DEPLOY / "epoch-mirror.logrotate").read_text(encoding="utf-8")
    [pattern] = re.findall(r"^(/\S+) \{$", rules, re.MULTILINE)
    assert fnmatch(f"{WRITTEN}/{log}", pattern)
    assert not fnmatch(f"{WRITTEN}/{log}.4711", pattern), "the output of a run that goes on"


# -- systemd --------------------------------------------------------------------------------------


def unit(name: str) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=True)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parser


def drop_ins() -> dict[str, str]:
    """Return the drop-in files of the document by name."""
    said = part(OPERATIONS, "Monitoring")
    names = re.findall(r"`/etc/systemd/system/epoch-mirror@\.service\.d/(\w+\.conf)`", said)
    return dict(zip(names, code_blocks(said, "ini"), strict=True))


def words(command: str, variables: Mapping[str, str]) -> list[str]:
    """Return the words of a unit's command, as systemd expands them for the mirror ``news``."""
    filled = command.lstrip("-").replace("%i", "news")
    filled = re.sub(r"(?<!\$)\$\{(\w+)\}", lambda m: variables[m[1]], filled)
    return [word.replace("$$", "$") for word in shlex.split(filled)]


def test_the_service_crawls_and_others_can_read_the_feed(project: Path, tmp_path: Path) -> None:
    """As systemd runs it: specifiers and variables expanded, no shell, a clean environment."""
    service = unit("epoch-mirror@.service")["Service"]
    state, cache = tmp_path / "state", tmp_path / "cache"
    state.mkdir(mode=int(service["StateDirectoryMode"], 8))
    places = {"STATE_DIRECTORY": str(state), "CACHE_DIRECTORY": str(cache)}
    command = [word.replace(WRITTEN, str(project)) for word in words(service["ExecStart"], places)]
    place = service["WorkingDirectory"].replace(WRITTEN, str(project))
    done = run_bare(command, cwd=place, umask=int(service["UMask"], 8))
    assert done.returncode == 0, done.stderr
    assert Feed(state / "news").ids
    for path in [state, *state.rglob("*")]:
        wanted = 0o005 if path.is_dir() else 0o004
        assert path.stat().st_mode & wanted == wanted, path


def systemd_analyze(units: list[Path]) -> str:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze on this machine")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units[0].parent}:"},
    )
    return "\n".join(line for line in done.stderr.splitlines() if "epoch-mirror" in line)


def installed_units(project: Path, place: Path) -> list[Path]:
    """Copy the units to ``place``, for the mirror ``news`` of a project at ``project``."""
    plain = place / "project"
    project.rename(plain)
    found = []
    for path in sorted(DEPLOY.glob("epoch-mirror*@.*")):
        target = place / path.name.replace("@", "@news")
        target.write_text(path.read_text(encoding="utf-8").replace(WRITTEN, str(plain)))
        found.append(target)
    for name, text in drop_ins().items():
        folder = place / "epoch-mirror@news.service.d"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return found


def test_systemd_takes_the_units(project: Path, tmp_path: Path) -> None:
    """``systemd-analyze verify`` accepts every option and finds the programs."""
    units = installed_units(project, tmp_path)
    assert len(units) == 3
    assert systemd_analyze(units) == ""


def test_systemd_reads_the_drop_ins(project: Path, tmp_path: Path) -> None:
    units = installed_units(project, tmp_path)
    with (tmp_path / "epoch-mirror@news.service.d" / "ping.conf").open("a") as file:
        file.write("NoSuchOption=1\n")
    assert "NoSuchOption" in systemd_analyze(units)


def test_a_run_that_a_person_must_see_starts_the_unit_that_reports_it() -> None:
    named = unit("epoch-mirror@.service")["Unit"]["OnFailure"]
    assert (DEPLOY / named.replace("%i", "")).is_file()


@pytest.mark.parametrize("invocation", ["", "0123abc"])
def test_a_failed_run_is_mailed(commands: Path, invocation: str) -> None:
    """With only its own log, if systemd identifies the run."""
    asked, mailed = stand_in(commands, "journalctl"), stand_in(commands, "mail")
    command = words(unit("epoch-mirror-failed@.service")["Service"]["ExecStart"], {})
    env = {"PATH": f"{commands}:/usr/bin:/bin"}
    if invocation:
        env["MONITOR_INVOCATION_ID"] = invocation
    assert run_bare(command, env=env).returncode == 0
    assert "--unit=epoch-mirror@news.service" in asked.read_text()
    assert (f"_SYSTEMD_INVOCATION_ID={invocation}" in asked.read_text()) is bool(invocation)
    assert mailed.read_text().startswith("-s epoch-mirror@news failed root\n")


def test_the_user_is_one_that_sysusers_creates() -> None:
    if not shutil.which("systemd-sysusers"):
        pytest.skip("no systemd-sysusers on this machine")
    command = ["systemd-sysusers", "--dry-run", "--root=/nonexistent"]
    done = subprocess.run(
        [*command, DEPLOY / "epoch-mirror.sysusers"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    user = unit("epoch-mirror@.service")["Service"]["User"]
    assert f"Creating user '{user}'" in done.stderr + done.stdout, done.stderr


# -- what an exit status means ----------------------------------------------------------------------


def statuses(result: str) -> set[int]:
    """Return the statuses of the row for orchestrators that starts with ``result``."""
    rows = table(part(OPERATIONS, "Exit status").partition("For an orchestrator")[2])
    [cell] = [row[1] for row in rows if row[0].startswith(result)]
    return {*map(int, re.findall(r"\d+", cell))}


def test_each_status_has_one_row_for_orchestrators() -> None:
    said = [int(row[0]) for row in table(part(OPERATIONS, "Exit status"))]
    rows = [statuses(result) for result in ("success", "retry later", "retry at once", "fail")]
    assert sorted(status for row in rows for status in row) == sorted(said)


def test_cron_and_systemd_read_the_statuses_as_orchestrators_do() -> None:
    script = (DEPLOY / "cron-run").read_text(encoding="utf-8")
    [silent] = re.findall(r"^([\d |]+)\) ;;$", script, re.MULTILINE)
    stopped, later = statuses("retry at once"), statuses("retry later")
    assert {*map(int, silent.split("|"))} == statuses("success") | later | stopped
    service = unit("epoch-mirror@.service")["Service"]
    assert {*map(int, service["RestartForceExitStatus"].split())} == later
    # systemd stops a service by SIGTERM, never by SIGINT
    good = {*map(int, service["SuccessExitStatus"].split())}
    assert good == (statuses("success") | {143}) - {0}


# -- monitoring -------------------------------------------------------------------------------------


def pings(commands: Path, command: str | list[str], **env: str) -> str:
    """Return the URLs that curl was called with."""
    asked = stand_in(commands, "curl")
    done = run_bare(command, env={"PATH": f"{commands}:/usr/bin:/bin", **env})
    assert done.returncode == 0, done.stderr
    return asked.read_text() if asked.exists() else ""


@pytest.mark.parametrize("status", [0, 1, 2, 3, 4, 5, 75, 143])
def test_the_crontab_line_pings_after_success(commands: Path, status: int) -> None:
    [end] = [line for line in indented_lines(part(OPERATIONS, "Monitoring")) if line[0] == ";"]
    asked = pings(commands, f"sh -c 'exit {status}' {end}")
    assert asked.endswith("/epoch-news\n") is (status in statuses("success"))
    assert bool(asked) is (status in statuses("success"))


@pytest.mark.parametrize("status", ["0", "1", "2", "3", "4", "5", "75", "KILL"])
def test_the_service_pings_after_success_and_failure(commands: Path, status: str) -> None:
    command = ConfigParser(interpolation=None)
    command.read_string(drop_ins()["ping.conf"])
    asked = pings(commands, words(command["Service"]["ExecStopPost"], {}), EXIT_STATUS=status)
    if status in {"0", "3"}:
        assert asked.endswith("/epoch-news\n")
    elif status == "75":
        assert asked == ""
    else:
        assert asked.endswith("/epoch-news/fail\n")


@pytest.fixture(scope="module")
def feeds(sample_feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory of feeds with the sample's feed as ``news``."""
    place = tmp_path_factory.mktemp("feeds")
    shutil.copytree(sample_feed.directory, place / "news")
    return place


def metrics(text: str) -> dict[str, float]:
    """Return the metrics of a textfile with the label ``mirror="sample"``."""
    found = re.findall(r'^(\w+)\{mirror="sample"\} (\S+)$', text, re.MULTILINE)
    assert len(found) * 3 == len(text.splitlines()), text
    return {name: float(value) for name, value in found}


needs_jq = pytest.mark.skipif(not shutil.which("jq"), reason="no jq on this machine")


@needs_jq
def test_the_metrics_are_those_of_the_last_run(feeds: Path) -> None:
    [line] = [line for line in indented_lines(part(OPERATIONS, "Monitoring")) if "jq" in line]
    command = line.replace("feeds/", f"{feeds}/").replace("deploy/", f"{DEPLOY}/")
    found = metrics(run_bare(command).stdout)
    assert list(found) == [code_names(row[0])[0] for row in table(part(OPERATIONS, "Monitoring"))]
    run = Feed(feeds / "news").runs[-1]
    short = {name.removeprefix("epoch_mirror_run_"): value for name, value in found.items()}
    assert short["pages"] == sum(run["pages"].values())
    assert short["feed_bytes"] == run["articles_after"]
    for key in ("exit_code", "entries", "articles", "listings"):
        assert short[key] == run[key], key
    assert short["failures"] == short["set_aside"] == 0
    end = dt.datetime.fromisoformat(run["end"]).timestamp()
    assert short["end_timestamp_seconds"] == end >= short["start_timestamp_seconds"]


@needs_jq
@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            {
                "failures": {
                    "missing": {"count": 3, "ids": []},
                    "malformed": {"count": 4, "ids": []},
                }
            },
            {"failures": 7},
        ),
        ({"set_aside": {"n1": "missing", "n2": "malformed"}}, {"set_aside": 2}),
        ({"end": None, "exit_code": None, "articles_after": 5}, {"feed_bytes": 5}),
    ],
)
def test_a_metric_without_a_value_is_left_out(
    line: dict[str, object], wanted: dict[str, float]
) -> None:
    done = subprocess.run(
        ["jq", "-r", "-f", DEPLOY / "runs.prom.jq"],
        input=json.dumps({"mirror": "sample", "start": None, **line}),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    found = metrics(done.stdout)
    assert found == {f"epoch_mirror_run_{name}": value for name, value in wanted.items()}


@needs_jq
def test_the_service_writes_the_metrics(feeds: Path, tmp_path: Path) -> None:
    parser = ConfigParser(interpolation=None)
    parser.read_string(drop_ins()["prometheus.conf"])
    place = parser["Service"]["ReadWritePaths"]
    command = words(parser["Service"]["ExecStopPost"], {"STATE_DIRECTORY": str(feeds)})
    put = [word.replace(place, str(tmp_path)).replace(WRITTEN, str(ROOT)) for word in command]
    done = run_bare(put)
    assert done.returncode == 0, done.stderr
    [file] = tmp_path.iterdir()
    assert file.name == "epoch-news.prom"
    assert metrics(file.read_text())["epoch_mirror_run_exit_code"] == 0


# -- resetting and moving -------------------------------------------------------------------------


def test_a_reset_and_a_move_cost_no_line(project: Path, tmp_path: Path) -> None:
    command = put_in(crontab_command(), project)
    run_bare(command)
    feed = Feed(project / "feeds" / "news")
    before = feed.data("articles.jsonl"), feed.data("listings.jsonl")
    said = part(OPERATIONS, "Move, reset, start over")
    [reset] = re.findall(r"`(rm [^`]+)`", said)
    assert run_bare(reset, cwd=project).returncode == 0
    assert not list(feed.directory.glob("state*"))
    assert run_bare(command).stdout == ""
    assert (feed.data("articles.jsonl"), feed.data("listings.jsonl")) == before
    assert feed.runs[-1]["pages"].get("article") is None
    assert feed.runs[-1]["status"] == "complete"
    moved = Feed(tmp_path / "data" / "news")
    moved.directory.parent.mkdir()
    [move] = re.findall(r"`(mv feeds/news /\S+)`", said)
    [option] = re.findall(r"`(-a feed=/\S+)`", said)
    place = str(moved.directory.parent)
    assert run_bare(move.replace("/data", place), cwd=project).returncode == 0
    assert run_bare(f"{command} {option.replace('/data', place)}").stdout == ""
    assert (moved.data("articles.jsonl"), moved.data("listings.jsonl")) == before
    assert len(moved.runs) == 3
    assert not any((project / "feeds").iterdir())
