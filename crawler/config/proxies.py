"""The proxies in the environment variables, for all transports.

``http_proxy`` and ``https_proxy`` name the proxy for a scheme, ``all_proxy`` the proxy for schemes
without one, and ``no_proxy`` the hosts that need none; in lower or upper case. A proxy that a
transport cannot use is an error: a direct connection would reveal the crawler's address to the
mirror's host.
"""

from __future__ import annotations

from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from crawler.exceptions import WrongUsage

_SCHEMES = ("http", "https")


def proxy_for(scheme: str, host: str) -> str | None:
    """Return the URL of the proxy for ``host``; None for a direct connection.

    Raises:
        WrongUsage: the proxy is neither an http nor an https proxy.
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
            f"{shown(address)}: this proxy from the environment cannot be used: set an http or https "
            "proxy, or exempt the mirror's host with no_proxy"
        )
    return address


def require_usable_proxy(base: str) -> None:
    """Check that Scrapy can use the proxy for the URL ``base``.

    Raises:
        WrongUsage: it cannot.
    """
    parts = urlsplit(base)
    proxy = proxy_for(parts.scheme, parts.hostname or "")
    if proxy and parts.scheme == "https" and proxy.startswith("https:"):
        raise WrongUsage(
            f"{shown(proxy)}: via=http cannot use an https proxy for an https mirror: set the proxy "
            "as http:// if it supports that, or crawl with via=git"
        )


def shown(address: str) -> str:
    """Return a proxy's URL without user name and password."""
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.split('/')[0].rpartition('@')[2]}"
