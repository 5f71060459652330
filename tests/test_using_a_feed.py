"""Every recipe in ``docs/using-a-feed.md`` runs as written, and prints the output shown."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from crawling import ROOT, clean_environment
from documents import table

from crawler.export.queries import QUERIES
from crawler.items import Article

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawling import Feed

PAGE = ROOT / "docs" / "using-a-feed.md"
BIN = Path(sys.executable).parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)
_PROGRAMS = ("datasette", "head", "jq", "od", "sqlite3", "tail", "wc")


HOW_TO_GET = (
    "not installed here: {}. To get it: pip install pyarrow duckdb polars pandas matplotlib datasette; "
    "apt-get install jq sqlite3"
)


class Recipe(NamedTuple):
    """A block of code and its output.

    Attributes:
        name: the heading of its section.
        language: ``sh``, ``python``, or ``sql`` (for ``feed.db``).
    """

    name: str
    language: str
    code: str
    output: str


def recipes(text: str) -> Iterator[Recipe]:
    """Yield the recipes of a page, in order."""
    blocks = list(_BLOCK.finditer(text))
    assert len(blocks) % 2 == 0
    for code, output in zip(blocks[::2], blocks[1::2], strict=True):
        assert output[1] == "text", f"no output below: {code[2]}"
        heading = _HEADING.findall(text[: code.start()])[-1]
        yield Recipe(heading, code[1], code[2], output[2])


RECIPES = list(recipes(PAGE.read_text(encoding="utf-8")))


def missing(recipe: Recipe) -> list[str]:
    """Return the programs and modules that a recipe needs and that are not installed."""
    python = (
        [recipe.code]
        if recipe.language == "python"
        else re.findall(r"python -c '([^']+)'", recipe.code)
    )
    modules = [name for code in python for name in imported(code)]
    if "parquet" in recipe.code:
        modules.append("pyarrow")
    words = set(re.findall(r"[\w-]+", recipe.code)) if recipe.language == "sh" else set()
    programs = [name for name in _PROGRAMS if name in words and not which(name)]
    return programs + [name for name in modules if importlib.util.find_spec(name) is None]


def imported(code: str) -> list[str]:
    """Return the modules that Python code imports."""
    names = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return [name.partition(".")[0] for name in names]


def which(program: str) -> str | None:
    return shutil.which(program, path=f"{BIN}:{clean_environment()['PATH']}")


def run(recipe: Recipe, directory: Path) -> str:
    """Run a recipe in ``directory`` and return its output."""
    if recipe.language == "sql":
        with closing(sqlite3.connect(directory / "feed.db")) as db:
            found = db.execute(recipe.code).fetchall()
        return "".join("|".join(map(str, row)) + "\n" for row in found)
    command = {
        "python": [sys.executable, "-c", recipe.code],
        "sh": ["bash", "-euo", "pipefail", "-c", recipe.code],
    }[recipe.language]
    env = clean_environment()
    env |= {"PATH": f"{BIN}:{env['PATH']}", "PYTHONPATH": str(ROOT)}
    env |= {"MPLCONFIGDIR": str(directory), "HOME": str(directory)}
    done = subprocess.run(
        command, cwd=directory, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def fresh(sample_feed: Feed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with the sample's feed and no export."""
    directory = tmp_path_factory.mktemp("fresh")
    shutil.copy(ROOT / "scrapy.cfg", directory)
    shutil.copytree(sample_feed.directory, directory / "feeds" / "sample")
    return directory


class Exported(NamedTuple):
    """A directory with the sample's feed and exports, and what the recipes of exports printed."""

    directory: Path
    printed: dict[str, str]


@pytest.fixture(scope="module")
def exports(fresh: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    directory = tmp_path_factory.mktemp("exported")
    shutil.copytree(fresh, directory, dirs_exist_ok=True)
    recipes = [one for one in RECIPES if one.code.startswith("scrapy export") and not missing(one)]
    return Exported(directory, {one.code: run(one, directory) for one in recipes})


@pytest.fixture(scope="module")
def exported(exports: Exported) -> Path:
    return exports.directory


@pytest.mark.parametrize(
    "recipe", RECIPES, ids=[f"{n} {recipe.name}" for n, recipe in enumerate(RECIPES)]
)
def test_a_recipe_prints_what_the_page_shows(recipe: Recipe, exports: Exported) -> None:
    if absent := missing(recipe):
        pytest.skip(HOW_TO_GET.format(", ".join(absent)))
    printed = exports.printed.get(recipe.code)
    assert (run(recipe, exports.directory) if printed is None else printed) == recipe.output


def test_the_questions_in_the_readme_are_answered(exported: Path) -> None:
    [code] = [
        block[2]
        for block in _BLOCK.finditer((ROOT / "README.md").read_text(encoding="utf-8"))
        if block[1] == "sh"
    ]
    recipe = Recipe("README", "sh", code, "")
    if absent := missing(recipe):
        pytest.skip(HOW_TO_GET.format(", ".join(absent)))
    answers = run(recipe, exported)
    for name, parameter, value in re.findall(r"^ask (\w+) (\w+) (\S+)$", code, re.MULTILINE):
        with closing(sqlite3.connect(exported / "feed.db")) as db:
            query = "select query_text from canned_queries where query_name = ?"
            [text] = db.execute(query, (name,)).fetchone()
            found = db.execute(text, {parameter: value}).fetchall()
        assert found or name == "changed_since"
        lines = ["|".join("" if one is None else str(one) for one in row) for row in found]
        assert "".join(f"{line}\n" for line in lines) in answers


def test_the_shell_is_given_values_and_not_sums(exported: Path) -> None:
    """Without both pairs of quotes, 2100-01-01 is 2098, and everything is newer than that."""
    recipe = next(one for one in RECIPES if "changed_since" in one.code)
    if absent := missing(recipe):
        pytest.skip(HOW_TO_GET.format(", ".join(absent)))
    function = recipe.code.partition("ask mentions")[0]
    asked = Recipe("", "sh", f"{function}ask changed_since since 2100-01-01\n", "")
    assert run(asked, exported) == ""


def test_the_page_names_every_query_with_its_parameter() -> None:
    told = {row[0]: row[1] for row in table(part_of("Search for a phrase"))}
    parameters = {
        f"`{query.name}`": ", ".join(f"`{name}`" for name in set(re.findall(r":(\w+)", query.text)))
        for query in QUERIES
    }
    assert told == parameters


def test_the_page_names_every_table_and_column(exported: Path) -> None:
    told = {
        name: set(re.findall(r"`(\w+)`", row[1]))
        for row in table(part_of("The tables"))
        for name in re.findall(r"`(\w+)`", row[0])
    }
    with closing(sqlite3.connect(exported / "feed.db")) as db:
        tables = db.execute(
            "select name from pragma_table_list where schema = 'main' and type = 'table'"
        )
        names = {name for (name,) in tables if not name.startswith("sqlite_")}
        assert set(told) == names - {"canned_queries", "exported_files"}
        columns = {
            name: {row[1] for row in db.execute(f"pragma table_info({name})")} for name in told
        }
    keys = {field.name for field in fields(Article)} | {"article_key"}  # "the keys of a line"
    for name in set(told) - {"runs"}:
        assert columns[name] - keys <= told[name] | keys, name
        assert told[name] - {"column"} <= columns[name] | {"author", "translator", "editor"}, name


def part_of(heading: str) -> str:
    """Return the text of the section ``### heading``."""
    return PAGE.read_text(encoding="utf-8").partition(f"\n### {heading}\n")[2].partition("\n##")[0]


def recipe_of(name: str) -> Recipe:
    [found] = [recipe for recipe in RECIPES if recipe.name == name]
    if absent := missing(found):
        pytest.skip(HOW_TO_GET.format(", ".join(absent)))
    return found


def test_a_feed_that_is_being_written_is_read_up_to_its_last_newline(
    fresh: Path, tmp_path: Path
) -> None:
    recipe = recipe_of("A feed that is being written")
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "feeds" / "sample" / "articles.jsonl"
    line = path.read_bytes().splitlines(keepends=True)[0]
    for cut in (1, len(line) // 2, len(line) - 1):
        with path.open("ab") as file:
            file.write(line[:cut])
        assert run(recipe, tmp_path) == recipe.output
        path.write_bytes(path.read_bytes()[:-cut])


def test_merging_keeps_one_edition_of_each_id(fresh: Path, tmp_path: Path) -> None:
    recipe = recipe_of("Merging mirrors")
    shutil.copytree(fresh, tmp_path, dirs_exist_ok=True)
    lines = (tmp_path / "feeds/sample/articles.jsonl").read_text(encoding="utf-8").splitlines()
    first, second = (json.loads(line) for line in lines[:2])
    longer = first | {"mirror": "other", "content_text": first["content_text"] + "\n\n补记。"}
    shorter = second | {"mirror": "other", "content_text": "短。"}
    (tmp_path / "feeds" / "other").mkdir()
    (tmp_path / "feeds/other/articles.jsonl").write_text(
        "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in (longer, shorter)),
        encoding="utf-8",
    )
    assert run(recipe, tmp_path) == recipe.output
    duckdb = pytest.importorskip("duckdb")
    merged = duckdb.read_parquet(str(tmp_path / "merged.parquet"))
    kept = dict(merged.project("id, mirror").fetchall())
    assert (kept[first["id"]], kept[second["id"]]) == ("other", "sample")


def test_polars_with_its_defaults_loses_what_the_page_says(tmp_path: Path) -> None:
    """The warning in the document is needed as long as this is true."""
    polars = pytest.importorskip("polars")
    lines = [{"id": f"n{n}", "videos": []} for n in range(200)] + [{"id": "n", "videos": ["v"]}]
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    lost = polars.read_ndjson(path)["videos"].list.eval(polars.element().is_not_null()).to_list()
    whole = polars.read_ndjson(path, infer_schema_length=None)["videos"].to_list()
    assert True not in lost[-1]
    assert whole[-1] == ["v"]
