"""Builds the package from a copy of the checkout, and installs it outside of the checkout."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crawling import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SOURCES = (
    "crawler", "docs", "sample", "CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md",
    "mirrors.toml", "pyproject.toml", "scrapy.cfg", "setup.py",
)  # fmt: skip
"""Files and directories from which the package is built."""


def copy_sources(target: Path) -> Path:
    """Copy the sources to ``target``, because a build leaves files beside them."""
    target.mkdir()
    for name in SOURCES:
        source = ROOT / name
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / name, ignore=skip)
        else:
            shutil.copy(source, target / name)
    return target


def build_wheel(sources: Path, target: Path) -> Path:
    """Build the wheel with the installed setuptools, offline; return its path."""
    _pip(
        "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", str(target), str(sources)
    )
    [wheel] = target.glob("*.whl")
    return wheel


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the package, and an empty home directory outside of it.

    Attributes:
        prefix: the virtual environment.
        home: the user's home, and the working directory of programs.
    """

    prefix: Path
    home: Path

    @property
    def feeds(self) -> Path:
        """Directory of feeds that are not named."""
        return self.home / ".local" / "share" / "epoch-mirror-crawler" / "feeds"

    def run(
        self, *words: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment; ``stdout`` includes stderr."""
        program, *arguments = words
        return subprocess.run(
            [self.prefix / "bin" / program, *arguments],
            cwd=cwd or self.home,
            env=clean_environment({"HOME": str(self.home), **(env or {})}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=120,
            check=False,
        )


def install(wheel: Path, prefix: Path, home: Path) -> Installation:
    """Install a wheel in a new virtual environment that has this one's dependencies."""
    venv.create(prefix, symlinks=True)
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    shared = prefix / "lib" / version / "site-packages" / "shared.pth"
    shared.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    _pip("--python", str(prefix), "install", "--no-deps", "--no-index", str(wheel))
    home.mkdir()
    return Installation(prefix, home)


def _pip(*words: str) -> None:
    quiet = ["--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    command = [sys.executable, "-m", "pip", *words[:2], *quiet, *words[2:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
