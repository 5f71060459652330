"""The version of the readers follows their source."""

from __future__ import annotations

import importlib
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from crawler.formats import version
from crawler.formats.registry import find_format
from crawler.formats.version import readers_version

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


def imported(name: str) -> ModuleType:
    """Import a module that may have changed since."""
    package = name.partition(".")[0]
    for known in [one for one in sys.modules if one.partition(".")[0] == package]:
        del sys.modules[known]
    importlib.invalidate_caches()
    return importlib.import_module(name)


@pytest.mark.parametrize("edited", ["monthly.py", "rules.py", "names.txt", "parts/deep.py"])
def test_it_changes_with_the_package_of_the_format(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, edited: str
) -> None:
    """With its data files and subpackages; not with its audit rules and what Python leaves there."""
    package = tmp_path / "monthly_format"
    (package / "parts").mkdir(parents=True)
    for name in ("__init__.py", "rules.py", "names.txt", "parts/__init__.py", "parts/deep.py"):
        (package / name).write_text("")
    (package / "monthly.py").write_text("class Monthly:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    first = readers_version(imported("monthly_format.monthly").Monthly())
    (package / "__pycache__").mkdir(exist_ok=True)
    (package / "__pycache__" / "rules.cpython-311.pyc").write_bytes(b"x")
    (package / "audit_rules.py").write_text("# no line depends on it\n")
    assert readers_version(imported("monthly_format.monthly").Monthly()) == first
    (package / edited).write_text((package / edited).read_text() + "# edited\n")
    assert readers_version(imported("monthly_format.monthly").Monthly()) != first


def test_a_module_alone_is_its_own_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other files beside it are not the format's."""
    module = tmp_path / "lone_format.py"
    module.write_text("class Lone:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    first = readers_version(imported("lone_format").Lone())
    (tmp_path / "other.py").write_text("x = 1\n")
    assert readers_version(imported("lone_format").Lone()) == first
    module.write_text("class Lone:\n    x = 1\n")
    assert readers_version(imported("lone_format").Lone()) != first


def test_formats_have_versions_of_their_own() -> None:
    known = find_format()
    assert readers_version(known) == readers_version(known)
    assert len(readers_version(known)) == 12


def test_all_code_that_makes_a_record_counts() -> None:
    """Exceptions change no record, and the store's edition is not about one."""
    epoch = (f"formats.epoch.{name}" for name in ("article", "writers", "home", "index", "source"))
    names = ", ".join(
        f"crawler.{name}" for name in ("loaders", "canonical", "frontier.copies", *epoch)
    )
    modules = subprocess.run(
        [sys.executable, "-c", f"import sys, {names}; print(*sys.modules)"],
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    own = {name.split(".")[1] for name in modules.stdout.split() if name.startswith("crawler.")}
    counted = {part.partition("/")[0].removesuffix(".py") for part in version._PARTS}
    assert {"text", "radicals"} <= own
    assert own - counted == {"exceptions", "reasons"}
