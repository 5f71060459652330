"""Confines Chromium to the hosts and ports of the mirror and of its scripts.

Blocking requests one by one is not enough: Chromium follows redirects, fetches favicons, opens
sockets and resolves names without a hook. Command-line switches confine its network stack instead:

* Its default route is a proxy that does not exist. Without a proxy in the environment, only the
  mirror's endpoints are exempt from it (``--proxy-bypass-list``). With one, a proxy
  auto-configuration script routes the mirror's endpoints to that proxy, and all others to the
  missing one.
* Its resolver maps every name and address, except those of the mirror or the proxy, to an address
  that refuses connections. This also covers loopback and link-local addresses, for which Chromium
  ignores the script. No page causes a DNS query.
* WebRTC cannot send UDP.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from crawler.config.proxies import proxy_for
from crawler.politeness.redirects import PORTS

_DEAD_PROXY: Final = "nowhere.invalid:1"
"""The default route. RFC 6761 reserves ``.invalid``, so this name never resolves."""
_PROXY_ALIAS: Final = "proxy.invalid"
"""Name of the environment's proxy inside Chromium, so that pages cannot reach its real address."""
_UNREACHABLE: Final = "255.255.255.255:1"
"""Address that all other names resolve to. TCP cannot connect to the broadcast address, so the
kernel refuses without sending a packet. (``~NOTFOUND`` makes Chromium look up google.com to test
DNS.)"""

_SCRIPT: Final = """\
const ROUTES = {routes};
function FindProxyForURL(url, host) {{
  return ROUTES[url.split("/").slice(0, 3).join("/")] || "PROXY {dead}";
}}
"""

Endpoint = tuple[str, int]


def endpoint_of(address: str) -> Endpoint:
    """Return host and port of an http or https URL, or ``("", 0)`` if it is invalid."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        return (host, parts.port or PORTS.get(parts.scheme, 0))
    except ValueError:
        return ("", 0)


@dataclass(frozen=True)
class Upstream:
    """A proxy from the environment variables; ``tls`` encrypts the connection to the proxy itself."""

    endpoint: Endpoint
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def alias(self) -> Endpoint:
        """The proxy's host and port inside Chromium; with TLS the certificate needs the real one."""
        return self.endpoint if self.tls else (_PROXY_ALIAS, self.endpoint[1])


def upstream_for(scheme: str, host: str) -> Upstream | None:
    """Return the environment's proxy for ``host``, or None for a direct connection.

    Raises:
        WrongUsage: the proxy is neither an http nor an https proxy.
    """
    address = proxy_for(scheme, host)
    if address is None:
        return None
    parts = urlsplit(address)
    return Upstream(
        endpoint_of(address),
        tls=parts.scheme == "https",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


@dataclass(frozen=True)
class Confinement:
    """The endpoints that Chromium may reach, and the route to each.

    Attributes:
        scheme: scheme of all endpoints, ``http`` or ``https``.
        direct: endpoints that Chromium connects to directly.
        proxied: endpoints that it reaches through ``upstream``.
        upstream: the environment's proxy; None if no endpoint needs it.
    """

    scheme: str
    direct: tuple[Endpoint, ...]
    proxied: tuple[Endpoint, ...] = ()
    upstream: Upstream | None = None

    @classmethod
    def around(cls, base: str, script_hosts: Iterable[str] = ()) -> Self:
        """Return the confinement to a mirror and the hosts of its scripts.

        Raises:
            WrongUsage: the environment's proxy is of an unsupported kind.
        """
        scheme = urlsplit(base).scheme
        addresses = (base, *(f"{scheme}://{host}" for host in script_hosts))
        endpoints = dict.fromkeys(map(endpoint_of, addresses))
        upstreams = {endpoint: upstream_for(scheme, endpoint[0]) for endpoint in endpoints}
        return cls(
            scheme,
            tuple(endpoint for endpoint in endpoints if upstreams[endpoint] is None),
            tuple(endpoint for endpoint in endpoints if upstreams[endpoint] is not None),
            next(filter(None, upstreams.values()), None),
        )

    @property
    def endpoints(self) -> frozenset[Endpoint]:
        """All endpoints that Chromium may reach."""
        return frozenset((*self.direct, *self.proxied))

    def proxy(self) -> dict[str, str]:
        """Return Playwright's proxy settings: the missing default proxy and its exemptions.

        Playwright sends user name and password to any proxy that asks for them; only the
        environment's proxy can be reached. Later rules override earlier ones, so ``<-loopback>``
        comes first.
        """
        exempt = ["<-loopback>"]
        if self.upstream is None:
            exempt += [f"{self.scheme}://{_host_port(endpoint)}" for endpoint in self.direct]
        proxy = {"server": f"http://{_DEAD_PROXY}", "bypass": ",".join(exempt)}
        if self.upstream and self.upstream.username:
            proxy |= {"username": self.upstream.username, "password": self.upstream.password}
        return proxy

    def arguments(self) -> list[str]:
        """Return the command-line switches that complement :meth:`proxy`."""
        switches = [
            "--webrtc-ip-handling-policy=disable_non_proxied_udp",
            f"--host-resolver-rules={self._resolver_rules()}",
        ]
        if self.upstream is not None:
            script = base64.b64encode(self._script(self.upstream).encode()).decode()
            # overrides --proxy-server
            media_type = "application/x-ns-proxy-autoconfig"
            switches.append(f"--proxy-pac-url=data:{media_type};base64,{script}")
        return switches

    def _script(self, upstream: Upstream) -> str:
        """Return the proxy auto-configuration script."""
        via = f"{'HTTPS' if upstream.tls else 'PROXY'} {_host_port(upstream.alias)}"
        routes = {self._origin(endpoint): "DIRECT" for endpoint in self.direct}
        routes |= {self._origin(endpoint): via for endpoint in self.proxied}
        return _SCRIPT.format(routes=json.dumps(routes), dead=_DEAD_PROXY)

    def _resolver_rules(self) -> str:
        """Return the resolver's rules; the first match decides."""
        rules = [f"MAP {_host_port(endpoint)} {_host_port(endpoint)}" for endpoint in self.direct]
        if self.upstream is not None:
            rules.append(
                f"MAP {_host_port(self.upstream.alias)} {_host_port(self.upstream.endpoint)}"
            )
        return ",".join([*rules, f"MAP * {_UNREACHABLE}"])

    def _origin(self, endpoint: Endpoint) -> str:
        """Return the origin of ``endpoint`` as Chromium writes it."""
        return f"{self.scheme}://{_host_port(endpoint).removesuffix(f':{PORTS[self.scheme]}')}"


def _host_port(endpoint: Endpoint) -> str:
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
