"""Untrusted text is shown safely, wherever the program was started."""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, Feed, clean_environment, scrapy
from rich.console import Console

from crawler.audit.audit import audit
from crawler.audit.tables import print_tables
from crawler.preview.output import print_record
from crawler.preview.preview import Preview
from crawler.printable import printable, printable_json, printable_lines
from crawler.report.markup import escape, link
from crawler.run.console import Line, say
from crawler.terminal import PRINTABLE

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "\x1b]0;pwned\x07"
BIDI = "\u202eexe.txt\u2066"
EVIL = f"{TITLE}{BIDI}\x9b31m[red]\x00\ud800\u200b\r\n2026-11-25 [scrapy] ERROR: forged"
TRICKS = set("\x1b\x07\u202e\u2066\x9b\x00\ud800\u200b\r")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("青屿 3 日讯", "青屿 3 日讯"),
        ("青屿\u3000日\t讯\n二\u2028三", "青屿 日 讯 二 三"),
        (TITLE, r"\x1b]0;pwned\x07"),
        (BIDI, r"\u202eexe.txt\u2066"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("a\u200b\ufeff\u00ad\ud800\U000e0041", r"a\u200b\ufeff\xad\ud800\U000e0041"),
        ("é é", "é é"),
        ("[red]x[/]", "[red]x[/]"),
        ("长" * 400, "长" * 299 + "…"),
        ("\x1b" * 400, r"\x1b" * 74 + "\\x1…"),
        ("长" * 300, "长" * 300),
        (b"\x1b", r"b'\x1b'"),
    ],
)
def test_printable(text: object, expected: str) -> None:
    assert printable(text) == expected


def test_a_long_text_is_not_walked_through() -> None:
    assert printable("\x1b" * (64 << 20), 10) == "\\x1b\\x1b\\…"


def test_lines_stay_lines_and_none_is_forged() -> None:
    assert printable_lines("one\r\ntwo\n  three\n\x1b") == "one\n  two\n  three\n  \\x1b"
    many = printable_lines("\n".join(map(str, range(1000)))).split("\n")
    assert (len(many), many[100]) == (201, "  … 800 lines …")


def test_json_says_the_same() -> None:
    value = {"title": EVIL + "\U000e0041\u3000青"}
    text = json.dumps(value, ensure_ascii=False, indent=1)
    shown = printable_json(text)
    assert json.loads(shown) == value
    assert not TRICKS & set(shown)
    assert "青" in shown


def logged(message: str, *args: object, error: BaseException | None = None) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("[%(name)s] %(levelname)s: %(message)s"))
    handler.addFilter(PRINTABLE)
    logger = logging.getLogger("scrapy.core.engine")
    logger.addHandler(handler)
    try:
        logger.error(message, *args, exc_info=error)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


@pytest.mark.parametrize("args", [("got %s", EVIL), ("got %(url)s", {"url": EVIL}), (EVIL,)])
def test_the_log(args: tuple[str, object]) -> None:
    """Also messages of Scrapy itself; no text can forge a log record."""
    text = logged(*args)
    assert not TRICKS & set(text)
    assert all(line.startswith(("[scrapy.core", "  ")) for line in text.splitlines())
    assert "[red]" in text


def test_a_line_of_the_summary(caplog: pytest.LogCaptureFixture) -> None:
    """Also on a terminal, which shows the line instead of the log message."""
    say(logging.getLogger("summary"), logging.WARNING, Line(f"reason  {EVIL}", indent=8))
    [record] = caplog.records
    line = record.__dict__["line"]
    assert not (TRICKS | {"\n"}) & set(line.text + record.getMessage())
    assert r"\x1b]0;pwned" in line.text


def test_a_record_that_is_read(tmp_path: Path) -> None:
    """Escaped on a line and on a terminal; the JSON is equivalent."""
    page = Preview({"title": EVIL}, [])
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    print_record(page, console)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert not TRICKS & set(text)
    assert json.loads(text) == page.record


def test_a_traceback_in_the_log() -> None:
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        text = logged("failed", error=error)
    assert not TRICKS & set(text)
    assert [line for line in text.splitlines() if not line.startswith("  ")] == [
        "[scrapy.core.engine] ERROR: failed",
        "Traceback (most recent call last):",
    ]


def test_a_wrong_format_is_loggings_to_report() -> None:
    record = logging.makeLogRecord({"msg": "%d", "args": ("x",)})
    assert PRINTABLE.filter(record)
    assert (record.msg, record.args) == ("%d", ("x",))


def test_the_report() -> None:
    assert not TRICKS & set(escape(EVIL))
    assert escape("<b>") == "&lt;b&gt;"
    assert link("https://example.org/\u202e", "x") == "x"
    assert link("https://example.org/a", "x").startswith("<a ")


def test_the_audit_of_a_hostile_feed(tmp_path: Path) -> None:
    """No escape sequences and no rich markup, in the table and in JSON."""
    record = {"id": EVIL, "title": EVIL, EVIL: EVIL, "authors": [{"name": "[red]x[/red]" + EVIL}]}
    (tmp_path / "articles.jsonl").write_text(json.dumps(record) + "\n")
    console = Console(file=io.StringIO(), force_terminal=False, width=200)
    print_tables({"feed": EVIL, **audit(tmp_path).report(), "floors_missed": []}, console,
                 everything=True)  # fmt: skip
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert not TRICKS & set(text)
    assert r"\x1b]0;pwned" in text


# -- wherever the program was started ----------------------------------------------------------


def shell(command: str, redirected: str = "", **env: str) -> tuple[int, str]:
    """Run a Scrapy command in a shell; return its status and output."""
    line = f"set -o pipefail; {sys.executable} -m scrapy {command} {redirected}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=ROOT, env=clean_environment(env), capture_output=True, check=False
    )  # fmt: skip
    return done.returncode, (done.stdout + done.stderr).decode(errors="replace")


@pytest.mark.parametrize(
    "redirected",
    [
        pytest.param("2>&-", marks=pytest.mark.soak),
        "<&- >&- 2>&-",
        "2>/dev/full",
        "2>&1 | head -1",
        "2>&- -s LOG_FILE={}/log",
    ],
)
def test_a_crawl_without_a_usable_terminal(tmp_path: Path, redirected: str) -> None:
    command = f"crawl epoch_mirror -a mirror=sample -a limit=3 -a feed={tmp_path}/feed"
    status, printed = shell(command, redirected.format(tmp_path))
    made = Feed(tmp_path / "feed")
    assert (status, len(made.ids), made.runs[-1]["exit_code"]) == (0, 3, 0), printed
    assert "Traceback" not in printed
    if "LOG_FILE" in redirected:
        assert "limited, exit status 0" in (tmp_path / "log").read_text()


@pytest.mark.parametrize(
    "encoding",
    ["ascii", *(pytest.param(one, marks=pytest.mark.soak) for one in ("latin-1", "utf-8"))],
)
def test_an_output_that_lacks_the_characters(
    sample_feed: Feed, tmp_path: Path, encoding: str
) -> None:
    feed = sample_feed.directory
    for words in (["audit"], ["audit", "--json"], ["report", "--to", tmp_path / "长.html"]):
        done = scrapy(*words, feed, env={"PYTHONIOENCODING": encoding})
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["audit", "audit --json", "audit --verify"])
@pytest.mark.parametrize(
    ("redirected", "expected"),
    [
        ("| head -1", 0),
        pytest.param("| true", 0, marks=pytest.mark.soak),
        pytest.param(">&-", 0, marks=pytest.mark.soak),
        (">/dev/full", 1),
    ],
)
def test_an_output_that_ends(
    sample_feed: Feed, command: str, redirected: str, expected: int
) -> None:
    status, printed = shell(f"{command} {sample_feed.directory}", redirected)
    assert status == expected, printed
    assert "Traceback" not in printed
    assert ("cannot be written" in printed) == (expected == 1)


def test_no_home(tmp_path: Path) -> None:
    """It is needed only without ``feed=``; the message says what is missing."""
    code = (
        "import os, pwd; os.environ.pop('HOME', None); pwd.getpwuid = {}.__getitem__\n"
        "from crawler.__main__ import main; main()"
    )
    command = [sys.executable, "-c", code, "crawl", "epoch_mirror", "-a", "mirror=sample"]
    env = {"PATH": os.environ["PATH"]}
    named = [*command, "-a", f"feed={tmp_path / 'feed'}", "-a", "limit=2"]
    assert subprocess.run(named, cwd=ROOT, env=env, check=False, stderr=-1).returncode == 0
    unnamed = [*command, "-s", "FEEDS_DIRECTORY=~/feeds"]
    done = subprocess.run(unnamed, cwd=ROOT, env=env, check=False, stderr=-1, text=True)
    assert (done.returncode, "-a feed=DIR" in done.stderr) == (5, True), done.stderr


def test_no_directory_for_temporary_files(tmp_path: Path) -> None:
    """Only the browser needs one."""
    code = (
        "import sys, tempfile; tempfile._candidate_tempdir_list = lambda: ['/proc/nowhere']\n"
        "sys.argv[0] = 'scrapy'; from scrapy.cmdline import execute; execute()"
    )
    command = [sys.executable, "-c", code, "crawl", "epoch_mirror", "-a", "limit=2"]
    env = clean_environment()
    arguments_of = {
        "sample": (f"feed={tmp_path / 'path'}",),
        "http://127.0.0.1:9/": (f"feed={tmp_path / 'browser'}", "via=browser"),
    }
    ended = {}
    for mirror, more in arguments_of.items():
        arguments = [f"-amirror={mirror}", *(f"-a{one}" for one in more)]
        done = subprocess.run(
            [*command, *arguments], cwd=ROOT, env=env, check=False, stderr=-1, text=True
        )
        ended[mirror] = done.returncode, "TMPDIR" in done.stderr
    assert ended == {"sample": (0, False), "http://127.0.0.1:9/": (2, True)}
