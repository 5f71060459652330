"""The browser's only door."""

from __future__ import annotations

import asyncio
import base64
import threading
from contextlib import asynccontextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from standin import Elsewhere, serving

from crawler.exceptions import WrongUsage
from crawler.transports.browser.gate import Gate, Place, Upstream, place_of, upstream_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take no proxy from the machine the tests run on."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def mirror() -> Iterator[Elsewhere]:
    """Serve something; it remembers what it was asked."""
    server = Elsewhere()
    running = serving([server])
    next(running)
    yield server
    running.close()


class Proxy(ThreadingHTTPServer):
    """A proxy that answers in the mirror's place, and remembers who asked with what password."""

    daemon_threads = True

    def __init__(self) -> None:
        """Listen on a free port."""
        super().__init__(("127.0.0.1", 0), ProxyHandler)
        self.seen: list[tuple[str, str, str | None]] = []
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


class ProxyHandler(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        """Note the request."""
        self.server.seen.append((self.command, self.path, self.headers["Proxy-Authorization"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_CONNECT = do_GET  # noqa: N815 - as the server looks for it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@asynccontextmanager
async def opened(*allowed: Place) -> AsyncIterator[Gate]:
    """Open a gate."""
    gate = Gate(set(allowed))
    await gate.open()
    try:
        yield gate
    finally:
        await gate.close()


async def asked(gate: Gate, request: str) -> str:
    """Return the first line of what the gate answers to a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    writer.write(request.encode())
    line = b""
    with suppress(ConnectionResetError):
        async with asyncio.timeout(10):
            line = await reader.readline()
    writer.close()
    return line.decode().strip()


def get(url: str) -> str:
    """Return a request as browsers send it to a proxy."""
    return f"GET {url} HTTP/1.1\r\nHost: x\r\nProxy-Connection: keep-alive\r\n\r\n"


def connect(place: Place) -> str:
    """Return the request for a tunnel."""
    return f"CONNECT {place[0]}:{place[1]} HTTP/1.1\r\nHost: {place[0]}\r\n\r\n"


def test_the_mirror_is_let_through(mirror: Elsewhere) -> None:
    """In the plain and as a tunnel; it sees the path alone, as without a proxy."""

    async def ask() -> tuple[str, str]:
        async with opened(place_of(mirror.url)) as gate:
            plain = await asked(gate, get(f"{mirror.url}/a/b?c=d"))
            return plain, await asked(gate, connect(place_of(mirror.url)))

    plain, tunnel = asyncio.run(ask())
    assert plain == "HTTP/1.0 200 OK"
    assert tunnel == "HTTP/1.1 200 Connection established"
    assert mirror.hits.paths == ["/a/b?c=d"]


@pytest.mark.parametrize("other", ["another port", "another host", "a name like it"])
def test_all_others_are_refused(mirror: Elsewhere, other: str) -> None:
    """By host and by port, in the plain and as a tunnel; each is counted."""
    host, port = place_of(mirror.url)
    allowed = {
        "another port": (host, port + 1),
        "another host": ("localhost", port),
        "a name like it": (f"{host}.example", port),
    }[other]

    async def ask() -> tuple[str, str, Gate]:
        async with opened(allowed) as gate:
            plain = await asked(gate, get(f"{mirror.url}/"))
            return plain, await asked(gate, connect((host, port))), gate

    plain, tunnel, gate = asyncio.run(ask())
    assert plain == tunnel == "HTTP/1.1 403 Forbidden"
    assert gate.refused == {(host, port): 2}
    assert mirror.hits.paths == []


@pytest.mark.parametrize("request_", ["rubbish\r\n\r\n", "GET\r\n\r\n", f"GET {'x' * 65_600}"])
def test_rubbish_is_answered(request_: str) -> None:
    """With an error, and the gate goes on."""

    async def ask() -> tuple[str, str]:
        async with opened() as gate:
            return await asked(gate, request_), await asked(gate, get("http://a.example/"))

    first, second = asyncio.run(ask())
    assert first in {"HTTP/1.1 502 Bad Gateway", ""}  # a head too long is not read to its end
    assert second == "HTTP/1.1 403 Forbidden"


def test_a_mirror_that_is_down_is_an_error() -> None:
    """The browser hears of it at once."""

    async def ask() -> str:
        async with opened(("127.0.0.1", 1)) as gate:
            return await asked(gate, get("http://127.0.0.1:1/"))

    assert asyncio.run(ask()) == "HTTP/1.1 502 Bad Gateway"


def test_the_environments_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """With its password; the mirror's name is the proxy's to resolve."""
    proxy = Proxy()
    address = f"http://us%40er:se%3Acret@127.0.0.1:{proxy.server_port}"
    monkeypatch.setenv("http_proxy", address)
    monkeypatch.setenv("https_proxy", address)
    place = ("mirror.invalid", 443)

    async def ask() -> None:
        async with opened(place, ("mirror.invalid", 80)) as gate:
            assert (await asked(gate, get("http://mirror.invalid/a"))).endswith("200 OK")
            assert (await asked(gate, connect(place))).endswith("200 OK")
            assert (await asked(gate, connect(("other.invalid", 443)))).endswith("403 Forbidden")

    asyncio.run(ask())
    proxy.shutdown()
    proxy.server_close()
    password = f"Basic {base64.b64encode(b'us@er:se:cret').decode()}"
    assert proxy.seen == [
        ("GET", "http://mirror.invalid/a", password),
        ("CONNECT", "mirror.invalid:443", password),
    ]


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        ({"https_proxy": "http://p:3128"}, Upstream(("p", 3128))),
        ({"https_proxy": "p:3128"}, Upstream(("p", 3128))),
        ({"https_proxy": "https://p"}, Upstream(("p", 443), tls=True)),
        ({"http_proxy": "http://p:3128"}, None),
        ({"all_proxy": "http://p:1"}, Upstream(("p", 1))),
        ({"https_proxy": "http://p:3128", "no_proxy": "github.com"}, None),
        ({"https_proxy": "http://p:3128", "no_proxy": "other.com"}, Upstream(("p", 3128))),
        (
            {"https_proxy": "http://u:p@p:3128"},
            Upstream(("p", 3128), authorization="Basic dTpw"),
        ),
    ],
)
def test_proxies_are_those_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], expected: Upstream | None
) -> None:
    """As curl and Scrapy read it."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert upstream_for("https", "github.com") == expected


def test_a_proxy_that_cannot_be_used_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rather than passed by."""
    monkeypatch.setenv("https_proxy", "socks5://p:1080")
    with pytest.raises(WrongUsage, match="socks5"):
        upstream_for("https", "github.com")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://github.com/o/r", ("github.com", 443)),
        ("http://H.example:8080/#/", ("h.example", 8080)),
        ("http://[::1]/", ("::1", 80)),
        ("ws://h.example/", ("h.example", 0)),
        ("about:blank", ("", 0)),
        ("http://a:b/", ("", 0)),
        ("http://[::/", ("", 0)),
    ],
)
def test_places(address: str, place: Place) -> None:
    """Host and port, whatever the spelling."""
    assert place_of(address) == place
