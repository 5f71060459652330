"""The only door of the browser: a proxy on loopback that lets through to the mirror alone.

Blocking in the browser is not enough: Chromium follows a redirect, opens a socket or asks for a
favicon without asking anyone. So it gets this proxy for everything, and whatever names another
host or port than those allowed is refused here. It reads no content; https passes as it is.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from crawler.exceptions import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Collection

HEAD_LIMIT: Final = 65_536
CONNECT_SECONDS: Final = 20.0
CHUNK: Final = 65_536
PORTS: Final = {"http": 80, "https": 443}
REFUSED: Final = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
FAILED: Final = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Place = tuple[str, int]


class Refused(Exception):
    """Raised when the browser asks for a place that is not allowed."""


def place_of(address: str) -> Place:
    """Return host and port of a http or https address; no place for one that is none."""
    try:
        parts = urlsplit(address)
        return (parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))
    except ValueError:
        return ("", 0)


@dataclass(frozen=True)
class Upstream:
    """A proxy of the environment.

    Attributes:
        place: its host and port.
        tls: whether it is spoken to in TLS (``https://`` in the environment).
        authorization: value of ``Proxy-Authorization``, empty for none.
    """

    place: Place
    tls: bool = False
    authorization: str = ""


def upstream_for(scheme: str, host: str) -> Upstream | None:
    """Return the environment's proxy for ``host``, None where it is reached directly.

    Raises:
        WrongUsage: the proxy is of a kind that is not supported (SOCKS).
    """
    proxies = getproxies()
    address = proxies.get(scheme) or proxies.get("all")
    if not address or proxy_bypass(host):
        return None
    parts = urlsplit(address if "://" in address else f"http://{address}")
    try:
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        port = 0
    if parts.scheme not in PORTS or not parts.hostname or not port:
        raise WrongUsage(
            f"the browser cannot use the proxy of the environment: {parts.scheme}://"
            f"{parts.netloc.rpartition('@')[2]}"
        )
    authorization = ""
    if parts.username:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Upstream(
        (parts.hostname, port), tls=parts.scheme == "https", authorization=authorization
    )


@dataclass
class Gate:
    """The proxy; ``open`` it, give its ``port`` to the browser, ``close`` it.

    Attributes:
        allowed: hosts and ports it lets through to.
        refused: how often it refused each other place.
        port: where it listens, 0 before.
    """

    allowed: Collection[Place]
    refused: dict[Place, int] = field(default_factory=dict)
    port: int = 0
    _server: asyncio.Server | None = None
    _passing: set[asyncio.Task[None] | None] = field(default_factory=set)

    async def open(self) -> None:
        """Listen on a free port of loopback; nothing where it listens already."""
        if self._server is None:
            server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
            self._server, self.port = server, server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and cut off what still passes."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in filter(None, tuple(self._passing)):
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._passing.add(task)  # the loop itself keeps tasks by weak references only
        try:
            await self._pass(reader, writer)
        except Refused:
            writer.write(REFUSED)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            with suppress(OSError):
                writer.write(FAILED)
        finally:
            self._passing.discard(task)
            with suppress(OSError):
                writer.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, fields = head.partition(b"\r\n")
        method, target, version = line.decode("latin-1").split(" ")
        tunnel = method == "CONNECT"
        place = place_of(f"https://{target}" if tunnel else target)
        if place not in self.allowed:
            self.refused[place] = self.refused.get(place, 0) + 1
            raise Refused(target)
        upstream = upstream_for("https" if tunnel else "http", place[0])
        far_reader, far_writer = await _connected(upstream, place)
        try:
            if tunnel and upstream is None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                start = target if tunnel or upstream else _origin_form(target)
                far_writer.write(_request_head(f"{method} {start} {version}", fields, upstream))
            await _relay((reader, far_writer), (far_reader, writer))
        finally:
            far_writer.close()


async def _connected(
    upstream: Upstream | None, place: Place
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = upstream.place if upstream else place
    context = ssl.create_default_context() if upstream and upstream.tls else None
    async with asyncio.timeout(CONNECT_SECONDS):
        return await asyncio.open_connection(host, port, ssl=context)


def _origin_form(target: str) -> str:
    parts = urlsplit(target)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _request_head(line: str, fields: bytes, upstream: Upstream | None) -> bytes:
    """Return the head to send on: one request a connection, so that none slips by unread."""
    kept = [
        entry
        for entry in fields.decode("latin-1").split("\r\n")
        if entry and not entry.lower().startswith(("proxy-", "connection:", "keep-alive:"))
    ]
    if not line.startswith("CONNECT "):
        kept.append("Connection: close")
    if upstream and upstream.authorization:
        kept.append(f"Proxy-Authorization: {upstream.authorization}")
    return ("\r\n".join([line, *kept]) + "\r\n\r\n").encode("latin-1")


async def _relay(
    forth: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    back: tuple[asyncio.StreamReader, asyncio.StreamWriter],
) -> None:
    """Pass bytes both ways until either side ends: browsers do not close by halves."""
    copies = [asyncio.ensure_future(_copy(*forth)), asyncio.ensure_future(_copy(*back))]
    try:
        await asyncio.wait(copies, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(CHUNK):
        writer.write(chunk)
        await writer.drain()
