"""A web server on loopback that misbehaves on purpose.

    with MisbehavingServer(mirror_directory) as server:
        server.behave("/pages/a/n1.md", busy(retry_after="1"), times=2)
        server.behave("/pages/b/*", status(500))
        crawl(server.base)
        assert [seen.path for seen in server.requests] == [...]

A path is a shell pattern, matched without the query. The newest matching behaviour that is not
used up answers; if there is none, the file below the directory is served, or 404. ``times`` is the
number of requests that a behaviour answers before it is used up.

A behaviour is a function that writes any response to a `Connection`, valid or broken. The
connection stays open for the next request unless the behaviour closes it.
"""

from __future__ import annotations

import gzip
import io
import socket
import socketserver
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote

if TYPE_CHECKING:
    import ssl
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_REASONS = {200: "OK", 404: "Not Found", 429: "Too Many Requests", 500: "Internal Server Error"}
_MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Seen:
    """One request as the server received it.

    Attributes:
        time: `time.monotonic` when its head was read.
        path: with its query.
        headers: names in lower case.
    """

    time: float
    path: str
    headers: dict[str, str]


class Connection:
    """A client's connection, as a behaviour sees it."""

    def __init__(self, sock: socket.socket, closing: threading.Event) -> None:
        """Wrap ``sock``; ``closing`` is set when the server stops."""
        self._socket = sock
        self.closing = closing
        self.open = True

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self._socket.sendall(data)

    def close(self) -> None:
        """Close the connection cleanly after all data is sent."""
        self.open = False

    def reset(self) -> None:
        """Reset the connection."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.open = False

    def pause(self, seconds: float) -> None:
        """Sleep, unless the server stops."""
        self.closing.wait(seconds)


Behaviour = Callable[[Connection], None]


def head(code: int, length: int | None, headers: dict[str, str] | None = None) -> bytes:
    """Write the head of a response; without ``length`` its body ends with the connection."""
    lines = [f"HTTP/1.1 {code} {_REASONS.get(code, 'Other')}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answer(body: bytes, code: int = 200, headers: dict[str, str] | None = None) -> Behaviour:
    """Send a valid response, such as HTML instead of Markdown, or an error page with status 200."""
    return lambda connection: connection.send(head(code, len(body), headers) + body)


def status(code: int) -> Behaviour:
    """Send a response with this status and a short text."""
    return answer(f"status {code}\n".encode(), code, {"Content-Type": "text/plain"})


def busy(code: int = 429, retry_after: str | None = None) -> Behaviour:
    """Answer that the host is busy, with or without ``Retry-After``."""
    return answer(b"busy\n", code, {} if retry_after is None else {"Retry-After": retry_after})


def redirect(target: str, code: int = 302) -> Behaviour:
    """Redirect the client."""
    return answer(b"", code, {"Location": target})


def reset(body: bytes = b"x" * 1000) -> Behaviour:
    """Reset the connection in the middle of the body."""

    def behave(connection: Connection) -> None:
        connection.send(head(200, len(body)) + body[: len(body) // 2])
        connection.pause(0.05)  # let the first half arrive before the reset
        connection.reset()

    return behave


def late(behaviour: Behaviour, seconds: float = 0.4) -> Behaviour:
    """Answer after a while, when other requests are in progress too."""

    def behave(connection: Connection) -> None:
        connection.pause(seconds)
        behaviour(connection)

    return behave


def hang_up() -> Behaviour:
    """Close the connection without a response."""
    return Connection.reset


def wrong_length(body: bytes, length: int) -> Behaviour:
    """Send a wrong Content-Length, then close; a larger one cuts the body short."""

    def behave(connection: Connection) -> None:
        connection.send(head(200, length) + body)
        connection.close()

    return behave


def dribble(body: bytes, every: float = 0.2) -> Behaviour:
    """Send one byte at a time."""

    def behave(connection: Connection) -> None:
        connection.send(head(200, len(body)))
        for byte in body:
            connection.send(bytes([byte]))
            connection.pause(every)
            if connection.closing.is_set():
                return

    return behave


def silence(seconds: float = 3600) -> Behaviour:
    """Accept the request and send nothing."""

    def behave(connection: Connection) -> None:
        connection.pause(seconds)
        connection.close()

    return behave


def gzip_of_zeros(gigabytes: float = 2) -> Behaviour:
    """Send gzip data that decompresses to gigabytes, a thousand times its size."""
    members = int(gigabytes * 1024 / 16)
    member = _packed_zeros(16 * _MEGABYTE)

    def behave(connection: Connection) -> None:
        connection.send(head(200, members * len(member), {"Content-Encoding": "gzip"}))
        for _ in range(members):
            connection.send(member)

    return behave


def endless_headers(megabytes: int = 300, line: bytes = b"X-%d: " + b"x" * 8000) -> Behaviour:
    """Send headers that do not end."""

    def behave(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nX: 1\r\n")
        with suppress(OSError):
            for number in range(megabytes << 20 >> 13):
                connection.send((line % number if b"%" in line else line) + b"\r\n")
        connection.close()

    return behave


def endless_trailers(megabytes: int = 300) -> Behaviour:
    """Send a chunked body whose trailers do not end."""

    def behave(connection: Connection) -> None:
        connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n")
        with suppress(OSError):
            for number in range(megabytes << 20 >> 13):
                connection.send(b"X-%d: " % number + b"x" * 8000 + b"\r\n")
        connection.close()

    return behave


def endless_interim(megabytes: int = 300) -> Behaviour:
    """Promise an answer for ever (103 Early Hints)."""

    def behave(connection: Connection) -> None:
        hints = b"HTTP/1.1 103 Early Hints\r\nLink: " + b"x" * 8000 + b"\r\n\r\n"
        with suppress(OSError):
            for _ in range(megabytes << 20 >> 13):
                connection.send(hints)
        connection.close()

    return behave


def _packed_zeros(size: int) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as packer:
        packer.write(bytes(size))
    return buffer.getvalue()


@dataclass
class _Rule:
    pattern: str
    behaviour: Behaviour
    left: float


@dataclass
class MisbehavingServer:
    """Serves ``directory`` on a port of 127.0.0.1, and misbehaves for chosen paths.

    Attributes:
        directory: serves paths without a behaviour; None for nothing.
        requests: complete requests, in order.
        connections: number of accepted connections.
    """

    directory: Path | None = None
    tls: ssl.SSLContext | None = None
    requests: list[Seen] = field(default_factory=list, init=False)
    connections: int = field(default=0, init=False)
    _rules: list[_Rule] = field(default_factory=list, init=False)

    def __enter__(self) -> Self:
        """Start the server."""
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop the server and wake sleeping behaviours."""
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.server_address[1])

    @property
    def base(self) -> str:
        """Its address, with a slash at the end."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/"

    def behave(self, pattern: str, behaviour: Behaviour, *, times: float = float("inf")) -> None:
        """Answer the next ``times`` requests for paths like ``pattern`` with ``behaviour``."""
        with self._lock:
            self._rules.insert(0, _Rule(pattern, behaviour, times))

    def repair(self) -> None:
        """Remove all behaviours."""
        with self._lock:
            self._rules.clear()

    def times_of(self, path: str) -> list[float]:
        """Return the times of requests for ``path`` (with its query)."""
        return [seen.time for seen in list(self.requests) if seen.path == path]

    def respond(self, seen: Seen, connection: Connection) -> None:
        """Answer one request; each connection has its own thread."""
        path = unquote(seen.path.partition("?")[0])
        with self._lock:
            self.requests.append(seen)
            rule = self._rule_for(path)
        (rule.behaviour if rule else self._file(path))(connection)

    def _rule_for(self, path: str) -> _Rule | None:
        for rule in self._rules:
            if rule.left > 0 and fnmatchcase(path, rule.pattern):
                rule.left -= 1
                return rule
        return None

    def _file(self, path: str) -> Behaviour:
        if self.directory is None:
            return status(404)
        file = (self.directory / path.lstrip("/")).resolve()
        if not file.is_relative_to(self.directory.resolve()) or not file.is_file():
            return status(404)
        return answer(file.read_bytes(), headers={"Content-Type": "text/plain; charset=utf-8"})

    def count_connection(self) -> threading.Event:
        """Count a connection; return the event that ends it."""
        with self._lock:
            self.connections += 1
        return self._closing


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128


def _handler(server: MisbehavingServer) -> type[socketserver.BaseRequestHandler]:
    """Return the class that serves one connection of ``server``."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                if server.tls is not None:
                    self.request = server.tls.wrap_socket(self.request, server_side=True)
                self._serve(Connection(self.request, server.count_connection()))

        def _serve(self, connection: Connection) -> None:
            self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.request, self.request.makefile("rb") as reader:
                while connection.open and (seen := _read_head(reader)):
                    server.respond(seen, connection)

    return Handler


def _read_head(reader: io.BufferedIOBase) -> Seen | None:
    """Read the head of one request; None if the client has closed the connection."""
    lines = list(iter(lambda: reader.readline().strip(), b""))
    return _seen(lines[0], lines[1:]) if lines else None


def _seen(first: bytes, lines: list[bytes]) -> Seen:
    pairs = (line.decode("latin-1").partition(":") for line in lines)
    headers = {name.lower(): value.strip() for name, _, value in pairs}
    return Seen(time.monotonic(), first.decode("latin-1").split(" ")[1], headers)
