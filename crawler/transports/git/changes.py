"""What differs between two commits of a clone: paths added, modified and deleted."""

from __future__ import annotations

import logging
import re
import subprocess
from typing import IO, TYPE_CHECKING

from crawler.frontier.changes import Changes
from crawler.transports.git.program import program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FORBIDDEN_NAMES = frozenset({"", ".", "..", ".git"})
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
SECONDS = 60

log = logging.getLogger(__name__)


def is_plain(path: str) -> bool:
    """Return whether ``path`` can be a page's: printable, no ``..``, no ``.git``, no gaps."""
    return path.isprintable() and FORBIDDEN_NAMES.isdisjoint(path.lower().split("/"))


class Comparison:
    """Compares commits of one clone."""

    def __init__(self, git_dir: Path, env: Mapping[str, str]) -> None:
        """Use the repository ``git_dir``, with the environment ``env``."""
        self._prefix = [program(), "--git-dir", str(git_dir)]
        self._env = dict(env)

    def keep(self, commit: str, reference: str) -> bool:
        """Let ``reference`` keep ``commit``; return whether the clone still has it."""
        arguments = ("update-ref", "--no-deref", reference, commit)
        known = COMMIT.fullmatch(commit) and self._succeeds(("cat-file", "-e", commit + "^{tree}"))
        return bool(known) and self._succeeds(arguments)

    def changes(self, old: str, new: str, most: int, parts: Sequence[str]) -> Changes | None:
        """Return what differs; None where that cannot be told, or is more than ``most`` paths.

        Args:
            old: the commit compared with.
            new: the commit that is read.
            most: how many paths may differ.
            parts: files and folders that are compared; none: all.
        """
        with self._start("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--",
                         *parts) as git:  # fmt: skip
            assert git.stdout is not None  # noqa: S101 (PIPE says so)
            found: dict[str, set[str]] = {"A": set(), "M": set(), "D": set()}
            for count, (kind, path) in enumerate(_pairs(git.stdout), 1):
                found[kind].add(path)
                if count > most:
                    git.kill()
                    log.info("more than %d pages changed: all are compared", most)
                    return None
            if git.wait(SECONDS) != 0:
                log.warning("commit %s cannot be compared with %s: all pages are", old, new)
                return None
        return Changes(frozenset(found["A"]), frozenset(found["M"]), frozenset(found["D"]))

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 (a fixed command; ids are checked)
            [*self._prefix, *arguments], env=self._env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def _succeeds(self, arguments: Sequence[str]) -> bool:
        with self._start(*arguments) as git:
            try:
                git.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                git.kill()
        return git.returncode == 0


def _pairs(stream: IO[bytes]) -> Iterator[tuple[str, str]]:
    """Give (A, M or D; path) from ``diff-tree --raw -z``; a change of type counts as M.

    Names that no page can have are passed over: nothing lists them, nothing reads them.
    """
    parts = _until_nul(stream)
    for header in parts:
        name = next(parts, b"")
        letter = header[-1:].decode("ascii", "replace")
        try:
            path = name.decode()
        except UnicodeDecodeError:
            path = ""
        if is_plain(path):
            yield (letter if letter in "AD" else "M"), path
        else:
            log.info("passing over the impossible name %r", name[:200])


def _until_nul(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(1 << 16):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
