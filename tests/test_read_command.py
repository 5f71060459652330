"""``scrapy read``: a page, its record, and the text that was cut."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import forkserver
import jsonschema_rs
import pytest
from crawling import ROOT, TIMES, clean_environment, mirrors_file
from gitserver import Repository

from crawler.formats.registry import find_format
from crawler.formats.trace import traced
from crawler.schema import article_schema

if TYPE_CHECKING:
    from pathlib import Path

PAGE = "pages/ncid900101/n15000325.md"


@dataclass(frozen=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def scrapy_read(*arguments: str | Path) -> Done:
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        process = forkserver.start(
            [*forkserver.SCRAPY, "read", *map(str, arguments)],
            cwd=ROOT,
            env=clean_environment({"COLUMNS": "200"}),
            stdout=output.fileno(),
            stderr=errors.fileno(),
        )
        code = process.wait(120)
        output.seek(0)
        errors.seek(0)
        return Done(code, output.read().decode(), errors.read().decode())


def without_times(line: str) -> dict[str, Any]:
    return {key: value for key, value in json.loads(line).items() if key not in TIMES}


@pytest.fixture(scope="module")
def record() -> dict[str, Any]:
    """Return the record of the page as a file."""
    done = scrapy_read(ROOT / "sample" / PAGE)
    assert (done.returncode, done.stderr) == (0, "")
    [line] = done.stdout.splitlines()
    return without_times(line)


def test_a_file_gives_one_line() -> None:
    [line] = scrapy_read(ROOT / "sample" / PAGE).stdout.splitlines()
    record = json.loads(line)
    jsonschema_rs.Draft202012Validator(article_schema(find_format())).validate(record)
    assert record["id"] == "n15000325"
    assert record["sections"] == [{"id": "ncid900101", "name": "ncid900101"}]


def test_a_path_of_a_mirror_gives_the_feeds_own_record() -> None:
    done = scrapy_read("--mirror", "sample", PAGE)
    record = json.loads(done.stdout)
    lines = (ROOT / "tests/expected/sample.jsonl").read_text(encoding="utf-8").splitlines()
    [expected] = [one for one in map(json.loads, lines) if one["id"] == record["id"]]
    differs = {key for key in expected if key not in TIMES and record[key] != expected[key]}
    assert differs <= {"sections"}  # their names are in the index


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> list[str | Path]:
    """Return options that describe the sample as ``read``, in a repository."""
    directory = tmp_path_factory.mktemp("repository")
    repository = Repository(directory / "sample.git")
    files = [path for path in (ROOT / "sample").rglob("*.md") if path.is_file()]
    repository.commit({str(one.relative_to(ROOT / "sample")): one.read_bytes() for one in files})
    mirrors = mirrors_file(directory, "read", git=str(repository.path))
    return ["-s", f"MIRRORS_FILE={mirrors}", "-s", f"CACHE_DIRECTORY={directory / 'cache'}"]


@pytest.mark.parametrize(
    "named",
    [
        ("--mirror", "read", PAGE),
        ("-a", "mirror=read", PAGE),
        (f"https://example.org/read/blob/master/{PAGE}",),
        (f"https://example.org/read/blob/master/{PAGE}?plain=1#L7",),
    ],
)
def test_a_page_of_a_repository(
    named: tuple[str, ...], described: list[str | Path], record: dict[str, Any]
) -> None:
    done = scrapy_read(*described, *named)
    assert done.returncode == 0, done.stderr
    assert without_times(done.stdout) == {
        **record,
        "mirror": "read",
        "mirror_url": f"https://example.org/read/blob/master/{PAGE}",
    }


def test_an_existing_clone_is_read_without_its_repository(tmp_path: Path) -> None:
    """At its commit, which is printed."""
    repository = Repository(tmp_path / "mirror.git")
    commit = repository.commit({PAGE: (ROOT / "sample" / PAGE).read_bytes()})
    mirrors = mirrors_file(tmp_path, "read", git=str(repository.path))
    given = ("-s", f"MIRRORS_FILE={mirrors}", "-s", f"CACHE_DIRECTORY={tmp_path}", "--mirror=read")
    cloned = scrapy_read(*given, PAGE)
    repository.path.rename(tmp_path / "gone.git")
    again = scrapy_read(*given, PAGE)
    assert (cloned.returncode, again.returncode) == (0, 0), again.stderr
    assert without_times(again.stdout) == without_times(cloned.stdout)
    assert again.stderr == f"mirror read: reading commit {commit}; a crawl updates the clone\n"


def test_a_repository_that_is_gone(tmp_path: Path) -> None:
    mirrors = mirrors_file(tmp_path, "read", git=str(tmp_path / "gone.git"))
    cache = f"CACHE_DIRECTORY={tmp_path}"
    done = scrapy_read("-s", f"MIRRORS_FILE={mirrors}", "-s", cache, "--mirror", "read", PAGE)
    assert done.returncode == 4
    assert "Traceback" not in done.stderr


def test_pages_of_a_repository_without_a_record(described: list[str | Path]) -> None:
    done = scrapy_read(*described, "--mirror", "read", "pages/x/n1.md", "../n1.md", PAGE)
    assert done.returncode == 3
    assert [line.split(": ")[1] for line in done.stderr.splitlines()[1:]] == [
        "missing",
        "malformed",
    ]
    assert len(done.stdout.splitlines()) == 1


def test_standard_input_is_a_page(record: dict[str, Any]) -> None:
    command = [*forkserver.SCRAPY, "read", "-", "--sections", "ncid900101"]
    with (ROOT / "sample" / PAGE).open("rb") as page:
        done = subprocess.run(command, cwd=ROOT, stdin=page, capture_output=True, check=True)
    read = json.loads(done.stdout)
    assert {key for key in record if read[key] != record[key]} == {"mirror_url"}


def test_a_file_may_be_an_address(record: dict[str, Any]) -> None:
    """The mirror_url of a record of a mirror in a directory."""
    path = ROOT / "sample" / PAGE
    done = scrapy_read(path.as_uri())
    assert without_times(done.stdout) == record


def test_sections_that_are_named_replace_the_paths() -> None:
    done = scrapy_read(ROOT / "sample" / PAGE, "--sections", "nsc1,nf2")
    assert [one["id"] for one in json.loads(done.stdout)["sections"]] == ["nsc1", "nf2"]


def test_explain_names_what_was_cut_and_by_which_rule() -> None:
    done = scrapy_read("--explain", ROOT / "sample" / PAGE)
    assert done.returncode == 0
    for words in (
        "credits.byline",
        "大纪元记者秦麦鹿角岛报导",
        "credits.editors",
        "figures.caption",
    ):
        assert words in done.stdout


def test_every_kind_of_cut_is_named() -> None:
    """All text of the page is in the record, or has a rule that cut it."""
    rules = set()
    for path in sorted((ROOT / "sample/pages").rglob("*.md")):
        with traced() as cuts:
            find_format().read_article(path.read_bytes())
        rules |= {cut.rule for cut in cuts}
    assert {"credits.dateline", "credits.byline", "credits.editors", "figures.caption"} <= rules
    assert {"cuts.end mark", "elements.page tool"} & rules


def test_cuts_are_collected_only_while_they_are_traced() -> None:
    body = (ROOT / "sample" / PAGE).read_bytes()
    with traced() as cuts:
        pass
    find_format().read_article(body)
    assert cuts == []


def test_a_page_without_a_line_says_why_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "n1.md").write_text("nothing", encoding="utf-8")
    os.mkfifo(tmp_path / "n2.md")
    done = scrapy_read(
        tmp_path / "n1.md", tmp_path / "n2.md", tmp_path / "n3.md", ROOT / "sample" / PAGE
    )
    assert done.returncode == 3
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "malformed",
        "missing",
        "missing",
    ]
    assert len(done.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--mirror", "nowhere", PAGE),
        ("-a", "via=git", PAGE),
        ("--sections", "1x", PAGE),
        ("--mirror", "http://127.0.0.1:9/mirror/", PAGE),
        (f"https://example.org/nowhere/{PAGE}",),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    done = scrapy_read(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
