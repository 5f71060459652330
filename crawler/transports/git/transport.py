"""The way through git: a clone in the cache directory, read at one commit.

``docs/git-transport.md`` has the figures behind the choices made here.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from crawler.exceptions import (
    PageError,
    PageMalformed,
    PageMissing,
    PageTooLarge,
    RunError,
    TryLater,
)
from crawler.frontier.changes import Changes
from crawler.transports.base import LOCAL_WINDOW, Fetched
from crawler.transports.git.changes import Comparison, is_plain
from crawler.transports.git.clone import BASE, Clone, CloneBusy
from crawler.transports.git.faults import GitMissing
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.objects import FOLDER, CloneDamaged, Entry, Files, Objects
from crawler.transports.git.remote import remote_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

__all__ = [
    "Changes",
    "CloneBusy",
    "CloneDamaged",
    "GitLimits",
    "GitMissing",
    "GitTransport",
    "remote_at",
]

logger = logging.getLogger(__name__)

TYPE_BITS = 0o170000
REGULAR = 0o100000
KINDS = {0o120000: "a symbolic link", 0o160000: "a submodule"}


class GitTransport:
    """Gives the pages of a mirror from a clone of its repository.

    Open, ask what changed, read; close. All that is read is of one commit, whatever the remote
    does meanwhile. Only :meth:`open` talks to the remote.

    Attributes:
        commit: the commit that is read, once open.
    """

    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    window: ClassVar[int] = LOCAL_WINDOW
    ordered: ClassVar[bool] = True

    def __init__(
        self,
        remote: str,
        *,
        branch: str | None,
        cache: Path,
        name: str = "",
        parts: Sequence[str] = (),
        limits: GitLimits | None = None,
        on_progress: Callable[[str], None] | None = None,
    ) -> None:
        """Say which mirror; nothing is read or written yet.

        Args:
            remote: address (https, http, file) or directory of a repository.
            branch: the branch to follow; None: the one the remote names as its default.
            cache: directory for clones.
            name: the mirror's name, for messages.
            parts: files and folders that hold the mirror's pages; none: all of the repository.
            limits: what the mirror may cost.
            on_progress: told git's lines of progress while it clones or fetches.

        Raises:
            WrongUsage: the address is none of those.
        """
        self._limits = limits or GitLimits()
        self._branch = branch
        self._parts = tuple(parts)
        self._clone = Clone(
            remote_at(remote), cache.absolute(), self._limits, on_progress, name=name
        )
        self._objects: Objects | None = None
        self._files: Files | None = None
        self._prepared: dict[str, Entry] = {}
        self.commit: str | None = None
        self._repairing = asyncio.Lock()
        self._lost: RunError | None = None

    @property
    def folder(self) -> Path:
        """Where the clone and what belongs to it lies."""
        return self._clone.folder

    async def open(self) -> None:
        """Clone or fetch, and stand at the commit found.

        Cancelled, it leaves no git behind.

        Raises:
            MirrorUnusable: gone, asks for a password, hangs, too large, without this branch …
            TryLater: the host is busy, or another run uses the clone (CloneBusy).
            GitMissing: no git program.
        """
        self.commit = await self._clone.update(self._branch)
        self._objects = Objects(self._clone.git_dir, self._clone.env, self._limits)
        self._files = Files(self._objects, self.commit, self._clone.folder)

    async def changed_since(self, commit: str | None) -> Changes | None:
        """Return what changed from ``commit`` to the one that is read.

        From now on the clone keeps ``commit``, so that a run that does not reach its end can be
        followed by one that compares with it again.

        Returns:
            None where it is not known: a first run, a commit that the clone no longer has (then
            everything is to be compared), or more changes than the limit.
        """
        assert self.commit is not None, "not open"  # noqa: S101 (a mistake of the caller)
        comparison = Comparison(self._clone.git, self._limits.changed_paths)
        if commit is None or not await comparison.keep(commit, BASE):
            return None
        if commit == self.commit:
            return Changes()
        return await comparison.changes(commit, self.commit, self._parts)

    async def fetch(self, path: str) -> Fetched:
        """Read a page; a damaged clone is repaired first, and given up where that fails.

        Raises:
            PageError: as from :meth:`read`.
            RunError: the clone is damaged and cannot be repaired.
        """
        async with self._repairing:
            if self._lost is not None:
                raise self._lost
            try:
                return self._fetched(path)
            except CloneDamaged as damage:
                logger.warning("%s: the clone is rebuilt", damage)
            try:
                await self.repair()
                return self._fetched(path)
            except RunError as error:
                self._lost = error
                raise

    def _fetched(self, path: str) -> Fetched:
        entry = self._prepared.pop(path, None) or self._file(path)
        return Fetched(self._content(path, entry), entry.oid)

    def read(self, path: str) -> bytes:
        """Return the content of a page, such as ``indexes/x/README.md``.

        Raises:
            PageMissing: nothing is there, or a folder.
            PageMalformed: there is a symbolic link or a submodule, or the path is no page's.
            PageTooLarge: it is above the limit; its content was not loaded.
            CloneDamaged: the clone is; :meth:`repair` it, or the next run will.
        """
        return self._fetched(path).body

    def _content(self, path: str, entry: Entry) -> bytes:
        try:
            return self._opened().read(entry.oid, self._limits.page_bytes)[1]
        except PageTooLarge as error:
            message = f"{path} is larger than {self._limits.page_bytes} bytes"
            raise PageTooLarge(message) from error
        except CloneDamaged:
            self._clone.mark_damaged()
            raise

    def expect(self, paths: Iterable[str]) -> None:
        """Let git prepare pages that will probably be read next, in this order.

        A hint: it saves the waiting for git, and changes nothing else.
        """
        if self._objects is None:  # closed, or being repaired
            return
        self._prepared = {}
        for path in paths:
            with suppress(PageError, CloneDamaged):  # reading it tells
                self._prepared[path] = self._file(path)
        self._opened().expect(entry.oid for entry in self._prepared.values())

    def version_of(self, path: str) -> str | None:
        """Return the id of a page's content; None if there is no such page. Same id, same bytes."""
        try:
            return self._file(path).oid
        except PageError:
            return None

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; none where it is not there."""
        assert self._files is not None, "not open"  # noqa: S101 (a mistake of the caller)
        try:
            return self._files.folders(path)
        except CloneDamaged:  # reading a page tells
            return []

    def has(self, path: str) -> bool:
        """Tell whether there is a page at ``path``."""
        return self.version_of(path) is not None

    async def repair(self) -> None:
        """After CloneDamaged: make the clone anew, and stand at the same commit.

        Raises:
            TryLater: the mirror moved on meanwhile; the next run reads its new state.
            RunError: as from :meth:`open`.
        """
        before = self.commit
        self.close()
        await self.open()
        if self.commit != before:
            self.close()
            message = "the mirror changed while its damaged clone was made anew; run again"
            raise TryLater(message)

    def close(self) -> None:
        """End git's reading and let other runs use the clone."""
        if self._objects is not None:
            self._objects.close()
        self._objects = self._files = None
        self._prepared = {}
        self._clone.release()

    def _opened(self) -> Objects:
        assert self._objects is not None, "not open"  # noqa: S101 (a mistake of the caller)
        return self._objects

    def _file(self, path: str) -> Entry:
        assert self._files is not None, "not open"  # noqa: S101 (a mistake of the caller)
        if not is_plain(path):
            message = f"{path!r} is no page's path"
            raise PageMalformed(message)
        try:
            entry = self._files.find(path)
        except CloneDamaged:
            self._clone.mark_damaged()
            raise
        if entry is None or entry.mode == FOLDER:
            message = f"{path} is not in commit {self.commit}"
            raise PageMissing(message)
        kind = entry.mode & TYPE_BITS
        if kind != REGULAR:
            message = f"{path} is {KINDS.get(kind, 'of an unknown kind')}, not a page"
            raise PageMalformed(message)
        return entry
