"""Obeys robots.txt as RFC 9309 defines it."""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import Final, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached
from scrapy.utils.misc import build_from_crawler, load_object

from crawler.exceptions import MirrorUnusable, RunError
from crawler.middlewares.offsite import REDIRECTS, target_of
from crawler.middlewares.refusals import ForbiddenByRobots
from crawler.politeness.redirects import MAX_REDIRECTS, stays_on_host
from crawler.printable import printable

logger = logging.getLogger(__name__)

_MAX_ROBOTS_BYTES: Final = 512 * 1024  # RFC 9309, 2.5: at least 500 KiB


class RobotsUnreachable(MirrorUnusable):
    """Raised when robots.txt is unreachable, which disallows everything (RFC 9309, 2.3.1.4)."""


class RobotsMiddleware:
    """Drops requests that robots.txt disallows, and ends the run if robots.txt is unreachable.

    Scrapy's own middleware allows everything if it cannot fetch robots.txt. RFC 9309 demands this
    only after a status of 4xx; after server and network errors, everything is disallowed. The file
    is fetched once per run and origin, through all middlewares (back-off, retries, decompression).
    Scrapy's signal ``robots_parsed`` is sent after it is parsed.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings.

        Raises:
            NotConfigured: ``ROBOTSTXT_OBEY`` is off.
        """
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured("ROBOTSTXT_OBEY is off")
        self._crawler = crawler
        self._agent: str = settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"]
        self._parser_class = load_object(settings["ROBOTSTXT_PARSER"])
        self._rules: dict[str, asyncio.Future[RobotParser | None]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Drop the request if robots.txt disallows it.

        Raises:
            ForbiddenByRobots: robots.txt disallows the request.
            RobotsUnreachable: robots.txt is unreachable, which disallows everything.
            RunError: another middleware ended the run.
        """
        if request.meta.get("dont_obey_robotstxt"):
            return
        rules = await self._rules_for(request)
        if rules is not None and not rules.allowed(request.url, self._agent):
            self._crawler.stats.inc_value("epoch/filtered/robots")
            raise ForbiddenByRobots(f"robots.txt disallows {request.url}")

    def _rules_for(self, request: Request) -> asyncio.Future[RobotParser | None]:
        parts = urlparse_cached(request)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._rules.get(origin)
        if known is None or known.cancelled():
            self._rules[origin] = asyncio.ensure_future(self._read(origin, request))
        return self._rules[origin]

    async def _read(self, origin: str, request: Request) -> RobotParser | None:
        """Return the rules of ``origin``, or None if everything is allowed."""
        response = await self._fetch(f"{origin}/robots.txt")
        if response is None:
            return None
        body = response.body[:_MAX_ROBOTS_BYTES]
        rules: RobotParser = build_from_crawler(self._parser_class, self._crawler, body)
        self._crawler.signals.send_catch_log(
            signal=signals.robots_parsed, robotparser=rules, request=request
        )
        return rules

    async def _fetch(self, url: str) -> Response | None:
        """Fetch robots.txt, following at most five redirects; return None if there is none.

        Raises:
            RobotsUnreachable: a server or network error, or a redirect to another host.
            RunError: another middleware ended the run.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = await self._ask(url)
            if response.status in REDIRECTS:
                url = _same_host_target(response)
            elif response.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise RobotsUnreachable(
                    f"{url} answers {response.status}, which disallows all pages (RFC 9309)"
                )
            else:
                return (
                    response if HTTPStatus.OK <= response.status < HTTPStatus.BAD_REQUEST else None
                )
        return None  # RFC 9309, 2.3.1.2: too many redirects count as no robots.txt

    async def _ask(self, url: str) -> Response:
        request = Request(url, callback=NO_CALLBACK, meta={"dont_obey_robotstxt": True})
        try:
            return await self._crawler.engine.download_async(request)
        except RunError:
            raise
        except Exception as exc:
            why = str(exc) or type(exc).__name__
            raise RobotsUnreachable(
                f"{url} is unreachable ({why[:300]}), which disallows all pages (RFC 9309)"
            ) from exc


def _same_host_target(response: Response) -> str:
    """Return the target of a redirect of robots.txt.

    RFC 9309 allows redirects to other hosts. This crawler stays on the mirror's host and port: a
    redirect must not direct it at another service there, or at a machine of the operator's own
    network.

    Raises:
        RobotsUnreachable: the redirect leads elsewhere.
    """
    target = target_of(response)
    if not stays_on_host(response.url, target):
        raise RobotsUnreachable(
            f"{response.url} redirects to {printable(target) or 'no address'}, which is not "
            f"followed: not on {urlparse_cached(response).netloc}; all pages are disallowed"
        )
    return target
