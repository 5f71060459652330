"""Keeps to a host's pace and ``Retry-After``, and waits before retries."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from math import isfinite
from pathlib import Path
from time import monotonic
from typing import Final, Self

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.http import Response
from scrapy.robotstxt import RobotParser
from scrapy.settings import BaseSettings
from scrapy.utils.httpobj import urlparse_cached

from crawler.config.locations import cache_directory
from crawler.config.own_settings import setting
from crawler.exceptions import HostBusy, WrongUsage
from crawler.middlewares.turns import Turns
from crawler.politeness.host_slot import HostSlot, ParkBudget
from crawler.politeness.pace import chosen_pace, is_loopback
from crawler.politeness.retry_after import retry_after_seconds

logger = logging.getLogger(__name__)

BUSY: Final = frozenset({429, 503})
"""Statuses that park the host.

429: this client sends too many requests. 503: "the server is currently unable to handle the request
due to a temporary overload or scheduled maintenance" (RFC 9110, 15.6.4), which concerns the host and
not the page, so it parks the host even without ``Retry-After``.
"""

_TRIES_OF_ONE_PAGE = 4
"""If a page is still busy at this try, and the host has sent other pages since the first try, only
the page fails."""

# Keys of Request.meta.
_PARKS_WHEN_SENT = "parking_parks"
_TRIES = "parking_tries"


async def _wait_until_open(slot: HostSlot) -> None:
    while (wait := slot.wait(monotonic())) > 0:  # noqa: ASYNC110 - a time, not an event
        await asyncio.sleep(wait)


def _is_shared(slot: HostSlot, host: str) -> bool:
    """Return whether runs share a host's times: all but servers on loopback without a delay."""
    return slot.delay > 0 or not is_loopback(host)


def _time_in(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="seconds")


def _directory_of_turns(settings: BaseSettings) -> Path | None:
    try:
        return cache_directory(settings["CACHE_DIRECTORY"]) / "hosts"
    except WrongUsage:  # there is no home directory
        return None


class BackoffMiddleware:
    """Delays requests until their host accepts them, and retries those that it was too busy for.

    It ends the run if a host asks for a longer wait than the run allows. Runs with the same cache
    directory share a host's pace, and the time until which it is busy
    (:mod:`crawler.middlewares.turns`). The middleware is the one closest to the downloader, so that
    requests are delayed right before they are sent. The delay does not count towards
    ``DOWNLOAD_TIMEOUT``.

    Settings, in seconds:

    * ``PARK_FIRST_WAIT`` (60): the wait after a busy response without ``Retry-After``. It doubles
      with each consecutive one.
    * ``PARK_MAX_WAIT`` (1800): the longest wait accepted. GitHub's raw host asks for up to 30
      minutes.
    * ``PARK_BUDGET`` (3600): the sum of all waits of a run, so that an hourly run ends before the
      next one starts.
    * ``RETRY_FIRST_WAIT`` (1): the wait before the first retry of a request. It doubles with each
      retry.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings, and listen for ``robots_parsed``.

        Raises:
            WrongUsage: a setting is not a number of seconds.
        """
        settings = crawler.settings
        self._crawler = crawler
        self._waits = ParkBudget(
            first=setting(settings, "PARK_FIRST_WAIT"),
            longest=setting(settings, "PARK_MAX_WAIT"),
            budget=setting(settings, "PARK_BUDGET"),
        )
        self._retry_wait = setting(settings, "RETRY_FIRST_WAIT")
        self._slots: dict[str, HostSlot] = {}
        self._turns = Turns(_directory_of_turns(settings))
        self._ended: HostBusy | None = None
        crawler.signals.connect(self._slow_down, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait until the host accepts the next request.

        Raises:
            HostBusy: a host asked for a longer wait than the run allows, now or earlier.
        """
        if self._ended is not None:
            raise self._ended
        if retries := request.meta.get("retry_times", 0):
            await asyncio.sleep(self._retry_wait * 2 ** (retries - 1))
        slot = self._slot(request)
        await _wait_until_open(slot)
        host = urlparse_cached(request).hostname or ""
        if (wait := await self._turns.take(host, slot.delay)) > 0:
            await asyncio.sleep(wait)
        await _wait_until_open(slot)
        while _is_shared(slot, host) and (parked := await self._turns.parked(host)) > 0:
            self._join(slot, host, parked)
            await _wait_until_open(slot)
        request.meta[_PARKS_WHEN_SENT] = slot.record_sent(monotonic())

    async def process_response(self, request: Request, response: Response) -> Request | Response:
        """Park the host after a busy response and retry the request; pass on any other response.

        Raises:
            HostBusy: the host asks for a longer wait than the run allows.
        """
        slot = self._slot(request)
        if response.status not in BUSY:
            slot.answered(request.meta[_PARKS_WHEN_SENT])
            return response
        tries, good_then = request.meta.get(_TRIES, (0, slot.good))
        if tries + 1 >= _TRIES_OF_ONE_PAGE and slot.good > good_then:
            return response
        await self._park(slot, request, response)
        meta = {**request.meta, _TRIES: (tries + 1, good_then)}
        # The lower priority keeps a page that is always busy from delaying the others.
        return request.replace(dont_filter=True, priority=request.priority - 1, meta=meta)

    async def _park(self, slot: HostSlot, request: Request, response: Response) -> None:
        requested = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        before, parks = monotonic(), slot.parks
        enough = slot.park(before, requested, request.meta[_PARKS_WHEN_SENT], self._waits)
        host = urlparse_cached(request).hostname or ""
        if _is_shared(slot, host):
            await self._turns.park(host, slot.wait(before))
        why = f"{host} answers {response.status}"
        if not enough:
            raise self._end(slot, why)
        if slot.parks > parks:
            self._report(slot, why)

    def _join(self, slot: HostSlot, host: str, seconds: float) -> None:
        """Park the host for as long as another run has parked it.

        Raises:
            HostBusy: the wait is longer than the run allows.
        """
        now = monotonic()
        before, why = slot.parked_until, f"{host} is busy according to another run"
        if not slot.join(now, now + seconds, self._waits):
            raise self._end(slot, why)
        if slot.parked_until > before:
            self._report(slot, why)

    def _end(self, slot: HostSlot, why: str) -> HostBusy:
        """Return the error that ends the run, for this request and all later ones."""
        wait, waits = slot.wait(monotonic()), self._waits
        self._ended = HostBusy(
            f"{why}, and asks to wait until {_time_in(wait)}, for {wait:.3g} s, longer than the "
            f"run allows (PARK_MAX_WAIT {waits.longest:.0f} s; {waits.spent:.0f} s of PARK_BUDGET "
            f"{waits.budget:.0f} s used): run again later"
        )
        return self._ended

    def _report(self, slot: HostSlot, why: str) -> None:
        wait = slot.wait(monotonic())
        self._crawler.stats.inc_value("epoch/parked/count")
        self._crawler.stats.set_value("epoch/parked/seconds", round(self._waits.spent, 3))
        logger.warning("%s: pausing requests for %.3g s, until %s", why, wait, _time_in(wait))

    def _slot(self, request: Request) -> HostSlot:
        host = urlparse_cached(request).hostname or ""
        if (slot := self._slots.get(host)) is None:
            pace = chosen_pace(request.url, self._crawler.settings)
            slot = self._slots[host] = HostSlot(delay=pace.delay)
        return slot

    def _slow_down(self, robotparser: RobotParser, request: Request) -> None:
        """Apply the ``Crawl-delay`` of a robots.txt, up to ``PARK_MAX_WAIT``."""
        settings = self._crawler.settings
        agent = settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"]
        asked = robotparser.crawl_delay(agent)
        slot = self._slot(request)
        if asked is None or not isfinite(asked) or asked <= slot.delay:
            return
        slot.delay = min(asked, self._waits.longest)
        logger.info(
            "robots.txt of %s sets a Crawl-delay of %s s: sending a request every %s s",
            urlparse_cached(request).hostname, asked, slot.delay,
        )  # fmt: skip
