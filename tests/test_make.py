"""``make`` sets up a virtual environment, and completes one that is incomplete."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT, clean_environment

if TYPE_CHECKING:
    from pathlib import Path

# Like Debian's python3 without python3-venv: creates the environment, then fails to install pip.
WITHOUT_ENSUREPIP = """#!/bin/sh
case "$*" in
    "-m venv "*) shift 2; {python} -m venv --without-pip "$@"; exit 1;;
esac
exec {python} "$@"
"""

pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a directory with the Makefile, and a lock file that needs no downloads."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "requirements.lock").write_text("# nothing\n", encoding="utf-8")
    return tmp_path


def make(project: Path, target: str, **variables: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", target, *(f"{name}={value}" for name, value in variables.items())],
        cwd=project,
        env=clean_environment({"PIP_NO_INDEX": "1"}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_an_incomplete_environment_is_completed(project: Path) -> None:
    python = project / "python3-without-ensurepip"
    python.write_text(WITHOUT_ENSUREPIP.format(python=sys.executable), encoding="utf-8")
    python.chmod(0o755)

    done = make(project, ".venv/.ready", PYTHON=python)
    assert done.returncode != 0
    assert "apt-get install python3-venv" in done.stderr
    assert os.access(project / ".venv" / "bin" / "python", os.X_OK), "not half made"

    done = make(project, ".venv/.ready", PYTHON=sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    pip = [str(project / ".venv" / "bin" / "python"), "-m", "pip", "--version"]
    assert subprocess.run(pip, capture_output=True, check=False).returncode == 0


def test_an_old_python_is_refused(project: Path) -> None:
    python = project / "python3-old"
    python.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    python.chmod(0o755)
    done = make(project, ".venv/.ready", PYTHON=python)
    assert done.returncode != 0
    assert "Python 3.11 or newer is needed" in done.stderr
    assert not (project / ".venv").exists()


def test_help_lists_every_target(project: Path) -> None:
    done = make(project, "help")
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    [line] = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    assert [line.split()[0] for line in done.stdout.splitlines()] == line.split()[1:]
