"""Filters requests and redirects that lead out of the mirror."""

from __future__ import annotations

import logging
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.statscollectors import StatsCollector

from crawler.middlewares.refusals import OutsideMirror, Redirected
from crawler.politeness.redirects import MAX_REDIRECTS, PORTS, redirect_target
from crawler.run.run import Run

logger = logging.getLogger(__name__)

REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

_REDIRECTED = "guard_redirected"


def is_under(url: str, base: str) -> bool:
    """Return whether ``url`` has the scheme, host and port of ``base`` and a path below it.

    The part of ``base`` after its last ``/`` is ignored.
    """
    try:
        mine, theirs = urlsplit(base), urlsplit(url)
        same_origin = _origin(mine) == _origin(theirs)
    except ValueError:
        return False
    directory = mine.path.rpartition("/")[0] + "/"
    return same_origin and theirs.path.startswith(directory) and _stays(theirs.path)


def _origin(parts: SplitResult) -> tuple[str, str | None, int | None, str | None]:
    """Return scheme, host, port and user name; a user name can disguise the real host."""
    port = parts.port or PORTS.get(parts.scheme)
    return parts.scheme, parts.hostname, port, parts.username


def _stays(path: str) -> bool:
    """Return whether ``path`` has no ``..`` segment, even after repeated percent-decoding.

    Java servers drop ``;`` and the rest of a segment before they resolve it.
    """
    while (plain := unquote(path)) != path:
        path = plain
    segments = path.replace("\\", "/").split("/")
    return ".." not in (segment.partition(";")[0] for segment in segments)


class OffsiteMiddleware:
    """Drops requests and redirects that lead out of the mirror's bases.

    The setting ``MIRROR_BASES`` lists them; a run without it sends no requests at all. Where there
    is no run (``scrapy shell``, ``fetch``, a spider of another project), this middleware is not
    active.
    """

    def __init__(self, bases: list[str], stats: StatsCollector) -> None:
        """Allow requests under ``bases``; count dropped ones in ``stats``."""
        self._bases: list[str] = []
        self._hosts: set[str | None] = set()
        self._stats = stats
        for base in bases:
            self.allow(base)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the setting ``MIRROR_BASES``.

        Raises:
            NotConfigured: the setting is empty and the crawler has no run.
        """
        bases = crawler.settings.getlist("MIRROR_BASES")
        if not bases:
            Run.of(crawler)  # raises NotConfigured if there is no run
        return cls(bases, crawler.stats)

    def allow(self, base: str) -> None:
        """Also allow requests under ``base``, for a mirror that has moved there."""
        self._bases.append(base)
        self._hosts.add(urlsplit(base).hostname)

    def process_request(self, request: Request) -> None:
        """Drop the request if it leads out of the mirror.

        Raises:
            OutsideMirror: the URL is not under a base.
        """
        if not self._allows(request):
            self._stats.inc_value("epoch/filtered/outside")
            logger.warning("Filtered request outside of the mirror: %s", request.url)
            raise OutsideMirror(request.url)

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Follow a redirect that stays under a base.

        Raises:
            Redirected: the redirect leads out of the bases or to itself, or is the sixth in a row.
        """
        if response.status not in REDIRECTS or request.callback is NO_CALLBACK:
            return response
        target = target_of(response)
        hops = request.meta.get(_REDIRECTED, 0) + 1
        if hops > MAX_REDIRECTS or target == request.url or not self._is_inside(target):
            self._stats.inc_value("epoch/filtered/redirect")
            raise Redirected(f"{request.url} redirects to {target!r}, which is not followed")
        meta = {**request.meta, _REDIRECTED: hops}
        return request.replace(url=target, dont_filter=True, meta=meta)

    def _allows(self, request: Request) -> bool:
        """Return whether to send the request.

        A component's own request, such as for robots.txt, only has to be for one of the hosts.
        """
        if request.callback is NO_CALLBACK:
            parts = urlsplit(request.url)
            return parts.scheme in {"http", "https"} and parts.hostname in self._hosts
        return self._is_inside(request.url)

    def _is_inside(self, url: str) -> bool:
        return any(is_under(url, base) for base in self._bases)


def target_of(response: Response) -> str:
    """Return the target of a redirect; an empty text if ``Location`` names none."""
    location = response.headers.get("Location") or b""
    return redirect_target(response.url, location.decode("latin-1").strip())
