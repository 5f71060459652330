"""Copies the data beside the package into it; ``pyproject.toml`` has everything else.

``scrapyd-deploy`` calls this file too, to build its egg.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

DATA = {"mirrors.toml": "mirrors.toml", "sample": "sample", "docs/schema": "schema"}
"""Where each piece lies in the checkout, and what it is called in ``crawler/data``."""


class BuildWithData(build_py):  # type: ignore[misc]
    """Builds the package with its data."""

    def run(self) -> None:
        """Build the package; an editable install uses the data in the checkout."""
        super().run()
        if not self.editable_mode:
            copy_data(Path(__file__).parent, Path(self.build_lib) / "crawler" / "data")


def copy_data(checkout: Path, target: Path) -> None:
    """Replace the data in ``target`` with that of ``checkout``."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for source, name in DATA.items():
        path = checkout / source
        if path.is_dir():
            shutil.copytree(path, target / name)
        else:
            shutil.copy(path, target / name)


setup(cmdclass={"build_py": BuildWithData})
