"""Back-off: the pace of a host, its ``Retry-After``, and a pause before a retry."""

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

# 429: this client asks too much. 503: "the server is currently unable to handle the request due to
# a temporary overload or scheduled maintenance" (RFC 9110, 15.6.4): the host, not the page. So a
# 503 parks the host as well, also where it names no time to come back.
BUSY: Final = frozenset({429, 503})

# A page still busy at its fourth try, while the host gave others since its first, is at fault
# itself: it fails alone.
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
    """Delays requests to a host until it may be asked.

    Runs that share a cache directory hold a host's pace together (:mod:`crawler.middlewares.turns`).

    It may only delay a request, send it again, or end the run when a host asks to come back later
    than the run can wait. It stands next to the downloader, so that no request waits behind it;
    it waits before the download, so the wait does not count towards ``DOWNLOAD_TIMEOUT``.

    Settings (seconds): ``PARK_FIRST_WAIT`` 60, what one waits where the host names no time, doubled
    each time in a row; ``PARK_MAX_WAIT`` 1800, for GitHub's raw host has been seen to ask for up to
    30 minutes; ``PARK_BUDGET`` 3600 for all waits of a run, so that an hourly run gives up before
    the next one starts; ``RETRY_FIRST_WAIT`` 1, the pause before a retry, doubled with each.
    """

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings of ``crawler`` and listen to its signals.

        Raises:
            WrongUsage: a setting is no number of seconds.
        """
        settings = crawler.settings
        self._crawler = crawler
        self._waits = ParkBudget(
            first=nonnegative_float(settings, "PARK_FIRST_WAIT"),
            longest=nonnegative_float(settings, "PARK_MAX_WAIT"),
            budget=nonnegative_float(settings, "PARK_BUDGET"),
        )
        self._retry_wait = nonnegative_float(settings, "RETRY_FIRST_WAIT")
        self._doors: dict[str, HostSlot] = {}
        self._turns = Turns(_directory_of_turns(settings))
        self._over: HostBusy | None = None
        crawler.signals.connect(self._slow_down, signal=signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``."""
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Wait until the host may be asked.

        Raises:
            HostBusy: a host asked to come back later than the run waits; no request is sent after.
        """
        if self._over is not None:
            raise self._over
        if retries := request.meta.get("retry_times", 0):
            await asyncio.sleep(self._retry_wait * 2 ** (retries - 1))
        door = self._door(request)
        await _until_open(door)
        host = urlparse_cached(request).hostname or ""
        if (wait := await self._turns.take(host, door.delay)) > 0:
            await asyncio.sleep(wait)
        await _until_open(door)
        request.meta[_WENT_UNDER] = door.pass_(monotonic())

    def process_response(self, request: Request, response: Response) -> Request | Response:
        """Park the host of a busy response and send the request again; pass any other response on.

        Raises:
            HostBusy: the host asks to come back later than the run waits.
        """
        door = self._door(request)
        if response.status not in BUSY:
            door.answered(request.meta[_WENT_UNDER])
            return response
        tries, good_then = request.meta.get(_TRIED, (0, door.good))
        if tries + 1 >= _TRIES_OF_ONE_PAGE and door.good > good_then:
            return response
        self._park(door, request, response)
        meta = {**request.meta, _TRIED: (tries + 1, good_then)}
        # Behind the others: a page that is always busy does not keep them waiting.
        return request.replace(dont_filter=True, priority=request.priority - 1, meta=meta)

    def _park(self, door: HostSlot, request: Request, response: Response) -> None:
        named = retry_after_seconds(response.headers.get("Retry-After"), datetime.now(UTC))
        before, parks = monotonic(), door.parks
        enough = door.park(before, named, request.meta[_WENT_UNDER], self._waits)
        wait = door.wait(before)
        host = urlparse_cached(request).hostname
        back_at = (datetime.now(UTC) + timedelta(seconds=wait)).isoformat(timespec="seconds")
        if not enough:
            message = (
                f"{host} answers {response.status} and asks to come back at {back_at}, in "
                f"{wait:.3g} s: later than this run waits (PARK_MAX_WAIT {self._waits.longest:.0f}"
                f" s; {self._waits.spent:.0f} of PARK_BUDGET {self._waits.budget:.0f} s are spent)"
            )
            self._over = HostBusy(message)
            raise self._over
        if door.parks > parks:
            self._crawler.stats.inc_value("epoch/parked/count")
            self._crawler.stats.set_value("epoch/parked/seconds", round(self._waits.spent, 3))
            logger.warning(
                "%s answers %d: no request to it for %.3g s, until %s", host, response.status,
                wait, back_at,
            )  # fmt: skip

    def _door(self, request: Request) -> HostSlot:
        host = urlparse_cached(request).hostname or ""
        if (door := self._doors.get(host)) is None:
            pace = chosen_pace(request.url, self._crawler.settings)
            door = self._doors[host] = HostSlot(delay=pace.delay)
        return door

    def _slow_down(self, robotparser: RobotParser, request: Request) -> None:
        """Apply the ``Crawl-delay`` of a robots.txt; nothing waits longer than PARK_MAX_WAIT."""
        settings = self._crawler.settings
        agent = settings["ROBOTSTXT_USER_AGENT"] or settings["USER_AGENT"]
        asked = robotparser.crawl_delay(agent)
        door = self._door(request)
        if asked is None or not isfinite(asked) or asked <= door.delay:
            return
        door.delay = min(asked, self._waits.longest)
        logger.info(
            "robots.txt of %s asks for %s s between requests: one every %s s",
            urlparse_cached(request).hostname, asked, door.delay,
        )  # fmt: skip
