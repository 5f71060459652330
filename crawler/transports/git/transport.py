"""The git transport: reads pages from a clone in the cache directory, at one commit.

``docs/git-transport.md`` explains the design and has the measurements behind it.
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
from crawler.frontier.snapshot import Changes
from crawler.transports.base import LOCAL_WINDOW, Fetched
from crawler.transports.git.changes import Comparison, is_plain
from crawler.transports.git.clone import BASE, Clone, CloneBusy
from crawler.transports.git.faults import GitMissing
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.objects import FOLDER, TYPE_BITS, CloneDamaged, Entry, Files, Objects
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

KINDS = {0o120000: "a symbolic link", 0o160000: "a submodule"}


class GitTransport:
    """Reads the pages of a mirror from a clone of its repository.

    All pages are of one commit, even if the remote changes during the run. Only :meth:`open` and
    :meth:`repair` talk to the remote.

    Attributes:
        commit: the commit that is read; None before :meth:`open`.
    """

    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    window: ClassVar[int] = LOCAL_WINDOW
    ordered: ClassVar[bool] = True
    bulk: ClassVar[bool] = True

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
        """Set up the transport without reading or writing anything.

        Args:
            remote: https, http or file URL, or directory, of the repository.
            branch: the branch to follow; None for the remote's default branch.
            cache: directory for the clones.
            name: the mirror's name, for messages.
            parts: files and folders with the mirror's pages; empty for the whole repository.
            limits: limits of time, memory and disk space.
            on_progress: called with git's progress lines during a clone or fetch.

        Raises:
            WrongUsage: ``remote`` is not a supported URL or directory.
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
        """Directory of the clone, its lock and its configuration."""
        return self._clone.folder

    async def open(self) -> None:
        """Clone or fetch, and select the branch's newest commit.

        Cancelling it kills git.

        Raises:
            MirrorUnusable: the repository is gone, private or too large, does not have the branch,
                or its server hangs.
            TryLater: the host is busy, or another run uses the clone (CloneBusy).
            GitMissing: git is not installed or too old.
        """
        self.commit = await self._clone.update(self._branch)
        self._objects = Objects(self._clone.git_dir, self._clone.env, self._limits)
        self._files = Files(self._objects, self.commit, self._clone.folder)

    async def changed_since(self, commit: str | None) -> Changes | None:
        """Return the paths that changed between ``commit`` and the commit that is read.

        The clone keeps ``commit`` from now on, so that after an interrupted run the next one can
        compare with it again.

        Returns:
            None if this is the first run, the clone no longer has ``commit``, or more paths
            changed than the limit allows. The caller then compares all pages.
        """
        assert self.commit is not None, "not open"  # noqa: S101 (a bug in the caller)
        comparison = Comparison(self._clone.git, self._limits.changed_paths)
        if commit is None or not await comparison.keep(commit, BASE):
            return None
        if commit == self.commit:
            return Changes()
        return await comparison.changes(commit, self.commit, self._parts)

    async def fetch(self, path: str) -> Fetched:
        """Read a page, after rebuilding the clone if it is damaged.

        Raises:
            PageError: as from :meth:`read`.
            RunError: the clone is damaged and cannot be rebuilt; all later calls raise it too.
        """
        async with self._repairing:
            if self._lost is not None:
                raise self._lost
            try:
                return self._fetched(path)
            except CloneDamaged as damage:
                logger.warning("%s; rebuilding the clone", damage)
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
            PageMissing: the commit has no file at ``path``.
            PageMalformed: ``path`` is a symbolic link or a submodule, or cannot be a page's path.
            PageTooLarge: the page is above the limit; its content is not loaded.
            CloneDamaged: the clone cannot be read. Call :meth:`repair`; otherwise the next run
                rebuilds it.
        """
        return self._fetched(path).body

    def _content(self, path: str, entry: Entry) -> bytes:
        try:
            return self._opened().read(entry.oid, self._limits.page_bytes)[1]
        except PageTooLarge as error:
            raise PageTooLarge(f"{path} is larger than {self._limits.page_bytes} bytes") from error
        except CloneDamaged:
            self._clone.mark_damaged()
            raise

    def expect(self, paths: Iterable[str]) -> None:
        """Prefetch the pages that will probably be read next, in this order.

        This is a hint: it saves waiting for git and has no other effect.
        """
        if self._objects is None:  # closed, or being repaired
            return
        self._prepared = {}
        for path in paths:
            with suppress(PageError, CloneDamaged):  # fetch() reports it
                self._prepared[path] = self._file(path)
        self._opened().expect(entry.oid for entry in self._prepared.values())

    def version_of(self, path: str) -> str | None:
        """Return the git blob id of a page, or None if the page does not exist."""
        try:
            return self._file(path).oid
        except PageError:
            return None

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; empty if it does not exist."""
        assert self._files is not None, "not open"  # noqa: S101 (a bug in the caller)
        try:
            return self._files.folders(path)
        except CloneDamaged:  # fetch() reports it
            return []

    def has(self, path: str) -> bool:
        """Return whether there is a page at ``path``."""
        return self.version_of(path) is not None

    def old_page(self, version: str) -> bytes | None:
        """Return an old version of a page, by its blob id; None if the clone does not have it.

        The clone keeps the commit that the run compares with, so it has the previous version of
        every page that has changed since.
        """
        try:
            kind, body = self._opened().read(version, self._limits.page_bytes)
        except (PageError, CloneDamaged):
            return None
        return body if kind == "blob" else None

    async def repair(self) -> None:
        """Rebuild a damaged clone at the same commit.

        Raises:
            TryLater: the mirror has a newer commit, which only the next run may read.
            RunError: as from :meth:`open`.
        """
        before = self.commit
        self.close()
        await self.open()
        if self.commit != before:
            self.close()
            raise TryLater("the mirror changed while its damaged clone was rebuilt; run again")

    def close(self) -> None:
        """Stop git and unlock the clone."""
        if self._objects is not None:
            self._objects.close()
        self._objects = self._files = None
        self._prepared = {}
        self._clone.release()

    def _opened(self) -> Objects:
        assert self._objects is not None, "not open"  # noqa: S101 (a bug in the caller)
        return self._objects

    def _file(self, path: str) -> Entry:
        assert self._files is not None, "not open"  # noqa: S101 (a bug in the caller)
        if not is_plain(path):
            raise PageMalformed(f"{path!r} cannot be the path of a page")
        try:
            entry = self._files.find(path)
        except CloneDamaged:
            self._clone.mark_damaged()
            raise
        if entry is None or entry.mode == FOLDER:
            raise PageMissing(f"{path} is not in commit {self.commit}")
        if not entry.is_file:
            kind = KINDS.get(entry.mode & TYPE_BITS, "of an unknown kind")
            raise PageMalformed(f"{path} is {kind}, not a page")
        return entry
