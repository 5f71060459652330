"""The download handler that renders pages in Chromium, built on scrapy-playwright.

scrapy-playwright provides the settings, launches browsers, and decides which requests are rendered
(``meta["playwright"]``). This handler adds what it leaves to its users: one time limit for a whole
page, closing tabs on every path, replacing a Chromium that ended or hangs, watching memory, and
loading nothing but the mirror's pages and their scripts.

Only the settings of :class:`~crawler.transports.browser.transport.BrowserTransport` name this
module, because importing it imports Playwright.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from playwright.async_api import Browser, Route
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Request as BrowserRequest
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.http import HtmlResponse, Response
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler

from crawler.exceptions import PageError, PageUnreachable
from crawler.formats.rendered_site import error_status
from crawler.reasons import BROWSER_LOST, CRASHED, TIMEOUT, TOO_COSTLY
from crawler.transports.bounded import BoundedHandler
from crawler.transports.browser.cancellation import Cancellation
from crawler.transports.browser.chromium import CLOSE_SECONDS, Chromium
from crawler.transports.browser.confinement import Confinement, endpoint_of
from crawler.transports.browser.failures import is_gone
from crawler.transports.browser.memory import MemoryWatch
from crawler.transports.browser.tabs import Tab, Tabs
from crawler.transports.browser.visit import Visit, is_framed

logger = logging.getLogger(__name__)

TRIES: Final = 3
"""How often a page is tried if the browser ends while rendering it."""
TAB_SECONDS: Final = 30.0
"""Seconds to wait for a tab to open."""
DATA_TYPES: Final = frozenset({"xhr", "fetch"})
"""Resource types that a page may load besides its document and its scripts. Images, styles, fonts
and frames contain nothing that is read."""


class RenderingHandler(ScrapyPlaywrightDownloadHandler, BoundedHandler):
    """Renders requests with ``meta["playwright"]``; the project's http handler downloads others."""

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings of :meth:`BrowserTransport.settings`; Chromium starts later."""
        super().__init__(crawler)
        settings = crawler.settings
        self._stats = crawler.stats
        base: str = settings["BROWSER_BASE"]
        confinement = Confinement.around(base, settings.getlist("BROWSER_SCRIPT_HOSTS"))
        self._site = endpoint_of(base)
        self._script_endpoints = confinement.endpoints
        # prefixes of document URLs; more than one after the mirror has moved
        self._documents = {base.partition("#")[0]}
        self._seconds = settings.getfloat("BROWSER_PAGE_SECONDS")
        # a page's time limit starts when a context is free
        self._room = asyncio.Semaphore(settings.getint("BROWSER_CONTEXTS"))
        self._chromium = Chromium(lambda: self.browser_provider_cls(self.config))
        self._memory = MemoryWatch(settings.getint("BROWSER_PAGE_BYTES"))
        self._tabs = Tabs(
            settings.getint("BROWSER_PAGES_PER_CONTEXT"),
            {
                "accept_downloads": False,
                "service_workers": "block",
                "locale": "en-US",  # error pages are recognized in English
                "user_agent": settings["USER_AGENT"],
            },
            self._decide,
        )

    async def _launch(self) -> None:
        """Do nothing: the driver takes 125 MB, so it starts with the first page."""

    async def download_request(self, request: Request) -> Response:
        """Render one page.

        An error page with status 200 gets the status that it describes, so that the back-off
        middleware can see that a host is busy.

        Raises:
            PageError: the page could not be rendered.
            WrongUsage: Chromium does not start.
        """
        if not request.meta.get("playwright"):
            return await super().download_request(request)
        cancellation: Cancellation = request.meta["browser_cancellation"]
        cancellation.bind(asyncio.current_task())
        self._documents.add(request.meta["browser_base"].partition("#")[0])
        async with self._room:
            began = time.monotonic()
            response = await self._rendered(request)
            request.meta["download_latency"] = time.monotonic() - began
        if response.status == HTTPStatus.OK:
            return response.replace(status=error_status(response.text) or HTTPStatus.OK)
        return response

    def refuses(self, request: BrowserRequest) -> bool:
        """Return whether to block a request of a page: only document, scripts and data pass."""
        if request.method not in ("GET", "HEAD"):
            return True
        if request.is_navigation_request():
            return not request.url.startswith(tuple(self._documents)) or is_framed(request)
        endpoint = endpoint_of(request.url)
        if request.resource_type == "script":
            return endpoint not in self._script_endpoints
        return request.resource_type not in DATA_TYPES or endpoint != self._site

    async def _decide(self, route: Route) -> None:
        try:
            if self.refuses(route.request):
                self._stats.inc_value("epoch/browser/requests_refused")
                await route.abort()
            else:
                await route.continue_()
        except PlaywrightError:  # the tab is being closed
            # otherwise Playwright waits for a decision forever
            with suppress(PlaywrightError):
                await route.fallback()

    async def _rendered(self, request: Request) -> HtmlResponse:
        """Render a page; if the browser ends meanwhile, try again in a new one."""
        for _ in range(TRIES):
            browser = await self._chromium.browser()
            self._stats.set_value("epoch/browser/launches", self._chromium.launches)
            visit = Visit(request, self._seconds)
            with self._memory:
                try:
                    return await self._visited(visit, browser)
                except PlaywrightError as error:
                    if not (is_gone(error) and await self._chromium.has_ended(browser)):
                        if response := visit.error_response():
                            return response
                        raise self._failure(visit, error) from error
                    self._stats.inc_value("epoch/browser/lost")
                    await self._chromium.replace(browser)
                    if self._memory.claim_browser():
                        raise too_costly(request.url) from error
        raise PageUnreachable(
            f"{request.url}: Chromium ended {TRIES} times while rendering it", reason=BROWSER_LOST
        )

    def _failure(self, visit: Visit, error: PlaywrightError) -> PageError:
        failure = visit.failure(error)
        if failure.reason == CRASHED and self._memory.claim_renderer():
            return too_costly(visit.url)
        return failure

    async def _visited(self, visit: Visit, browser: Browser) -> HtmlResponse:
        tab = await self._tab(browser)
        try:
            return await visit.response(tab)
        finally:
            # shielded: the next page must not start before the tab is back
            await asyncio.shield(self._put_back(tab, reusable=visit.clean))

    async def _tab(self, browser: Browser) -> Tab:
        """Return a tab; opening it does not count towards the page's time limit."""
        try:
            async with asyncio.timeout(TAB_SECONDS):
                return await self._tabs.take(browser)
        except TimeoutError as error:
            await self._replace_hanging(browser)
            raise PageUnreachable(
                f"Chromium opened no tab within {TAB_SECONDS:g} s", reason=TIMEOUT
            ) from error

    async def _put_back(self, tab: Tab, *, reusable: bool) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._tabs.put_back(tab, reusable=reusable)
        except TimeoutError:
            await self._replace_hanging(tab.browser)
        except PlaywrightError as error:
            logger.debug("Closing a tab failed: %s", error)
        self._stats.set_value("epoch/browser/tabs", self._tabs.opened)

    async def _replace_hanging(self, browser: Browser) -> None:
        logger.warning("Chromium does not respond, replacing it")
        self._stats.inc_value("epoch/browser/killed")
        await self._chromium.replace(browser)

    async def close(self) -> None:
        """Close Chromium and its driver when the crawl ends."""
        await super().close()
        await self._chromium.close()


def too_costly(url: str) -> PageError:
    """Return the error for a page at which the memory watch killed Chromium."""
    return PageUnreachable(f"{url}: rendering it takes too much memory", reason=TOO_COSTLY)
