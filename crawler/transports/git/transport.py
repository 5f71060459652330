"""The git transport: reads pages from a clone in the cache directory, at one commit.

``docs/git-transport.md`` explains the design and has the measurements behind it.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Self

from crawler.exceptions import PageError, PageTooLarge, RunError, TryLater
from crawler.snapshot import Changes
from crawler.transports.base import LOCAL_WINDOW, Fetched, settings_without_downloads
from crawler.transports.git import changes
from crawler.transports.git.clone import BASE, Clone
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.objects import CloneDamaged, Objects
from crawler.transports.git.remote import remote_at
from crawler.transports.git.trees import Files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from crawler.config.mirrors import Mirror
    from crawler.transports.git.trees import Entry

logger = logging.getLogger(__name__)


class GitTransport:
    """Reads the pages of a mirror from a clone of its repository.

    All pages are of one commit, even if the remote changes during the run. Only :meth:`open` and
    the repair of a damaged clone talk to the remote.

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
            limits: limits of git's time, memory and disk space.
            on_progress: called with git's progress lines.

        Raises:
            WrongUsage: ``remote`` is not a supported URL or directory.
        """
        self._limits = limits or GitLimits()
        self._branch = branch
        self._parts = tuple(parts)
        self._clone = Clone(
            remote_at(remote), cache.absolute(), self._limits, on_progress, name=name
        )
        self._files: Files | None = None
        self._prepared: dict[str, Entry] = {}
        self.commit: str | None = None
        self._repairing = asyncio.Lock()
        self._lost: RunError | None = None

    @classmethod
    def of_mirror(
        cls, mirror: Mirror, cache: Path, on_progress: Callable[[str], None] | None = None
    ) -> Self:
        """Return the transport of a mirror that has a repository.

        Raises:
            WrongUsage: its URL is not a supported URL or directory.
        """
        return cls(
            mirror.roots["git"],
            branch=mirror.branch,
            cache=cache,
            name=mirror.name,
            parts=mirror.format.parts,
            on_progress=on_progress,
        )

    @property
    def folder(self) -> Path:
        """Directory of the clone, its lock and its configuration."""
        return self._clone.folder

    def settings(self) -> dict[str, Any]:
        return settings_without_downloads()

    async def open(self, *, update: bool = True) -> None:
        """Clone or fetch, and select the branch's newest commit.

        Cancelling it kills git.

        Args:
            update: False to read an existing clone at its commit, without the remote.

        Raises:
            MirrorUnusable: the repository is gone, private or too large, does not have the branch,
                or its server hangs.
            TryLater: the host is busy, or another run uses the clone (CloneBusy).
            GitMissing: git is not installed or too old.
        """
        self.commit = await self._clone.open(self._branch, update=update)
        objects = Objects(self._clone.git_dir, self._clone.env, self._limits)
        self._files = Files(objects, self.commit, self._clone.folder)

    async def changed_since(self, commit: str | None) -> Changes | None:
        """Return what changed; None if the clone does not have ``commit``, or too much changed.

        The clone keeps ``commit`` from now on, so that after an interrupted run the next one can
        compare with it again.
        """
        assert self.commit is not None, "not open"  # noqa: S101 (a bug in the caller)
        git = self._clone.git
        if commit is None or not await changes.keep(git, commit, BASE):
            return None
        if commit == self.commit:
            return Changes()
        return await changes.between(
            git, commit, self.commit, self._parts, self._limits.changed_paths
        )

    async def fetch(self, path: str) -> Fetched:
        """Read a page, after rebuilding the clone if it is damaged.

        Raises:
            PageMissing: the commit has no file at ``path``.
            PageMalformed: ``path`` is a symbolic link or a submodule, or cannot be a page's path.
            PageTooLarge: the page is above the limit; its content is not loaded.
            PageUnreachable: git needs too long to unpack the page.
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
                await self._repair()
                return self._fetched(path)
            except RunError as error:
                self._lost = error
                raise

    def _fetched(self, path: str) -> Fetched:
        entry = self._prepared.pop(path, None) or self._page(path)
        try:
            body = self._opened().objects.read(entry.oid, self._limits.page_bytes)[1]
        except PageTooLarge as error:
            raise PageTooLarge(f"{path} is larger than {self._limits.page_bytes} bytes") from error
        except CloneDamaged:
            self._clone.mark_damaged()
            raise
        return Fetched(body, entry.oid)

    def prefetch(self, paths: Iterable[str]) -> None:
        if self._files is None:  # closed, or being repaired
            return
        self._prepared = {}
        for path in paths:
            with suppress(PageError, CloneDamaged):  # fetch() reports it
                self._prepared[path] = self._page(path)
        self._files.objects.prefetch(entry.oid for entry in self._prepared.values())

    def blob_id_at(self, path: str) -> str | None:
        try:
            return self._page(path).oid
        except PageError:
            return None

    def folders(self, path: str) -> list[str]:
        try:
            return self._opened().folders(path)
        except CloneDamaged:  # fetch() reports it
            return []

    def has(self, path: str) -> bool:
        return self.blob_id_at(path) is not None

    def old_page(self, blob_id: str) -> bytes | None:
        """Return a page's previous version, which the commit that the run compares with has."""
        try:
            kind, body = self._opened().objects.read(blob_id, self._limits.page_bytes)
        except (PageError, CloneDamaged):
            return None
        return body if kind == "blob" else None

    async def _repair(self) -> None:
        """Rebuild a damaged clone at the same commit; only the next run may read a newer one."""
        before = self.commit
        self.close()
        await self.open()
        if self.commit != before:
            self.close()
            raise TryLater("the mirror changed while its damaged clone was rebuilt; run again")

    def close(self) -> None:
        """Stop git and unlock the clone."""
        if self._files is not None:
            self._files.objects.close()
        self._files = None
        self._prepared = {}
        self._clone.release()

    def _opened(self) -> Files:
        assert self._files is not None, "not open"  # noqa: S101 (a bug in the caller)
        return self._files

    def _page(self, path: str) -> Entry:
        try:
            return self._opened().page(path)
        except CloneDamaged:
            self._clone.mark_damaged()
            raise
