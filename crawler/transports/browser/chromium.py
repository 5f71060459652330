"""Starts Chromium and Playwright's driver on demand, and replaces them when they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from playwright.async_api import Browser
from scrapy_playwright.provider import BrowserProvider

from crawler.exceptions import PageUnreachable, WrongUsage
from crawler.reasons import BROWSER_UNSTARTABLE
from crawler.transports.browser.failures import launch_failure
from crawler.transports.browser.processes import chromium_processes

logger = logging.getLogger(__name__)

CLOSE_SECONDS: Final = 5.0
"""Seconds to wait for a browser or tab to close before killing the browser."""
LAUNCHES: Final = 3
"""Consecutive failures to start after which the run ends."""
_NEWS_SECONDS: Final = 1.0
"""Seconds to wait for the event that a browser has disconnected."""


class Chromium:
    """Runs one browser at a time.

    Attributes:
        launches: number of browsers started so far.
    """

    def __init__(self, new_provider: Callable[[], BrowserProvider]) -> None:
        """Set up without starting anything.

        A provider of scrapy-playwright starts Playwright's driver and launches browsers. When its
        driver ends, it is replaced.
        """
        self._new_provider = new_provider
        self._starting = asyncio.Lock()
        self._provider: BrowserProvider | None = None
        self._browser: Browser | None = None
        self._ended = asyncio.Event()
        self._failed_launches = 0
        self._unusable: WrongUsage | None = None
        self.launches = 0

    async def browser(self) -> Browser:
        """Return the running browser, or start one.

        Raises:
            PageUnreachable: the browser does not start.
            WrongUsage: the browser failed to start ``LAUNCHES`` times in a row.
        """
        async with self._starting:
            if self._unusable is not None:
                raise self._unusable
            if self._browser is None:
                try:
                    self._browser = await self._launch()
                except asyncio.CancelledError:
                    await self._close()  # including a browser that is still starting
                    raise
                except Exception as error:  # the driver and Chromium fail with many types
                    await self._close()
                    raise self._launch_failure(error) from error
                self._failed_launches = 0
            return self._browser

    def _launch_failure(self, error: Exception) -> PageUnreachable | WrongUsage:
        self._failed_launches += 1
        message = f"Chromium does not start: {launch_failure(error)}"
        if self._failed_launches < LAUNCHES:
            return PageUnreachable(message, reason=BROWSER_UNSTARTABLE)
        self._unusable = WrongUsage(message)
        return self._unusable

    async def _launch(self) -> Browser:
        if self._provider is None:
            self._provider = self._new_provider()
            await self._provider.start()
        browser: Browser = await self._provider.launch_browser()
        self.launches += 1
        ended = self._ended = asyncio.Event()
        browser.on("disconnected", lambda _: ended.set())
        return browser

    async def has_ended(self, browser: Browser) -> bool:
        """Return whether ``browser`` or its driver ended, rather than a tab that closed itself.

        The error of a page may arrive before the event that its browser disconnected.
        """
        if browser is not self._browser:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(_NEWS_SECONDS):
                await self._ended.wait()
        return not await self._answers(browser)

    async def _answers(self, browser: Browser) -> bool:
        """Return whether a browser still responds; a driver that ended sends no event."""
        if not browser.is_connected():
            return False
        try:
            async with asyncio.timeout(_NEWS_SECONDS):
                await (await browser.new_context()).close()
        except Exception:  # noqa: BLE001 - without its driver, Playwright raises many types
            return False
        return True

    async def replace(self, browser: Browser) -> None:
        """Kill ``browser`` and its driver unless already replaced; the next page starts another."""
        async with self._starting:
            if browser is self._browser:
                await self._kill()

    async def close(self) -> None:
        """Close the browser and its driver; kill them if they do not close in time."""
        async with self._starting:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    if self._browser is not None:
                        await self._browser.close()
            except Exception as error:  # noqa: BLE001 - after any failure the browser is killed
                logger.warning("Chromium did not close: %s", error or type(error).__name__)
                await self._kill()
            await self._close()

    async def _kill(self) -> None:
        for process in chromium_processes():
            process.kill()
        await self._close()

    async def _close(self) -> None:
        """Stop the driver, which also closes a browser that is still running."""
        self._browser = None
        provider, self._provider = self._provider, None
        if provider is not None:
            with suppress(Exception):  # closing fails if the driver has already ended
                async with asyncio.timeout(CLOSE_SECONDS):
                    await provider.close()
