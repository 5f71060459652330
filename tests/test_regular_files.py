"""Only regular files are read as pages or used as a feed's files."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import socket
import sqlite3
from typing import TYPE_CHECKING

import pytest

from crawler.exceptions import (
    FeedUnusable,
    MirrorUnusable,
    PageError,
    PageMalformed,
    PageMissing,
    WrongUsage,
)
from crawler.store.feed import FeedStore
from crawler.transports.path import PathTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = "pages/ncid1/n1.md"


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a directory with one page, and a secret beside it."""
    (tmp_path / "mirror/pages/ncid1").mkdir(parents=True)
    (tmp_path / "mirror" / PAGE).write_bytes(b"page")
    (tmp_path / "outside/ncid1").mkdir(parents=True)
    (tmp_path / "outside/ncid1/n1.md").write_bytes(b"secret")
    return tmp_path / "mirror"


@pytest.fixture
def transport(mirror: Path) -> Iterator[PathTransport]:
    """Return the open transport of ``mirror``."""
    path = PathTransport(str(mirror))
    asyncio.run(path.open())
    yield path
    path.close()


def fetch(transport: PathTransport, path: str = PAGE) -> bytes:
    return asyncio.run(transport.fetch(path)).body


def make_irregular(path: Path, kind: str) -> None:
    """Create something other than a regular file at ``path``."""
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            here = os.open(path.parent, os.O_RDONLY)  # the address of a socket is short
            listener.bind(f"/proc/self/fd/{here}/{path.name}")
            os.close(here)
    elif kind == "directory":
        path.mkdir()
    else:
        path.symlink_to({"device": "/dev/zero", "link": "/etc/hostname", "loop": path.name}[kind])


def test_a_regular_file_is_read(transport: PathTransport) -> None:
    assert fetch(transport) == b"page"


@pytest.mark.parametrize("kind", ["fifo", "socket", "device", "link", "loop"])
def test_an_irregular_page_is_none(mirror: Path, transport: PathTransport, kind: str) -> None:
    make_irregular(mirror / PAGE, kind)
    with pytest.raises(PageMalformed, match="not a regular file"):
        fetch(transport)


def test_a_device_is_none() -> None:
    with pytest.raises(PageMalformed, match="not a regular file"):
        fetch(PathTransport("/dev"), "null")


def test_a_directory_is_no_page(mirror: Path, transport: PathTransport) -> None:
    make_irregular(mirror / PAGE, "directory")
    with pytest.raises(PageMissing, match="is a directory"):
        fetch(transport)


def test_a_linked_folder_is_not_followed(mirror: Path, transport: PathTransport) -> None:
    """Not even one that was replaced by a link while the mirror was open."""
    (mirror / "pages").rename(mirror / "away")
    (mirror / "pages").symlink_to(mirror.parent / "outside")
    with pytest.raises(PageMissing):
        fetch(transport)


def test_a_mirror_that_is_swapped_is_read_to_its_end(
    mirror: Path, transport: PathTransport
) -> None:
    mirror.rename(mirror.with_name("moved"))
    mirror.symlink_to(mirror.parent / "outside")
    assert fetch(transport) == b"page"


def test_the_mirror_itself_may_be_a_link(mirror: Path) -> None:
    (mirror.parent / "link").symlink_to(mirror)
    assert fetch(PathTransport(str(mirror.parent / "link"))) == b"page"


@pytest.mark.parametrize(
    "path",
    [
        "../outside/ncid1/n1.md",
        "pages/../../outside/ncid1/n1.md",
        "/etc/hostname",
        "pages//ncid1/n1.md",
        "./README.md",
        "..;/outside/ncid1/n1.md",
        "pages/n1.md\0",
        "",
    ],
)
def test_a_path_does_not_climb(transport: PathTransport, path: str) -> None:
    with pytest.raises(PageMissing):
        fetch(transport, path)


def test_no_descriptor_stays_open(mirror: Path, transport: PathTransport) -> None:
    make_irregular(mirror / "pages/ncid1/n2.md", "fifo")
    before = len(os.listdir("/proc/self/fd"))
    for path in (PAGE, "pages/ncid1/n2.md", "pages/ncid9/n1.md", "pages/ncid1"):
        for _ in range(5):
            try:
                fetch(transport, path)
            except PageError:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_mirror_that_is_no_directory(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(MirrorUnusable, match="no directory"):
        asyncio.run(PathTransport(str(tmp_path / "fifo")).open())


FILES = ("articles.jsonl", "listings.jsonl", "runs.jsonl", "lock", "state.sqlite")


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kind", ["fifo", "socket", "directory", "link", "device"])
def test_an_irregular_file_of_a_feed_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    """The message names it and what to do; the target of a link stays unchanged."""
    feed = tmp_path / "feed"
    FeedStore(feed, "small", {}).close(None)
    make_irregular(feed / name, kind)
    with pytest.raises(
        FeedUnusable, match=rf"{name} is not a regular file, but a link.*move it away"
    ) as caught:
        FeedStore(feed, "small", {})
    assert caught.value.exit_code == 5


def test_an_audit_waits_for_no_fifo(tmp_path: Path) -> None:
    from crawler.audit.audit import audit  # noqa: PLC0415

    os.mkfifo(tmp_path / "articles.jsonl")
    with pytest.raises(FeedUnusable, match="not a regular file"):
        audit(tmp_path)


# -- a new feed's directory --------------------------------------------------------------


def test_a_new_feeds_names_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of new directories and of the files in them are synced."""
    synced: list[str] = []
    real = os.fsync

    def watch(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    FeedStore(tmp_path / "a/b/feed", "small", {}).close(None)
    for made in (tmp_path, tmp_path / "a", tmp_path / "a/b", tmp_path / "a/b/feed"):
        assert str(made) in synced


# -- locks -------------------------------------------------------------------------------


@pytest.mark.parametrize("error", ["ENOLCK", "ENOSYS", "EOPNOTSUPP"])
def test_a_feed_without_locks_is_unusable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    """It is not reported as busy, which a service treats as success."""

    def refuse(*_: object) -> None:
        number = getattr(errno, error)
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(FeedUnusable, match=r"without locks.*local disk"):
        FeedStore(tmp_path, "small", {})


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_IOERR_LOCK, sqlite3.SQLITE_IOERR_SHMLOCK, sqlite3.SQLITE_BUSY]
)
def test_a_state_without_locks_is_unusable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """SQLite reports a file system without locks as busy (ENOLCK) or as an I/O error."""

    def refuse(*_: object) -> None:
        refused = sqlite3.OperationalError("refused")
        refused.sqlite_errorcode = code
        raise refused

    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("crawler.store.state.State._open", refuse)
    monkeypatch.setattr(fcntl, "lockf", no_locks)
    with pytest.raises(FeedUnusable, match=r"cannot be locked.*local disk"):
        FeedStore(tmp_path, "small", {})


def test_a_cache_without_locks_is_wrong_usage(
    tmp_path: Path, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crawler.transports.git.transport import GitTransport  # noqa: PLC0415

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    git = GitTransport(str(mirror), branch=None, cache=tmp_path / "cache")
    with pytest.raises(WrongUsage, match=r"cannot be locked.*CACHE_DIRECTORY"):
        asyncio.run(git.open())
