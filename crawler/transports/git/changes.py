"""What differs between two commits of a clone: paths added, modified and deleted."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from crawler.frontier.changes import Changes
from crawler.transports.git.faults import GitFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

FORBIDDEN_NAMES = frozenset({"", ".", "..", ".git"})
COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ENTRY_BYTES = 400
"""More than git prints for one changed path: modes, two ids, and a path of 200 bytes."""

log = logging.getLogger(__name__)


def is_plain(path: str) -> bool:
    """Return whether ``path`` can be a page's: printable, no ``..``, no ``.git``, no gaps."""
    return path.isprintable() and FORBIDDEN_NAMES.isdisjoint(path.lower().split("/"))


class Comparison:
    """Compares commits of one clone."""

    def __init__(self, git: Callable[..., Awaitable[bytes]], most: int) -> None:
        """Set up a comparison.

        Args:
            git: runs a git command on the clone and returns what it prints.
            most: how many paths may differ.
        """
        self._git = git
        self._most = most

    async def keep(self, commit: str, reference: str) -> bool:
        """Point ``reference`` at ``commit``; return whether the clone still has it."""
        if not COMMIT.fullmatch(commit):
            return False
        try:
            await self._git("cat-file", "-e", commit + "^{tree}")
            await self._git("update-ref", "--no-deref", reference, commit)
        except GitFailed:
            return False
        return True

    async def changes(self, old: str, new: str, parts: Sequence[str]) -> Changes | None:
        """Return what differs; None where git cannot tell, or too many paths do.

        Args:
            old: the commit compared with.
            new: the commit that is read.
            parts: files and folders that are compared; none: all.
        """
        command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--")
        most_bytes = self._most * ENTRY_BYTES
        try:
            raw = await self._git(*command, *parts, most_bytes=most_bytes)
        except GitFailed as error:
            log.warning("cannot compare %s with %s, all pages are compared: %s", old, new, error)
            return None
        found: dict[str, set[str]] = {"A": set(), "M": set(), "D": set()}
        for kind, path in _pairs(raw):
            found[kind].add(path)
        if len(raw) >= most_bytes or sum(map(len, found.values())) > self._most:
            log.info("more than %d pages changed: all pages are compared", self._most)
            return None
        return Changes(frozenset(found["A"]), frozenset(found["M"]), frozenset(found["D"]))


def _pairs(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield (A, M or D; path) from ``diff-tree --raw -z``; a change of type counts as M.

    Names that no page can have are skipped: no index lists them.
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
            log.info("skipping the impossible name %r", name[:200])
