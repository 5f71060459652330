"""A page that tries to reach other hosts, and the hosts that it tries to reach."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Every means by which a document can reach a host; names between two ``@`` are filled in.
PAGE: Final = """<!DOCTYPE html><html><head>@HEAD@</head><body><script>
const bases = @BASES@, waiting = [];
function element(name, base) {
  const made = document.createElement(name);
  if (name === 'link') made.rel = 'stylesheet';
  made.src = made.data = made.href = base + '/' + name;
  document.body.append(made);
}
for (const base of bases) {
  const tries = [
    () => waiting.push(fetch(base + '/fetch', {mode: 'no-cors'})),
    () => waiting.push(fetch(base + '/keepalive', {keepalive: true, mode: 'no-cors'})),
    () => navigator.sendBeacon(base + '/beacon', 'x'),
    () => new WebSocket(base.replace('http', 'ws') + '/socket'),
    () => new EventSource(base + '/events'),
    () => new WebTransport(base.replace('http:', 'https:') + '/transport'),
    () => { new Image().src = base + '/image'; },
    () => new Worker(URL.createObjectURL(new Blob(["fetch('" + base + "/worker')"]))),
    () => new SharedWorker(URL.createObjectURL(new Blob(["fetch('" + base + "/shared')"]))),
    () => fetchLater(base + '/later', {activateAfter: 0}),
    () => open(base + '/popup'),
    () => waiting.push(fetch('/away?' + encodeURIComponent(base + '/redirect'))),
    () => { new Image().src = '/away?' + encodeURIComponent(base + '/redirected-image'); },
    () => {
      const form = document.createElement('form');
      form.method = 'post'; form.action = base + '/form'; form.target = 'frame' + Math.random();
      document.body.append(form); form.submit();
    },
    ...['iframe', 'embed', 'object', 'video', 'audio', 'script', 'link'].map(
      name => () => element(name, base)),
  ];
  for (const attempt of tries) { try { attempt(); } catch (error) { /* not here */ } }
}
const rules = document.createElement('script');
rules.type = 'speculationrules';
rules.textContent = JSON.stringify({prefetch: [{source: 'list', urls: bases.map(b => b + '/p')}],
                                    prerender: [{source: 'list', urls: bases.map(b => b + '/r')}]});
document.head.append(rules);
const login = {username: 'a', credential: 'b'};
const peer = new RTCPeerConnection({iceServers: [
  {urls: 'stun:@UDP@'}, {urls: 'turn:@UDP@', ...login}, {urls: 'turn:@TCP@?transport=tcp', ...login},
  ...@NAMES@.map(name => ({urls: 'stun:' + name}))]});
peer.createDataChannel('x');
waiting.push(new Promise(done => {
  peer.onicegatheringstatechange = () => peer.iceGatheringState === 'complete' && done();
  setTimeout(done, 4000);
}));
peer.createOffer().then(offer => peer.setLocalDescription(offer));
Promise.allSettled(waiting).then(() => fetch('/done'));
</script></body></html>"""

_HEAD: Final = "".join(
    f'<link rel="{relation}" href="BASE/{name}" {rest}>'
    for name, relation, rest in (
        ("resolve", "dns-prefetch", ""),
        ("preconnect", "preconnect", ""),
        ("prefetch", "prefetch", ""),
        ("icon", "icon", ""),
        ("manifest", "manifest", ""),
        ("module", "modulepreload", ""),
        ("font", "preload", 'as="font" crossorigin'),
    )
)


class Host(ThreadingHTTPServer):
    """A host that answers every request and records its path."""

    daemon_threads = True

    def __init__(self, address: str) -> None:
        """Listen on a free port of ``address``."""
        super().__init__((address, 0), _HostHandler)
        self.paths: list[str] = []
        self.url = f"http://{address}:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override]
        """Count the connection, even if it sends no request."""
        self.paths.append("")
        super().process_request(request, client_address)


class _HostHandler(BaseHTTPRequestHandler):
    server: Host

    def _answer(self) -> None:
        self.server.paths.append(urlsplit(self.path).path)
        self.send(b"")

    def send(self, body: bytes, status: int = 200, **headers: str) -> None:
        """Send an answer."""
        self.send_response(status)
        for name, value in {
            "Content-Length": str(len(body)),
            "Access-Control-Allow-Origin": "*",
            **headers,
        }.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_HEAD = do_OPTIONS = do_CONNECT = _answer  # noqa: N815

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Mirror(Host):
    """The host whose page is read.

    Attributes:
        page: the hostile page, at ``/page``.
        reports: where the page's headers send reports to.
        done: set when the page has tried everything.
    """

    page = ""
    reports = ""

    def __init__(self) -> None:
        """Listen on 127.0.0.1."""
        super().__init__("127.0.0.1")
        self.RequestHandlerClass = _MirrorHandler
        self.done = threading.Event()


class _MirrorHandler(_HostHandler):
    server: Mirror

    def do_GET(self) -> None:
        """Serve the page, redirects out of the mirror, and the page's final request."""
        parts = urlsplit(self.path)
        self.server.paths.append(parts.path)
        if parts.path == "/page":
            reports = self.server.reports
            self.send(
                self.server.page.encode(),
                Content_Type="text/html",
                Report_To=json.dumps(
                    {"group": "g", "max_age": 9, "endpoints": [{"url": f"{reports}/reports"}]}
                ),
                NEL=json.dumps({"report_to": "g", "max_age": 9, "success_fraction": 1}),
                Content_Security_Policy_Report_Only=f"img-src 'none'; report-uri {reports}/csp",
                Link=f"<{reports}/early>; rel=preload; as=script",
            )
        elif parts.path == "/away":
            self.send(b"", 302, Location=parts.query.replace("%3A", ":").replace("%2F", "/"))
        else:
            if parts.path == "/done":
                self.server.done.set()
            self.send(b"")


class Proxy(Host):
    """A proxy with a password in front of one host; a direct request to it counts as a leak.

    Attributes:
        asked: requested hosts, each with the password received.
    """

    def __init__(self, mirror: Mirror) -> None:
        """Forward all requests to ``mirror``."""
        super().__init__("127.0.0.1")
        self.RequestHandlerClass = _ProxyHandler
        self.mirror = mirror
        self.asked: set[tuple[str, str | None]] = set()


class _ProxyHandler(_HostHandler):
    server: Proxy

    def do_GET(self) -> None:
        """Forward one request, or ask for the password."""
        parts = urlsplit(self.path)
        if not parts.netloc:
            self._answer()
            return
        password = self.headers["Proxy-Authorization"]
        self.server.asked.add((parts.netloc, password))
        if password is None:
            self.send(b"", 407, Proxy_Authenticate='Basic realm="test"')
            return
        far = HTTPConnection("127.0.0.1", self.server.mirror.server_port)
        far.request("GET", parts._replace(scheme="", netloc="").geturl())
        answer = far.getresponse()
        headers = {name.replace("-", "_"): value for name, value in answer.getheaders()}
        headers.pop("Content_Length", None)
        self.send(answer.read(), answer.status, **headers)
        far.close()


class Udp:
    """A listener that counts datagrams."""

    def __init__(self) -> None:
        """Listen on a free port of 127.0.0.1."""
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def received(self) -> int:
        """Return the number of datagrams received."""
        self._socket.setblocking(False)
        count = 0
        try:
            while self._socket.recvfrom(4096):
                count += 1
        except BlockingIOError:
            return count

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()


@dataclass
class World:
    """A mirror with a hostile page, and everything that the page must not reach.

    Attributes:
        mirror: its host.
        proxy: a proxy in front of it.
        others: hosts that the page tries to reach: another port of loopback, another address of
            it, one of IPv6 where there is one.
        udp: a listener that WebRTC is sent to.
    """

    mirror: Mirror = field(default_factory=Mirror)
    others: list[Host] = field(default_factory=lambda: [Host("127.0.0.1"), Host("127.0.0.2")])
    udp: Udp = field(default_factory=Udp)
    proxy: Proxy = field(init=False)

    def __post_init__(self) -> None:
        """Write the page."""
        self.proxy = Proxy(self.mirror)

    def prepare(self, *names: str) -> None:
        """Make the page try the other hosts, the proxy itself, and hosts with these names."""
        port = self.others[0].server_port
        bases = [
            *(other.url for other in (*self.others, self.proxy)),
            f"http://localhost:{port}",
            f"http://[::ffff:127.0.0.1]:{port}",
            *(f"http://{name}:{port}" for name in names),
        ]
        self.mirror.reports = self.others[0].url
        self.mirror.page = (
            PAGE.replace("@HEAD@", "".join(_HEAD.replace("BASE", base) for base in bases))
            .replace("@BASES@", json.dumps(bases))
            .replace("@NAMES@", json.dumps([f"stun.{name}" for name in names]))
            .replace("@UDP@", f"127.0.0.1:{self.udp.port}")
            .replace("@TCP@", f"127.0.0.1:{port}")
        )

    def reached(self) -> set[str]:
        """Return the paths requested from other hosts; "" for a connection without a request."""
        return {path for host in (*self.others, self.proxy) for path in host.paths}


@contextmanager
def world() -> Iterator[World]:
    """Run the hosts."""
    with ExitStack() as stack:
        made = World()
        stack.callback(made.udp.close)
        for host in (made.mirror, made.proxy, *made.others):
            stack.callback(host.server_close)
            stack.callback(host.shutdown)
        yield made
