"""Keeps the crawl inside its mirror."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit

from scrapy.http.request import NO_CALLBACK

from crawler.middlewares.refusals import OutsideMirror, Redirected
from crawler.run.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.statscollectors import StatsCollector

logger = logging.getLogger(__name__)

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# What may follow the base without a closer look: no escape, no backslash.
_PLAIN = re.compile(r"[\w/.?&=-]*", re.ASCII)

_MOST_REDIRECTS = 5
_REDIRECTED = "guard_redirected"


def is_under(url: str, base: str) -> bool:
    """Whether ``url`` lies under ``base``: same scheme, host and port, no way out of its path.

    Args:
        url: an absolute address.
        base: an absolute address; what follows its last ``/`` is not part of it.
    """
    if _is_plainly_under(url, base):
        return True
    try:
        mine, theirs = urlsplit(base), urlsplit(url)
        same_origin = _origin(mine) == _origin(theirs)
    except ValueError:
        return False
    directory = mine.path.rpartition("/")[0] + "/"
    return same_origin and theirs.path.startswith(directory) and _stays(theirs.path)


def _is_plainly_under(url: str, base: str) -> bool:
    """Whether that can be seen without taking the address apart, as for nearly every page."""
    if not (base.endswith("/") and url.startswith(base)):
        return False
    return ".." not in url and _PLAIN.fullmatch(url, len(base)) is not None


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None, str | None]:
    """Scheme, host, port and user name (a name in an address may hide where it leads)."""
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default, parts.username


def _stays(path: str) -> bool:
    """Whether no segment of ``path`` climbs, in whatever disguise a server may undo.

    Java servers drop ``;`` and what follows from a segment before they look at it.
    """
    while (plain := unquote(path)) != path:
        path = plain
    segments = path.replace("\\", "/").split("/")
    return ".." not in (segment.partition(";")[0] for segment in segments)


class OffsiteMiddleware:
    """Lets only requests under the mirror's bases pass, and no redirect lead out of them.

    It may only drop a request, or follow a redirect within the bases. The setting ``MIRROR_BASES``
    names them; without it a run makes no request at all, and a spider that has no run (``scrapy
    shell``, ``fetch``, a spider of another project) is not confined.
    """

    def __init__(self, bases: list[str], stats: StatsCollector) -> None:
        """Keep the crawl under ``bases``."""
        self._bases: list[str] = []
        self._hosts: set[str | None] = set()
        self._stats = stats
        for base in bases:
            self.allow(base)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Make one for ``crawler``."""
        bases = crawler.settings.getlist("MIRROR_BASES")
        if not bases:
            Run.of(crawler)  # raises NotConfigured where there is none
        return cls(bases, crawler.stats)

    def allow(self, base: str) -> None:
        """Let requests under ``base`` pass too: the mirror has moved there."""
        self._bases.append(base)
        self._hosts.add(urlsplit(base).hostname)

    def process_request(self, request: Request) -> None:
        """Drop what lies outside.

        Raises:
            OutsideMirror: the address is not under a base.
        """
        if not self._allows(request):
            self._stats.inc_value("epoch/filtered/outside")
            logger.warning("Not in the mirror, not asked for: %s", request.url)
            raise OutsideMirror(request.url)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Follow a redirect that stays under a base; the parts of the crawl see the others fail.

        Raises:
            Redirected: the host sends the page elsewhere, to itself, or round in circles.
        """
        if response.status not in REDIRECTS or request.callback is NO_CALLBACK:
            return response
        target = redirect_target(response)
        hops = request.meta.get(_REDIRECTED, 0) + 1
        if hops > _MOST_REDIRECTS or target == request.url or not self._is_inside(target):
            self._stats.inc_value("epoch/filtered/redirect")
            message = f"{request.url} redirects to {target!r}: not followed"
            raise Redirected(message)
        meta = {**request.meta, _REDIRECTED: hops}
        return request.replace(url=target, dont_filter=True, meta=meta)

    def _allows(self, request: Request) -> bool:
        """Robots.txt, asked for by a component and not by the spider, need only be of the host."""
        if request.callback is NO_CALLBACK:
            parts = urlsplit(request.url)
            return parts.scheme in {"http", "https"} and parts.hostname in self._hosts
        return self._is_inside(request.url)

    def _is_inside(self, url: str) -> bool:
        return any(is_under(url, base) for base in self._bases)


def redirect_target(response: Response) -> str:
    """Where a redirect leads; without a readable address to the same page."""
    location = (response.headers.get("Location") or b"").decode("latin-1").strip()
    try:
        return urljoin(response.url, location)
    except ValueError:
        return response.url
