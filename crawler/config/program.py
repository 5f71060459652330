"""The running program as a user types it, for commands in messages."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

_SCRIPTS = {"scrapy": "scrapy", "crawler": "epoch-mirror"}
"""Script of each package that can be run, also with ``python -m PACKAGE``."""


def program() -> str:
    """Return the command that starts the running program.

    This is its name if the shell finds it, or a path such as ``.venv/bin/scrapy``.
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
    """Return a path, relative to the working directory if it is below it."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here) if absolute.is_relative_to(here) else absolute)


def _typed(path: Path) -> str:
    found = shutil.which(path.name)
    if found and Path(found).absolute() == path.absolute():
        return path.name
    return shlex.quote(shown(path))
