"""Chromium and Playwright's driver: started with the first page, replaced when they end."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from playwright.async_api import Browser

from crawler.exceptions import PageUnreachable, WrongUsage
from crawler.transports.browser.failures import launch_failure
from crawler.transports.browser.processes import chromium_processes

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy_playwright.provider import BrowserProvider

logger = logging.getLogger(__name__)

#: Seconds for closing what may hang, before it is killed.
CLOSE_SECONDS: Final = 5.0
#: Failures to start in a row after which the run ends.
LAUNCHES: Final = 3
#: Seconds for the news of a browser's end to arrive.
_NEWS_SECONDS: Final = 1.0


class Chromium:
    """One browser at a time.

    Attributes:
        launches: how many browsers were started.
    """

    def __init__(self, new_provider: Callable[[], BrowserProvider]) -> None:
        """Keep what makes scrapy-playwright's browser provider; nothing starts.

        A provider starts Playwright's driver and launches browsers. It serves until its driver
        ends, and is replaced then.
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
        """Return the browser; start one where none runs.

        Raises:
            PageUnreachable: it does not start.
            WrongUsage: it did not start for the third time in a row.
        """
        async with self._starting:
            if self._unusable is not None:
                raise self._unusable
            if self._browser is None:
                try:
                    self._browser = await self._launch()
                except asyncio.CancelledError:
                    await self._close()  # with what is only starting
                    raise
                except Exception as error:  # whatever the driver and Chromium fail with
                    await self._close()
                    raise self._launch_failure(error) from error
                self._failed_launches = 0
            return self._browser

    def _launch_failure(self, error: Exception) -> PageUnreachable | WrongUsage:
        self._failed_launches += 1
        message = f"Chromium does not start: {launch_failure(error)}"
        if self._failed_launches < LAUNCHES:
            return PageUnreachable(message, reason="browser_unstartable")
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
        """Tell whether ``browser`` or its driver ended; a tab may also close itself.

        The error that a page ends with may arrive before the news of its cause.
        """
        if browser is not self._browser:
            return True
        with suppress(TimeoutError):
            async with asyncio.timeout(_NEWS_SECONDS):
                await self._ended.wait()
        return not await self._answers(browser)

    async def _answers(self, browser: Browser) -> bool:
        """Tell whether a browser can still be used: a driver that ended says nothing."""
        if not browser.is_connected():
            return False
        try:
            async with asyncio.timeout(_NEWS_SECONDS):
                await (await browser.new_context()).close()
        except Exception:  # noqa: BLE001 - whatever Playwright raises once its driver is gone
            return False
        return True

    async def replace(self, browser: Browser) -> None:
        """End ``browser`` and its driver, unless that was done; the next page starts another."""
        async with self._starting:
            if browser is self._browser:
                await self._kill()

    async def close(self) -> None:
        """End the browser and its driver; kill what does not end by itself."""
        async with self._starting:
            try:
                async with asyncio.timeout(CLOSE_SECONDS):
                    if self._browser is not None:
                        await self._browser.close()
            except Exception as error:  # noqa: BLE001 - whatever it fails with, it is killed
                logger.warning("Chromium did not close: %s", error or type(error).__name__)
                await self._kill()
            await self._close()

    async def _kill(self) -> None:
        for process in chromium_processes():
            process.kill()
        await self._close()

    async def _close(self) -> None:
        """End the driver, which ends a browser that is left."""
        self._browser = None
        provider, self._provider = self._provider, None
        if provider is not None:
            with suppress(Exception):  # whatever is left of a driver that ended raises
                async with asyncio.timeout(CLOSE_SECONDS):
                    await provider.close()
