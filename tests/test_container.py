"""The Dockerfile: the tests run its steps in their own directories, except for system steps."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest
from crawling import ROOT, Feed, clean_environment
from documents import indented_lines, part
from packaging_kit import SOURCES

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
PLACES = ("/opt/epoch-mirror", "/dist", "/src", "/data", "/cache")
"""Directories of the image that have other paths in these tests."""

OF_THE_SYSTEM = ("apt-get", "useradd")
"""Programs that need root, or packages from Debian's servers."""

TINI = '#!/bin/sh\n[ "$1" = -- ] || exit 99\nshift\nexec "$@"\n'


class Instruction(NamedTuple):
    """One instruction, with continued lines joined."""

    name: str
    value: str

    def words(self) -> list[str]:
        """Return the words of its JSON form, which uses no shell."""
        found: list[str] = json.loads(self.value)
        return found


def stages() -> list[list[Instruction]]:
    """Return the instructions of each stage."""
    text = re.sub(r"^\s*#.*\n", "", DOCKERFILE, flags=re.MULTILINE)
    found: list[list[Instruction]] = []
    for line in re.sub(r"\\\n", "\n", text).replace("\n ", " ").splitlines():
        name, _, value = line.strip().partition(" ")
        if name == "FROM":
            found.append([])
        if name and found:
            found[-1].append(Instruction(name, value.strip()))
    return found


BUILD, IMAGE = stages()


def only(name: str) -> Instruction:
    """Return the image's only instruction with this name."""
    [found] = [one for one in IMAGE if one.name == name]
    return found


def copy_context(target: Path) -> None:
    """Copy the files that ``.dockerignore`` leaves for ``COPY . .``."""
    first, *kept, last = [
        line
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if not line.startswith("#")
    ]
    assert (first, last) == ("*", "**/__pycache__")
    for line in kept:
        assert line.startswith("!")
        source = ROOT / line[1:]
        if source.is_dir():
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, target / line[1:], ignore=skip)
        else:
            shutil.copy(source, target / line[1:])


class Image:
    """The root directory of the image that the steps create."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for place in PLACES[1:]:
            self.inside(place).mkdir(parents=True)

    def inside(self, path: str) -> Path:
        """Return the local path of a directory of the image."""
        return self.root / path.lstrip("/")

    def moved(self, text: str) -> str:
        """Return ``text`` with the image's directories replaced by their local paths."""
        return re.sub(rf"(?<![\w/])({'|'.join(PLACES)})\b", rf"{self.root}\1", text)

    def build(self, browser: str) -> None:
        """Run the build stage with this interpreter's packages instead of a package index."""
        for step in BUILD:
            if step.name == "COPY":
                assert step.value == ". ."
                copy_context(self.inside("/src"))
            elif step.name == "RUN":
                self._run(step.value, browser)
                self._share_packages()

    def _run(self, command: str, browser: str) -> None:
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "BROWSER": browser}
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        done = subprocess.run(
            ["/bin/sh", "-c", self.moved(command)],
            cwd=self.inside("/src"),
            env=clean_environment({"PATH": path, "HOME": str(self.root), **offline}),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _share_packages(self) -> None:
        [packages] = self.inside("/opt/epoch-mirror").glob("lib/python3*/site-packages")
        (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the entry point as ``docker run`` does, by default with the default command."""
        tini = self.root / "tini"
        tini.write_text(TINI)
        tini.chmod(0o755)
        pairs = [pair.partition("=") for pair in only("ENV").value.split()]
        given = {name: self.moved(value) for name, _, value in pairs}
        given["PATH"] = given["PATH"].replace("$PATH", f"{self.root}:/usr/bin:/bin")
        return subprocess.run(
            [*only("ENTRYPOINT").words(), *(words or only("CMD").words())],
            cwd=self.moved(only("WORKDIR").value),
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    made = Image(tmp_path_factory.mktemp("image"))
    made.build(browser="0")
    return made


def test_the_entry_point_runs_the_program(image: Image) -> None:
    done = image.run("version")
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("Scrapy ")


def test_the_default_command_crawls_the_sample_into_the_volume(image: Image) -> None:
    done = image.run()
    assert done.returncode == 0, done.stdout
    assert len(Feed(image.inside("/data/epoch-mirror-crawler/feeds/sample")).ids) > 0


def test_the_command_of_the_document_crawls_a_mirror(image: Image) -> None:
    """Into the feed named in the document; a directory stands in for the live mirror."""
    said = part(OPERATIONS, "In a container")
    [line] = [line for line in indented_lines(said) if line.startswith("docker run")]
    _, _, command = line.partition(" epoch-mirror ")
    [feed] = re.findall(r"`(/data/\S+)`", said)
    address = image.root / "news"
    shutil.copytree(ROOT / "sample", address)
    done = image.run(*command.replace("mirror=news", f"mirror={address}").split())
    assert done.returncode == 0, done.stdout
    assert len(Feed(image.inside(feed)).ids) > 0


def test_clones_are_kept_in_the_volume(image: Image) -> None:
    done = image.run("crawl", "epoch_mirror", "-a", "mirror=https://127.0.0.1:1/a.git")
    assert done.returncode == 4, done.stdout
    assert any(image.inside("/cache").rglob("lock"))


def test_the_exit_status_is_passed_on(image: Image) -> None:
    assert image.run("crawl", "epoch_mirror", "-a", "mirror=nowhere").returncode == 2


@pytest.mark.soak
def test_the_browser_can_be_built_in(tmp_path: Path) -> None:
    """The extra's requirements are installed, in the locked versions."""
    Image(tmp_path / "image").build(browser="1")


def test_the_browser_is_a_build_argument() -> None:
    [step] = [one for one in IMAGE if one.name == "RUN" and "apt-get" in one.value]
    assert re.search(r'if \[ "\$BROWSER" != 0 \]; then .*chromium', step.value)
    for stage in (BUILD, IMAGE):
        assert Instruction("ARG", "BROWSER=0") in stage


def test_steps_of_the_system_are_in_the_image_alone() -> None:
    """All other steps are copies, or are run by the previous tests."""
    assert {one.name for one in BUILD} == {"FROM", "ARG", "WORKDIR", "RUN", "COPY"}
    assert not any(word in one.value for one in BUILD for word in OF_THE_SYSTEM)
    for step in IMAGE:
        if step.name == "RUN":
            assert any(word in step.value for word in OF_THE_SYSTEM), step


def test_nothing_runs_as_root() -> None:
    user = only("USER")
    [step] = [one for one in IMAGE if "useradd" in one.value]
    assert re.search(rf"useradd .*\b{user.value}\b", step.value)
    after = IMAGE[IMAGE.index(user) + 1 :]
    assert [one.name for one in after] == ["ENTRYPOINT", "CMD"]


def test_the_users_directories_are_the_volumes() -> None:
    volumes = only("VOLUME").words()
    [step] = [one for one in IMAGE if "install --directory" in one.value]
    assert step.value.endswith(" ".join(volumes))
    [mounted] = [
        line for line in indented_lines(part(OPERATIONS, "In a container")) if "-v" in line
    ]
    assert re.findall(r"-v \S+:(\S+)", mounted) == volumes


def test_nothing_comes_from_the_network_but_packages() -> None:
    assert "ADD" not in {one.name for one in [*BUILD, *IMAGE]}
    assert not re.search(r"https?://|\bcurl\b|\bwget\b", DOCKERFILE)


def test_a_program_that_reaps_processes_is_the_first() -> None:
    first, *rest = only("ENTRYPOINT").words()
    [step] = [one for one in IMAGE if "apt-get" in one.value]
    assert first in step.value.split('"')[1].split()
    assert "git" in step.value.split('"')[1].split()
    assert rest == ["--", "epoch-mirror"]


def test_the_context_holds_nothing_else(tmp_path: Path) -> None:
    """Neither the developer's feeds and environment, nor files that the package does not need."""
    tmp_path.joinpath("docs").mkdir()
    copy_context(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*SOURCES, "requirements.lock"}
    assert [path.name for path in tmp_path.joinpath("docs").iterdir()] == ["schema"]
