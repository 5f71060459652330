"""The clone of a mirror in the cache directory: creates, updates and rebuilds it.

Only one run uses a clone at a time. The layout of ``<cache>/<name>-<hash of the URL>/``:

``lock``        held (``flock``) by the run that uses the clone, and by its git processes
``gitconfig``   the only configuration that git reads
``clone.git``   the clone: bare, one commit deep; ``refs/heads/mirror`` is the commit last fetched,
                ``refs/epoch/base`` the commit last compared with, kept for the next comparison
``new-…``       a clone in progress, renamed to ``clone.git`` when it is complete
``damaged``     exists if the clone could not be read
"""

from __future__ import annotations

import errno
import fcntl
import logging
import math
import os
import re
import shutil
import tempfile
from contextlib import suppress
from dataclasses import replace
from typing import IO, TYPE_CHECKING

from crawler.exceptions import MirrorUnusable, RunError, TryLater, WrongUsage
from crawler.printable import printable
from crawler.transports.git.branches import choose
from crawler.transports.git.failures import GitFailed, GitMissing, diagnosis
from crawler.transports.git.limits import GitLimits, Watch
from crawler.transports.git.program import (
    CONFIGURATION,
    MINIMUM_VERSION,
    OUTPUT_BYTES,
    Lifeline,
    environment,
    run,
)
from crawler.transports.git.remote import redirected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from crawler.transports.git.remote import Remote

HEAD = "refs/heads/mirror"
BASE = "refs/epoch/base"

PACKS = 20
"""Number of packs above which the clone is repacked.

Each update adds a pack, and git searches all of them for an object.
"""

REDIRECT = re.compile(r"returned error: 30[12378]\b")
SHA1_DIGITS = 40

CONFIG_SHA1 = "[core]\n\trepositoryFormatVersion = 0\n\tbare = true\n"
CONFIG_SHA256 = CONFIG_SHA1.replace("0", "1") + "[extensions]\n\tobjectFormat = sha256\n"

_LOCK_FLAGS = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

logger = logging.getLogger(__name__)


class CloneBusy(TryLater):
    """Raised when another run uses the clone."""


class Clone:
    """The clone of one remote: locked by :meth:`open`, unlocked by :meth:`release`."""

    def __init__(
        self,
        remote: Remote,
        cache: Path,
        limits: GitLimits,
        on_progress: Callable[[str], None] | None = None,
        *,
        name: str = "",
    ) -> None:
        """Set up the clone of ``remote`` in ``cache`` without touching the disk.

        ``on_progress`` is called with git's progress lines; ``name`` is the mirror's.
        """
        self._remote = remote
        self._source = remote  # or where its host redirects to
        self._name = name
        self._limits = limits
        self.folder = cache / remote.folder
        self.git_dir = self.folder / "clone.git"
        configuration = self.folder / "gitconfig"
        self.env = environment(configuration)
        self._remote_env = environment(configuration, protocols=remote.protocols, host=remote.host)
        self._on_progress = on_progress
        self._lock: IO[bytes] | None = None
        self._lifeline: Lifeline | None = None

    async def open(self, branch: str | None, *, update: bool = True) -> str:
        """Lock the clone, update it to the remote's ``branch``, and return its commit.

        Args:
            branch: the branch to follow; None for the remote's default branch.
            update: False to leave a usable clone as it is, without asking the remote.

        Raises:
            CloneBusy: another run uses the clone.
            GitMissing: git is not installed or too old.
            MirrorUnusable: the remote cannot be read, or exceeds a limit.
            TryLater: the remote's host is busy.
        """
        try:
            self._take_lock()
            self._prepare()
            await self._check_version()
            kept = await self._usable_commit()
            return kept if kept and not update else await self._updated(branch, kept)
        except OSError as error:
            self.release()
            raise _cache_fault(error) from error
        except BaseException:
            self.release()
            raise

    async def _updated(self, branch: str | None, kept: str | None) -> str:
        """Update the clone from its commit ``kept``, or clone anew; return the commit."""
        self._remote.check_directory()
        reference, commit = choose(await self._remote_heads(), branch)
        if kept == commit:
            return commit
        if kept is None:
            await self._rebuild(reference, commit)
        else:
            await self._fetch_or_rebuild(reference, commit)
        return await self._head()

    def release(self) -> None:
        """Unlock the clone."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def mark_damaged(self) -> None:
        """Make the next update rebuild the clone."""
        with suppress(OSError):
            (self.folder / "damaged").touch()

    def _take_lock(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / "lock", _LOCK_FLAGS, 0o644)
        self._lock = open(descriptor, "r+b", buffering=0)  # noqa: SIM115 - held until release()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CloneBusy(f"another run uses the clone {self.folder}; try again later") from error
        except OSError as error:
            raise WrongUsage(
                f"the cache directory {self.folder.parent} cannot be locked ({error.strerror}): "
                "give one on a local disk with -s CACHE_DIRECTORY=DIR"
            ) from error

    def _prepare(self) -> None:
        """Remove the leftovers of killed runs, and write git's configuration."""
        # git's own limit applies if this process is killed; otherwise Watch acts first
        stall = math.ceil(self._limits.stall_seconds) + 1
        for name in ("gitconfig", "damaged"):
            _remove_other(self.folder / name)
        (self.folder / "gitconfig").write_text(CONFIGURATION.format(stall=stall))
        for left in (*self.folder.glob("new-*"), *self.folder.glob("old-*")):
            logger.info("removing %s, left behind by a killed run", left)
            shutil.rmtree(left, ignore_errors=True)
        if self.git_dir.is_symlink() or self.git_dir.is_file():
            logger.warning("%s is not a directory, rebuilding the clone", self.git_dir)
            self.git_dir.unlink()
        if self.git_dir.is_dir():
            self._clean_up()
        if self.git_dir.is_dir() and (self.folder / "damaged").exists():
            logger.warning("the clone %s is damaged, rebuilding it", self.git_dir)
            shutil.rmtree(self.git_dir)  # before git reads any of it

    def _clean_up(self) -> None:
        """Remove the leftovers of a killed git, and reset the clone's configuration.

        Marks the clone as damaged if that fails.
        """
        try:
            for pattern in ("*.lock", "refs/**/*.lock", "objects/pack/tmp_*", "objects/??/tmp_*"):
                for left in self.git_dir.glob(pattern):
                    logger.info("removing %s, left behind by a killed git", left)
                    _remove_other(left)
                    left.unlink(missing_ok=True)
            _reset(self.git_dir)
        except OSError as error:
            logger.warning("the clone %s is damaged: %s", self.git_dir, error)
            self.mark_damaged()

    async def git(
        self,
        *arguments: str,
        git_dir: Path | None = None,
        env: Mapping[str, str] | None = None,
        room: int = 1,
        most_bytes: int = OUTPUT_BYTES,
    ) -> bytes:
        """Run a git command and return the first ``most_bytes`` of its output.

        Args:
            arguments: the command and its arguments.
            git_dir: the repository; by default the clone.
            env: the environment; by default one in which git may use no protocol.
            room: how many times the limit of its size the repository may have meanwhile.
            most_bytes: maximum size of the output.

        Raises:
            GitFailed: git exited with an error.
            MirrorUnusable: git exceeded a limit.
        """
        if self._lifeline is None:
            self._lifeline = Lifeline()
        git_dir = git_dir or self.git_dir
        limits = replace(self._limits, clone_bytes=room * self._limits.clone_bytes)
        return await run(
            ["--git-dir", str(git_dir), *arguments],
            env=env or self.env,
            watch=Watch(limits, git_dir if git_dir.is_dir() else self.folder),
            lifeline=self._lifeline,
            lock=self._lock,
            on_progress=self._on_progress,
            most_bytes=most_bytes,
        )

    async def _remote_git(self, *arguments: str, git_dir: Path | None = None) -> bytes:
        """Run a git command that connects to the remote; its errors are mapped by ``diagnosis``."""
        try:
            return await self.git(*arguments, git_dir=git_dir, env=self._remote_env)
        except GitFailed as error:
            raise diagnosis(str(error)) from error

    async def _check_version(self) -> None:
        version = (await self.git("version")).decode("utf-8", "replace")
        found = re.search(r"(\d+)\.(\d+)", version)
        if found is None or tuple(map(int, found.groups())) < MINIMUM_VERSION:
            wanted = ".".join(map(str, MINIMUM_VERSION))
            raise GitMissing(
                f"{version.strip()!r} is too old, git {wanted} or newer is needed: upgrade the"
                " package `git`, or crawl with -a via=http"
            )

    async def _remote_heads(self) -> dict[str, str]:
        """Return the commits of the remote's branches and HEAD.

        Raises:
            MirrorMoved: the host redirects to a repository with another name.
        """
        self._source = self._remote
        try:
            printed = await self._ls_remote()
        except RunError as error:
            if not REDIRECT.search(str(error)):
                raise
            self._source = await self._redirected(error)
            printed = await self._ls_remote()
        pairs = (line.split("\t", 1) for line in printed.splitlines() if "\t" in line)
        # git also matches refs/heads/* at the end of a name: refs/original/refs/heads/x
        return {
            name: oid for oid, name in pairs if name == "HEAD" or name.startswith("refs/heads/")
        }

    async def _ls_remote(self) -> str:
        printed = await self._remote_git("ls-remote", self._source.url, "HEAD", "refs/heads/*")
        return printed.decode("utf-8", "replace")

    async def _redirected(self, answer: RunError) -> Remote:
        """Return the location in the same repository that the server redirects to.

        git is configured not to follow redirects, because they may lead to any host. The target
        is read from git's trace.
        """
        trace = self.folder / "trace"
        env = {**self._remote_env, "GIT_TRACE_CURL": str(trace), "GIT_TRACE_CURL_NO_DATA": "1"}
        try:
            with suppress(GitFailed):
                await self.git("ls-remote", self._remote.url, "HEAD", env=env)
            traced = trace.read_text(errors="replace") if trace.is_file() else ""
        finally:
            trace.unlink(missing_ok=True)
        remote = redirected(self._remote, traced, self._name)
        if remote is None:
            raise answer
        logger.info("the mirror's git server redirects to %s", printable(remote.url))
        return remote

    async def _head(self) -> str:
        found = await self.git("rev-parse", "--verify", "--quiet", HEAD + "^{commit}")
        return found.decode().strip()

    async def _usable_commit(self) -> str | None:
        """Return the clone's commit; None if there is no clone, or an object is missing."""
        if not self.git_dir.is_dir():
            return None
        try:
            await self.git("rev-list", "--objects", "--quiet", HEAD)
            return await self._head()
        except GitFailed as error:
            logger.warning("the clone %s is damaged, rebuilding it (%s)", self.git_dir, error)
            return None

    async def _fetch_or_rebuild(self, reference: str, commit: str) -> None:
        try:
            await self._repack()
            await self._fetch(self.git_dir, reference)
        except GitFailed as error:
            logger.warning("cannot update the clone %s, rebuilding it (%s)", self.git_dir, error)
            await self._rebuild(reference, commit)

    async def _repack(self) -> None:
        """Repack if there are many packs; this drops unreferenced objects."""
        if sum(1 for _ in (self.git_dir / "objects/pack").glob("*.pack")) > PACKS:
            await self.git("repack", "-a", "-d", "--quiet", room=2)

    async def _rebuild(self, reference: str, commit: str) -> None:
        """Clone into a temporary directory, and rename it when it is complete."""
        made = self.folder / tempfile.mkdtemp(prefix="new-", dir=self.folder)
        form = "sha1" if len(commit) == SHA1_DIGITS else "sha256"
        try:
            await self.git(
                "init", "--bare", "--quiet", "--template=", f"--object-format={form}", git_dir=made
            )
            _reset(made)
            await self._fetch(made, reference)
            Watch(self._limits, made).check()
            self._replace(made)
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def _replace(self, made: Path) -> None:
        if self.git_dir.exists():
            self.git_dir.replace(tempfile.mkdtemp(prefix="old-", dir=self.folder))
        made.replace(self.git_dir)
        (self.folder / "damaged").unlink(missing_ok=True)
        for old in self.folder.glob("old-*"):
            shutil.rmtree(old, ignore_errors=True)

    async def _fetch(self, git_dir: Path, reference: str) -> None:
        await self._remote_git(
            "fetch", "--depth=1", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance",
            "--no-recurse-submodules", "--no-show-forced-updates", "--progress",
            self._source.url, f"+{reference}:{HEAD}", git_dir=git_dir,
        )  # fmt: skip


def _remove_other(path: Path) -> None:
    """Remove ``path`` if it is not a regular file, but a directory, link or FIFO."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    elif path.is_symlink() or not path.is_file():
        path.unlink(missing_ok=True)


def _cache_fault(error: OSError) -> RunError:
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return MirrorUnusable(f"the disk of the cache directory is full, free some space: {error}")
    return WrongUsage(
        f"the cache directory cannot be used ({error}): give another with -s CACHE_DIRECTORY=DIR"
    )


def _reset(git_dir: Path) -> None:
    """Reset a repository's configuration; remove hooks and links to other object stores."""
    config = git_dir / "config"
    known = config.read_text(errors="replace") if config.is_file() else ""
    config.write_text(CONFIG_SHA256 if "sha256" in known else CONFIG_SHA1)
    (git_dir / "HEAD").write_text(f"ref: {HEAD}\n")
    (git_dir / "objects/info/alternates").unlink(missing_ok=True)
    shutil.rmtree(git_dir / "hooks", ignore_errors=True)
