"""The crawler crawls a mirror in a format from another package."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from crawling import ROOT, asked, assert_sound, mirrors_file, scrapy
from sister.weekly import UNSUPPORTED_KEYS
from standin import sites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from crawling import Crawl, Result
    from misbehaving import MisbehavingServer

OLDEST = 99_996
"""The first id. Later ones have more digits, so that sorting as text differs from sorting by number."""


def article(number: int, text: str = "") -> str:
    day = f"2024-03-{number % 28 + 1:02}"
    text = (
        text
        or f"岛上第{number}天，见[码头](../b/{number}?utm_source=x)。![船](//Pics.Example/{number}.jpg)"
    )
    return f"# 岛记：第{number}天\n> {day} 林一、周二 HTTPS://Weekly.Example/a/{number}\n\n{text}\n~~\n"


def write_mirror(directory: Path, numbers: Iterable[int], best: Iterable[int] = ()) -> None:
    """Write a weekly's mirror with these articles, three entries a page, and its best articles."""
    numbers = list(numbers)
    pages = [numbers[at : at + 3] for at in range(0, len(numbers), 3)]
    pager = " ".join(f"[{page}](/indexes/{page}.md)" for page in range(1, len(pages) + 1))
    for name in ("indexes", "articles"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for page, listed in enumerate(pages, 1):
        lines = [f"* [第{one}天](/articles/{one}.md)" for one in reversed(listed)]
        text = "\n".join([*lines, "", pager, ""])
        (directory / "indexes" / f"{page}.md").write_text(text, encoding="utf-8")
    entries = [f"* [第{one}天](/articles/{one}.md)" for one in best]
    (directory / "best.md").write_text("\n".join([*entries, ""]), encoding="utf-8")
    link = "[精选](/best.md)\n" if entries else ""
    (directory / "README.md").write_text(text + link, encoding="utf-8")
    for number in numbers:
        path = directory / "articles" / f"{number}.md"
        path.write_text(article(number), encoding="utf-8")


@pytest.fixture
def installed(tmp_path: Path) -> str:
    """Install the weekly's format in a directory; return the search path with it."""
    installed = tmp_path / "installed" / "weekly-1.0.dist-info"
    installed.mkdir(parents=True)
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: weekly\nVersion: 1.0\n")
    points = "weekly = weekly:WeeklyFormat\nprinted = weekly:PrintedFormat\n"
    (installed / "entry_points.txt").write_text(f"[epoch_mirror_crawler.formats]\n{points}")
    return f"{ROOT / 'tests' / 'sister'}:{installed.parent}"


@pytest.fixture
def weekly(tmp_path: Path, crawl: Crawl, installed: str) -> Callable[..., Result]:
    """Return a function that crawls the weekly's mirror with its format installed."""

    def run(*arguments: str, env: dict[str, str] | None = None, **transports: str) -> Result:
        file = mirrors_file(tmp_path, "weekly", **{"format": "weekly", **transports})
        settings: dict[str, Any] = {
            "MIRRORS_FILE": file,
            "CACHE_DIRECTORY": tmp_path / "cache",
            "READERS": 1,
        }
        return crawl(*arguments, settings=settings, env={"PYTHONPATH": installed, **(env or {})})

    return run


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    directory = tmp_path / "mirror"
    write_mirror(directory, range(OLDEST, OLDEST + 8), best=(100_000, 99_997))
    return directory


def ids(*numbers: int) -> list[str]:
    return [str(number) for number in numbers]


def test_a_mirror_of_another_format(weekly: Callable[..., Result], mirror: Path) -> None:
    """Newest first by number, with canonical URLs; the next run reads nothing again."""
    result = weekly(path=str(mirror))
    assert result.exit_code == 0, result.log
    assert result.feed.ids == ids(*range(OLDEST + 7, OLDEST - 1, -1))
    assert result.run["pages"] == {"home": 1, "index": 2, "archive": 2, "article": 8}
    assert (result.run["entries"], result.run["duplicates"]) == (10, 2)
    assert_sound(result.feed)
    assert result.feed.article("100000") == result.feed.articles[3]
    line = result.feed.article("100000")
    assert {
        key: line[key] for key in ("url", "title", "column", "date_published", "mirror_url")
    } == {
        "url": "https://weekly.example/a/100000",
        "title": "岛记：第100000天",
        "column": "岛记",
        "date_published": "2024-03-13",
        "mirror_url": "https://example.org/weekly/blob/master/articles/100000.md",
    }
    assert line["authors"] == [{"name": "林一"}, {"name": "周二"}]
    assert line["sections"] == [{"id": "all", "name": "全部"}, {"id": "best", "name": "精选"}]
    assert line["links"] == [{"url": "https://weekly.example/b/100000", "text": "码头"}]
    assert [image["url"] for image in line["images"]] == ["https://pics.example/100000.jpg"]
    again = weekly(path=str(mirror))
    assert again.exit_code == 0, again.log
    assert again.run["pages"] == {"home": 1, "index": 2}


def test_its_feed_keeps_every_promise(
    weekly: Callable[..., Result], mirror: Path, installed: str, tmp_path: Path
) -> None:
    feed = weekly(path=str(mirror)).feed.directory
    command = ("audit", str(feed), "--verify", "-s", f"MIRRORS_FILE={tmp_path / 'weekly.toml'}")
    done = scrapy(*command, env={"PYTHONPATH": installed})
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "8 articles, 10 listings, 0 changes, 1 runs; 0 problems" in done.stdout


def test_a_lost_state_is_rebuilt(weekly: Callable[..., Result], mirror: Path) -> None:
    feed = weekly(path=str(mirror)).feed
    before = feed.data("articles.jsonl"), feed.data("listings.jsonl")
    (feed.directory / "state.sqlite").unlink()
    result = weekly(path=str(mirror))
    assert result.exit_code == 0, result.log
    assert any("rebuilt from the feed" in line for line in result.warnings)
    assert (feed.data("articles.jsonl"), feed.data("listings.jsonl")) == before
    assert "article" not in result.run["pages"]


def test_a_feed_of_another_format(weekly: Callable[..., Result], mirror: Path) -> None:
    feed = weekly(path=str(mirror)).feed
    before = feed.data("articles.jsonl")
    result = weekly(path=str(mirror), format="epoch")
    assert result.exit_code == 2, result.log
    assert "has article '100003', which is not an id of the mirror's format" in result.log
    assert feed.data("articles.jsonl") == before


def test_an_update_by_git(weekly: Callable[..., Result], mirror: Path) -> None:
    """Changes are known by path: new articles are read, and a changed page is recorded."""
    commit(mirror)
    assert weekly(git=str(mirror)).feed.ids == ids(*range(OLDEST + 7, OLDEST - 1, -1))
    write_mirror(mirror, range(OLDEST, OLDEST + 9))
    (mirror / "articles" / "99998.md").write_text(article(99_998, "改过。"), encoding="utf-8")
    (mirror / "other.md").write_text("no page of the mirror", encoding="utf-8")
    commit(mirror)
    result = weekly(git=str(mirror))
    assert result.exit_code == 0, result.log
    assert result.feed.ids[-1:] == ids(OLDEST + 8)
    assert result.run["articles"] == 1
    assert result.run["changed"]["changed"]["ids"] == ids(99_998)
    assert [line["article"]["content_text"] for line in result.feed.changes] == ["改过。"]
    assert result.run["pages"]["article"] == 2
    (mirror / "other.md").write_text("still none", encoding="utf-8")
    commit(mirror)
    assert weekly(git=str(mirror)).run["pages"] == {}


def commit(directory: Path) -> None:
    git = ["git", "-C", str(directory), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], check=True)


def test_over_http(
    weekly: Callable[..., Result], mirror: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """A page that two sections list has one path, so it is requested once."""
    (mirror / "articles" / "99997.md").write_text("no article", encoding="utf-8")
    server = serve(mirror)
    result = weekly(http=server.base)
    assert asked(server)["/articles/99997.md"] == 1
    assert result.exit_code == 3, result.log
    assert set(result.feed.ids) == set(ids(*range(OLDEST, OLDEST + 8))) - {"99997"}
    assert result.run["failures"] == {"malformed": {"count": 1, "ids": ["99997"]}}


def test_many_articles_are_read_by_other_processes(
    weekly: Callable[..., Result], tmp_path: Path
) -> None:
    write_mirror(tmp_path / "mirror", range(OLDEST, OLDEST + 1100))
    (tmp_path / "readers").mkdir()
    note = {"WEEKLY_READERS": str(tmp_path / "readers")}
    result = weekly(path=str(tmp_path / "mirror"), env=note)
    assert result.exit_code == 0, result.log
    assert result.feed.ids == ids(*range(OLDEST + 1099, OLDEST - 1, -1))
    assert len(list((tmp_path / "readers").iterdir())) == 1


def test_single_pages_have_canonical_urls(
    installed: str, mirror: Path, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """As in the feed, for which a pipeline makes them."""
    base = serve(mirror).base
    file = mirrors_file(tmp_path, "weekly", format="weekly", http=base, path=str(mirror))
    for command in (
        ("read", "articles/100000.md", "--mirror", "weekly"),
        ("parse", "--spider", "epoch_mirror", f"{base}articles/100000.md"),
    ):
        done = scrapy(*command, "-s", f"MIRRORS_FILE={file}", env={"PYTHONPATH": installed})
        assert "https://weekly.example/b/100000" in done.stdout, done.stderr
        assert "Weekly.Example" not in done.stdout


def test_its_feed_is_audited_and_reread(
    weekly: Callable[..., Result], installed: str, mirror: Path, tmp_path: Path
) -> None:
    """By the rules of the format that the mirrors file names."""
    (mirror / "articles" / "99998.md").write_text(
        article(99_998).replace("99998天", "99998天！"), encoding="utf-8"
    )
    feed = weekly(path=str(mirror)).feed
    mirrors = ("-s", f"MIRRORS_FILE={tmp_path / 'weekly.toml'}")

    def run(command: str, *words: object) -> str:
        done = scrapy(command, *words, *mirrors, env={"PYTHONPATH": installed})
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    again = tmp_path / "again"
    run("reread", feed.directory, "--to", again)
    assert (again / "articles.jsonl").read_bytes().count(b"\n") == 8
    for directory in (feed.directory, again):
        assert "8 articles" in run("audit", directory, "--verify")
    odd = json.loads(run("audit", feed.directory, "--json"))["oddities"]
    assert odd["title_loud"]["values"][0]["example"] == "99998"
    assert "url_unusual" not in odd
    broken = feed.data("articles.jsonl").replace(b"example/a/99996", b"example/a/99995")
    (feed.directory / "articles.jsonl").write_bytes(broken)
    done = scrapy("audit", feed.directory, "--verify", *mirrors, env={"PYTHONPATH": installed})
    assert "url has another id" in done.stdout


@pytest.mark.usefixtures("chromium")
def test_in_a_browser(weekly: Callable[..., Result], mirror: Path) -> None:
    """The format turns the rendered pages back into its own."""
    feed = weekly(path=str(mirror)).feed
    by_path = {line["id"]: line for line in feed.articles}
    shutil.rmtree(feed.directory)
    with sites(mirror) as (site, _):
        rendered = weekly(browser=site.base)
    assert rendered.exit_code == 0, rendered.log
    assert set(rendered.feed.ids) == set(by_path)
    for line in rendered.feed.articles:
        wanted = by_path[line["id"]]
        assert line["links"] is None
        assert line["images"] == wanted["images"]
        differing = {key for key in line if line[key] != wanted[key]}
        assert differing <= UNSUPPORTED_KEYS | {"crawled_at", "mirror_url"}


def test_a_format_without_a_rendering(weekly: Callable[..., Result]) -> None:
    result = weekly(browser="https://example.org/weekly/blob/master/", format="printed")
    assert result.exit_code == 2, result.log
    assert "cannot be read in a browser" in result.log


def test_a_format_that_is_not_installed(weekly: Callable[..., Result], mirror: Path) -> None:
    result = weekly(path=str(mirror), format="monthly")
    assert result.exit_code == 2, result.log
    assert (
        "format: 'monthly' is not a mirror format: choose one of epoch, printed, weekly"
        in result.log
    )
