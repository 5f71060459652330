"""``scrapy audit --verify``: a whole feed passes, and every kind of damage is found."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from crawling import scrapy

from crawler.audit.verify import Verification, verify
from crawler.exceptions import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's feed after two runs."""
    feed = tmp_path_factory.mktemp("verify") / "feed"
    for more in (["-a", "limit=20"], []):
        done = scrapy("crawl", "epoch_mirror", "-a", "mirror=sample", "-a", f"feed={feed}", *more)
        assert done.returncode == 0, done.stderr
    return feed


@pytest.fixture
def feed(crawled: Path, tmp_path: Path) -> Path:
    """A copy of it, to be spoilt."""
    shutil.copytree(crawled, tmp_path / "feed")
    return tmp_path / "feed"


def edit(feed: Path, name: str, change: Callable[[list[dict[str, Any]]], object]) -> Verification:
    """Change the lines of a file, and verify the feed."""
    path = feed / f"{name}.jsonl"
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    change(lines)
    text = "".join(
        json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines
    )
    path.write_text(text, encoding="utf-8")
    return verify(feed)


def says(found: Verification, *words: str) -> bool:
    """Return whether one problem has all of ``words``."""
    return any(all(word in problem for word in words) for problem in found.problems)


def test_a_whole_feed_passes(feed: Path) -> None:
    found = verify(feed)
    assert found.problems == []
    assert found.lines["articles"] > 80
    assert found.lines["runs"] == 2
    assert verify(feed / "articles.jsonl").count == 0


def test_rewriting_a_file_as_it_is_is_no_problem(feed: Path) -> None:
    for name in ("articles", "listings", "runs"):
        assert edit(feed, name, lambda _: None).problems == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.append(lines[0]), ("second line of",)),
        (lambda lines: lines[3].update(content_text="x"), ("line 4", "content_sha256")),
        (lambda lines: lines[3].update(title=""), ("line 4", "title")),
        (lambda lines: lines[3].update(authors="李言"), ("line 4", "authors")),
        (lambda lines: lines[3].update(date_published="2023-13-01"), ("line 4", "date_published")),
        (lambda lines: lines[3].pop("byline"), ("line 4", "byline")),
        (lambda lines: lines[3].update(id=lines[3].pop("id")), ("line 4", "order")),
        (lambda lines: lines[3].update(mirror="another"), ("several mirrors",)),
        (lambda lines: lines[3]["sections"].append({"id": "x1", "name": "x"}), ("in x1",)),
        (lambda lines: lines[3].update(content_text=None), ("line 4", "content_text")),
        (
            lambda lines: lines[3].update(title="灯\u200b塔"),
            ("line 4", "title", "format character"),
        ),
        (lambda lines: lines[3].update(byline="灯\r塔"), ("line 4", "byline", "control")),
        (lambda lines: lines[3].update(editors=["e\u0301"]), ("line 4", "editors", "NFC")),
        (lambda lines: lines[3].update(content_html="x" * (4 << 20)), ("line 4", "at most")),
        (lambda lines: lines[3].update(mirror_url="https://a.example/x.md"), ("line 4", "the id")),
        (
            lambda lines: lines[3].update(videos=["https://a.example/v"], has_video=False),
            ("line 4", "has_video"),
        ),
        (lambda lines: lines[3].update(url=lines[4]["url"]), ("line 4", "url has another id")),
        (lambda lines: lines[3].update(language="zh-Hant"), ("line 4", "or language")),
        (lambda lines: lines[3].update(date_published="1999-01-01"), ("line 4", "date_published")),
        (
            lambda lines: [line.update(date_source="url") for line in lines],
            ("date_published is 1 days after the date in url",),
        ),
        (lambda lines: lines[3].update(sections=lines[3]["sections"] * 2), ("line 4", "twice")),
        (
            lambda lines: lines[3].update(links=[{"url": "https://a.example/", "text": "a"}] * 2),
            ("line 4", "links has an entry twice"),
        ),
        (lambda lines: lines.pop(), ("articles_after",)),
        (lambda lines: lines.insert(1, lines.pop(30)), ("not the end of a line",)),
    ],
)
def test_a_changed_article_is_found(
    feed: Path, change: Callable[[list[dict[str, Any]]], object], words: tuple[str, ...]
) -> None:
    assert says(edit(feed, "articles", change), *words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.append(lines[0]), ("second line of",)),
        (lambda lines: lines.pop(0), ("which its article names",)),
        (lambda lines: lines[2].update(first_seen_at=5), ("line 3", "first_seen_at")),
    ],
)
def test_a_changed_listing_is_found(
    feed: Path, change: Callable[[list[dict[str, Any]]], object], words: tuple[str, ...]
) -> None:
    assert says(edit(feed, "listings", change), *words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda lines: lines.pop(0), ("the run before left 0",)),
        (lambda lines: lines[1].update(articles_before=0), ("the run before left",)),
        (lambda lines: lines[1].update(articles=3), ("3;", "lines were written")),
        (lambda lines: lines[0].update(articles_after=17), ("not the end of a line",)),
        (lambda lines: lines[1].update(status=None), ("line 2", "status")),
        (lambda lines: lines[1].update(failures={"missing": 3}), ("line 2", "failures")),
        (lambda lines: lines[1].update(articles_after=10**9), ("are left",)),
        (lambda lines: lines[1].update(articles_before="0"), ("line 2", "articles_before")),
        (lambda lines: lines[1].update(contract=7), ("line 2", "contract")),
        (lambda lines: lines[1].update(articles_after=1e18), ("line 2", "whole numbers")),
        (lambda lines: lines[1].update(changes=5), ("5;", "lines were written")),
        (lambda lines: lines[1].update(changed=[]), ("line 2", "changed")),
        (lambda lines: lines[1].update(end="2026-13-45T00:00:00Z"), ("line 2", "end")),
        (lambda lines: lines[1].update(newest="2026-13-45"), ("line 2", "newest")),
        (lambda lines: lines[1].update(end="2020-01-01T00:00:00Z"), ("line 2", "ends before")),
    ],
)
def test_a_changed_run_is_found(
    feed: Path, change: Callable[[list[dict[str, Any]]], object], words: tuple[str, ...]
) -> None:
    assert says(edit(feed, "runs", change), *words)


def change_lines(feed: Path, *kinds: str, **keys: Any) -> Verification:
    """Write changes of the feed's first article, and verify the feed."""
    article = json.loads((feed / "articles.jsonl").read_text(encoding="utf-8").splitlines()[0])
    with (feed / "changes.jsonl").open("w", encoding="utf-8") as file:
        for kind in kinds:
            gone = kind == "vanished"
            line = {
                "id": article["id"],
                "kind": kind,
                "seen_at": "2023-10-02T04:00:00Z",
                "content_sha256": None if gone else article["content_sha256"],
                "article": None if gone else article,
                **keys,
            }
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
    return verify(feed)


def test_changes_that_fit_pass(feed: Path) -> None:
    assert change_lines(feed, "changed", "vanished", "returned", "changed").problems == []


@pytest.mark.parametrize(
    ("kinds", "keys", "words"),
    [
        (("returned",), {}, ("does not follow",)),
        (("vanished", "changed"), {}, ("does not follow",)),
        (("vanished", "vanished"), {}, ("does not follow",)),
        (("changed",), {"article": None}, ("wrong `article`",)),
        (("changed",), {"id": "n1"}, ("no line of n1",)),
        (("changed",), {"content_sha256": "0" * 64}, ("not that of its article",)),
        (("improved",), {}, ("kind",)),
        (("changed",), {"article": {"id": "n1"}}, ("changes.jsonl, line 1", "order")),
    ],
)
def test_changes_that_do_not_fit_are_found(
    feed: Path, kinds: tuple[str, ...], keys: dict[str, Any], words: tuple[str, ...]
) -> None:
    assert says(change_lines(feed, *kinds, **keys), *words)


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"null\n",
        b"[]\n",
        b'{"id": "n1"\n',
        b"\xff\xfe{}\n",
        b'{"id":' * 100_000 + b"\n",
        b"[" * 100_000 + b"]" * 100_000 + b"\n",
        b'{"id":"n1","authors":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}\n",
        b'{"id":["n1"],"sections":{"id":1},"content_text":3}\n',
        b'{"id":"n1","content_text":"\\ud800"}\n',
        b"\x00\n",
        b'{"id": NaN}\n',
    ],
)
@pytest.mark.parametrize("name", ["articles", "listings", "runs", "changes"])
def test_odd_lines_are_problems_and_do_not_crash(feed: Path, name: str, line: bytes) -> None:
    with (feed / f"{name}.jsonl").open("ab") as file:
        file.write(line)
    found = verify(feed)
    assert found.count
    assert says(found, f"{name}.jsonl, line")
    assert all(len(problem) < 400 for problem in found.problems)


def test_an_unfinished_line_is_not_a_problem(feed: Path) -> None:
    with (feed / "articles.jsonl").open("ab") as file:
        file.write(b'{"id": "n1", "ti')
    found = verify(feed)
    assert (found.problems, found.tails) == ([], {"articles.jsonl": 16})


def test_many_problems_are_counted_and_some_named(feed: Path) -> None:
    with (feed / "listings.jsonl").open("ab") as file:
        file.write(b"{}\n" * 5000)
    found = verify(feed)
    assert found.count >= 5000
    assert len(found.problems) == 100


def test_what_is_no_feed(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="is not a feed"):
        verify(tmp_path)


def test_the_command(feed: Path) -> None:
    done = scrapy("audit", "--verify", feed)
    assert (done.returncode, done.stderr) == (0, "")
    assert "0 problems" in done.stdout
    (feed / "listings.jsonl").write_bytes(b"")
    done = scrapy("audit", "--verify", "--json", feed)
    assert done.returncode == 5
    assert json.loads(done.stdout)["count"] > 80
    assert scrapy("audit", "--verify", feed / "no").returncode == 2


def test_options_that_a_verification_ignores_are_refused(feed: Path) -> None:
    for option in (("--floors", "floors.toml"), ("--all",)):
        done = scrapy("audit", feed, "--verify", *option)
        assert done.returncode == 2
        assert "give it without --floors and --all" in done.stderr
