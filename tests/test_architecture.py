"""Imports point in one direction, without cycles."""

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
    # the standard library, and small libraries
    "reasons": set(),
    "exceptions": {"reasons"},
    "settings": {"config", "terminal"},
    "printable": set(),
    "terminal": {"printable"},
    "radicals": set(),
    "text": {"radicals"},
    "items": set(),
    "urls": {"text"},
    # pure: from the text of a page to a value
    "formats": {"exceptions", "items", "reasons", "text", "urls"},
    "schema": {"formats", "items"},
    "snapshot": {"formats"},
    "canonical": {"items", "urls"},
    "loaders": {"canonical", "formats", "items"},
    "politeness": {"config", "exceptions"},
    "readers": {"exceptions", "formats", "items", "reasons"},
    "lines": {
        "exceptions", "formats", "items", "loaders", "readers", "reasons", "schema", "store",
    },
    # options, files, results
    "config": {"exceptions", "formats"},
    "store": {"exceptions", "feedfile", "formats", "items"},
    "run": {"config", "exceptions", "formats", "items", "printable", "store", "terminal"},
    # what decides, without input or output of its own
    "frontier": {
        "config", "exceptions", "formats", "items", "loaders", "readers", "reasons", "run",
        "snapshot", "store",
    },
    # examining a feed
    "feedfile": {"exceptions"},
    "outputfile": {"exceptions"},
    "audit": {"exceptions", "feedfile", "formats", "items", "printable", "schema", "text"},
    "report": {"feedfile", "printable", "text"},
    "preview": {
        "config", "exceptions", "formats", "items", "loaders", "printable", "reasons", "terminal",
        "text", "transports",
    },
    # a feed as tables
    "export": {"exceptions", "feedfile", "items", "outputfile"},
    # Scrapy's side
    "logformatter": {"terminal"},
    "middlewares": {"config", "exceptions", "politeness", "printable", "reasons", "run"},
    "transports": {
        "config", "exceptions", "formats", "items", "politeness", "printable", "reasons",
        "snapshot", "urls",
    },
    "pipelines": {"canonical", "exceptions", "items", "lines", "run"},
    "extensions": {"exceptions", "printable", "run"},
    "driver": {
        "exceptions", "frontier", "items", "loaders", "readers", "reasons", "run", "transports",
    },
    "spiders": {
        "config", "driver", "exceptions", "formats", "frontier", "items", "lines", "loaders",
        "middlewares", "pipelines", "readers", "run", "terminal", "transports",
    },
    # a feed read again
    "reread": {
        "config", "exceptions", "feedfile", "formats", "items", "lines", "loaders", "readers",
        "reasons", "snapshot", "store", "transports",
    },
    "commands": {
        "audit", "config", "exceptions", "export", "feedfile", "formats", "outputfile", "preview",
        "printable", "report", "reread", "run", "terminal",
    },
    "__main__": set(),
}  # fmt: skip
"""What each part may import; a part is a module or a package of ``crawler``."""

SCRAPYS = {
    "commands", "driver", "extensions", "logformatter", "middlewares", "pipelines", "run", "spiders", "transports", "__main__",
}  # fmt: skip
"""Parts that may import Scrapy."""

WITHOUT_SCRAPY = {
    "politeness.host_slot",
    "politeness.retry_after",
    "transports.path",
    "transports.git.transport",
}


@cache
def imports() -> dict[str, set[str]]:
    """Return the imports of each module by its name below ``crawler``, at any depth of its code."""
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


def test_every_package_is_in_the_table() -> None:
    assert {part(name) for name in imports()} - {"__init__"} == set(KNOWS)


@pytest.mark.parametrize("module", sorted(imports()))
def test_modules_import_only_what_the_table_allows(module: str) -> None:
    known = {part(name[8:]) for name in imports()[module] if name.startswith("crawler.")}
    assert known - {part(module)} <= KNOWS.get(part(module), set())


def test_there_are_no_import_cycles() -> None:
    """Neither in the table nor in the modules."""
    list(TopologicalSorter(KNOWS).static_order())
    graph = defaultdict(set)
    for module, names in imports().items():
        graph[module] = {name[8:] for name in names if name.startswith("crawler.")}
    list(TopologicalSorter(graph).static_order())


@pytest.mark.parametrize(
    "module", [name for name in sorted(imports()) if part(name) not in SCRAPYS | {"__init__"}]
    + sorted(WITHOUT_SCRAPY)
)  # fmt: skip
def test_pure_modules_do_not_import_scrapy(module: str) -> None:
    assert not {part(name) for name in imports()[module]} & {"scrapy", "twisted"}


def test_only_the_registry_knows_a_concrete_format() -> None:
    """All other modules depend on the protocol, so another format needs only its own package."""
    knowing = {
        module
        for module, names in imports().items()
        if any(name.startswith("crawler.formats.epoch") for name in names)
    }
    outside = {name for name in knowing if not name.startswith("formats.epoch.")}
    assert outside == {"formats.registry"}


def test_no_module_imports_settings() -> None:
    assert [name for name, known in imports().items() if "crawler.settings" in known] == []


def test_pure_packages_load_without_scrapy() -> None:
    """Also indirectly, so that they load at a prompt in a tenth of a second.

    The loaders, and the frontier, which imports them, load Scrapy through itemadapter.
    """
    not_pure = SCRAPYS | {"loaders", "frontier", "preview", "reread", "summary"}
    pure = [name for name in imports() if part(name) in set(KNOWS) - not_pure]
    code = (
        f"import importlib, sys\nfor name in {pure}: importlib.import_module('crawler.' + name)\n"
        "print([name for name in ('scrapy', 'twisted', 'aiohttp') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
