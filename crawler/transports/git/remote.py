"""The location of a mirror's repository: its URL or directory, and redirects."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from crawler.exceptions import MirrorMoved, MirrorUnusable, WrongUsage
from crawler.politeness.redirects import PORTS, redirect_target, stays_on_host
from crawler.printable import printable

_DISCOVERY = "/info/refs"
_LOCATION = re.compile(r"<= Recv header: location: *(\S+)", re.IGNORECASE)
_TRACE_CHARACTERS = 1 << 18
_READ_BY_GIT = ("objects", "refs", "info", "reftable")
_REFERENCES = ("commondir", "objects/info/alternates", "objects/info/http-alternates")
"""Files that make a repository use objects or settings outside its directory."""


@dataclass(frozen=True, slots=True)
class Remote:
    """The location of a mirror's repository.

    Attributes:
        url: the URL passed to git.
        protocols: git's names of the protocols that the URL needs.
        directory: the repository's directory if it is on this machine.
    """

    url: str
    protocols: tuple[str, ...]
    directory: Path | None = None

    @property
    def host(self) -> str:
        """Name of the host; empty for a directory."""
        return urlsplit(self.url).hostname or ""

    @property
    def folder(self) -> str:
        """Name of the clone's directory in the cache: readable, and unique for each URL."""
        last = re.split(r"[/\\]", self.url.rstrip("/"))[-1].removesuffix(".git")
        readable = re.sub(r"[^A-Za-z0-9_.-]+", "-", last).strip(".-")[:60] or "mirror"
        return f"{readable}-{hashlib.sha256(self.url.encode()).hexdigest()[:8]}"

    def check_directory(self) -> None:
        """Check that a local repository is self-contained.

        git follows a ``.git`` file, ``alternates``, ``commondir`` and symbolic links to any place on
        the machine, and the crawler would publish the files there as the mirror's pages. A FIFO
        blocks git.

        Raises:
            MirrorUnusable: the repository refers to another directory, or has such a file.
        """
        if self.directory is None:
            return
        git_dir = self.directory / ".git" if (self.directory / ".git").exists() else self.directory
        if found := _unsafe_file(git_dir):
            special = found.exists() and not (found.is_file() or found.is_dir())
            problem = "is a FIFO or a device in" if special else "leads out of"
            raise MirrorUnusable(
                f"{found} {problem} the repository {self.directory}: make a self-contained copy "
                "with git clone --bare, and crawl that"
            )


def _unsafe_file(git_dir: Path) -> Path | None:
    """Return a file that makes git use another directory or block; None if there is none."""
    if git_dir.is_symlink() or git_dir.is_file():
        return git_dir
    references = (git_dir / name for name in _REFERENCES if os.path.lexists(git_dir / name))
    folders = (git_dir / name for name in _READ_BY_GIT)
    entries = chain(_entries(git_dir), *map(_walk, folders))
    odd = (Path(entry.path) for entry in entries if not _is_plain(entry))
    return next(chain(references, odd), None)


def _walk(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Yield all entries below a folder, without following links."""
    for entry in _entries(folder):
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path))


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as entries:  # git reports what it cannot read
        yield from entries


def _is_plain(entry: os.DirEntry[str]) -> bool:
    """Return whether an entry is a file or folder, or a socket, which git refuses to read."""
    if entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False):
        return True
    return stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode)


def remote_at(location: str) -> Remote:
    """Return the repository at a URL or directory.

    Accepts https, http and directories. ssh needs an account, the big hosts no longer offer the
    git protocol, and ``ext::`` and similar URLs run programs.

    Raises:
        WrongUsage: the URL has another protocol, or contains a password, which logs would show.
    """
    if not location.isprintable():
        raise WrongUsage(f"{location!r} contains unprintable characters: correct it")
    scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]*)(://|::)", location)
    if scheme is None:
        return _directory(location)
    parts = urlsplit(location)
    if scheme[2] == "://" and parts.scheme == "file" and not parts.netloc:
        path = location[len("file://") :]
        return Remote(f"file://{path}", ("file",), Path(unquote(path)))
    if scheme[2] != "://" or parts.scheme not in PORTS or not parts.hostname:
        raise WrongUsage(
            f"{location!r} is not a URL for git: use https://, http://, file:/// or a directory"
        )
    if parts.username is not None or parts.password is not None:
        raise WrongUsage(
            "the URL of a repository must not contain a user name or password: remove it"
        )
    return Remote(location, ("https",) if parts.scheme == "https" else ("http", "https"))


def _directory(location: str) -> Remote:
    path = Path(location).expanduser().absolute()
    if not path.exists() and re.match(r"[^/]+:", location):
        raise WrongUsage(f"{location!r}: ssh is not supported; give the mirror's https:// URL")
    return Remote(path.as_uri(), ("file",), path)


def redirected(remote: Remote, trace: str, mirror: str) -> Remote | None:
    """Return the location that the server redirects git to, or None if it does not.

    Follows a redirect only from http to https, or to the same URL with or without ``.git``: hosts
    redirect this way within one repository. ``trace`` is the output of ``GIT_TRACE_CURL``, and
    ``mirror`` the mirror's name, for messages.

    Raises:
        MirrorMoved: the redirect leads to another repository on the same host, as after a rename.
        MirrorUnusable: the redirect leads to another host or port, or not to a repository.
    """
    found = _LOCATION.search(trace[:_TRACE_CHARACTERS])
    if found is None:
        return None
    asked = remote.url.rstrip("/") + _DISCOVERY
    target = redirect_target(asked, found[1])
    if not (stays_on_host(asked, target) and urlsplit(target).path.endswith(_DISCOVERY)):
        raise MirrorUnusable(
            f"the mirror's git server redirects to {printable(target or found[1])}, which is not "
            "followed: correct `git` in mirrors.toml"
        )
    url = urlunsplit(urlsplit(target)._replace(query="", fragment="")).removesuffix(_DISCOVERY)
    if _repository(url) != _repository(remote.url):
        raise MirrorMoved(mirror, url.removesuffix(".git"))
    return Remote(url, remote.protocols) if url != remote.url else None


def _repository(url: str) -> str:
    """Return the repository's path; hosts ignore its case and the ending ``.git``."""
    return urlsplit(url).path.rstrip("/").removesuffix(".git").lower()
