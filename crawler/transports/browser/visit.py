"""One attempt to render one page, and the events observed meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any, Final

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page
from playwright.async_api import Request as BrowserRequest
from playwright.async_api import Response as BrowserResponse
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy import Request
from scrapy.http import Headers, HtmlResponse

from crawler.exceptions import PageError, PageTooLarge, PageUnreachable
from crawler.reasons import REDIRECT, TIMEOUT
from crawler.transports.browser.failures import unreachable
from crawler.transports.browser.tabs import ContentTooLarge, Tab
from crawler.transports.browser.transport import MAX_RENDERED_BYTES

_NAVIGATION_SHARE: Final = 0.8
"""Shares of a page's time limit: for its navigation, and for showing all of it."""
_READY_SHARE: Final = 0.7
_READY_POLLING_MS: Final = 50


class Visit:
    """One attempt to render one page.

    Attributes:
        url: the page's URL.
        clean: whether the tab can be reused: the page was complete and opened no window.
    """

    def __init__(self, request: Request, seconds: float) -> None:
        """Limit the rendering of ``request`` to ``seconds``."""
        self.clean = False
        self.url = request.url
        self._request = request
        self._seconds = seconds
        self._document = str(request.meta["browser_base"]).partition("#")[0]
        self._left_for: str | None = None
        self._crashed = False
        self._opened_window = False
        self._response: BrowserResponse | None = None
        self._limit: asyncio.Timeout | None = None

    async def response(self, tab: Tab) -> HtmlResponse:
        """Return the page as Chromium renders it in ``tab``.

        Raises:
            PageError: the page exceeds its time limit, is too large, or navigates out of the
                mirror.
            PlaywrightError: Chromium failed.
        """
        try:
            async with asyncio.timeout(self._seconds) as self._limit:
                with _listening(tab.page, self._listeners()):
                    return await self._rendered(tab)
        except TimeoutError as error:
            if self._left_for:
                raise self._redirected(self._left_for) from error
            if self._crashed:
                raise PlaywrightError("Page crashed") from error
            raise PageUnreachable(
                f"{self.url}: not rendered within {self._seconds:g} s", reason=TIMEOUT
            ) from error
        except ContentTooLarge as error:
            raise PageTooLarge(
                f"{self.url}: the rendered page is too large, {error} characters"
            ) from error
        finally:
            self._limit = None

    def failure(self, error: PlaywrightError) -> PageError:
        """Return the page error for an error of Playwright."""
        return self._redirected(self._left_for) if self._left_for else unreachable(error, self.url)

    def error_response(self) -> HtmlResponse | None:
        """Return the error response that the browser replaced with its own error page, if any."""
        response = self._response
        if response is None or self._left_for or response.status < HTTPStatus.BAD_REQUEST:
            return None
        return self._scrapy_response(response, response.url, "")

    async def _rendered(self, tab: Tab) -> HtmlResponse:
        page = tab.page
        response = await page.goto(
            self.url,
            wait_until="domcontentloaded",
            timeout=self._seconds * _NAVIGATION_SHARE * 1000,
        )
        ready = await self._is_ready(page)
        await page.wait_for_load_state(timeout=self._seconds * _NAVIGATION_SHARE * 1000)
        content = await tab.content(MAX_RENDERED_BYTES)
        self.clean = ready and not self._opened_window
        return self._scrapy_response(response, page.url, content)

    async def _is_ready(self, page: Page) -> bool:
        """Wait until the page is complete; return False if it is not in time."""
        script, argument = self._request.meta["browser_ready"]
        try:
            passed = await page.evaluate("performance.now()")
            left = self._seconds * _READY_SHARE * 1000 - passed
            # Playwright takes 0 for no limit
            await page.wait_for_function(
                script, arg=argument, timeout=max(left, 1), polling=_READY_POLLING_MS
            )
        except PlaywrightTimeout:
            return False
        return True

    def _scrapy_response(
        self, response: BrowserResponse | None, url: str, content: str
    ) -> HtmlResponse:
        headers = Headers(response.headers if response else {})
        headers.pop("Content-Encoding", None)
        headers.pop("Content-Type", None)  # names the encoding of the original, not of this body
        return HtmlResponse(
            url,
            status=response.status if response else HTTPStatus.OK,
            headers=headers,
            body=content.encode("utf-8", "replace"),
            encoding="utf-8",
            request=self._request,
        )

    def _redirected(self, target: str) -> PageError:
        return PageUnreachable(f"{self.url}: redirected to {target}", reason=REDIRECT)

    def _listeners(self) -> dict[Any, Callable[..., Any]]:
        return {
            "crash": self._on_crash,
            "popup": self._on_popup,
            "request": self._on_request,
            "response": self._on_response,
        }

    def _on_crash(self, _: Page) -> None:
        """End the visit: Chromium does not answer what was sent to the page before it crashed."""
        self._crashed = True
        self._end()

    def _end(self) -> None:
        if self._limit is not None:
            self._limit.reschedule(asyncio.get_running_loop().time())

    async def _on_popup(self, page: Page) -> None:
        self._opened_window = True
        with suppress(PlaywrightError):
            await page.close()

    def _on_request(self, request: BrowserRequest) -> None:
        if _is_document(request) and not request.url.startswith(self._document):
            self._left_for = request.url
            self._end()

    def _on_response(self, response: BrowserResponse) -> None:
        if _is_document(response.request) and response.url.startswith(self._document):
            self._response = response


@contextmanager
def _listening(page: Page, listeners: dict[Any, Callable[..., Any]]) -> Iterator[None]:
    """Listen to a tab's events while a page is rendered in it.

    Playwright dismisses dialogs, because nothing listens to them.
    """
    for event, listener in listeners.items():
        page.on(event, listener)
    try:
        yield
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)


def is_framed(request: BrowserRequest) -> bool:
    """Return whether a request comes from a frame inside a page."""
    try:
        return request.frame.parent_frame is not None
    except PlaywrightError:  # a page that is still opening has no frame yet
        return False


def _is_document(request: BrowserRequest) -> bool:
    """Return whether a request is for the page itself, not for a frame in it."""
    return request.is_navigation_request() and not is_framed(request)
