"""A live display and a report on a terminal, and helpful messages."""

from __future__ import annotations

import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from typing import TYPE_CHECKING

import forkserver
import pytest
from crawling import ROOT, Feed, clean_environment, mirrors_file, scrapy
from rich.cells import cell_len

from crawler.config.suggestions import suggestion
from crawler.extensions.progress import WINDOW, RecentRate
from crawler.run.console import Line, wrapped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from misbehaving import MisbehavingServer

COLUMNS = 80
LOG_LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:+]+ \[")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def on_terminal(*words: str | Path) -> tuple[int, str]:
    """Run ``scrapy`` on a terminal of 80 columns; return its status and output."""
    controller, terminal = pty.openpty()
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = forkserver.start(
        [*forkserver.SCRAPY, *map(str, words)],
        cwd=ROOT,
        env=clean_environment({"TERM": "xterm"}),
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    drawn = bytearray()
    while True:
        try:
            drawn += os.read(controller, 1 << 16)
        except OSError:  # nobody holds the terminal any more
            break
    os.close(controller)
    return process.wait(60), drawn.decode()


def rows(drawn: str) -> list[str]:
    """Return every text that was ever in a row of the terminal."""
    return [
        row for row in re.split(r"[\r\n]+", ESCAPE.sub("\r", COLOUR.sub("", drawn))) if row.strip()
    ]


# -- the display and the report ------------------------------------------------------------------


def test_the_display_fits_a_terminal_and_begins_with_the_time_left(
    serve: Callable[[Path], MisbehavingServer], tmp_path: Path
) -> None:
    server = serve(ROOT / "sample")
    code, drawn = on_terminal(
        *("crawl", "epoch_mirror", "-a", f"mirror={server.base}", "-a", "via=http"),
        *("-a", f"name={'a-long-name' * 8}", "-a", "limit=60", "-a", f"feed={tmp_path / 'f'}"),
        *("-s", "PACE_DELAY=0.1", "-s", "PACE_CONCURRENCY=1"),
    )
    assert code == 0, drawn
    shown = [row for row in rows(drawn) if re.search(r" of 60 articles", row)]
    left = [row for row in shown if re.match(r"[\d:]+ left, \d+ of 60 articles, \d+(\.\d)?/s", row)]
    assert left, shown
    assert max(map(cell_len, shown)) <= COLUMNS
    assert any(
        row.startswith("8 lists read, 132 new") or "lists read" in row for row in rows(drawn)
    )
    assert drawn.rstrip().endswith("status        limited, exit status 0")


def test_the_display_shows_the_progress_of_a_recheck(
    serve: Callable[[Path], MisbehavingServer], tmp_path: Path
) -> None:
    server, feed = serve(ROOT / "sample"), tmp_path / "feed"
    crawl = ("crawl", "epoch_mirror", "-a", f"mirror={server.base}", "-a", "via=http")
    assert on_terminal(*crawl, "-a", f"feed={feed}")[0] == 0
    code, drawn = on_terminal(
        *crawl, "-a", f"feed={feed}", "-a", "recheck=true", "-s", "PACE_DELAY=0.05"
    )
    assert code == 0, drawn
    shown = [row for row in rows(drawn) if "articles read again" in row]
    assert any(re.match(r"[\d:]+ left, \d+ of 93 articles read again, \d", row) for row in shown)
    assert max(map(cell_len, shown)) <= COLUMNS


def test_the_report_is_plain_on_a_terminal(tmp_path: Path) -> None:
    """With a log file too, which has the same lines."""
    words = ("crawl", "epoch_mirror", "-a", f"feed={tmp_path / 'feed'}")
    code, drawn = on_terminal(*words)
    assert code == 0, drawn
    lines = drawn.replace("\r", "").split("\n")
    assert lines[0] == "No mirror was named: this run crawls the bundled sample, invented news."
    assert lines[1].startswith("A live mirror: ")
    begin = lines.index("mirror        sample via path")
    assert lines[begin + 1] == "new articles  93"
    report = lines[begin:]
    assert not list(filter(LOG_LINE.match, report))
    assert max(map(cell_len, report[:-2])) <= COLUMNS
    assert report[-2].endswith("scrapy crawl epoch_mirror -a mirror=news")
    code, drawn = on_terminal(*words, "--logfile", tmp_path / "log")
    assert code == 0, drawn
    assert "new articles  0" in rows(drawn)
    log = (tmp_path / "log").read_text(encoding="utf-8")
    assert "[crawler.extensions.run_report] INFO: new articles  0\n" in log


def test_an_error_of_usage_is_plain_on_a_terminal() -> None:
    code, drawn = on_terminal("crawl", "epoch_mirror", "-a", "mirror=newz")
    assert code == 2
    assert drawn.startswith("no mirror 'newz' (did you mean news?): choose one of comment, news,")
    assert max(map(cell_len, rows(drawn))) <= COLUMNS


def test_a_report_is_wrapped_below_its_values() -> None:
    line = Line("failed        2 missing: 鹿角岛灯塔换上新透镜 光程增至二十一海里", indent=14)
    assert wrapped(line, 40).split("\n") == [
        "failed        2 missing:",
        "              鹿角岛灯塔换上新透镜",
        "              光程增至二十一海里",
    ]
    command = Line("A live mirror: scrapy crawl epoch_mirror -a mirror=news", whole=True)
    assert wrapped(command, 40) == command.text


# -- the rate ------------------------------------------------------------------------------------


def test_the_rate_is_that_of_the_last_half_minute() -> None:
    """Earlier articles do not count, nor the time until the first article."""
    rate = RecentRate()
    for second in range(200):
        rate.add(second, 0)
    assert rate.per_second is None
    for second in range(200, 260):
        rate.add(second, (second - 199) * 10)
    assert rate.per_second == pytest.approx(10)
    for second in range(260, 260 + int(WINDOW) + 1):
        rate.add(second, 600 + (second - 259) * 100)
    assert rate.per_second == pytest.approx(100)
    for second in range(300, 332):
        rate.add(second, 3700)
    assert rate.per_second == 0


def test_a_rate_needs_some_seconds() -> None:
    rate = RecentRate()
    rate.add(0.0, 0)
    rate.add(1.0, 500)
    assert rate.per_second is None
    rate.add(5.0, 1000)
    assert rate.per_second == pytest.approx(200)


# -- the log ---------------------------------------------------------------------------------------


def test_the_log_begins_and_ends_with_a_warning_where_nobody_chose_the_sample(
    tmp_path: Path,
) -> None:
    """And has no versions, except at level DEBUG."""
    words = ("crawl", "epoch_mirror", "-a", f"feed={tmp_path / 'feed'}", "-a", "limit=1")
    lines = scrapy(*words).stderr.splitlines()
    assert len(lines) < 20
    for line in (lines[0], lines[1], lines[-2], lines[-1]):
        assert "] WARNING: " in line
    assert lines[0].endswith("this run crawls the bundled sample, invented news.")
    assert lines[-2].endswith("This was the bundled sample mirror: invented news.")
    assert "Scrapy 2." not in "".join(lines)
    assert "Scrapy 2." in scrapy(*words, "-L", "DEBUG").stderr
    assert "Versions:" not in scrapy("fetch", "http://127.0.0.1:9/").stderr


@pytest.mark.parametrize("how", ["argument", "environment", "another default"])
def test_a_mirror_that_was_chosen_is_no_warning(how: str, tmp_path: Path) -> None:
    words = ["crawl", "epoch_mirror", "-a", f"feed={tmp_path / 'feed'}", "-a", "limit=1"]
    environment = {}
    if how == "argument":
        words += ["-a", "mirror=sample"]
    elif how == "environment":
        environment = {"EPOCH_MIRROR": "sample"}
    else:
        file = mirrors_file(tmp_path, "mine", path=str(ROOT / "sample"))
        words += ["-s", f"MIRRORS_FILE={file}"]
    done = scrapy(*words, env=environment)
    assert done.returncode == 0
    assert "WARNING" not in done.stderr


# -- mistyped ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["epoch_miror"], "no spider 'epoch_miror' (did you mean epoch_mirror?)"),
        (
            ["epoch"],
            "(did you mean epoch_books or epoch_mirror?): the spiders are epoch_books, epoch_mirror",
        ),
        (["xyz"], "no spider 'xyz': the spiders are epoch_books, epoch_mirror"),
        ([], "scrapy crawl epoch_mirror"),
        (["epoch_mirror", "mirror=news"], "'mirror=news' is not an option: give it as -a mirror="),
        (["epoch_mirror", "--limit=3"], "'--limit=3' is not an option: give it as -a limit=3"),
        (["epoch_mirror", "-a", "miror=news"], "argument -a miror= (did you mean mirror?): known"),
        (["epoch_mirror", "-a", "mirror=newz"], "no mirror 'newz' (did you mean news?): choose"),
        (["epoch_mirror", "-a", "mirror=epoch-news"], "(did you mean news?): choose one of"),
        (
            ["epoch_mirror", "-a", "mirror=news", "-a", "via=gti"],
            "(did you mean git?): choose one of",
        ),
        (["epoch_mirror", "-a", "mirror=./nowhere/"], "mirror=./nowhere/ does not exist: choose"),
        (["epoch_mirror", "-a", "mirror=./Makefile"], "mirror=./Makefile is not a directory: cho"),
        (["epoch_books", "-a", "miror=x"], "argument -a miror= (did you mean mirror?): the only"),
    ],
)
def test_a_mistyped_name_gets_a_suggestion(words: list[str], says: str, tmp_path: Path) -> None:
    done = scrapy("crawl", *words, "-s", f"FEEDS_DIRECTORY={tmp_path / 'feeds'}")
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "feeds").exists()


@pytest.mark.parametrize(
    ("given", "choices", "expected"),
    [
        ("NEWS", ["news", "comment"], " (did you mean news?)"),
        ("epoch", ["epoch_a_long_name", "epoch_another_one"], " (did you mean epoch_a_long_name or epoch_another_one?)"),
        ("ne", ["newspaper"], ""),
        ("", ["news"], ""),
        ("weather", ["news", "comment"], ""),
    ],
)  # fmt: skip
def test_what_is_suggested(given: str, choices: list[str], expected: str) -> None:
    assert suggestion(given, choices) == expected


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({}, "no README.md in {}"),
        ({"readme.md": "# 照片"}, "no README.md in {}"),
        ({"README.md": "# A project\n\n[docs](docs/index.md)\n"}, "{}/README.md lists no section"),
    ],
)
def test_a_directory_that_is_no_mirror_is_named_and_gets_no_feed(
    files: dict[str, str], says: str, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    words = ("crawl", "epoch_mirror", "-s", f"FEEDS_DIRECTORY={tmp_path / 'feeds'}")
    done = scrapy(*words, "-a", f"mirror={folder}")
    assert done.returncode == 2
    assert (
        f"mirror={folder} is not a mirror ({says.format(folder)}): give the mirror's root"
        in done.stderr
    )
    assert not (tmp_path / "feeds").exists()
    (folder / ".git").mkdir()
    done = scrapy(*words, "-a", f"mirror={folder}", "-a", "via=path")
    assert "): read its repository with -a via=git" in done.stderr


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["audit"], "give one feed: "),
        (["report"], "give one feed and a file to write: "),
        (["export"], "give feeds and a file: "),
        (["audit", "smaple"], "'smaple' is not a feed: give a directory with articles.jsonl; "),
        (["export", "smaple", "--to", "x.db"], " has sample (did you mean sample?)"),
        (["report", "smaple", "--to", "x.html"], " has sample (did you mean sample?)"),
        (["audit", "sample"], " with articles.jsonl; did you mean "),
    ],
)
def test_a_path_that_is_not_a_feed_gets_a_suggestion(
    words: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "feeds" / "sample").mkdir(parents=True)
    (tmp_path / "feeds" / "sample" / "articles.jsonl").touch()
    done = scrapy(*words, "-s", f"FEEDS_DIRECTORY={tmp_path / 'feeds'}")
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_mirror_that_lost_its_home_page_is_in_the_history_of_its_feed(tmp_path: Path) -> None:
    """For example a disk that is not mounted: if there is a feed, this is not a usage error."""
    mirror, feed = tmp_path / "mirror", tmp_path / "feed"
    shutil.copytree(ROOT / "sample", mirror)
    words = ("crawl", "epoch_mirror", "-a", f"mirror={mirror}", "-a", f"feed={feed}")
    assert scrapy(*words).returncode == 0
    (mirror / "README.md").unlink()
    done = scrapy(*words)
    assert done.returncode == 4, done.stderr
    assert [run["status"] for run in Feed(feed).runs] == ["complete", "unusable"]


# -- help ----------------------------------------------------------------------------------------


def test_the_help_lists_the_arguments_of_the_spiders() -> None:
    done = scrapy("crawl", "epoch_mirror", "--help")
    assert done.returncode == 0
    for example in ("mirror=news", "via=git", "limit=20", "sections=ncid278,nf1412576"):
        assert re.search(rf"^  {example}(  |$)", done.stdout, re.MULTILINE), example
    assert max(map(len, done.stdout.splitlines())) <= COLUMNS


def test_hints_name_the_running_program(tmp_path: Path) -> None:
    """By its name if the shell finds it, or by its path."""
    script = tmp_path / "bin" / "scrapy"
    script.parent.mkdir()
    script.write_text(f"#!{sys.executable}\nfrom scrapy.cmdline import execute\nexecute()\n")
    script.chmod(0o755)

    def hint(command: str, cwd: Path, path: str) -> str:
        environment = clean_environment({"SCRAPY_SETTINGS_MODULE": "crawler.settings"})
        environment |= {"PATH": path, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [command, "crawl"],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stderr.partition("give a spider: ")[2].strip()

    path = os.environ["PATH"]
    arguments = "crawl epoch_mirror"
    assert hint("bin/scrapy", tmp_path, "/usr/bin:/bin") == f"bin/scrapy {arguments}"
    assert hint(str(script), ROOT, "/usr/bin:/bin") == f"{script} {arguments}"
    assert hint(str(script), ROOT, f"{script.parent}:{path}") == f"scrapy {arguments}"
