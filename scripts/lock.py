"""Write requirements.lock and requirements-dev.lock: the exact versions that are installed here.

make lock        after changing requirements.txt or upgrading a package in .venv
"""

from __future__ import annotations

import sys
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
NOTE = "# made by scripts/lock.py from {}: the exact set that was tested\n"


def asked(file: Path) -> list[Requirement]:
    """Return the requirements that a file names itself."""
    lines = (line.partition("#")[0].strip() for line in file.read_text("utf-8").splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _only_on(one: Requirement) -> str:
    """Return the marker of what only some versions of Python need (backports), else nothing."""
    return f" ; {one.marker}" if "python_version" in str(one.marker) else ""


def closure(wanted: list[Requirement]) -> dict[str, str]:
    """Return the lock's line of everything that ``wanted`` needs, by name, itself included."""
    found: dict[str, str] = {}
    queue = [(one, extra) for one in wanted for extra in ("", *one.extras)]
    while queue:
        one, extra = queue.pop(0)  # what is asked for comes before what needs it
        if one.marker and not one.marker.evaluate({"extra": extra}):
            continue
        installed = distribution(one.name)
        name = canonicalize_name(one.name)
        if name in found:
            continue
        found[name] = f"{name}=={installed.version}{_only_on(one)}"
        needs = [Requirement(text) for text in installed.requires or []]
        queue += [(need, extra) for need in needs for extra in ("", *one.extras)]
    return found


def main() -> None:
    """Write both files; the second holds only what developing adds."""
    run = closure(asked(PROJECT / "requirements.txt"))
    develop = closure(asked(PROJECT / "requirements-dev.txt"))
    write("requirements", run)
    write("requirements-dev", {name: develop[name] for name in develop.keys() - run.keys()})


def write(stem: str, needed: dict[str, str]) -> None:
    """Write one lock file."""
    lines = [f"{needed[name]}\n" for name in sorted(needed)]
    (PROJECT / f"{stem}.lock").write_text(NOTE.format(f"{stem}.txt") + "".join(lines), "utf-8")
    sys.stdout.write(f"{stem}.lock: {len(lines)} packages\n")


if __name__ == "__main__":
    main()
