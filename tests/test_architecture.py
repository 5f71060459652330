"""Imports point one way."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from crawling import ROOT

KNOWS: dict[str, set[str]] = {
    # the standard library, and what does one thing well
    "exceptions": set(),
    "settings": {"config", "terminal"},
    "text": set(),
    "printable": set(),
    "terminal": {"printable"},
    "items": set(),
    "urls": {"text"},
    # pure: the text of a page in, a value out
    "formats": {"exceptions", "items", "text", "urls"},
    "schema": {"formats", "items"},
    "loaders": {"formats", "items"},
    "politeness": {"config", "exceptions"},
    "readers": {"exceptions", "formats"},
    # what was asked for, what is on disk, what came of it
    "config": {"exceptions", "formats"},
    "store": {"exceptions", "formats", "items"},
    "run": {"config", "exceptions", "items", "store"},
    # what decides, without input or output of its own
    "frontier": {
        "config", "exceptions", "formats", "items", "loaders", "readers", "run", "store",
    },
    # a feed looked at
    "audit": {"exceptions", "formats", "items", "printable", "schema"},
    "report": {"exceptions", "printable", "text"},
    # Scrapy's side
    "logformatter": {"terminal"},
    "middlewares": {"config", "exceptions", "politeness", "printable", "run"},
    "transports": {
        "config", "exceptions", "formats", "frontier", "items", "politeness", "printable", "urls",
    },
    "pipelines": {"exceptions", "items", "run", "schema", "urls"},
    "extensions": {"exceptions", "printable", "run"},
    "driver": {"exceptions", "frontier", "items", "readers", "run", "transports"},
    "spiders": {
        "config", "driver", "exceptions", "formats", "frontier", "items", "middlewares", "readers",
        "run", "terminal", "transports",
    },
    "commands": {"audit", "exceptions", "printable", "report", "run", "terminal"},
    "__main__": set(),
}  # fmt: skip
"""What each part may know; a part is a module or a package of ``crawler``."""

SCRAPYS = {
    "commands", "driver", "extensions", "logformatter", "middlewares", "pipelines", "run", "spiders", "transports", "__main__",
}  # fmt: skip
"""Parts that may know Scrapy; a few of their modules do not either."""

WITHOUT_SCRAPY = {
    "politeness.host_slot",
    "politeness.retry_after",
    "transports.path",
    "transports.git.transport",
}


@cache
def imports() -> dict[str, set[str]]:
    """Return what each module imports, by its name below ``crawler``, at any depth of its code."""
    found = {}
    for path in sorted((ROOT / "crawler").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT / "crawler").with_suffix("").parts)
        found[name.removesuffix(".__init__")] = set(_imported(path))
    return found


def _imported(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: an import that does not say from where"
            names.append(node.module or "")
    return names


def part(name: str) -> str:
    return name.split(".", 1)[0]


def test_every_part_is_in_the_table() -> None:
    assert {part(name) for name in imports()} - {"__init__"} == set(KNOWS)


@pytest.mark.parametrize("module", sorted(imports()))
def test_a_module_knows_what_its_part_may_know(module: str) -> None:
    known = {part(name[8:]) for name in imports()[module] if name.startswith("crawler.")}
    assert known - {part(module)} <= KNOWS.get(part(module), set())


def test_no_part_knows_another_that_knows_it() -> None:
    """Neither as it is allowed nor, within parts, as it is."""
    list(TopologicalSorter(KNOWS).static_order())
    graph = defaultdict(set)
    for module, names in imports().items():
        graph[module] = {name[8:] for name in names if name.startswith("crawler.")}
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "module", [name for name in sorted(imports()) if part(name) not in SCRAPYS | {"__init__"}]
    + sorted(WITHOUT_SCRAPY)
)  # fmt: skip
def test_a_pure_module_does_not_name_scrapy(module: str) -> None:
    assert not {part(name) for name in imports()[module]} & {"scrapy", "twisted"}


KNOW_EPOCH = {"audit", "formats", "transports.browser"}
"""Who may name the format: its registry and itself, the audit of its feeds, and the browser, which
reads GitHub's rendering of its pages."""


def test_only_these_know_which_format_there_is() -> None:
    """Another format is one package: all else knows the protocol."""
    knowing = {
        module
        for module, names in imports().items()
        if any(name.startswith("crawler.formats.epoch") for name in names)
    }
    assert {name for name in knowing if not name.startswith(tuple(KNOW_EPOCH))} == set()
    outside_epoch = {name for name in knowing if name.startswith("formats.")} - {
        name for name in knowing if name.startswith("formats.epoch")
    }
    assert outside_epoch == {"formats.registry"}


def test_nobody_imports_settings() -> None:
    assert [name for name, known in imports().items() if "crawler.settings" in known] == []


def test_the_pure_parts_load_without_scrapy() -> None:
    """Not through others either: they can be tried at a prompt in a tenth of a second.

    The loaders (and the frontier, which has them) cannot: itemadapter loads Scrapy where it is there.
    """
    not_pure = SCRAPYS | {"loaders", "frontier", "summary"}
    pure = [name for name in imports() if part(name) in set(KNOWS) - not_pure]
    code = (
        f"import importlib, sys\nfor name in {pure}: importlib.import_module('crawler.' + name)\n"
        "print([name for name in ('scrapy', 'twisted', 'aiohttp') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
