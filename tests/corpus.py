"""Real mirrors for tests, from git bundles.

The bundles are in the directory ``EPOCH_CORPUS``, by default ``../shared/corpus`` beside
the project. Their articles are copyrighted and not part of the project, so tests that need
them are skipped if they are absent::

    def test_something(corpus: Callable[[str], Corpus]) -> None:
        news = corpus("news")
        for path, text in news.pages(every=20): ...
        root = news.tree("HEAD~3")          # a directory to serve or to crawl
        git = news.git                      # a bare repository; clone it before writing
"""

from __future__ import annotations

import os
import subprocess
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parent.parent

LIVE = {"news": "HEAD~3", "comment": "HEAD", "special": "HEAD"}
"""The last revision of each mirror before its pages became notices."""


def corpus_directory() -> Path:
    """Return the directory of the bundles, which may not exist."""
    return Path(os.environ.get("EPOCH_CORPUS") or ROOT / "../shared/corpus").resolve()


def bundle(name: str) -> Path | None:
    """Return the bundle of the mirror ``name`` (news, comment, special), or None."""
    path = corpus_directory() / f"epoch-{name}-2022.bundle"
    return path if path.is_file() else None


@dataclass
class Corpus:
    """One real mirror, as a bare git repository shared by all tests of the session.

    Attributes:
        name: news, comment or special.
        git: the bare repository; read it, clone it, never write into it.
        live: revision of the last live state.
    """

    name: str
    git: Path
    live: str
    _trees: dict[str, Path] = field(default_factory=dict, repr=False)

    def commit(self, revision: str | None = None) -> str:
        """Return the full commit id of ``revision``, by default of the live state."""
        return _git(self.git, "rev-parse", f"{revision or self.live}^{{commit}}").decode().strip()

    def paths(self, revision: str | None = None, *, under: str = "pages/") -> list[str]:
        """Return the paths in ``revision`` that start with ``under``, sorted."""
        listed = _git(
            self.git,
            "ls-tree",
            "-r",
            "-z",
            "--name-only",
            self.commit(revision),
            "--",
            under or ".",
        )
        return sorted(listed.decode().split("\0")[:-1])

    def read(self, path: str, revision: str | None = None) -> str:
        """Return the text of one file, with its original line ends."""
        return _git(self.git, "cat-file", "blob", f"{self.commit(revision)}:{path}").decode()

    def pages(
        self, revision: str | None = None, *, every: int = 1, under: str = "pages/"
    ) -> Iterator[tuple[str, str]]:
        """Yield (path, text) of every ``every``-th article page, in order of paths."""
        yield from self._blobs(self.commit(revision), self.paths(revision, under=under)[::every])

    def tree(self, revision: str | None = None) -> Path:
        """Return a read-only directory with all files of ``revision``, created once."""
        commit = self.commit(revision)
        if commit not in self._trees:
            self._trees[commit] = self.checkout(
                self.git.with_name(f"{self.name}-{commit[:12]}"), commit
            )
        return self._trees[commit]

    def checkout(self, into: Path, revision: str | None = None) -> Path:
        """Write all files of ``revision`` into the new directory ``into`` and return it."""
        into.mkdir(parents=True)
        command = ["git", "-C", str(self.git), "archive", self.commit(revision)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                archive.extractall(into, filter="data")
        assert process.returncode == 0, command
        return into

    def _blobs(self, commit: str, paths: list[str]) -> Iterator[tuple[str, str]]:
        # One process for all pages; alternating requests and answers cannot fill a pipe.
        command = ["git", "-C", str(self.git), "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            for path in paths:
                process.stdin.write(f"{commit}:{path}\n".encode())
                process.stdin.flush()
                size = int(process.stdout.readline().split()[2])
                yield path, process.stdout.read(size).decode()
                process.stdout.read(1)
            process.stdin.close()


def _git(repository: Path, *arguments: str) -> bytes:
    command = ["git", "-C", str(repository), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Corpus]:
    """Return a function that returns the real mirror of a name, cloned once per session.

    The test is skipped if the bundle is absent.
    """
    opened: dict[str, Corpus] = {}

    def open_corpus(name: str) -> Corpus:
        source = bundle(name)
        if source is None:
            pytest.skip(f"no bundle of the real mirror {name!r} in {corpus_directory()}")
        if name not in opened:
            git = tmp_path_factory.mktemp("corpus") / f"{name}.git"
            _git(git.parent, "clone", "--quiet", "--bare", str(source), str(git))
            opened[name] = Corpus(name, git, LIVE[name])
        return opened[name]

    return open_corpus
