"""The proxies of the environment, by one rule for all transports.

``http_proxy`` and ``https_proxy`` name the proxy for addresses of a scheme, ``all_proxy`` the one
for schemes without their own, ``no_proxy`` the hosts that are reached directly; in small letters or
capitals. A proxy that a transport cannot use is refused: passing it by would show the mirror's host
where the crawler is.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from crawler.exceptions import WrongUsage

_SCHEMES = ("http", "https")


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the proxy for ``host`` as an address; None where it is reached directly.

    Raises:
        WrongUsage: the proxy is neither an http nor an https one.
    """
    proxies = getproxies()
    given = proxies.get(scheme) or proxies.get("all")
    if not given or proxy_bypass(host):
        return None
    address = given if "://" in given else f"http://{given}"
    try:
        parts = urlsplit(address)
        usable = parts.scheme in _SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        usable = None
    if not usable:
        raise WrongUsage(
            f"{shown(address)}: this proxy of the environment cannot be used; name an http or "
            "https proxy, or exempt the mirror's host by no_proxy"
        )
    return address


def require_usable_proxy(base: str) -> None:
    """Check that Scrapy can use the proxy for the address ``base``.

    Raises:
        WrongUsage: it cannot.
    """
    parts = urlsplit(base)
    proxy = proxy_for(parts.scheme, parts.hostname or "")
    if proxy and parts.scheme == "https" and proxy.startswith("https:"):
        raise WrongUsage(
            f"{shown(proxy)}: via=http cannot reach an https address through an https proxy; name "
            "it as http:// where it offers that, or crawl with via=git"
        )


def shown(address: str) -> str:
    """Return a proxy's address without user and password."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.split('/')[0].rpartition('@')[2]}"
