"""Which hosts and ports Chromium can reach: those of the mirror and of its scripts.

Refusing requests one by one is not enough: Chromium follows redirects, asks for favicons, opens
sockets and resolves names without asking. So its network stack itself is confined, by switches:

* Its default route is a proxy that does not exist. Without a proxy in the environment, the
  mirror's places are the only exceptions (``--proxy-bypass-list``). With one, a proxy
  auto-configuration script sends the mirror's places to it, and all else to the dead proxy.
* Its resolver maps every name and address but the mirror's, or the proxy's, to one that cannot be
  connected to. Chromium sends loopback and link-local addresses past a script; here they end too.
  No name is looked up by DNS for a page.
* WebRTC may not send UDP.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit

from crawler.config.proxies import proxy_for

PORTS: Final = {"http": 80, "https": 443}

#: The default route. RFC 6761 reserves ``.invalid``, so it has no address.
_DEAD_PROXY: Final = "nowhere.invalid:1"
#: The environment's proxy under a name that no page can use: its real address is not reachable.
_PROXY_ALIAS: Final = "proxy.invalid"
#: What other names resolve to. TCP cannot connect to the broadcast address, so the kernel refuses
#: without sending anything. (``~NOTFOUND`` makes Chromium look up google.com to see whether DNS
#: works.)
_UNREACHABLE: Final = "255.255.255.255:1"

_SCRIPT: Final = """\
const ROUTES = {routes};
function FindProxyForURL(url, host) {{
  return ROUTES[url.split("/").slice(0, 3).join("/")] || "PROXY {dead}";
}}
"""

Place = tuple[str, int]


def place_of(address: str) -> Place:
    """Return host and port of an http or https address; ``("", 0)`` where it has none."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").encode("idna").decode()
        return (host, parts.port or PORTS.get(parts.scheme, 0))
    except ValueError:
        return ("", 0)


@dataclass(frozen=True)
class Upstream:
    """A proxy of the environment.

    Attributes:
        place: its host and port.
        tls: whether the connection to it is encrypted (``https://`` in the environment).
        username: for proxy authentication, empty for none.
        password: for proxy authentication.
    """

    place: Place
    tls: bool = False
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def alias(self) -> Place:
        """The name by which Chromium is told of it; a TLS certificate needs the real one."""
        return self.place if self.tls else (_PROXY_ALIAS, self.place[1])


def upstream_for(scheme: str, host: str) -> Upstream | None:
    """Return the environment's proxy for ``host``, None where it is reached directly.

    Raises:
        WrongUsage: the proxy is neither an http nor an https one.
    """
    address = proxy_for(scheme, host)
    if address is None:
        return None
    parts = urlsplit(address)
    place = place_of(address)
    return Upstream(
        place,
        tls=parts.scheme == "https",
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )


@dataclass(frozen=True)
class Confinement:
    """The places Chromium may reach, and the way to each.

    Attributes:
        scheme: scheme of all of them, ``http`` or ``https``.
        direct: places that are connected to.
        proxied: places that ``upstream`` is asked for.
        upstream: the environment's proxy, None where no place needs it.
    """

    scheme: str
    direct: tuple[Place, ...]
    proxied: tuple[Place, ...] = ()
    upstream: Upstream | None = None

    @classmethod
    def around(cls, base: str, script_hosts: Iterable[str] = ()) -> Self:
        """Return the confinement to a mirror and to the hosts of its scripts.

        Raises:
            WrongUsage: the environment's proxy cannot be used.
        """
        scheme = urlsplit(base).scheme
        upstreams = {
            place: upstream_for(scheme, place[0])
            for place in (
                place_of(base),
                *(place_of(f"{scheme}://{host}") for host in script_hosts),
            )
        }
        return cls(
            scheme,
            tuple(place for place, upstream in upstreams.items() if upstream is None),
            tuple(place for place, upstream in upstreams.items() if upstream is not None),
            next(filter(None, upstreams.values()), None),
        )

    @property
    def places(self) -> frozenset[Place]:
        """All places that can be reached."""
        return frozenset((*self.direct, *self.proxied))

    def proxy(self) -> dict[str, str]:
        """Return Playwright's proxy settings: the dead default, and what is exempt from it.

        User and password are given to a proxy that asks for them, which only the environment's
        can. Later rules override earlier ones: ``<-loopback>`` must come first.
        """
        exempt = ["<-loopback>"]
        if self.upstream is None:
            exempt += [f"{self.scheme}://{_written(place)}" for place in self.direct]
        proxy = {"server": f"http://{_DEAD_PROXY}", "bypass": ",".join(exempt)}
        if self.upstream and self.upstream.username:
            proxy |= {"username": self.upstream.username, "password": self.upstream.password}
        return proxy

    def arguments(self) -> list[str]:
        """Return the switches that confine Chromium, beside :meth:`proxy`."""
        switches = [
            "--webrtc-ip-handling-policy=disable_non_proxied_udp",
            f"--host-resolver-rules={self._resolver_rules()}",
        ]
        if self.upstream is not None:
            script = base64.b64encode(self.script().encode()).decode()
            # overrides --proxy-server
            media_type = "application/x-ns-proxy-autoconfig"
            switches.append(f"--proxy-pac-url=data:{media_type};base64,{script}")
        return switches

    def script(self) -> str:
        """Return the proxy auto-configuration script; without an upstream it is not used."""
        routes = {self._origin(place): "DIRECT" for place in self.direct}
        if self.upstream is not None:
            kind = "HTTPS" if self.upstream.tls else "PROXY"
            via = f"{kind} {_written(self.upstream.alias)}"
            routes |= {self._origin(place): via for place in self.proxied}
        return _SCRIPT.format(routes=json.dumps(routes), dead=_DEAD_PROXY)

    def _resolver_rules(self) -> str:
        """Return the resolver's rules, of which the first that fits counts."""
        rules = [f"MAP {_written(place)} {_written(place)}" for place in self.direct]
        if self.upstream is not None:
            rules.append(f"MAP {_written(self.upstream.alias)} {_written(self.upstream.place)}")
        return ",".join([*rules, f"MAP * {_UNREACHABLE}"])

    def _origin(self, place: Place) -> str:
        """Return what an address of ``place`` begins with, as Chromium writes it."""
        host, port = place
        shown = f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{shown}" + ("" if port == PORTS[self.scheme] else f":{port}")


def _written(place: Place) -> str:
    host, port = place
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
