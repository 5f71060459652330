"""The documents agree with the code."""

from __future__ import annotations

import ast
import json
import re
from collections import Counter
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest
from accept import EXPECTED
from crawling import ROOT, TIMES, Feed, Result, start_crawl
from documents import (
    Key,
    anchors,
    code_blocks,
    code_names,
    indented_lines,
    keys,
    links,
    part,
    table,
)
from test_architecture import KNOWS
from test_browser import FAULTS

from crawler import __version__, exceptions
from crawler.config.options import CrawlOptions
from crawler.config.own_settings import SETTINGS, require_valid_settings
from crawler.exceptions import RunError
from crawler.formats.epoch.rendered import UNSUPPORTED_KEYS
from crawler.formats.registry import find_format
from crawler.items import CONTRACT_VERSION, Article, Listing
from crawler.run.counts import RunCounts
from crawler.run.endings import COMPLETE, CRASHED, FAILURES, LIMITED, STALE, Ending
from crawler.schema import article_schema, change_schema, listing_schema, run_schema
from crawler.transports.browser.executable import EXECUTABLES

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
USUAL = "n15000304"
"""The article of examples that name no other."""

BROWSER = (DOCS / "browser.md").read_text(encoding="utf-8")
DATA_FORMAT = (DOCS / "data-format.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")

ARTICLE_KEYS = keys(part(DATA_FORMAT, "Article records"))
LISTING_KEYS = keys(part(DATA_FORMAT, "Listing records"))
RUN_KEYS = keys(part(DATA_FORMAT, "Run records"))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Return a first crawl of the sample."""
    place = tmp_path_factory.mktemp("docs")
    result = start_crawl("mirror=sample", feed=place / "feeds" / "sample").finish()
    assert result.exit_code == 0, result.log
    return result


@pytest.fixture(scope="module")
def feed(first: Result) -> Feed:
    return first.feed


def named(key: Key) -> str:
    return key.name


def expected(article: str) -> dict[str, Any]:
    """Return the sample's expected record of an article."""
    lines = EXPECTED.read_text(encoding="utf-8").splitlines()
    record: dict[str, Any]
    [record] = [found for line in lines if (found := json.loads(line))["id"] == article]
    return record


def assert_shortens(example: Any, value: Any) -> None:
    """Assert that an example equals the value, or the beginning of it if it ends in ``…``."""
    if isinstance(example, str) and example.endswith("…"):
        assert isinstance(value, str)
        assert value.startswith(example[:-1])
    else:
        assert example == value


# -- the contract ----------------------------------------------------------------------------


def test_every_key_of_an_article_is_documented_in_order() -> None:
    assert [key.name for key in ARTICLE_KEYS] == [field.name for field in fields(Article)]


def test_every_key_of_a_listing_is_documented_in_order() -> None:
    assert [key.name for key in LISTING_KEYS] == [field.name for field in fields(Listing)]


def test_every_key_of_a_run_is_documented_in_order(feed: Feed) -> None:
    assert [key.name for key in RUN_KEYS] == list(feed.runs[-1])


@pytest.mark.parametrize("key", [k for k in ARTICLE_KEYS if k.name not in TIMES], ids=named)
def test_examples_of_articles_come_from_the_sample(key: Key) -> None:
    assert_shortens(json.loads(key.example), expected(key.article or USUAL)[key.name])


@pytest.mark.parametrize("key", ARTICLE_KEYS, ids=named)
def test_examples_of_articles_are_valid(key: Key) -> None:
    schema = article_schema(find_format())["properties"][key.name]
    jsonschema_rs.validate(schema, json.loads(key.example))


@pytest.mark.parametrize("key", ARTICLE_KEYS, ids=named)
def test_nullable_keys_are_documented_as_such(key: Key) -> None:
    """Keys that are null in the schema or in a browser; all others are documented as never null."""
    schema = article_schema(find_format())["properties"][key.name]
    null = "null" in schema.get("type", []) or key.name in UNSUPPORTED_KEYS
    assert ("null" in key.type) is null
    if not null:
        assert "never null" in " ".join(key.text.split()).lower()
    if key.name in UNSUPPORTED_KEYS:
        assert "Null with `via=browser`." in " ".join(key.text.split())


def test_the_keys_a_browser_cannot_see_are_documented() -> None:
    said = part(DATA_FORMAT, "What a browser cannot see")
    assert set(code_names(said)) - {"via=browser", "fallback=browser"} == UNSUPPORTED_KEYS


def test_the_examples_of_a_listing_are_a_line_of_the_sample(feed: Feed) -> None:
    example = {key.name: json.loads(key.example) for key in LISTING_KEYS}
    jsonschema_rs.validate(listing_schema(find_format()), example)
    [line] = [
        line
        for line in feed.listings
        if (line["id"], line["section"]) == (example["id"], example["section"])
    ]
    assert line["title"] == example["title"]


def test_the_examples_of_a_run_are_a_first_crawl_of_the_sample(feed: Feed) -> None:
    """Except for times, and for sizes, which change with every improvement of the text."""
    line = feed.runs[0]
    for key in RUN_KEYS:
        example = json.loads(key.example)
        if key.name in ("start", "end", "readers", "articles_after", "listings_after"):
            assert type(line[key.name]) is type(example), key.name
        else:
            assert line[key.name] == example, key.name


def test_the_contract_version_is_documented() -> None:
    assert f"This is version {CONTRACT_VERSION} of the contract" in " ".join(DATA_FORMAT.split())


def schemas() -> dict[str, dict[str, Any]]:
    known = find_format()
    return {
        "article": article_schema(known),
        "listing": listing_schema(known),
        "change": change_schema(known),
        "run": run_schema(),
    }


@pytest.mark.parametrize("name", ["article", "listing", "change", "run"])
def test_the_schema_files_are_up_to_date(name: str) -> None:
    made = schemas()[name]
    text = (DOCS / "schema" / f"{name}.schema.json").read_text(encoding="utf-8")
    assert text == json.dumps(made, ensure_ascii=False, indent=2) + "\n"


def test_the_documented_reader_reads_complete_lines_only(tmp_path: Path) -> None:
    [code] = code_blocks(DATA_FORMAT, "python")
    names: dict[str, Any] = {"json": json}
    exec(compile(ast.parse(code), "data-format.md", "exec"), names)  # noqa: S102 - our document
    path = tmp_path / "articles.jsonl"
    path.write_bytes('{"a": "天\u2028地"}\n{"b": 2'.encode())
    records, offset = names["new_lines"](path, 0)
    assert records == [{"a": "天\u2028地"}]
    path.write_bytes('{"a": "天\u2028地"}\n{"b": 2}\n'.encode())
    assert names["new_lines"](path, offset) == ([{"b": 2}], path.stat().st_size)


# -- arguments, settings, exit statuses ------------------------------------------------------------


def test_every_argument_of_the_spider_is_documented() -> None:
    rows = table(part(OPERATIONS, "Arguments"))
    assert [name for row in rows for name in code_names(row[0])] == list(CrawlOptions.ARGUMENTS)


def own_settings() -> dict[str, Any]:
    """Return the project's own settings with their defaults, in the order of the file."""
    text = (ROOT / "crawler" / "settings.py").read_text(encoding="utf-8")
    head, mark, own = text.partition("# -- the project's --")
    assert mark
    names: dict[str, Any] = {}
    whole = {"__file__": str(ROOT / "crawler" / "settings.py")}
    exec(compile(text, "settings.py", "exec"), whole)  # noqa: S102 - our settings
    for name in re.findall(r"^([A-Z_]+)(?::[^=\n]*)? = ", own, re.MULTILINE):
        names[name] = whole[name]
    assert not names.keys() & set(re.findall(r"^([A-Z_]+) = ", head, re.MULTILINE))
    return names


def test_every_setting_of_the_project_is_documented_in_order() -> None:
    rows = table(part(OPERATIONS, "Settings"))
    assert [code_names(row[0]) for row in rows] == [[name] for name in own_settings()]


def test_every_setting_of_the_project_has_a_validator() -> None:
    """Which accepts the default."""
    assert list(own_settings()) == list(SETTINGS)
    require_valid_settings(own_settings())


@pytest.mark.parametrize(("name", "value"), own_settings().items(), ids=own_settings())
def test_numeric_defaults_are_documented(name: str, value: object) -> None:
    [row] = [row for row in table(part(OPERATIONS, "Settings")) if row[0] == f"`{name}`"]
    if isinstance(value, int | float):
        assert row[-1] == f"{value}"
    elif not value:
        assert row[-1], "what holds where nothing is set"


def stat_names() -> set[str]:
    """Return the names of all stats, with ``KIND`` and ``REASON`` for values."""
    counts = RunCounts(pages=Counter({"KIND": 1}))
    counts.fail("n1", "REASON")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "crawler").rglob("*.py"))
    return {f"epoch/{name}" for name in counts.stats()} | set(
        re.findall(r'_value\(\s*"(epoch/[a-z_/]+)"', code)
    )


def test_every_stat_is_documented() -> None:
    rows = table(part(OPERATIONS, "Stats"))
    assert {name for row in rows for name in code_names(row[0])} == stat_names()


# -- the browser ---------------------------------------------------------------------------------


def test_the_browsers_settings_are_documented() -> None:
    rows = table(part(BROWSER, "What it needs"))
    named = [name for name in own_settings() if name.startswith("BROWSER_")]
    assert [code_names(row[0]) for row in rows] == [[name] for name in named]


def test_the_names_of_chromium_are_documented() -> None:
    said = part(BROWSER, "What it needs").partition("is used: ")[2].partition("A run that")[0]
    assert code_names(said) == list(EXECUTABLES)


def test_each_key_a_browser_cannot_see_has_a_reason() -> None:
    rows = table(part(BROWSER, "What it cannot see"))
    assert {name for row in rows for name in code_names(row[0])} == UNSUPPORTED_KEYS
    assert all(row[1] for row in rows)


def test_the_failure_reasons_of_the_browser_are_documented() -> None:
    rows = table(part(BROWSER, "When a page fails"))
    assert {name for row in rows for name in code_names(row[1])} == {
        *FAULTS.values(), "timeout", "browser_lost", "browser_unstartable", "browser"
    }  # fmt: skip


def run_errors(kind: type[RunError] = RunError) -> set[type[RunError]]:
    """Return an exception class and all its subclasses."""
    return {kind}.union(*(run_errors(one) for one in kind.__subclasses__()))


def outcomes() -> set[tuple[int, str]]:
    """Return every (exit status, word) that a run can come to."""
    found = [COMPLETE, CRASHED, FAILURES, LIMITED, STALE, Ending.of_signal(2), Ending.of_signal(15)]
    kinds = [kind for kind in run_errors() if kind.__module__ == exceptions.__name__]
    found += [Ending.of_error(kind.__new__(kind)) for kind in kinds]
    return {(outcome.exit_code, outcome.status) for outcome in found}


def test_every_exit_status_is_documented_with_its_words() -> None:
    rows = table(part(OPERATIONS, "Exit status"))
    told = {(int(row[0]), word) for row in rows for word in code_names(row[1])}
    assert told == outcomes()
    assert all(len(row) == 4 and all(row) for row in rows)


def test_every_status_of_a_run_is_documented() -> None:
    [key] = [key for key in RUN_KEYS if key.name == "status"]
    words = {word for _, word in outcomes()} | {"killed", "altered"}
    assert words <= set(code_names(key.text))


# -- README, links and paths ----------------------------------------------------------------


def test_the_commands_in_the_readme_exist() -> None:
    targets = re.findall(
        r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    commands = [line for line in indented_lines(README) if line.startswith("make ")]
    assert commands == ["make crawl", "make test"]
    assert {line.split()[1] for line in commands} <= set(targets)
    mentioned = re.findall(r"`make ([a-z ]+)`", "".join(p.read_text("utf-8") for p in DOCUMENTS))
    assert {word for words in mentioned for word in words.split()} <= set(targets)


COMMANDS = ("make ", ".venv/", "pip ", "epoch-mirror ", "apt-get ")
"""Prefixes of commands in README; the other indented lines are the output of a crawl."""


def test_the_readme_shows_what_make_crawl_prints(first: Result) -> None:
    shown = [line for line in indented_lines(README) if not line.startswith(COMMANDS)]
    tail = [re.sub(r"\S*scrapy crawl", ".venv/bin/scrapy crawl", line) for line in first.tail]
    place = str(first.feed.directory.parent.parent)
    assert shown == [line.replace(place, "…") for line in tail]


def test_the_record_in_the_readme_comes_from_the_sample() -> None:
    [block] = code_blocks(README, "json")
    shown = json.loads(block)
    assert list(shown) == [field.name for field in fields(Article)]
    record = expected(shown["id"])
    for key in shown.keys() - set(TIMES):
        assert_shortens(shown[key], record[key])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_have_a_target(document: Path) -> None:
    for target in links(document):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        path = document.parent / name if name else document
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_named_in_documents_exist(document: Path) -> None:
    """Paths in backticks that start with a folder of the project."""
    folders = ("bench/", "crawler/", "deploy/", "docs/", "scripts/", "tests/")
    text = document.read_text(encoding="utf-8")
    for name in re.findall(r"`(?:python )?([\w./*<>-]+)`", text):
        if name.startswith(folders) and "<" not in name:
            assert list(ROOT.glob(name.rstrip("/"))), name


ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def test_every_package_is_described_once() -> None:
    rows = table(part(ARCHITECTURE, "The packages"))
    assert sorted(name for row in rows for name in code_names(row[0])) == sorted(KNOWS)


def test_files_to_open_exist() -> None:
    """A name without a folder is in that of the file before it."""
    for row in table(part(ARCHITECTURE, "To change something, open")):
        folder = ""
        for name in re.findall(r"`([\w/.-]+\.(?:py|txt|md))`", " ".join(row[1:])):
            places = [ROOT / name, ROOT / "crawler" / name, ROOT / "crawler" / folder / name]
            assert any(place.is_file() for place in places), name
            folder = name.rpartition("/")[0] or folder


def test_the_document_for_newcomers_is_short() -> None:
    assert len(ARCHITECTURE.splitlines()) <= 210


def test_the_changelog_dates_the_version_and_names_its_contract() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.search(
        rf"^## \[{re.escape(__version__)}\] - \d{{4}}-\d\d-\d\d\n\n(.+)$", text, re.MULTILINE
    )
    assert released, "the version has no dated heading"
    assert f"version {CONTRACT_VERSION} of the feed contract" in released[1]
    assert f"This is version {CONTRACT_VERSION} of the contract" in DATA_FORMAT
