"""The wheel: its contents, and how it works without a checkout."""

from __future__ import annotations

import json
import re
import tomllib
import zipfile
from email import message_from_bytes
from itertools import chain
from typing import TYPE_CHECKING

import pytest
from accept import EXPECTED
from crawling import ROOT, TIMES, Feed
from packaging.requirements import Requirement
from packaging_kit import Installation, build_wheel, copy_sources, install

from crawler import __version__
from crawler.config import locations
from crawler.config.extras import EXTRAS

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("build")
    return build_wheel(copy_sources(place / "sources"), place / "dist")


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    place = tmp_path_factory.mktemp("installed")
    return install(wheel, place / "venv", place / "nobody")


@pytest.fixture
def installed(environment: Installation, tmp_path: Path) -> Installation:
    """Return the installation for a user with an empty home."""
    home = tmp_path / "home"
    home.mkdir()
    return Installation(environment.prefix, home)


def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return message_from_bytes(archive.read(name))


# -- contents -------------------------------------------------------------------------------


def test_the_wheel_holds_the_package_and_its_data(wheel: Path) -> None:
    """Every file of ``crawler`` and the metadata, and nothing else."""
    wanted = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for path in (ROOT / "crawler").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    beside = {"sample": "sample", "mirrors.toml": "mirrors.toml", "docs/schema": "schema"}
    for source, name in beside.items():
        for path in [ROOT / source, *(ROOT / source).rglob("*")]:
            if path.is_file():
                inside = f"crawler/data/{name}/{path.relative_to(ROOT / source)}".rstrip("/.")
                wanted[inside] = path.read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        held = {
            name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name
        }
    assert held == wanted


def test_the_version_is_defined_once(wheel: Path) -> None:
    assert metadata(wheel)["Version"] == __version__
    for name in ("pyproject.toml", "setup.py", "crawler/settings.py"):
        assert __version__ not in (ROOT / name).read_text(encoding="utf-8"), name


def requirements(lines: list[str]) -> set[str]:
    return {str(Requirement(line)) for line in lines}


def test_the_requirements_are_those_of_the_package_and_all_its_extras() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    extras = PYPROJECT["project"]["optional-dependencies"]
    wanted = [*PYPROJECT["project"]["dependencies"], *chain(*extras.values())]
    assert requirements([line for line in lines if line and line[0] != "#"]) == requirements(wanted)


def test_every_requirement_has_its_reason() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-bench.txt"):
        before = ""
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            if line and line[0] not in "#-":
                assert before.startswith("#") or before[:1].isalpha(), f"{name}: {line}"
            before = line


def test_every_extra_is_known_to_the_code() -> None:
    assert set(EXTRAS) == set(PYPROJECT["project"]["optional-dependencies"])


def test_ci_runs_every_python_that_the_package_names() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    [matrix] = re.findall(r"python: \[(.*)\]", workflow)
    prefix = "Programming Language :: Python :: 3."
    named = [one for one in PYPROJECT["project"]["classifiers"] if one.startswith(prefix)]
    assert re.findall(r"[\d.]+", matrix) == [one.rpartition(" ")[2] for one in named]


# -- locations in a checkout --------------------------------------------------------------


def test_a_checkout_has_its_own_mirrors_and_feeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert locations.checkout() == ROOT
    assert locations.feeds_directory() == ROOT / "feeds"
    assert locations.mirrors_file(None) == ROOT / "mirrors.toml"
    assert locations.mirrors_file("a.toml").name == "a.toml"


# -- installed -----------------------------------------------------------------------------------


def test_the_bundled_sample_is_crawled_into_the_users_data(installed: Installation) -> None:
    done = installed.run("epoch-mirror", "crawl", "epoch_mirror")
    assert done.returncode == 0, done.stdout
    assert f"Writing the feed in {installed.feeds / 'sample'}\n" in done.stdout
    feed = Feed(installed.feeds / "sample")
    expected = [json.loads(line) for line in EXPECTED.read_text(encoding="utf-8").splitlines()]
    read = [{key: line[key] for key in line if key not in TIMES} for line in feed.articles]
    assert sorted(read, key=lambda line: line["id"]) == sorted(
        expected, key=lambda line: line["id"]
    )
    assert feed.runs[-1]["crawler"] == __version__


def test_a_directory_is_crawled_from_within_another_project(
    installed: Installation, tmp_path: Path
) -> None:
    """Its ``scrapy.cfg`` and a package of the same name have no effect."""
    (tmp_path / "scrapy.cfg").write_text("[settings]\ndefault = crawler.settings\n")
    (tmp_path / "crawler").mkdir()
    (tmp_path / "crawler" / "__init__.py").write_text("raise SystemExit('the wrong package')\n")
    words = ["-a", f"mirror={ROOT / 'sample'}", "-a", f"feed={tmp_path / 'feed'}"]
    done = installed.run("epoch-mirror", "crawl", "epoch_mirror", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert len(Feed(tmp_path / "feed").ids) > 0


def test_scrapy_itself_works_with_another_mirrors_file_and_without_extras(
    installed: Installation, tmp_path: Path
) -> None:
    """The file replaces the package's; ``sitecustomize`` hides what the extras install."""
    hide = f"import sys\nsys.modules.update(dict.fromkeys({[*chain(*EXTRAS.values())]!r}))\n"
    (tmp_path / "sitecustomize.py").write_text(hide, encoding="utf-8")
    file = tmp_path / "mine.toml"
    file.write_text(
        'default = "mine"\n[mirrors.mine]\npublic = "https://example.org/mine/blob/master/"\n'
        f'path = "{ROOT / "sample"}"\n'
    )
    words = ["-m", "scrapy", "crawl", "epoch_mirror", "-s", f"MIRRORS_FILE={file}", "-a", "limit=3"]
    env = {"SCRAPY_SETTINGS_MODULE": "crawler.settings", "PYTHONPATH": str(tmp_path)}
    done = installed.run("python", *words, env=env)
    assert done.returncode == 0, done.stdout
    assert len(Feed(installed.feeds / "mine").ids) == 3


def test_the_exit_status_is_passed_on(installed: Installation) -> None:
    done = installed.run("epoch-mirror", "crawl", "epoch_mirror", "-a", "mirror=nowhere")
    assert done.returncode == 2, done.stdout
    assert "choose one of comment, news, sample, special" in done.stdout


@pytest.mark.parametrize("package", EXTRAS["browser"])
def test_a_missing_extra_is_reported_before_the_crawl(
    installed: Installation, tmp_path: Path, package: str
) -> None:
    """The interpreter imports ``sitecustomize`` first, which hides one package."""
    hide = f"import sys\nsys.modules[{package!r}] = None\n"
    (tmp_path / "sitecustomize.py").write_text(hide, encoding="utf-8")
    words = ["-m", "crawler", "crawl", "epoch_mirror", "-a", "mirror=http://127.0.0.1:1/"]
    done = installed.run("python", *words, "-a", "via=browser", env={"PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2, done.stdout
    assert f"via=browser needs the package {package}" in done.stdout
    assert "pip install 'epoch-mirror-crawler[browser]'" in done.stdout
    assert "Traceback" not in done.stdout
