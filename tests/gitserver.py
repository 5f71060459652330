"""Repositories of all kinds, a git server on loopback, and a git wrapper that records calls."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from crawler.formats.epoch.paths import PARTS
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.transport import GitTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pytest

    from crawler.snapshot import Changes

HOME = "### 海岛新闻\n".encode()
MIRROR = {
    "README.md": HOME,
    "indexes/ncid1/README.md": b"list",
    "indexes/ncid1/1.md": b"archive",
    "pages/ncid1/n10.md": "### 灯塔重新点亮\n".encode(),
    "pages/ncid1/n11.md": "### 渡船停航一日\n".encode(),
    "pages/ncid2/n10.md": "### 灯塔重新点亮\n".encode(),
}

SETTINGS = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "mirror",
    "GIT_AUTHOR_EMAIL": "mirror@example.invalid",
    "GIT_COMMITTER_NAME": "mirror",
    "GIT_COMMITTER_EMAIL": "mirror@example.invalid",
    "GIT_AUTHOR_DATE": "2023-10-02T08:45:00Z",
    "GIT_COMMITTER_DATE": "2023-10-02T08:45:00Z",
}

SILENCE = 60
"""Seconds for which a silent server stays silent: longer than a test waits for what ends before."""

ALL = 10**9
"""More pieces than a pack has."""

FILE, LINK, MODULE, FOLDER = "100644", "120000", "160000", "40000"


def git(repository: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Run git in ``repository``; return what it printed."""
    done = subprocess.run(
        ["git", "-c", "core.compression=0", "--git-dir", str(repository), *arguments],
        input=stdin,
        stdout=subprocess.PIPE,
        check=True,
        env={"PATH": os.environ["PATH"], **SETTINGS},
    )
    return done.stdout.decode().strip()


class Repository:
    """A bare repository whose commits are built object by object, so that they can be hostile."""

    def __init__(
        self, path: Path, *, like: Path | None = None, branch: str = "master", form: str = "sha1"
    ) -> None:
        """Create a repository at ``path``: empty, or a copy of the one at ``like``."""
        self.path = path
        self.branch = branch
        if like is not None:
            shutil.copytree(like, path)
            return
        path.mkdir(parents=True)
        git(path, "init", "--bare", "-q", "-b", branch, f"--object-format={form}")

    def blob(self, content: bytes) -> str:
        """Store a file's content."""
        return git(self.path, "hash-object", "-w", "--stdin", stdin=content)

    def tree(self, *entries: tuple[str, bytes, str]) -> str:
        """Store a folder of (mode, name, id) in this order, without checks."""
        raw = b"".join(
            mode.encode() + b" " + name + b"\0" + bytes.fromhex(oid) for mode, name, oid in entries
        )
        return git(
            self.path, "hash-object", "-t", "tree", "--literally", "-w", "--stdin", stdin=raw
        )

    def commit_tree(self, tree: str, *, parent: str | None = None) -> str:
        """Commit ``tree`` to the branch."""
        above = ("-p", parent) if parent else ()
        commit = git(self.path, "commit-tree", tree, *above, "-m", "update")
        git(self.path, "update-ref", f"refs/heads/{self.branch}", commit)
        return commit

    def commit(self, files: Mapping[str, bytes], *, parent: str | None = None) -> str:
        """Commit exactly ``files`` to the branch."""
        lines = [
            f"commit refs/heads/{self.branch}",
            "committer mirror <mirror@example.invalid> 1696236300 +0000",
            "data 6",
            "update",
            *([f"from {parent}"] if parent else []),
            "deleteall",
        ]
        stream = "\n".join(lines).encode() + b"\n"
        for path, content in files.items():
            stream += f"M {FILE} inline {path}\ndata {len(content)}\n".encode() + content + b"\n"
        git(self.path, "fast-import", "--quiet", "--force", stdin=stream)
        return git(self.path, "rev-parse", f"refs/heads/{self.branch}")


def backend(
    handler: BaseHTTPRequestHandler, root: Path
) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return status, headers and body of ``git http-backend`` for a request."""
    path, _, query = handler.path.partition("?")
    body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    env = {
        "PATH": os.environ["PATH"],
        **SETTINGS,
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "REQUEST_METHOD": handler.command,
        "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(body)),
        "HTTP_CONTENT_ENCODING": handler.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": handler.headers.get("Git-Protocol", ""),
    }
    done = subprocess.run(
        ["git", "http-backend"],
        input=body,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=env,
        check=False,
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    pairs = [line.partition(": ")[::2] for line in head.decode().split("\r\n") if line]
    status = next((int(value[:3]) for name, value in pairs if name == "Status"), 200)
    return status, [(name, value) for name, value in pairs if name != "Status"], content


def respond(
    handler: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], content: bytes
) -> None:
    """Send a complete response."""
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(content)))
    handler.end_headers()
    handler.wfile.write(content)


@contextmanager
def git_server(
    root: Path, misbehave: Callable[[BaseHTTPRequestHandler], bool] = lambda _: False
) -> Iterator[str]:
    """Serve the repositories below ``root``; yield the server's URL.

    Args:
        root: directory of repositories.
        misbehave: called first for every request; returns True if it has answered.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not misbehave(self):
                respond(self, *backend(self, root))

        do_POST = do_GET  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Ignore broken connections, which a killed git leaves."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Dripping:
    """Serves a pack piece by piece.

    Attributes:
        sent: bytes of packs sent so far.
        pieces: how many pieces to send before pausing until it is increased, for `SILENCE` at most.
    """

    def __init__(
        self, root: Path, *, piece: int = 1 << 20, pause: float = 0, pieces: int = ALL
    ) -> None:
        """Send ``piece`` bytes, wait ``pause`` seconds, and so on, ``pieces`` times."""
        self.root, self.piece, self.pause, self.pieces = root, piece, pause, pieces
        self.sent = 0

    def __call__(self, handler: BaseHTTPRequestHandler) -> bool:
        """Answer a fetch slowly; leave other requests to the server."""
        if handler.command != "POST":
            return False
        status, headers, content = backend(handler, self.root)
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        self._drip(handler, content)
        return True

    def _drip(self, handler: BaseHTTPRequestHandler, content: bytes) -> None:
        if len(content) < 10_000:
            handler.wfile.write(content)
            return
        for number, start in enumerate(range(0, len(content), self.piece)):
            time.sleep(self.pause)
            end = time.monotonic() + SILENCE
            while number >= self.pieces:
                time.sleep(0.01)
                if time.monotonic() > end:
                    self.pieces = ALL
            handler.wfile.write(content[start : start + self.piece])
            self.sent += self.piece


@contextmanager
def opened(
    remote: str | Path,
    cache: Path,
    *,
    branch: str | None = None,
    limits: GitLimits | None = None,
    on_progress: Callable[[str], None] | None = None,
    parts: Sequence[str] = PARTS,
) -> Iterator[GitTransport]:
    """Open a transport, and close it afterwards."""
    transport = GitTransport(
        str(remote),
        branch=branch,
        cache=cache,
        parts=parts,
        limits=limits,
        on_progress=on_progress,
    )
    asyncio.run(transport.open())
    try:
        yield transport
    finally:
        transport.close()


def read(transport: GitTransport, path: str) -> bytes:
    """Fetch one page."""
    return asyncio.run(transport.fetch(path)).body


def read_all(transport: GitTransport, paths: Iterable[str]) -> dict[str, bytes]:
    """Fetch pages, in this order."""

    async def fetched() -> dict[str, bytes]:
        return {path: (await transport.fetch(path)).body for path in paths}

    return asyncio.run(fetched())


def compared(transport: GitTransport, commit: str | None) -> Changes | None:
    """Compare with a commit."""
    return asyncio.run(transport.changed_since(commit))


def clone_of(cache: Path) -> Path:
    """Return the only clone in the cache."""
    [clone] = cache.glob("*/clone.git")
    return clone


def watched_git(folder: Path, monkeypatch: pytest.MonkeyPatch, *first: str) -> Path:
    """Put a wrapper on PATH that records every start of git; return its file.

    Args:
        folder: directory for the wrapper and its file.
        monkeypatch: changes PATH.
        first: lines of shell to run before the real git.
    """
    notes = folder / "commands"
    real = shutil.which("git")
    wrapper = folder / "bin" / "git"
    wrapper.parent.mkdir()
    lines = ["#!/bin/sh", f'echo "$$ $*" >> {notes}', *first, f'exec {real} "$@"']
    wrapper.write_text("\n".join(lines) + "\n")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    return notes


def spoil_blob(clone: Path, path: str) -> None:
    """Change a byte in the stored content of one page."""
    oid = git(clone, "rev-parse", f"mirror:{path}")
    [index] = clone.glob("objects/pack/*.idx")
    shown = git(clone, "show-index", stdin=index.read_bytes()).splitlines()
    offset = next(int(line.split()[0]) for line in shown if line.split()[1] == oid)
    pack = index.with_suffix(".pack")
    content = bytearray(pack.read_bytes())
    for position in range(offset + 4, offset + 12):
        content[position] ^= 0xFF
    pack.unlink()
    pack.write_bytes(content)
