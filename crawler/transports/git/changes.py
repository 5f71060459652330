"""Compares two commits of a clone: which paths were added, modified and deleted."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from crawler.snapshot import Changes
from crawler.transports.git.failures import GitFailed
from crawler.transports.git.trees import is_plain

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    Git = Callable[..., Awaitable[bytes]]
    """Runs a git command on the clone and returns its output."""

COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
ENTRY_BYTES = 400
"""Upper bound of git's output for one changed path: modes, two ids, a path of 200 bytes."""

logger = logging.getLogger(__name__)


async def keep(git: Git, commit: str, reference: str) -> bool:
    """Point ``reference`` at ``commit``, so that git keeps it; return False if it is gone."""
    if not COMMIT.fullmatch(commit):
        return False
    try:
        await git("cat-file", "-e", commit + "^{tree}")
        await git("update-ref", "--no-deref", reference, commit)
    except GitFailed:
        return False
    return True


async def between(git: Git, old: str, new: str, parts: Sequence[str], most: int) -> Changes | None:
    """Return the changed paths, or None if git fails or more than ``most`` paths changed.

    Args:
        git: runs a git command on the clone.
        old: the commit to compare with.
        new: the commit to read.
        parts: files and folders to compare; empty for the whole tree.
        most: maximum number of changed paths.
    """
    command = ("diff-tree", "-r", "-z", "--raw", "--no-renames", old, new, "--")
    most_bytes = most * ENTRY_BYTES
    try:
        raw = await git(*command, *parts, most_bytes=most_bytes)
    except GitFailed as error:
        logger.warning("cannot compare %s with %s, comparing all pages: %s", old, new, error)
        return None
    found: dict[str, set[str]] = {"A": set(), "M": set(), "D": set()}
    for kind, path in _pairs(raw):
        found[kind].add(path)
    if len(raw) >= most_bytes or sum(map(len, found.values())) > most:
        logger.info("more than %d pages changed, comparing all pages", most)
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
