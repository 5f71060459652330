"""``scrapy export`` as a user starts it: what it says, how it ends, and that it survives a kill."""

from __future__ import annotations

import json
import os
import pty
import random
import resource
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, clean_environment, scrapy
from exported import append, article, articles, canned, dump, export, listing, rows
from processes import wait_until

if TYPE_CHECKING:
    from pathlib import Path

SCRAPY = [sys.executable, "-m", "scrapy", "export"]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run ``scrapy export`` to its end."""
    return scrapy("export", *arguments)


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    """Return a feed of three articles."""
    return append(tmp_path / "feed", "articles", articles(3))


def test_an_export_reports_what_is_new(tmp_path: Path, feed: Path) -> None:
    target, served = tmp_path / "feed.DB", tmp_path / "metadata.json"
    done = command(feed, "--to", target, "--datasette", served)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{target}: 3 new articles, 0 new changes, 0 new listings, 0 new runs\n"
    queries = json.loads(served.read_text(encoding="utf-8"))["databases"]["feed"]["queries"]
    stored = rows(target, "select query_name, title, description, query_text from canned_queries")
    assert sorted(stored) == sorted(
        (name, query["title"], query["description"], query["sql"])
        for name, query in queries.items()
    )
    append(feed, "articles", articles(4)[3:])
    assert "1 new article, " in command(feed / "articles.jsonl", "--to", target).stdout


def test_wrong_usage_says_what_to_do(tmp_path: Path, feed: Path) -> None:
    for arguments, why in {
        (): "give feeds and a file",
        (feed,): "give feeds and a file",
        (tmp_path / "none", "--to", "feed.db"): "is not a feed: give a directory with",
        (
            feed,
            "--to",
            "feed.csv",
        ): "must end in .db, .sqlite or .sqlite3 for SQLite, or in .parquet",
        (feed, "--to", tmp_path / "none" / "feed.db"): "give a file that can be written",
        (feed, "--to", "feed.parquet", "--datasette", "m.json"): "serves an SQLite file",
        (feed, "--to", feed / "state.sqlite"): "has the name of a feed's file: name another",
        (
            *(feed, "--to", tmp_path / "f.db"),
            *("--datasette", feed / "articles.jsonl"),
        ): "articles.jsonl: the file name must end in .json",
        (feed, feed, "--to", tmp_path / "feed.db"): "are both feeds of mirror 'news': give one",
        (feed, "--to", "feed.db", "--htlm"): "'--htlm' is not an option (did you mean --html?)",
        (feed, "--too=x.db"): "'--too=x.db' is not an option (did you mean --to?): see --help",
    }.items():
        done = command(*arguments)
        assert done.returncode == 2, done.stderr
        assert why in done.stdout + done.stderr
        assert "Traceback" not in done.stderr


def test_a_damaged_feed_ends_with_5(tmp_path: Path, feed: Path) -> None:
    with (feed / "articles.jsonl").open("a") as file:
        file.write("{}\n")
    done = command(feed, "--to", tmp_path / "feed.db")
    assert done.returncode == 5
    assert "the line at byte" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_full_disk_ends_with_75_and_loses_nothing(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(600))
    target = tmp_path / "feed.db"
    size = 250_000
    done = subprocess.run(
        [*SCRAPY, str(feed), "--to", str(target)], cwd=ROOT, env=clean_environment(),
        capture_output=True, text=True, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)),
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "Make room, then export again: nothing is lost" in done.stderr
    assert "Traceback" not in done.stderr
    assert command(feed, "--to", target).returncode == 0
    export(tmp_path / "whole.db", feed)
    assert dump(target) == dump(tmp_path / "whole.db")


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_for_terminals(tmp_path: Path, feed: Path, *, terminal: bool) -> None:
    ours, theirs = pty.openpty() if terminal else os.pipe()
    line = [*SCRAPY, str(feed), "--to", str(tmp_path / "feed.db")]
    env = clean_environment({"TERM": "xterm", "COLUMNS": "80"})
    subprocess.run(line, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=theirs, check=True)
    os.set_blocking(ours, False)
    try:
        shown = os.read(ours, 1 << 16)
    except BlockingIOError:
        shown = b""
    assert ("━" in shown.decode()) if terminal else not shown
    os.close(ours)
    os.close(theirs)


def catch_interrupts() -> None:
    """Undo what a shell does to the programs that it starts in the background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def test_ctrl_c_ends_an_export_without_a_traceback(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(20_000))
    target = tmp_path / "feed.db"
    line = [*SCRAPY, str(feed), "--to", str(target)]
    process = subprocess.Popen(
        line, cwd=ROOT, env=clean_environment(), stderr=subprocess.PIPE, text=True,
        preexec_fn=catch_interrupts,  # noqa: PLW1509 - the tests' threads hold no locks it wants
    )  # fmt: skip
    while not (target.exists() and target.stat().st_size):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert (process.returncode, said) == (130, "stopped: export again to continue\n")


# -- kill -9 -------------------------------------------------------------------------------------

EXPORT = """
import sys
from pathlib import Path
from exported import export
from crawler.export import sync
sync.BATCH_BYTES = 40_000
export(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def start(target: Path, feed: Path) -> subprocess.Popen[bytes]:
    """Start an export in small transactions, in a process of its own."""
    env = clean_environment({"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"})
    return subprocess.Popen([sys.executable, "-c", EXPORT, str(target), str(feed)], env=env)


def assert_holds_together(target: Path, feed: Path) -> None:
    """Assert that the file holds the lines up to its offset, all of them, and nothing else."""
    assert rows(target, "pragma integrity_check") == [("ok",)]
    offsets = dict(rows(target, "select file_name, file_offset from exported_files"))
    lines = (feed / "articles.jsonl").read_bytes()[: offsets.get("articles.jsonl", 0)]
    ids = [json.loads(line)["id"] for line in lines.splitlines()]
    assert rows(target, "select id from articles order by article_key") == [(each,) for each in ids]
    assert rows(target, "select count(*) from articles_fts_docsize") == [(len(ids),)]
    assert rows(target, "select count(distinct id) from authors") == [(len(ids),)]


def kill_exports(tmp_path: Path, number: int) -> None:
    everything = articles(1_500)
    feed = append(tmp_path / "feed", "articles", everything)
    append(feed, "listings", [listing(each, "ncid1") for each in everything])
    whole, target = tmp_path / "whole.db", tmp_path / "feed.db"
    began = time.monotonic()
    assert start(whole, feed).wait() == 0
    usual = time.monotonic() - began
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance, killed, partial = random.Random(seed), 0, 0
    while killed < number:
        process = start(target, feed)
        wait_until(lambda: target.exists() or process.poll() is not None)  # noqa: B023 - called here
        time.sleep(chance.uniform(0, 0.7) * usual)
        process.send_signal(signal.SIGKILL)
        if process.wait() == 0:  # it was faster
            target.unlink()
            continue
        killed += 1
        if target.exists() and target.stat().st_size:
            assert_holds_together(target, feed)
            partial += rows(target, "select count(*) from articles") != [(0,)]
    assert partial, "no kill came between two transactions"
    assert start(target, feed).wait() == 0
    assert dump(target) == dump(whole)
    assert len(canned(target, "search", phrase="这是第7号灯塔。")) == 1


@pytest.mark.soak
def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    kill_exports(tmp_path, 10)


@pytest.mark.soak
def test_fifty_kills_lose_nothing(tmp_path: Path) -> None:
    kill_exports(tmp_path, 50)


def test_an_interrupted_export_leaves_no_words_of_a_replaced_row(tmp_path: Path) -> None:
    """An article whose row is replaced is found by its new words only, after a kill too."""
    feed = append(tmp_path / "feed", "articles", [article()])
    target = tmp_path / "feed.db"
    export(target, feed)
    code = EXPORT.replace(
        "export(Path",
        "from crawler.export.database import Database\nimport os, signal\n"
        "Database.insert = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)\nexport(Path",
    )
    changed = article(content_text="改过的正文。")
    line = {"id": changed["id"], "kind": "changed", "seen_at": "2026-11-02T00:00:00Z"}
    append(feed, "changes", [{**line, "content_sha256": "0" * 64, "article": changed}])
    env = clean_environment({"PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}"})
    done = subprocess.run([sys.executable, "-c", code, target, feed], env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(canned(target, "search", phrase="昨晚点灯")) == 1
    export(target, feed)
    assert canned(target, "search", phrase="昨晚点灯") == []
    assert len(canned(target, "search", phrase="改过的正文")) == 1
