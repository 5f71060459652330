"""Which redirects stay on a host. Pure."""

from __future__ import annotations

from typing import Final
from urllib.parse import urljoin, urlsplit

PORTS: Final = {"http": 80, "https": 443}
"""The default port of each scheme."""
MAX_REDIRECTS: Final = 5
"""Redirects in a row that are followed (RFC 9309, 2.3.1.2, demands as many for robots.txt)."""


def redirect_target(url: str, location: str) -> str:
    """Return the URL that ``url`` redirects to; an empty text if ``location`` names none."""
    try:
        return urljoin(url, location) if location else ""
    except ValueError:
        return ""


def stays_on_host(url: str, target: str) -> bool:
    """Return whether a redirect keeps host and port, or leads from http to https (80 to 443)."""
    try:
        before, after = urlsplit(url), urlsplit(target)
        ports = [parts.port or PORTS.get(parts.scheme) for parts in (before, after)]
    except ValueError:  # not a URL, or its port is not a number
        return False
    if before.hostname != after.hostname or after.username is not None:
        return False
    if before.scheme == after.scheme:
        return ports[0] == ports[1]
    return (before.scheme, after.scheme) == ("http", "https") and (
        ports[0] == ports[1] or ports == [80, 443]
    )
