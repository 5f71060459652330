"""The git transport with faults of the remote, the clone, the disk and git itself."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gitserver import (
    ALL,
    HOME,
    MIRROR,
    Dripping,
    Repository,
    clone_of,
    compared,
    git_server,
    opened,
    read,
    read_all,
    spoil_blob,
    watched_git,
)
from processes import is_running, wait_until

from crawler.exceptions import HostBusy, MirrorUnusable, RunError, TryLater, WrongUsage
from crawler.snapshot import Changes
from crawler.transports.git.clone import CloneBusy
from crawler.transports.git.failures import GitMissing
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.objects import CloneDamaged
from crawler.transports.git.transport import GitTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from http.server import BaseHTTPRequestHandler

REPOSITORY_ROOT = Path(__file__).parent.parent


@pytest.fixture
def mirror(published: Repository) -> Repository:
    """A mirror of three articles."""
    return published


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A mirror of 10 MB that cannot be compressed."""
    repository = Repository(tmp_path_factory.mktemp("served") / "large.git")
    repository.commit({f"pages/s/n{n}.md": os.urandom(100_000) for n in range(100)})
    return repository


def fails(remote: str | Path, cache: Path, limits: GitLimits | None = None) -> RunError:
    """Open a transport that fails to open; return the error."""
    with pytest.raises(RunError) as caught, opened(remote, cache, limits=limits):
        pass
    return caught.value


def running(notes: Path) -> list[int]:
    """Return the processes in ``notes`` that are still running."""
    pids = [int(line.split()[0]) for line in notes.read_text().splitlines()]
    return [pid for pid in pids if is_running(pid)]


# -- the remote --------------------------------------------------------------------------------


def answer(status: int, *headers: tuple[str, str]) -> Callable[[BaseHTTPRequestHandler], bool]:
    """Return a server that answers every request with ``status``."""

    def misbehave(handler: BaseHTTPRequestHandler) -> bool:
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", "6")
        handler.end_headers()
        handler.wfile.write(b"sorry\n")
        return True

    return misbehave


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (404, MirrorUnusable, "no git repository"),
        (401, MirrorUnusable, "asks for a password"),
        (403, MirrorUnusable, "asks for a password or denies access"),
        (429, HostBusy, "is busy, try again later"),
        (503, HostBusy, "is busy, try again later"),
        (500, TryLater, "reports an internal error"),
        (502, TryLater, "reports an internal error"),
        (200, MirrorUnusable, "no git repository"),
    ],
)
def test_each_answer_of_the_host_has_its_message(
    mirror: Repository, cache: Path, status: int, error: type[RunError], words: str
) -> None:
    headers = [("WWW-Authenticate", 'Basic realm="x"')] if status == 401 else []
    with git_server(mirror.path.parent, answer(status, *headers)) as address:
        caught = fails(f"{address}/mirror.git", cache)
    assert type(caught) is error
    assert words in str(caught)


def test_a_missing_repository(mirror: Repository, cache: Path) -> None:
    assert "no git repository" in str(fails(mirror.path.parent / "gone.git", cache))
    with git_server(mirror.path.parent) as address:
        assert "no git repository" in str(fails(f"{address}/gone.git", cache))
        with opened(f"{address}/mirror.git", cache) as transport:
            assert read(transport, "README.md") == HOME
        shutil.rmtree(mirror.path)
        caught = fails(f"{address}/mirror.git", cache)
    assert isinstance(caught, MirrorUnusable)
    assert "mirrors.toml" in str(caught)


def test_a_folder_that_is_not_a_repository(tmp_path: Path, cache: Path) -> None:
    (tmp_path / "tree").mkdir()
    assert "no git repository" in str(fails(tmp_path / "tree", cache))


def test_nothing_listens_at_the_address(cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        caught = fails(f"http://127.0.0.1:{port}/mirror.git", cache)
    assert isinstance(caught, MirrorUnusable)
    assert "cannot reach" in str(caught)


def test_a_password_is_never_asked_for_and_never_sent(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    canary = tmp_path / "asked"
    helper = tmp_path / "helper"
    helper.write_text(f"#!/bin/sh\ntouch {canary}\necho secret\n")
    helper.chmod(0o755)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password secret\n")
    (tmp_path / ".gitconfig").write_text(
        f"[credential]\n\thelper = !{helper}\n[core]\n\taskPass = {helper}\n"
        '[http]\n\textraHeader = "Authorization: Basic c2VjcmV0"\n'
    )
    for name in ("GIT_ASKPASS", "SSH_ASKPASS"):
        monkeypatch.setenv(name, str(helper))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    seen: list[str | None] = []

    def misbehave(handler: BaseHTTPRequestHandler) -> bool:
        seen.append(handler.headers.get("Authorization"))
        return answer(401, ("WWW-Authenticate", 'Basic realm="x"'))(handler)

    with git_server(mirror.path.parent, misbehave) as address:
        caught = fails(f"{address}/mirror.git", cache)
    assert "password" in str(caught)
    assert seen
    assert set(seen) == {None}
    assert not canary.exists()


def test_the_proxy_of_the_environment_is_used(
    mirror: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def misbehave(handler: BaseHTTPRequestHandler) -> bool:
        asked.append(handler.path)
        return answer(404)(handler)

    with git_server(mirror.path.parent, misbehave) as address:
        monkeypatch.setenv("http_proxy", address)
        monkeypatch.delenv("no_proxy", raising=False)
        fails("http://mirror.invalid/mirror.git", cache)
    assert asked
    assert asked[0].startswith("http://mirror.invalid/mirror.git/info/refs")


@pytest.mark.parametrize("target", ["file:///{}", "ext::sh -c true", "ftp://127.0.0.1/x"])
def test_a_redirect_to_another_protocol_is_not_followed(
    mirror: Repository, cache: Path, target: str
) -> None:
    location = target.format(mirror.path)
    with git_server(mirror.path.parent, answer(302, ("Location", location))) as address:
        assert isinstance(fails(f"{address}/mirror.git", cache), MirrorUnusable)


@contextmanager
def mute_server() -> Iterator[str]:
    """A server that accepts connections and sends nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/mirror.git"


def test_a_hanging_server_times_out(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = watched_git(tmp_path, monkeypatch)
    with mute_server() as address:
        caught = fails(address, cache, GitLimits(stall_seconds=2))
    assert isinstance(caught, MirrorUnusable)
    assert "hangs: no data for 2 s" in str(caught)
    assert "ls-remote" in notes.read_text()
    assert running(notes) == []


def test_a_server_that_stops_midway_times_out(large: Repository, cache: Path) -> None:
    """Before the server goes on."""
    drip = Dripping(large.path.parent, pieces=3)
    with git_server(large.path.parent, drip) as address:
        caught = fails(f"{address}/large.git", cache, GitLimits(stall_seconds=4))
        assert drip.sent == 3 * drip.piece
    assert "hangs: no data for 4 s" in str(caught)
    assert [path.name for path in cache.glob("*/*.git")] == []
    assert list(cache.glob("*/new-*")) == []


def test_an_endlessly_slow_server_times_out(large: Repository, cache: Path) -> None:
    drip = Dripping(large.path.parent, piece=10_000, pause=0.05)
    with git_server(large.path.parent, drip) as address:
        caught = fails(f"{address}/large.git", cache, GitLimits(total_seconds=2))
    assert isinstance(caught, MirrorUnusable)
    assert "killed after 2 s" in str(caught)


def test_a_mirror_above_the_limit_is_stopped_while_cloning(large: Repository, cache: Path) -> None:
    """While the server holds the rest back."""
    drip = Dripping(large.path.parent, pieces=7)
    with git_server(large.path.parent, drip) as address:
        caught = fails(f"{address}/large.git", cache, GitLimits(clone_bytes=5 << 20))
        assert drip.sent == 7 * drip.piece
    assert isinstance(caught, MirrorUnusable)
    assert "exceeds its limit" in str(caught)
    assert list(cache.glob("*/*-*")) == []


def test_a_mirror_above_the_limit_that_comes_at_once(
    large: Repository, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crawler.transports.git.program.TICK", 60)  # between two checks of the disk
    caught = fails(large.path, cache, GitLimits(clone_bytes=5 << 20))
    assert "exceeds its limit" in str(caught)
    assert list(cache.glob("*/*.git")) == []


def test_the_disk_is_not_filled(large: Repository, cache: Path) -> None:
    free = shutil.disk_usage(large.path).free
    caught = fails(large.path, cache, GitLimits(spare_bytes=free + (1 << 30)))
    assert isinstance(caught, MirrorUnusable)
    assert "of free disk space" in str(caught)


def test_a_cancelled_clone_leaves_no_git_and_no_clone(
    large: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop keeps running: the server waits for it before each piece."""
    notes = watched_git(tmp_path, monkeypatch)
    drip = Dripping(large.path.parent, pieces=0)

    async def cancelled() -> None:
        transport = GitTransport(f"{address}/large.git", branch=None, cache=cache)
        task = asyncio.ensure_future(transport.open())
        while drip.sent < 5 * drip.piece:
            assert not task.done()
            drip.pieces = drip.sent // drip.piece + 1
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with git_server(large.path.parent, drip) as address:
        asyncio.run(cancelled())
        assert drip.sent == 5 * drip.piece  # the server still holds the rest back
    assert running(notes) == []
    assert list(cache.glob("*/*-*")) == []
    with opened(large.path, cache) as transport:
        assert len(read(transport, "pages/s/n0.md")) == 100_000


def test_progress_is_reported(large: Repository, cache: Path) -> None:
    """Once a second at most, and at the end of each step."""
    told: list[str] = []
    began = time.monotonic()
    drip = Dripping(large.path.parent, pause=0.15)
    with (
        git_server(large.path.parent, drip) as address,
        opened(f"{address}/large.git", cache, on_progress=told.append),
    ):
        seconds = time.monotonic() - began
    receiving = [line for line in told if line.startswith("Receiving objects")]
    assert 2 <= len(receiving) <= 2 + seconds
    assert receiving[-1].endswith("done.")
    assert all(line.isprintable() for line in told)


# -- the clone ---------------------------------------------------------------------------------


def cut(clone: Path) -> None:
    """Cut the pack in half."""
    [pack] = clone.glob("objects/pack/*.pack")
    content = pack.read_bytes()
    pack.unlink()
    pack.write_bytes(content[: len(content) // 2])


def lose(pattern: str) -> Callable[[Path], None]:
    """Return a function that deletes files of a clone."""

    def damage(clone: Path) -> None:
        found = list(clone.glob(pattern))
        assert found
        for path in found:
            path.unlink()

    return damage


def scribble(name: str) -> Callable[[Path], None]:
    """Return a function that overwrites a file of a clone with garbage."""

    def damage(clone: Path) -> None:
        (clone / name).unlink(missing_ok=True)
        (clone / name).write_bytes(b"\xff\0 nonsense")

    return damage


def empty(clone: Path) -> None:
    """Empty the clone's folder."""
    shutil.rmtree(clone)
    clone.mkdir()


def in_place(name: str, kind: str) -> Callable[[Path], None]:
    """Return a function that puts a file, folder or dangling link in place of something else."""

    def damage(clone: Path) -> None:
        path = clone / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if kind == "folder":
            path.mkdir(parents=True)
        elif kind == "link":
            path.symlink_to("/nowhere/at/all")
        else:
            path.write_bytes(b"\xff\0 nonsense")

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        in_place(".", "file"),
        in_place(".", "link"),
        in_place("config", "folder"),
        in_place("objects", "file"),
        cut,
        lose("objects/pack/*.pack"),
        lose("objects/pack/*.idx"),
        lose("refs/heads/mirror"),
        scribble("refs/heads/mirror"),
        lose("shallow"),
        empty,
    ],
)
@pytest.mark.parametrize("news", [HOME, pytest.param(b"new", marks=pytest.mark.soak)])
def test_a_damaged_clone_is_rebuilt_with_a_warning(
    mirror: Repository,
    cache: Path,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[Path], None],
    news: bytes,
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    damage(clone_of(cache))
    if news != HOME:
        mirror.commit(MIRROR | {"README.md": news}, parent=first)
    caplog.set_level(logging.WARNING, "crawler.transports")
    with opened(mirror.path, cache) as transport:
        assert read_all(transport, MIRROR) == MIRROR | {"README.md": news}
    assert "rebuilding" in caplog.text
    caplog.clear()
    with opened(mirror.path, cache):
        pass
    assert caplog.text == ""


@pytest.mark.parametrize(
    "damage",
    [
        scribble("HEAD"),
        lose("HEAD"),
        scribble("config"),
        lose("config"),
        in_place("../gitconfig", "folder"),
        in_place("refs/heads/mirror.lock", "folder"),
    ],
)
def test_the_configuration_is_reset(
    mirror: Repository, cache: Path, damage: Callable[[Path], None]
) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    damage(clone_of(cache))
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes()
        assert read(transport, "README.md") == HOME


def test_damage_found_while_reading_is_repaired(
    mirror: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(mirror.path, cache):
        spoil_blob(clone_of(cache), "pages/ncid1/n11.md")
    with opened(mirror.path, cache) as transport:
        assert read(transport, "pages/ncid1/n10.md") == MIRROR["pages/ncid1/n10.md"]
        assert "rebuilding" not in caplog.text
        assert read(transport, "pages/ncid1/n11.md") == MIRROR["pages/ncid1/n11.md"]
        assert "damaged, rebuilding it" in caplog.text


def test_a_mirror_that_moved_on_is_not_mixed_with_what_was_read(
    mirror: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The run ends, and the next one rebuilds the clone."""
    with opened(mirror.path, cache):
        spoil_blob(clone_of(cache), "pages/ncid1/n11.md")
    with opened(mirror.path, cache) as transport:
        mirror.commit(MIRROR | {"README.md": b"new"})
        for _ in range(2):
            with pytest.raises(TryLater, match="run again") as caught:
                read(transport, "pages/ncid1/n11.md")
            assert caught.value.exit_code == 75
    with opened(mirror.path, cache) as transport:
        assert read(transport, "pages/ncid1/n11.md") == MIRROR["pages/ncid1/n11.md"]


def test_a_run_killed_after_it_found_damage_leaves_a_mark(
    mirror: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(mirror.path, cache):
        spoil_blob(clone_of(cache), "pages/ncid1/n11.md")
    with opened(mirror.path, cache) as transport:
        with pytest.raises(CloneDamaged):
            transport._fetched("pages/ncid1/n11.md")
        assert list(cache.glob("*/damaged"))
    with opened(mirror.path, cache) as transport:
        assert read(transport, "pages/ncid1/n11.md") == MIRROR["pages/ncid1/n11.md"]
    assert "damaged, rebuilding it" in caplog.text


def test_a_git_that_is_killed_while_it_reads(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = watched_git(tmp_path, monkeypatch)
    with opened(mirror.path, cache) as transport:
        read(transport, "README.md")
        [pid] = running(notes)
        os.kill(pid, signal.SIGKILL)
        transport.prefetch(["pages/ncid1/n11.md", "pages/ncid1/n10.md"])
        assert read(transport, "pages/ncid1/n11.md") == MIRROR["pages/ncid1/n11.md"]
        assert read(transport, "pages/ncid1/n10.md") == MIRROR["pages/ncid1/n10.md"]
    assert not list(cache.glob("*/damaged"))


def test_two_mirrors_of_one_name_have_two_clones(tmp_path: Path, cache: Path) -> None:
    for owner in ("one", "other"):
        repository = Repository(tmp_path / owner / "epoch-news.git")
        repository.commit({"README.md": owner.encode()})
        with opened(repository.path, cache) as transport:
            assert read(transport, "README.md") == owner.encode()
    assert len(list(cache.glob("epoch-news-*/clone.git"))) == 2


OPEN = """
import asyncio, sys
from pathlib import Path
from crawler.transports.git.transport import GitTransport
transport = GitTransport(sys.argv[1], branch=None, cache=Path(sys.argv[2]))
asyncio.run(transport.open())
"""


def start_and_kill(address: str, cache: Path, until: Callable[[], bool]) -> None:
    """Open the transport in a process of its own, and kill the process without any cleanup."""
    process = subprocess.Popen(
        [sys.executable, "-c", OPEN, address, str(cache)],
        env=os.environ | {"PYTHONPATH": str(REPOSITORY_ROOT)},
    )
    assert wait_until(until)
    process.kill()
    process.wait()


def open_when_free(address: str, cache: Path) -> GitTransport:
    """Open the transport as soon as the git of the killed process has unlocked the clone."""
    transport = GitTransport(address, branch=None, cache=cache)

    def open_it() -> bool:
        try:
            asyncio.run(transport.open())
        except CloneBusy:
            return False
        return True

    assert wait_until(open_it)
    return transport


def test_the_next_run_completes_the_clone_of_a_killed_run(
    large: Repository, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "crawler.transports")
    drip = Dripping(large.path.parent, pieces=5)
    with git_server(large.path.parent, drip) as address:
        remote = f"{address}/large.git"
        start_and_kill(remote, cache, lambda: drip.sent == 5 * drip.piece)
        assert list(cache.glob("*/new-*"))
        assert not list(cache.glob("*/clone.git"))
        drip.pieces = ALL
        transport = open_when_free(remote, cache)
        assert len(read(transport, "pages/s/n7.md")) == 100_000
        transport.close()
    assert "left behind by a killed run" in caplog.text
    assert not list(cache.glob("*/new-*"))


def test_a_killed_fetch_is_repeated(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    drip = Dripping(mirror.path.parent, piece=100_000, pieces=5)
    with git_server(mirror.path.parent, drip) as address:
        other = {f"pages/s/m{n}.md": os.urandom(100_000) for n in range(10)}
        mirror.commit(MIRROR | other, parent=first)
        remote = f"{address}/mirror.git"
        # use the same clone: its path depends on the URL
        [place] = cache.iterdir()
        place.rename(GitTransport(remote, branch=None, cache=cache).folder)
        start_and_kill(remote, cache, lambda: drip.sent == 5 * drip.piece)
        assert list(clone_of(cache).glob("objects/pack/tmp_*"))
        drip.pieces = ALL
        transport = open_when_free(remote, cache)
        assert compared(transport, first) == Changes(added=frozenset(other))
        assert read(transport, "pages/s/m7.md") == other["pages/s/m7.md"]
        transport.close()
    assert not list(clone_of(cache).glob("objects/pack/tmp_*"))


def test_locks_of_a_killed_git_are_removed(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        first = transport.commit
    clone = clone_of(cache)
    names = ["shallow.lock", "packed-refs.lock", "HEAD.lock", "config.lock",
             "refs/heads/mirror.lock", "refs/epoch/base.lock", "objects/pack/tmp_pack_x",
             "objects/pack/tmp_idx_x"]  # fmt: skip
    for name in names:
        (clone / name).parent.mkdir(exist_ok=True)
        (clone / name).touch()
    mirror.commit(MIRROR | {"README.md": b"new"}, parent=first)
    with opened(mirror.path, cache) as transport:
        assert compared(transport, first) == Changes(modified=frozenset({"README.md"}))
    assert [name for name in names if (clone / name).exists()] == []


def test_two_runs_do_not_share_a_clone(mirror: Repository, cache: Path) -> None:
    with opened(mirror.path, cache) as transport:
        caught = fails(mirror.path, cache)
        assert isinstance(caught, CloneBusy)
        assert caught.exit_code == 75
        assert read(transport, "README.md") == HOME
    with opened(mirror.path, cache):
        pass


def test_a_transport_that_fails_to_open_unlocks_the_clone(mirror: Repository, cache: Path) -> None:
    transport = GitTransport(str(mirror.path), branch="gone", cache=cache)
    with pytest.raises(MirrorUnusable):
        asyncio.run(transport.open())
    with opened(mirror.path, cache):
        pass


def test_a_cache_that_cannot_be_written(mirror: Repository, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    caught = fails(mirror.path, tmp_path / "file" / "cache")
    assert isinstance(caught, WrongUsage)
    assert "cache directory" in str(caught)


# -- git itself --------------------------------------------------------------------------------


def test_no_git_installed(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    caught = fails(mirror.path, cache)
    assert isinstance(caught, GitMissing)
    assert caught.exit_code == 2
    assert "apt-get install git" in str(caught)
    assert "-a via=http" in str(caught)


def test_a_git_that_cannot_be_executed(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "git"
    program.parent.mkdir()
    program.write_text("#!/nowhere/at/all\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", str(program.parent))
    assert "reinstall the package `git`" in str(fails(mirror.path, cache))


@pytest.mark.parametrize("version", ["git version 2.31.9", "git version 1.9", "busybox"])
def test_a_git_too_old(
    mirror: Repository,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    line = f'case "$*" in *version) echo "{version}"; exit;; esac'
    watched_git(tmp_path, monkeypatch, line)
    caught = fails(mirror.path, cache)
    assert isinstance(caught, GitMissing)
    assert "2.32" in str(caught)


def test_one_git_reads_all_pages(
    mirror: Repository, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = {f"pages/s/n{n}.md": b"%d" % n for n in range(500)}
    mirror.commit(pages)
    notes = watched_git(tmp_path, monkeypatch)
    with opened(mirror.path, cache) as transport:
        notes.write_text("")
        assert read_all(transport, pages) == pages
        assert len(notes.read_text().splitlines()) == 1
        [pid] = running(notes)
    assert not is_running(pid)
