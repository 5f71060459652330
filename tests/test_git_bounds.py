"""Limits on git's resources and on the files it may use, for hostile repositories."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import struct
import subprocess
import sys
import time
import zlib
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT
from gitserver import (
    FILE,
    FOLDER,
    HOME,
    MIRROR,
    SILENCE,
    Repository,
    clone_of,
    compared,
    git,
    git_server,
    opened,
    read,
    watched_git,
)
from processes import wait_until

from crawler.exceptions import MirrorMoved, MirrorUnusable, PageError
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.transport import GitTransport

if TYPE_CHECKING:
    from collections.abc import Iterator
    from http.server import BaseHTTPRequestHandler

MEGABYTE = 1 << 20


@pytest.fixture
def mirror(tmp_path: Path) -> Repository:
    """An empty mirror."""
    return Repository(tmp_path / "served" / "owner" / "mirror.git")


def refused(remote: str | Path, cache: Path, **arguments: object) -> MirrorUnusable:
    """Open a mirror that must be rejected; return the error."""
    transport = GitTransport(str(remote), branch=None, cache=cache, **arguments)  # type: ignore[arg-type]
    with pytest.raises(MirrorUnusable) as caught:
        asyncio.run(transport.open())
    return caught.value


# -- memory ----------------------------------------------------------------------------------


def tree_bomb(mirror: Repository, levels: int, width: int) -> str:
    """Store a tree of a few kilobytes with ``width ** levels`` files."""
    tree = mirror.blob(b"page")
    mode = FILE
    for level in range(levels):
        tree = mirror.tree(*((mode, b"%d-%d" % (level, number), tree) for number in range(width)))
        mode = FOLDER
    return tree


def test_a_tree_bomb_is_compared_within_bounds(
    mirror: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first = mirror.commit(MIRROR)
    limits = GitLimits(memory_bytes=64 * MEGABYTE, changed_paths=1000)
    with opened(mirror.path, cache):
        pass
    pages = tree_bomb(mirror, levels=7, width=10)
    root = mirror.tree((FILE, b"README.md", mirror.blob(HOME)), (FOLDER, b"pages", pages))
    mirror.commit_tree(root, parent=first)
    with opened(mirror.path, cache, limits=limits) as transport:
        assert compared(transport, first) is None
        assert re.search(r"comparing all pages: .*[Oo]ut of memory", caplog.text)
        assert read(transport, "README.md") == HOME


def test_a_cancelled_comparison_does_not_wait_for_git(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = mirror.commit(MIRROR)
    with opened(mirror.path, cache):
        pass
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    started, ended = tmp_path / "started", tmp_path / "ended"
    slow = f'case "$*" in *diff-tree*) touch {started}; sleep 60; touch {ended};; esac'

    async def cancelled(transport: GitTransport) -> None:
        comparison = asyncio.ensure_future(transport.changed_since(first))
        while not started.exists():  # noqa: ASYNC110 - another process creates it
            await asyncio.sleep(0.01)
        comparison.cancel()
        await asyncio.gather(comparison, return_exceptions=True)

    watched_git(tmp_path, monkeypatch, slow)
    with opened(mirror.path, cache) as transport:
        asyncio.run(cancelled(transport))
    assert not ended.exists()


def delta_bomb(megabytes: int) -> bytes:
    """Return a pack with a commit whose blob is a small delta that expands to ``megabytes`` MB."""
    base = bytes(65536)
    target_size = megabytes * MEGABYTE
    copies = target_size // 65536
    # copy 65536 bytes from offset 0: the opcode 0x80 with size bits absent means just that
    delta = _size(len(base)) + _size(target_size) + b"\x80" * copies
    target = sha1(b"blob %d\0" % target_size, usedforsecurity=False)
    for _ in range(copies):
        target.update(base)
    base_id = sha1(b"blob %d\0" % len(base) + base, usedforsecurity=False).digest()
    tree = b"100644 README.md\0" + target.digest()
    tree_id = sha1(b"tree %d\0" % len(tree) + tree, usedforsecurity=False).hexdigest()
    who = "mirror <mirror@example.invalid> 1696236300 +0000"
    commit = f"tree {tree_id}\nauthor {who}\ncommitter {who}\n\nupdate\n".encode()
    objects = [
        _entry(1, commit), _entry(2, tree), _entry(3, base),
        _header(7, len(delta)) + base_id + zlib.compress(delta),
    ]  # fmt: skip
    pack = b"PACK" + struct.pack(">II", 2, len(objects)) + b"".join(objects)
    return pack + sha1(pack, usedforsecurity=False).digest()


def _size(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _header(kind: int, size: int) -> bytes:
    out = bytearray([kind << 4 | size & 0x0F])
    size >>= 4
    while size:
        out[-1] |= 0x80
        out.append(size & 0x7F)
        size >>= 7
    return bytes(out)


def _entry(kind: int, content: bytes) -> bytes:
    return _header(kind, len(content)) + zlib.compress(content)


def test_a_delta_bomb_ends_the_run_with_a_reason(mirror: Repository, cache: Path) -> None:
    """16 KB that expand to 160 MB in index-pack."""
    pack = delta_bomb(160)
    assert len(pack) < 20_000
    git(mirror.path, "index-pack", "--stdin", "--fix-thin", stdin=pack)
    [commit] = [
        line.split()[0]
        for line in git(mirror.path, "cat-file", "--batch-all-objects", "--batch-check").split("\n")
        if " commit " in line
    ]
    git(mirror.path, "update-ref", "refs/heads/master", commit)
    limits = GitLimits(memory_bytes=64 * MEGABYTE)
    error = refused(mirror.path, cache, limits=limits)
    assert "needs more memory than git may use" in str(error)


def test_the_reading_git_is_limited_too(mirror: Repository, cache: Path) -> None:
    mirror.commit(MIRROR)
    with opened(mirror.path, cache, limits=GitLimits(cpu_seconds=60)) as transport:
        read(transport, "README.md")
        assert transport._files is not None
        limits = Path(f"/proc/{transport._files.objects._running().pid}/limits").read_text()
        assert re.search(r"Max cpu time +60 ", limits)
        assert re.search(rf"Max data size +{GitLimits().memory_bytes} ", limits)


# -- nothing outlives the crawler --------------------------------------------------------------

RUN = """
import asyncio, sys
from pathlib import Path
from crawler.transports.git.transport import GitTransport
transport = GitTransport(sys.argv[1], branch=None, cache=Path(sys.argv[2]))
asyncio.run(transport.open())
"""


BUSY = """
import asyncio, sys, time
start = asyncio.create_subprocess_exec
async def busy(*command, **how):
    process = await start(*command, **how)
    if sys.argv[1] in command:
        time.sleep(60)
    return process
asyncio.create_subprocess_exec = busy
"""
"""A crawler that does nothing more after it has started the git that asks the server."""


@pytest.mark.parametrize("before", ["", BUSY], ids=["waiting", "starting"])
def test_no_git_outlives_a_killed_crawler(
    tmp_path: Path, mirror: Repository, cache: Path, before: str
) -> None:
    """Neither git nor its children, here the HTTP helper, which waits for a silent server."""
    mirror.commit(MIRROR)

    def silent(handler: BaseHTTPRequestHandler) -> bool:
        time.sleep(SILENCE)
        return True

    with git_server(mirror.path.parent, silent) as address:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        crawler = subprocess.Popen(
            [sys.executable, "-c", before + RUN, f"{address}/mirror.git", str(cache)],
            env=environment,
        )
        assert wait_until(lambda: len(list(_gits(address))) > 1), "git did not start"
        os.kill(crawler.pid, signal.SIGKILL)
        crawler.wait()
        assert wait_until(lambda: not list(_gits(address)), SILENCE / 2), list(_gits(address))


def _gits(address: str) -> Iterator[str]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if address in command and "git" in command.split()[0]:
            yield command


def test_an_object_that_takes_too_long_affects_only_itself(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reading git hangs at it; another one reads the page that was requested with it."""
    mirror.commit(MIRROR)
    slow = tmp_path / "slow"
    watched_git(
        tmp_path, monkeypatch,
        f'case "$*" in *"cat-file --batch") [ -e {slow} ] && rm {slow} && exec sleep 60;; esac',
    )  # fmt: skip
    with opened(mirror.path, cache, limits=GitLimits(object_seconds=4)) as transport:
        transport.prefetch(["indexes/ncid1/1.md", "README.md"])  # looks up both paths
        transport._opened().objects.close()
        slow.touch()
        with pytest.raises(PageError) as caught:
            read(transport, "indexes/ncid1/1.md")
        assert caught.value.reason == "too_costly"
        assert read(transport, "README.md") == HOME


# -- nothing but the mirror's own repository ------------------------------------------------


class Redirects:
    """Answers every request with a redirect, and records it."""

    def __init__(self, location: str, *, only_under: str = "/") -> None:
        self.location = location
        self.only_under = only_under
        self.asked: list[str] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> bool:
        self.asked.append(handler.path)
        if not handler.path.startswith(self.only_under):
            return False
        rest = handler.path.removeprefix(self.only_under)
        handler.send_response(301)
        handler.send_header("Location", self.location.replace("REST", rest))
        handler.send_header("Content-Length", "0")
        handler.end_headers()
        return True


def test_a_redirect_to_another_port_is_not_followed(mirror: Repository, cache: Path) -> None:
    mirror.commit(MIRROR)
    elsewhere = Redirects("/")
    with git_server(mirror.path.parent, elsewhere) as other:
        sends_away = Redirects(f"{other}/mirror.gitREST", only_under="/mirror.git")
        with git_server(mirror.path.parent, sends_away) as address:
            error = refused(f"{address}/mirror.git", cache)
    assert not isinstance(error, MirrorMoved)
    assert f"redirects to {other}" in str(error)
    assert elsewhere.asked == []


def test_a_renamed_repository_is_reported_as_moved(mirror: Repository, cache: Path) -> None:
    mirror.commit(MIRROR)
    sends_on = Redirects("/newowner/mirror.gitREST", only_under="/owner/mirror.git")
    with git_server(mirror.path.parent.parent, sends_on) as address:
        error = refused(f"{address}/owner/mirror.git", cache, name="news")
    assert isinstance(error, MirrorMoved)
    assert error.address == f"{address}/newowner/mirror"
    assert "'news'" in str(error)


def test_the_same_repository_under_its_full_name_is_followed(
    mirror: Repository, cache: Path
) -> None:
    mirror.commit(MIRROR)
    sends_on = Redirects("/owner/mirror.gitREST", only_under="/owner/mirror/")
    sends_on.location = "/owner/mirror.git/REST"
    with (
        git_server(mirror.path.parent.parent, sends_on) as address,
        opened(f"{address}/owner/mirror", cache) as transport,
    ):
        assert read(transport, "README.md") == HOME


def test_a_redirect_in_circles_ends(mirror: Repository, cache: Path) -> None:
    circle = Redirects("/owner/mirror.git/REST", only_under="/owner/mirror.git/")
    with git_server(mirror.path.parent.parent, circle) as address:
        error = refused(f"{address}/owner/mirror.git", cache)
    assert "301" in str(error)
    assert len(circle.asked) < 6


ELSEWHERE = {
    "gitfile": "leads out of",
    "link": "leads out of",
    "alternates": "leads out of",
    "commondir": "leads out of",
    "objects": "leads out of",
    "pack": "leads out of",
    "refs/heads/y": "leads out of",
    "objects/ab": "leads out of",
    "fifo": "is a FIFO or a device in",
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_a_directory_that_leads_git_elsewhere_is_refused(
    how: str, mirror: Repository, tmp_path: Path, cache: Path
) -> None:
    mirror.commit(MIRROR)
    place = tmp_path / "place"
    if how == "gitfile":
        place.mkdir()
        (place / ".git").write_text(f"gitdir: {mirror.path}\n")
    elif how == "link":
        place.mkdir()
        (place / ".git").symlink_to(mirror.path)
    else:
        Repository(place)
        if how == "alternates":
            (place / "objects/info").mkdir(exist_ok=True)
            (place / "objects/info/alternates").write_text(f"{mirror.path}/objects\n")
        elif how == "commondir":
            (place / "commondir").write_text(f"{mirror.path}\n")
        elif how == "objects":
            subprocess.run(["rm", "-r", place / "objects"], check=True)
            (place / "objects").symlink_to(mirror.path / "objects")
        elif how == "pack":
            (place / "objects/pack/pack-1.idx").symlink_to("/etc/hostname")
        elif how == "fifo":
            os.mkfifo(place / "packed-refs")
        else:
            (place / how).symlink_to(mirror.path / how)
    error = refused(place, cache)
    assert f"{ELSEWHERE[how]} the repository" in str(error)
    assert "git clone --bare" in str(error)
    assert not list(cache.glob("*/clone.git"))


def test_an_ordinary_clone_and_work_tree_are_read(
    mirror: Repository, tmp_path: Path, cache: Path
) -> None:
    mirror.commit(MIRROR)
    subprocess.run(
        ["git", "clone", "--quiet", "--no-local", mirror.path, tmp_path / "tree"], check=True
    )
    with opened(tmp_path / "tree", cache) as transport:
        assert read(transport, "README.md") == HOME
    assert clone_of(cache).is_dir()
