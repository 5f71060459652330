"""The program that is running, as a user types it: for hints that can be pasted."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

_SCRIPTS = {"scrapy": "scrapy", "crawler": "epoch-mirror"}
"""Script of each package that is a program, ``python -m PACKAGE`` included."""


def program() -> str:
    """Return the command that starts the running program from the working directory.

    Its bare name where the shell finds it, else its path: ``.venv/bin/scrapy``.
    """
    path = Path(sys.argv[0])
    if path.name == "__main__.py" and path.parent.name in _SCRIPTS:
        path = Path(sys.executable).with_name(_SCRIPTS[path.parent.name])
        if not path.is_file():
            return f"{_typed(Path(sys.executable))} -m {Path(sys.argv[0]).parent.name}"
    if path.name not in _SCRIPTS.values():  # started by another program, such as Scrapyd
        return "scrapy"
    return _typed(path)


def shown(path: Path) -> str:
    """Return a path as short as the working directory allows."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def _typed(path: Path) -> str:
    found = shutil.which(path.name)
    if found and Path(found).absolute() == path.absolute():
        return path.name
    return shlex.quote(shown(path))
