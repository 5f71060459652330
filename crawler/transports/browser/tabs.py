"""Tabs to render pages in: each in a browser context of its own, used for many pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from playwright.async_api import Error as PlaywrightError

from crawler.transports.browser.failures import is_navigating

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Browser, BrowserContext, CDPSession, Page, Route

#: Milliseconds for a tab to leave its page; one that cannot is closed.
_LEAVE_MS: Final = 2000
#: How often the content of a page that moves on is asked for.
_LOOKS: Final = 5
#: Gives the document, in a world that its scripts cannot change; a number where it is too much.
_CONTENT: Final = """
(() => {
  const root = document.documentElement;
  const html = root ? root.outerHTML : '';
  if (html.length > MOST_CHARACTERS) return html.length;
  for (const element of document.querySelectorAll('*'))
    if (element.attributes.length > MOST_ATTRIBUTES) return html.length;
  return html;
})()
"""
#: Attributes of one element. libxml2 compares each with all before it.
_MOST_ATTRIBUTES: Final = 1000


class ContentTooLarge(Exception):
    """Raised when a document is too large to be read; its argument is its length."""


@dataclass
class Tab:
    """A tab that is open, and blank between two pages.

    Attributes:
        browser: the browser it is in.
        context: its own context; closing that closes the tab.
        page: the tab.
        session: the tab's DevTools session.
        pages: how many pages it was used for.
    """

    browser: Browser
    context: BrowserContext
    page: Page
    session: CDPSession
    pages: int = 0

    async def content(self, most: int) -> str:
        """Return the document as HTML.

        Raises:
            ContentTooLarge: it has more than ``most`` characters, or an element with very many
                attributes.
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
                "expression": _CONTENT.replace("MOST_CHARACTERS", str(most)).replace(
                    "MOST_ATTRIBUTES", str(_MOST_ATTRIBUTES)
                ),
                "contextId": world["executionContextId"],
                "returnByValue": True,
            },
        )
        value = answer["result"].get("value", "")
        if isinstance(value, int):
            raise ContentTooLarge(value)
        return str(value)

    async def leave(self) -> bool:
        """Leave the page, so that its scripts end; tell whether that worked.

        Behind ``#`` a renderer's pages are one document: without leaving it, the next page would
        seem to be there before it is.
        """
        try:
            await self.page.goto("about:blank", timeout=_LEAVE_MS)
        except PlaywrightError:
            return False
        return True


class Tabs:
    """The tabs that wait for a page.

    Attributes:
        opened: how many were opened.
    """

    def __init__(
        self, most_pages: int, options: dict[str, Any], route: Callable[[Route], Awaitable[None]]
    ) -> None:
        """Use a tab for ``most_pages`` pages; ``route`` decides on every request of theirs."""
        self._most_pages = most_pages
        self._options = options
        self._route = route
        self._waiting: list[Tab] = []
        self.opened = 0

    async def take(self, browser: Browser) -> Tab:
        """Return a tab of ``browser``: one that waits, else a new one.

        A new tab costs more than twice what reading a page in it does.
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
        """Keep a tab for the next page, or close it with its context."""
        if reusable and tab.pages < self._most_pages and await tab.leave():
            self._waiting.append(tab)
        else:
            await tab.context.close()
