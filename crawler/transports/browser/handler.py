"""The download handler of the browser's way: scrapy-playwright, fenced in.

What scrapy-playwright leaves to its user is done here: a limit for the whole page (a hung script
answers no one), contexts that are recycled, pages closed on every path, a browser that died
replaced, everything refused that is not the mirror's, and no process left behind.

Loaded by name from the settings of :mod:`crawler.transports.browser.transport` only: importing it imports
Playwright.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import shutil
import sys
import tempfile
from contextlib import asynccontextmanager, suppress
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, PlaywrightContextManager
from playwright.async_api import TimeoutError as PlaywrightTimeout
from scrapy.http import Headers, HtmlResponse, TextResponse
from scrapy_playwright.handler import ScrapyPlaywrightDownloadHandler
from scrapy_playwright.provider import PlaywrightBrowserProvider

from crawler.exceptions import PageError, PageUnreachable, WrongUsage
from crawler.formats.epoch.rendered import error_status
from crawler.transports.browser import keeper
from crawler.transports.browser.gate import Gate, place_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import Browser
    from playwright.async_api import Request as BrowserRequest
    from playwright.async_api import Response as BrowserResponse
    from scrapy import Request
    from scrapy.crawler import Crawler
    from scrapy.http import Response
    from scrapy_playwright.handler import Config

logger = logging.getLogger(__name__)

#: Seconds for closing what may hang, before it is killed.
CLOSE_SECONDS: Final = 5.0
#: A page is tried so often when the browser dies under it.
TRIES: Final = 3
#: A browser that failed to start so often in a row will not: the run ends.
LAUNCHES: Final = 3
#: Seconds for the news of a browser's death to arrive.
DEATH_SECONDS: Final = 0.5
#: Milliseconds for a tab to leave its page; one that cannot is closed.
LEAVE_MS: Final = 2000
#: What a page may load beside its document: the rest (pictures, fonts, styles, frames) shows
#: nothing that is read.
DATA_TYPES: Final = frozenset({"xhr", "fetch"})

_DRIVER_DIED: Final = "Connection closed"
_LOST: Final = ("has been closed", _DRIVER_DIED, "Browser closed", "Target closed")
_REASONS: Final = (
    ("crashed", "crashed"),
    ("interrupted by another navigation", "redirect"),
    ("ERR_ABORTED", "not_a_page"),
    ("Download is starting", "not_a_page"),
    ("ERR_TIMED_OUT", "timeout"),
    ("ERR_", "connection"),
)


class Rota:
    """Which context the next page opens in; pure bookkeeping.

    A context takes ``turns`` pages and is then done; it is closed when its last page is.
    """

    def __init__(self, width: int, turns: int) -> None:
        """Keep ``width`` contexts in use at once."""
        self._turns = turns
        self._opened = width
        self._current = [f"mirror-{number}" for number in range(width)]
        self._taken = dict.fromkeys(self._current, 0)
        self._open = dict.fromkeys(self._current, 0)

    def enter(self) -> str:
        """Return the context for one more page: the one with the fewest under way."""
        name = min(self._current, key=lambda name: (self._open[name], self._taken[name]))
        self._taken[name] += 1
        self._open[name] += 1
        if self._taken[name] >= self._turns:
            self.retire(name)
        return name

    def leave(self, name: str) -> bool:
        """Note that a page of ``name`` is closed; tell whether the context is to be closed."""
        self._open[name] -= 1
        if self._open[name] or name in self._current:
            return False
        del self._open[name], self._taken[name]
        return True

    def retire(self, name: str) -> None:
        """Open no more pages in ``name``."""
        if name in self._current:
            fresh = f"mirror-{self._opened}"
            self._opened += 1
            self._current[self._current.index(name)] = fresh
            self._taken[fresh] = self._open[fresh] = 0


class KeptBrowser(PlaywrightBrowserProvider):
    """Starts driver and Chromium with the first page, behind the gate, under the keeper."""

    browser_type: Any
    playwright: Any
    playwright_context_manager: Any

    def __init__(self, config: Config, gate: Gate) -> None:
        """Note what is needed; nothing starts."""
        super().__init__(config)
        self.gate = gate
        self._folder: Path | None = None
        self._lifeline = -1

    async def start(self) -> None:
        """Start nothing yet: a run that renders no page needs no driver."""

    async def launch_browser(self) -> Browser:
        """Start Chromium, and before it whatever it needs that does not run."""
        await self.gate.open()
        try:
            return await self._launch()
        except PlaywrightError as error:
            if _DRIVER_DIED not in str(error):
                raise
        await self.forget()
        return await self._launch()

    async def _launch(self) -> Browser:
        if self.browser_type is None:
            self.playwright_context_manager = PlaywrightContextManager()
            self.playwright = await self.playwright_context_manager.start()
            self.browser_type = self.playwright.chromium
        options = dict(self.config.launch_options)
        options["executable_path"] = self._kept(options["executable_path"])
        # Chromium's own exception for loopback is off: the gate decides
        options["proxy"] = {"server": f"http://127.0.0.1:{self.gate.port}", "bypass": "<-loopback>"}
        return await self.browser_type.launch(**options)

    def _kept(self, executable: str) -> str:
        """Return a script that runs ``executable`` under the keeper."""
        self._cut_lifeline()
        self._folder = Path(tempfile.mkdtemp(prefix="epoch-browser-"))
        lifeline = self._folder / "lifeline"
        os.mkfifo(lifeline, 0o600)
        self._lifeline = os.open(lifeline, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        command = [sys.executable, "-I", "-S", keeper.__file__, str(lifeline), executable]
        script = self._folder / "chromium"
        script.write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n', "utf-8")
        script.chmod(0o700)
        if os.access(script, os.X_OK):
            return str(script)
        logger.warning("%s allows no programs: Chromium runs without its keeper", self._folder)
        return executable

    def kill(self) -> None:
        """Kill the browser, whatever state it is in."""
        self._cut_lifeline()

    async def forget(self) -> None:
        """Kill the browser, end its driver, and take another with the next."""
        self.kill()
        manager, self.playwright_context_manager = self.playwright_context_manager, None
        self.playwright, self.browser_type = None, None
        if manager is not None:
            # whatever a driver that died makes of it
            with suppress(PlaywrightError, TimeoutError, OSError, RuntimeError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await manager.__aexit__()

    def _cut_lifeline(self) -> None:
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def close(self) -> None:
        """Stop driver and gate, and whatever of the browser is left."""
        self.kill()
        with suppress(PlaywrightError):
            await super().close()
        await self.gate.close()


class RenderingHandler(ScrapyPlaywrightDownloadHandler):
    """Renders the requests that ask for it; passes all others on to Scrapy's own handler."""

    lazy = False  # the handler below waits for the engine's start
    browser_provider: KeptBrowser

    def __init__(self, crawler: Crawler) -> None:
        """Read the settings that :meth:`crawler.transports.browser.transport.BrowserTransport.settings` makes."""
        super().__init__(crawler)
        settings = crawler.settings
        if settings["LOG_LEVEL"] != "DEBUG":  # every page that fails, with a traceback
            logging.getLogger("scrapy-playwright").setLevel(logging.ERROR)
        # a page that crashes its renderer would do it again
        self.config.target_closed_max_retries = 0
        base: str = settings["BROWSER_BASE"]
        self._site = place_of(base)
        # what addresses of documents begin with; more than one once a mirror has moved
        self._documents = {base.partition("#")[0]}
        self._failed_launches = 0
        scheme = base.partition(":")[0]
        self._script_places = {
            place_of(f"{scheme}://{host}") for host in settings.getlist("BROWSER_SCRIPT_HOSTS")
        }
        self._seconds = settings.getfloat("BROWSER_PAGE_SECONDS")
        self._rota = Rota(
            settings.getint("BROWSER_CONTEXTS"), settings.getint("BROWSER_PAGES_PER_CONTEXT")
        )
        # a page's time begins when there is room for it; by http more are under way than that
        self._room = asyncio.Semaphore(settings.getint("BROWSER_CONTEXTS"))
        self._tabs: dict[str, Page] = {}  # by context; open and blank
        self._gate = Gate({self._site, *self._script_places})
        self._user_agent: str = settings["USER_AGENT"]
        self.browser_provider_cls = partial(KeptBrowser, gate=self._gate)
        self.abort_request = self.refuses

    def refuses(self, request: BrowserRequest) -> bool:
        """Tell whether a page may not load this: only document, scripts and data may be."""
        place = place_of(request.url)
        if request.method not in ("GET", "HEAD"):
            return True
        if request.is_navigation_request():
            return not request.url.startswith(tuple(self._documents)) or _framed(request)
        if request.resource_type == "script":
            return place != self._site and place not in self._script_places
        return request.resource_type not in DATA_TYPES or place != self._site

    async def download_request(self, request: Request) -> Response:
        """Render one page; raise ``PageUnreachable`` with its reason where that fails.

        An error page that comes as if it were none is given the status it should have had, so
        that a host which is busy is left alone for a while, whatever it says that with.
        """
        if not request.meta.get("playwright"):
            return await super().download_request(request)
        self._documents.add(request.meta["browser_base"].partition("#")[0])
        async with self._room:
            response = await self._rendered(request)
        if response.status == HTTPStatus.OK and isinstance(response, TextResponse):
            return response.replace(status=error_status(response.text) or HTTPStatus.OK)
        return response

    async def _rendered(self, request: Request) -> Response:
        """Render a page, in another browser where the first dies under it."""
        for number in range(1, TRIES + 1):
            target = PageVisit(request.meta["browser_base"])
            browser = getattr(self, "browser", None)
            try:
                return await self._visited(request, target)
            except PlaywrightError as error:
                if number == TRIES or not is_lost(error):
                    return target.answer(request) or _raise(unreachable(error, request.url, target))
                self.stats.inc_value("epoch/browser/lost")
                await asyncio.sleep(DEATH_SECONDS)
                if browser is not None and browser is getattr(self, "browser", None):
                    await self._forget_browser()
            except RuntimeError as error:  # scrapy-playwright's, for a download
                raise PageUnreachable(f"{request.url}: {error}", reason="not_a_page") from error
        raise AssertionError  # pragma: no cover - the loop returns or raises

    async def _started(self) -> None:
        """Start the browser where none runs.

        Raises:
            PageUnreachable: it does not start.
            WrongUsage: it does not start for the third time in a row.
        """
        try:
            await self._maybe_launch_browser()
        except Exception as error:  # whatever driver and Chromium fail with
            self._failed_launches += 1
            why = f"Chromium does not start: {launch_failure(error)}"
            if self._failed_launches >= LAUNCHES:
                raise WrongUsage(why) from error
            raise PageUnreachable(why, reason="browser_unstartable") from error
        self._failed_launches = 0

    async def _kill_browser(self) -> None:
        """Kill the browser, and see to it that no page is opened in what is left of it."""
        browser = getattr(self, "browser", None)
        self.browser_provider.kill()
        for _ in range(10):
            if browser is not getattr(self, "browser", None):  # its death is known
                return
            await asyncio.sleep(DEATH_SECONDS / 5)
        if browser is not None:
            await self._forget_browser()

    async def _forget_browser(self) -> None:
        """Start anew with the next page: no news of the browser came, so its driver died too."""
        self._tabs.clear()
        self.context_wrappers.clear()
        with suppress(KeyError):  # late news of its end would be of the next one's
            self.browser.remove_listener("disconnected", self._browser_disconnected_callback)
        del self.browser
        await self.browser_provider.forget()

    async def _visited(self, request: Request, target: PageVisit) -> Response:
        """Render a page in a tab that waits, else in a new one.

        A new tab costs more than twice what reading a page in it does.
        """
        name = self._rota.enter()
        given = {
            "playwright_context": name,
            "playwright_context_kwargs": self._context_options(),
            "playwright_page": self._tabs.pop(name, None),
            "playwright_include_page": True,  # it is closed here, or read on in
            "playwright_page_init_callback": target.begin,
        }
        request.meta.update(given)
        read = False
        try:
            await self._started()  # takes its own time, not the page's
            async with asyncio.timeout(self._seconds) as limit:
                target.limit = limit
                response = await super().download_request(request)
            read = target.clean and _settled(request)
        except TimeoutError as error:
            if target.led_away:
                raise led_away(request.url, target.led_away) from error
            message = f"{request.url}: not rendered within {self._seconds:g} s"
            raise PageUnreachable(message, reason="timeout") from error
        else:
            return response
        finally:
            target.limit = None
            if not read:
                self._rota.retire(name)
            await self._put_away(name, target, read=read)
            for key in given:
                request.meta.pop(key, None)

    def _context_options(self) -> dict[str, Any]:
        return {
            "accept_downloads": False,
            "service_workers": "block",
            "locale": "en-US",  # the language of the error pages we know
            "user_agent": self._user_agent,
        }

    async def _put_away(self, name: str, target: PageVisit, *, read: bool) -> None:
        """Keep the tab for the next page, or close it; close the context after its last.

        Only then is the context free for the next page: it has one tab at a time.
        """
        tab = None
        async with self._in_time():
            tab = await target.left() if read else None
            if tab is None:
                await target.close()
        wrapper = self.context_wrappers.get(name)
        if not self._rota.leave(name):
            if tab is not None:
                self._tabs[name] = tab
        elif wrapper is not None:
            async with self._in_time():
                await wrapper.context.close()

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Close something within the time for that; kill the browser where it hangs."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                yield
        except TimeoutError:
            logger.warning("The browser hangs and is killed")
            self.stats.inc_value("epoch/browser/killed")
            await self._kill_browser()
        except PlaywrightError as error:
            logger.debug("Closing a page failed: %s", error)

    async def close(self) -> None:
        """Close everything; kill what does not let itself be closed."""
        try:
            async with asyncio.timeout(CLOSE_SECONDS * 2):
                await super().close()
        except (TimeoutError, PlaywrightError) as error:
            logger.warning("The browser did not close: %s", error or type(error).__name__)
            self.browser_provider.kill()
        for place, times in self._gate.refused.items():
            self.stats.inc_value("epoch/browser/hosts_refused", times)
            logger.debug("Refused %d times: %s:%d", times, *place)


def _raise(error: Exception) -> NoReturn:
    raise error


class PageVisit:
    """What is known of one target to a page, also when it fails.

    Attributes:
        pages: the tab, once it is open; it is to be closed on every path, or left blank.
        led_away: the address outside of the mirror that it was sent to, None where it was not.
        clean: whether the page did nothing that a tab may not be read on in after.
        limit: of the time for the page, while it runs; it ends where the page is led away.
    """

    def __init__(self, base: str) -> None:
        """Target a page below ``base``."""
        self.pages: list[Page] = []
        self.led_away: str | None = None
        self.clean = True
        self.limit: asyncio.Timeout | None = None
        self._document = base.partition("#")[0]
        self._answer: BrowserResponse | None = None

    async def begin(self, page: Page, _request: Request) -> None:
        """Listen to ``page``, and close what it opens.

        Dialogs are dismissed by Playwright where no one listens to them.
        """
        self.pages.append(page)
        for event, hear in self._listeners().items():
            page.on(event, hear)

    async def left(self) -> Page | None:
        """Leave the page, so that its scripts end; return the tab, None where that fails.

        Behind ``#`` a renderer's pages are one document: without leaving it, the next page would
        seem to be there before it is.
        """
        try:
            for page in self.pages:
                for event, hear in self._listeners().items():
                    page.remove_listener(event, hear)
                await page.goto("about:blank", timeout=LEAVE_MS)
                return page
        except PlaywrightError:
            return None
        return None

    async def close(self) -> None:
        """Close the tab."""
        for page in self.pages:
            if not page.is_closed():
                await page.close()

    def _listeners(self) -> dict[Any, Callable[..., Any]]:
        return {"popup": self._popped_up, "request": self._asked, "response": self._answered}

    async def _popped_up(self, page: Page) -> None:
        self.clean = False
        with suppress(PlaywrightError):
            await page.close()

    def _asked(self, request: BrowserRequest) -> None:
        if self._is_document(request) and not request.url.startswith(self._document):
            self.led_away = request.url
            if self.limit is not None:
                self.limit.reschedule(asyncio.get_running_loop().time())

    def _answered(self, response: BrowserResponse) -> None:
        if self._is_document(response.request) and response.url.startswith(self._document):
            self._answer = response

    def _is_document(self, request: BrowserRequest) -> bool:
        """Tell whether a request is for the page itself, not for a frame in it."""
        return request.is_navigation_request() and bool(self.pages) and not _framed(request)

    def answer(self, request: Request) -> Response | None:
        """Return the answer that the browser shows as an error of its own: a status, no page."""
        answer = self._answer
        if answer is None or self.led_away or answer.status < HTTPStatus.BAD_REQUEST:
            return None
        headers = Headers(answer.headers)
        headers.pop("Content-Encoding", None)
        return HtmlResponse(answer.url, status=answer.status, headers=headers, request=request)


def _framed(request: BrowserRequest) -> bool:
    try:
        return request.frame.parent_frame is not None
    except PlaywrightError:  # a page that is only being opened has no frame yet
        return False


def _settled(request: Request) -> bool:
    """Tell whether the page showed what was waited for."""
    return all(method.result is not False for method in request.meta["playwright_page_methods"])


def launch_failure(error: Exception) -> str:
    """Return what Chromium, or the driver, said last before it did not start."""
    lines = [line.strip() for line in str(error).splitlines()]
    said = [line.partition("[err]")[2].strip() for line in lines if "[err]" in line]
    return " / ".join(said[-3:])[:500] or next(filter(None, lines), type(error).__name__)[:500]


def is_lost(error: PlaywrightError) -> bool:
    """Tell whether the browser (or its driver) died under the page."""
    return any(words in str(error) for words in _LOST)


def led_away(url: str, target: str) -> PageError:
    """Return the failure of a page that is sent out of the mirror."""
    return PageUnreachable(f"{url}: led away to {target}", reason="redirect")


def unreachable(error: PlaywrightError, url: str, target: PageVisit) -> PageError:
    """Return a failure of Playwright's as one of ours, with the reason it is counted under."""
    text = str(error)
    if target.led_away:
        return led_away(url, target.led_away)
    if isinstance(error, PlaywrightTimeout):
        reason = "timeout"
    elif is_lost(error):
        reason = "browser_lost"
    else:
        reason = next((reason for words, reason in _REASONS if words in text), "browser")
    return PageUnreachable(f"{url}: {text.splitlines()[0][:200]}", reason=reason)
