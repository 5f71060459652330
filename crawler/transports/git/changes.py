"""Compares two commits of a clone: which paths were added, modified and deleted."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from crawler.frontier.snapshot import Changes
from crawler.transports.git.faults import GitFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

FORBIDDEN_NAMES = frozenset({"", ".", "..", ".git"})
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ENTRY_BYTES = 400
"""Upper bound of git's output for one changed path: modes, two ids, a path of 200 bytes."""

logger = logging.getLogger(__name__)


def is_plain(path: str) -> bool:
    """Return whether a page can have this path: printable, no ``..``, ``.git`` or empty segment."""
    return path.isprintable() and FORBIDDEN_NAMES.isdisjoint(path.lower().split("/"))


class Comparison:
    """Compares commits of one clone."""

    def __init__(self, git: Callable[..., Awaitable[bytes]], most: int) -> None:
        """Set up a comparison.

        Args:
            git: function that runs a git command on the clone and returns its output.
            most: maximum number of changed paths.
        """
        self._git = git
        self._most = most

    async def keep(self, commit: str, reference: str) -> bool:
        """Point ``reference`` at ``commit``, so that git keeps it; return False if it is gone."""
        if not COMMIT.fullmatch(commit):
            return False
        try:
            await self._git("cat-file", "-e", commit + "^{tree}")
            await self._git("update-ref", "--no-deref", reference, commit)
        except GitFailed:
            return False
        return True

    async def changes(self, old: str, new: str, parts: Sequence[str]) -> Changes | None:
        """Return the changed paths, or None if git fails or too many paths changed.

        Args:
            old: the commit to compare with.
            new: the commit to read.
            parts: files and folders to compare; empty for the whole tree.
        """
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--")
        most_bytes = self._most * ENTRY_BYTES
        try:
            raw = await self._git(*command, *parts, most_bytes=most_bytes)
        except GitFailed as error:
            logger.warning("cannot compare %s with %s, comparing all pages: %s", old, new, error)
            return None
        found: dict[str, set[str]] = {"A": set(), "M": set(), "D": set()}
        for kind, path in _pairs(raw):
            found[kind].add(path)
        if len(raw) >= most_bytes or sum(map(len, found.values())) > self._most:
            logger.info("more than %d pages changed, comparing all pages", self._most)
            return None
        return Changes(frozenset(found["A"]), frozenset(found["M"]), frozenset(found["D"]))


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield (kind, path) from ``diff-tree --raw -z``: A, D, or M, which includes changes of type.

    Names that a page cannot have are skipped: no index page lists them.
    """
    parts = iter(raw.split(b"\0"))
    for header in parts:
        name = next(parts, b"")
        letter = header[-1:].decode("ascii", "replace")
        try:
            path = name.decode()
        except UnicodeDecodeError:
            path = ""
        if is_plain(path):
            yield (letter if letter in "AD" else "M"), path
        elif name:
            logger.info("skipping %r: it cannot be the path of a page", name[:200])
