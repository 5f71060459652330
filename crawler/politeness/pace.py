"""The pace of requests to a host: a default for each kind of host, and the user's settings."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from crawler.config.own_settings import setting

# GitHub's raw host allowed about 5,000 requests an hour for years. Since May 2025 its limit is
# unpublished and sometimes lower. 4,500 leaves room for other clients at the same IP address.
_GITHUB_HOSTS = frozenset({"raw.githubusercontent.com", "github.com"})
_GITHUB_REQUESTS_PER_HOUR = 4500
_SECONDS_PER_HOUR = 3600
_IPV6_LOOPBACK = IPv6Address("::1")


class Pace(NamedTuple):
    """The pace of requests to one host.

    Attributes:
        concurrency: maximum number of concurrent requests.
        delay: seconds between the starts of two requests.
    """

    concurrency: int
    delay: float

    def as_settings(self) -> dict[str, int]:
        """Return the Scrapy settings for the concurrency.

        ``CONCURRENT_REQUESTS``, the limit for all hosts together, is off. The driver never has more
        than ``concurrency`` requests in progress, and without this limit
        ``engine.needs_backout()`` is true only while the spider closes.
        """
        return {
            "CONCURRENT_REQUESTS": 0,
            "CONCURRENT_REQUESTS_PER_DOMAIN": self.concurrency,
        }


LOOPBACK = Pace(concurrency=16, delay=0.0)
GITHUB = Pace(concurrency=2, delay=_SECONDS_PER_HOUR / _GITHUB_REQUESTS_PER_HOUR)
PUBLIC = Pace(concurrency=2, delay=1.0)


def pace_of(base_url: str) -> Pace:
    """Return the default pace for the host of ``base_url``: loopback, GitHub, or any other."""
    host = urlsplit(base_url).hostname or ""
    if is_loopback(host):
        return LOOPBACK
    return GITHUB if host in _GITHUB_HOSTS else PUBLIC


def chosen_pace(base_url: str, settings: Mapping[str, Any]) -> Pace:
    """Return the pace for the host of ``base_url``, as the user's settings change it.

    Raises:
        WrongUsage: one of them is not a number, or out of range.
    """
    default = pace_of(base_url)
    concurrency, delay = setting(settings, "PACE_CONCURRENCY"), setting(settings, "PACE_DELAY")
    return Pace(
        default.concurrency if concurrency is None else concurrency,
        default.delay if delay is None else delay,
    )


def is_loopback(host: str) -> bool:
    """Return whether ``host`` is in 127.0.0.0/8, ::1 or localhost; other names may be remote."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    # Python also takes ::ffff:127.0.0.1 for loopback from 3.13 on
    return address.is_loopback if isinstance(address, IPv4Address) else address == _IPV6_LOOPBACK
