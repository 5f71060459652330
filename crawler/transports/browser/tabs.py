"""Tabs to render pages in: each has its own browser context and is used for many pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Route
from playwright.async_api import Error as PlaywrightError

from crawler.transports.browser.failures import is_navigating

_LEAVE_MS: Final = 2000
"""Milliseconds for a tab to leave its page; after that it is closed."""
_LOOKS: Final = 5
"""How often to try to read the content of a page that keeps navigating."""
_CONTENT: Final = """
((most_characters, most_attributes) => {
  const root = document.documentElement;
  const html = root ? root.outerHTML : '';
  if (html.length > most_characters) return html.length;
  for (const element of document.querySelectorAll('*'))
    if (element.attributes.length > most_attributes) return html.length;
  return html;
})
"""
"""Returns the document as HTML, or its length if it is too large. It runs in an isolated world,
which the page's scripts cannot change."""
_MAX_ATTRIBUTES: Final = 1000
"""Maximum number of attributes of one element. libxml2 compares each with all previous ones."""


class ContentTooLarge(Exception):
    """Raised when a document is too large to be read; the argument is its length."""


@dataclass
class Tab:
    """An open tab with its own context, which is blank between two pages.

    Attributes:
        session: the tab's DevTools session.
        pages: number of pages that it was used for.
    """

    browser: Browser
    context: BrowserContext
    page: Page
    session: CDPSession
    pages: int = 0

    async def content(self, most: int) -> str:
        """Return the document as HTML.

        Raises:
            ContentTooLarge: the document has more than ``most`` characters, or an element has too
                many attributes.
        """
        for left in reversed(range(_LOOKS)):
            try:
                return await self._content(most)
            except PlaywrightError as error:
                if not (left and is_navigating(error)):
                    raise
                await self.page.wait_for_load_state("domcontentloaded")
        raise AssertionError  # pragma: no cover - the loop returns or raises

    async def _content(self, most: int) -> str:
        tree = await self.session.send("Page.getFrameTree")
        world = await self.session.send(
            "Page.createIsolatedWorld", {"frameId": tree["frameTree"]["frame"]["id"]}
        )
        answer = await self.session.send(
            "Runtime.evaluate",
            {
                "expression": f"({_CONTENT})({most}, {_MAX_ATTRIBUTES})",
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        value = answer["result"].get("value", "")
        if isinstance(value, int):
            raise ContentTooLarge(value)
        return str(value)

    async def leave(self) -> bool:
        """Navigate to a blank page, which ends the page's scripts; return whether that worked.

        With a client-side renderer, pages differ only after the ``#`` and share one document.
        Without the blank page in between, the previous page would be read as the next one.
        """
        try:
            await self.page.goto("about:blank", timeout=_LEAVE_MS)
        except PlaywrightError:
            return False
        return True


class Tabs:
    """A pool of idle tabs.

    Attributes:
        opened: number of tabs opened so far.
    """

    def __init__(
        self, most_pages: int, options: dict[str, Any], route: Callable[[Route], Awaitable[None]]
    ) -> None:
        """Set up an empty pool.

        Args:
            most_pages: number of pages after which a tab is closed.
            options: arguments of Playwright's ``new_context``.
            route: continues or aborts a request of a page.
        """
        self._most_pages = most_pages
        self._options = options
        self._route = route
        self._waiting: list[Tab] = []
        self.opened = 0

    async def take(self, browser: Browser) -> Tab:
        """Return an idle tab of ``browser``, or open one.

        Opening a tab costs more than twice as much as reading a page in it.
        """
        self._waiting = [tab for tab in self._waiting if tab.browser is browser]
        tab = self._waiting.pop() if self._waiting else await self._open(browser)
        tab.pages += 1
        return tab

    async def _open(self, browser: Browser) -> Tab:
        context = await browser.new_context(**self._options)
        await context.route("**/*", self._route)
        page = await context.new_page()
        self.opened += 1
        return Tab(browser, context, page, await context.new_cdp_session(page))

    async def put_back(self, tab: Tab, *, reusable: bool) -> None:
        """Keep a tab for the next page if it is reusable; otherwise close its context."""
        if reusable and tab.pages < self._most_pages and await tab.leave():
            self._waiting.append(tab)
        else:
            await tab.context.close()
