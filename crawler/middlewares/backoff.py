"""Back-off: keeps to a host's pace and ``Retry-After``, and waits before retries."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from math import isfinite
from time import monotonic
from typing import TYPE_CHECKING, Final

from scrapy import signals
from scrapy.utils.httpobj import urlparse_cached

from crawler.config.locations import cache_directory
from crawler.config.numbers import nonnegative_float
from crawler.exceptions import HostBusy, WrongUsage
from crawler.middlewares.turns import Turns
from crawler.politeness.host_slot import HostSlot, ParkBudget
from crawler.politeness.pace import chosen_pace
from crawler.politeness.retry_after import retry_after_seconds

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy.robotstxt import RobotParser
    from scrapy.settings import BaseSettings

logger = logging.getLogger(__name__)

# 429: this client sends too many requests. 503: "the server is currently unable to handle the
# request due to a temporary overload or scheduled maintenance" (RFC 9110, 15.6.4), which concerns
# the host and not the page. So a 503 parks the host too, even without Retry-After.
BUSY: Final = frozenset({429, 503})

# If a page is still busy at its fourth try, and the host has sent other pages since the first try,
# only the page fails.
_TRIES_OF_ONE_PAGE = 4

# Keys of Request.meta.
_WENT_UNDER = "parking_went_under"
_TRIED = "parking_tried"


async def _until_open(door: HostSlot) -> None:
    while (wait := door.wait(monotonic())) > 0:  # noqa: ASYNC110 - a time, not an event
        await asyncio.sleep(wait)


def _directory_of_turns(settings: BaseSettings) -> Path | None:
    try:
        return cache_directory(settings["CACHE_DIRECTORY"]) / "hosts"
    except WrongUsage:  # without a home, this run keeps the pace alone
        return None


class BackoffMiddleware:
    """Delays requests to a host until it accepts them.

    Runs that share a cache directory keep a host's pace together (:mod:`crawler.middlewares.turns`).

    It may only delay a request, retry it, or end the run if a host asks for a longer wait than the
    run allows. It is the middleware closest to the downloader, so that requests are delayed right
    before they are sent. The delay does not count towards ``DOWNLOAD_TIMEOUT``.

    Settings, in seconds:

    * ``PARK_FIRST_WAIT`` (60): the wait after a busy response without ``Retry-After``. It doubles
      with each consecutive one.
    * ``PARK_MAX_WAIT`` (1800): the longest wait accepted. GitHub's raw host asks for up to 30
      minutes.
    * ``PARK_BUDGET`` (3600): all waits of a run together, so that an hourly run ends before the
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
            first=nonnegative_float(settings, "PARK_FIRST_WAIT"),
            longest=nonnegative_float(settings, "PARK_MAX_WAIT"),
            budget=nonnegative_float(settings, "PARK_BUDGET"),
        )
        self._retry_wait = nonnegative_float(settings, "RETRY_FIRST_WAIT")
        self._slots: dict[str, HostSlot] = {}
        self._turns = Turns(_directory_of_turns(settings))
        self._ended: HostBusy | None = None
        crawler.signals.connect(self._slow_down, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Return ``cls(crawler)``, which needs its settings, stats and signals."""
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
        await _until_open(slot)
        host = urlparse_cached(request).hostname or ""
        self._wait_with_others(slot, host)
        await _until_open(slot)
        if (wait := await self._turns.take(host, slot.delay)) > 0:
            await asyncio.sleep(wait)
        await _until_open(slot)
        request.meta[_WENT_UNDER] = slot.pass_(monotonic())

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Park the host after a busy response and retry the request; pass on any other response.

        Raises:
            HostBusy: the host asks for a longer wait than the run allows.
        """
        slot = self._slot(request)
        if response.status not in BUSY:
            slot.answered(request.meta[_WENT_UNDER])
            return response
        tries, good_then = request.meta.get(_TRIED, (0, slot.good))
        if tries + 1 >= _TRIES_OF_ONE_PAGE and slot.good > good_then:
            return response
        self._park(slot, request, response)
        meta = {**request.meta, _TRIED: (tries + 1, good_then)}
        # A lower priority, so that a page that is always busy does not hold up the others.
        return request.replace(dont_filter=True, priority=request.priority - 1, meta=meta)

    def _park(self, slot: HostSlot, request: Request, response: Response) -> None:
        named = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        before, parks = monotonic(), slot.parks
        enough = slot.park(before, named, request.meta[_WENT_UNDER], self._waits)
        wait = slot.wait(before)
        host = urlparse_cached(request).hostname or ""
        self._turns.park(host, slot.delay, wait)
        back_at = (datetime.now(UTC) + timedelta(seconds=wait)).isoformat(timespec="seconds")
        if not enough:
            message = (
                f"{host} answers {response.status} and asks to wait until {back_at}, for "
                f"{wait:.3g} s, longer than the run allows (PARK_MAX_WAIT {self._waits.longest:.0f}"
                f" s; {self._waits.spent:.0f} s of PARK_BUDGET {self._waits.budget:.0f} s used): "
                "run again later"
            )
            self._ended = HostBusy(message)
            raise self._ended
        if slot.parks > parks:
            self._crawler.stats.inc_value("epoch/parked/count")
            self._crawler.stats.set_value("epoch/parked/seconds", round(self._waits.spent, 3))
            logger.warning(
                "%s answers %d: sending it no request for %.3g s, until %s", host,
                response.status, wait, back_at,
            )  # fmt: skip

    def _wait_with_others(self, slot: HostSlot, host: str) -> None:
        """Park the host for as long as it asked another run to wait.

        Raises:
            HostBusy: that is longer than this run may wait.
        """
        now = monotonic()
        seconds = self._turns.park(host, slot.delay, 0)
        if seconds <= max(0.0, slot.wait(now)):
            return
        if not slot.park(now, seconds, slot.parks, self._waits):
            self._ended = HostBusy(
                f"{host} asked another run to wait for {seconds:.3g} s, longer than this one may "
                "wait (PARK_MAX_WAIT, PARK_BUDGET): run again later"
            )
            raise self._ended
        logger.info("%s asked another run to wait: so does this one, for %.3g s", host, seconds)

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
