"""Writes requirements.lock and requirements-dev.lock: the exact versions installed in .venv.

make lock        after a change of requirements*.txt, or an upgrade of a package in .venv
"""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
NOTE = "# Written by scripts/lock.py from {}: the exact versions that were tested.\n"
NOT_LOCKED = frozenset({"pip"})  # each version of Python comes with its own


def requirements(file: Path) -> list[Requirement]:
    """Return the requirements in a file, without those of the files that it includes."""
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _marker(one: Requirement) -> str:
    """Return the marker of a backport, which only some versions of Python need."""
    return f" ; {one.marker}" if "python_version" in str(one.marker) else ""


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Return the lines of the lock by package: all that ``wanted`` needs, itself included."""
    found: dict[str, str] = {}
    queue = [(one, extra) for one in wanted for extra in ("", *one.extras)]
    while queue:
        one, extra = queue.pop(0)  # a requirement before its own requirements
        name = canonicalize_name(one.name)
        if name in found or name in NOT_LOCKED:
            continue
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        installed = distribution(one.name)
        found[name] = f"{name}=={installed.version}{_marker(one)}"
        needs = [Requirement(text) for text in installed.requires or []]
        queue += [(need, extra) for need in needs for extra in ("", *one.extras)]
    return found


def main() -> None:
    """Write both files; the second has only the additional packages for development."""
    run = closure(requirements(PROJECT / "requirements.txt"))
    develop = closure(requirements(PROJECT / "requirements-dev.txt"))
    write("requirements", run)
    write("requirements-dev", {name: develop[name] for name in develop.keys() - run.keys()})


def write(stem: str, needed: dict[str, str]) -> None:
    """Write one lock file."""
    lines = [f"{needed[name]}\n" for name in sorted(needed)]
    (PROJECT / f"{stem}.lock").write_text(NOTE.format(f"{stem}.txt") + "".join(lines), "utf-8")
    sys.stdout.write(f"{stem}.lock: {len(lines)} packages\n")


if __name__ == "__main__":
    main()
