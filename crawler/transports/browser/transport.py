"""The browser transport: renders a web site's pages and turns them back into Markdown.

It is for mirrors whose raw files are unavailable: the raw host is blocked or limits requests, or
the mirror is published only as a JavaScript page. Importing this module starts nothing and needs no
browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response, TextResponse

from crawler.exceptions import (
    PageError,
    PageMalformed,
    PageMissing,
    PageTooLarge,
    PageUnreachable,
    WrongUsage,
)
from crawler.formats.base import Format, Rendering
from crawler.formats.registry import find_format
from crawler.formats.rendered_site import CONTENT_CLASSES, ERROR_WORDS
from crawler.politeness.redirects import PORTS
from crawler.reasons import RATE_LIMITED, REDIRECT, of_status
from crawler.transports.base import Download, Fetched
from crawler.transports.browser.cancellation import Cancellation
from crawler.transports.browser.confinement import Confinement
from crawler.transports.browser.executable import find_chromium, launch_options
from crawler.transports.failures import MISSING, downloaded

SCRIPT_HOSTS: Final = {"github.com": ("github.githubassets.com",)}
"""Hosts of the scripts that a site needs, besides its own."""
MAX_RENDERED_BYTES: Final = 16 * 1024 * 1024
"""Maximum size of a rendered page. No page of a mirror is larger than 0.6 MB; the application
around it contains it twice."""
MAX_PROCESS_BYTES: Final = 1024**3
"""Maximum resident memory of one Chromium process. Real pages need 0.2 GB."""

_READY: Final = """
([complete, classes, errors]) => {
  const root = classes.map(name => document.querySelector('.' + name)).find(Boolean);
  const text = root ? root.textContent : '';
  const wrong = new RegExp(errors, 'i');
  if (!root) {
    return wrong.test(document.title + ' ' + (document.body ? document.body.innerText : ''));
  }
  if (/^\\s*404 - Not found\\s*$/.test(text)) return true;
  if (complete !== null) return new RegExp(complete).test(text);
  return root.querySelector('h1,h2,h3,h4') !== null;
}
"""
"""Returns whether the page is complete, or an error page of the site."""


class BrowserTransport:
    """Fetches pages by rendering a web site in Chromium."""

    commit: ClassVar[str | None] = None
    ordered: ClassVar[bool] = False
    bulk: ClassVar[bool] = False

    def __init__(
        self,
        base: str,
        download: Download,
        *,
        mirror_format: Format | None = None,
        executable: str = "",
        contexts: int = 1,
        pages_per_context: int = 100,
        page_seconds: float = 30.0,
        page_bytes: int = MAX_PROCESS_BYTES,
        script_hosts: tuple[str, ...] = (),
        manners: Mapping[str, Any] | None = None,
    ) -> None:
        """Find Chromium without starting it.

        Args:
            base: the mirror's public URL, ``https://github.com/owner/name/blob/branch/`` or, for
                a client-side renderer, ``https://host/#/``.
            download: sends a request through Scrapy's downloader.
            mirror_format: the mirror's format; None for the default one.
            executable: path or name of Chromium; empty to search for it.
            contexts: number of pages rendered at the same time, each in its own context.
            pages_per_context: number of pages after which a context is replaced.
            page_seconds: time limit for one page.
            page_bytes: maximum resident memory of one Chromium process.
            script_hosts: additional hosts of the site's scripts, as ``host`` or ``host:port``.
            manners: the Scrapy settings for the pace of the host.

        Raises:
            WrongUsage: Chromium is missing, ``base`` is invalid, the environment's proxy is of an
                unsupported kind, or the format has no rendering.
        """
        self._format = mirror_format or find_format()
        rendering = self._format.rendering(self._format.home)
        if rendering is None:
            raise WrongUsage(
                "via=browser: pages of the mirror's format cannot be read in a browser; "
                "choose another transport with -a via="
            )
        self.unsupported_keys = rendering.unsupported_keys
        if urlsplit(base).scheme not in PORTS or not base.endswith("/"):
            raise WrongUsage(f"{base!r} must be an http or https URL that ends in '/'")
        self.base = base
        self.contexts = self.window = contexts
        self.pages_per_context = pages_per_context
        self.page_seconds = page_seconds
        self.page_bytes = page_bytes
        self._download = download
        self._manners = dict(manners or {})
        self.executable = find_chromium(executable)
        host = urlsplit(base).hostname or ""
        self.script_hosts = (*SCRIPT_HOSTS.get(host, ()), *script_hosts)
        self._confinement = Confinement.around(base, self.script_hosts)

    async def open(self) -> None:
        """Do nothing: the browser starts with the first page."""

    def close(self) -> None:
        """Do nothing: the download handler closes the browser when the crawl ends."""

    def settings(self) -> dict[str, Any]:
        return {
            **self._manners,
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            # for one scheme: each has a driver of its own
            "DOWNLOAD_HANDLERS": {
                urlsplit(self.base).scheme: "crawler.transports.browser.handler.RenderingHandler"
            },
            "PLAYWRIGHT_BROWSER_TYPE": "chromium",
            "PLAYWRIGHT_LAUNCH_OPTIONS": launch_options(str(self.executable), self._confinement),
            "BROWSER_BASE": self.base,
            "BROWSER_SCRIPT_HOSTS": list(self.script_hosts),
            "BROWSER_CONTEXTS": self.contexts,
            "BROWSER_PAGES_PER_CONTEXT": self.pages_per_context,
            "BROWSER_PAGE_SECONDS": self.page_seconds,
            "BROWSER_PAGE_BYTES": self.page_bytes,
        }

    async def fetch(self, path: str) -> Fetched:
        """Render the page at ``path``; cancelling it closes the page's tab.

        Raises:
            PageError: the page could not be rendered, or the site shows an error.
            RunError: Chromium does not start.
        """
        request = self.request(path)
        try:
            response = await downloaded(self._download, request)
        except asyncio.CancelledError:
            request.meta["browser_cancellation"].cancel()
            raise
        return self.fetched(response)

    def request(self, path: str) -> Request:
        arguments = [self._rendering(path).complete, list(CONTENT_CLASSES), ERROR_WORDS]
        meta = {
            "playwright": True,
            "browser_path": path,
            "browser_base": self.base,
            "browser_ready": (_READY, arguments),
            "browser_cancellation": Cancellation(),
            # the content of the page decides, whatever its status
            "handle_httpstatus_all": True,
        }
        # the frontier requests each page once, and fingerprints ignore the fragment
        return Request(self.base + path, meta=meta, dont_filter=True)

    def fetched(self, response: Response) -> Fetched:
        """Return the page of ``response``; its ``restore`` returns the page's Markdown.

        Raises:
            PageError: it is too large, not a text document, or not the mirror's.
        """
        path = response.meta["browser_path"]
        if len(response.body) > MAX_RENDERED_BYTES:
            raise PageTooLarge(f"{path}: the rendered page has {len(response.body)} bytes")
        if not isinstance(response, TextResponse):
            raise PageMalformed(f"{path}: the response is not a text document")
        if not response.url.startswith(self.base):
            raise PageUnreachable(f"{path}: redirected to {response.url}", reason=REDIRECT)
        markdown = partial(self._rendering(path).markdown, base=self.base, path=path)
        restore = partial(_restored, markdown, response.status)
        return Fetched(response.text.encode(), restore=restore)

    def _rendering(self, path: str) -> Rendering:
        rendering = self._format.rendering(path)
        assert rendering is not None  # noqa: S101 - the home page has one
        return rendering


def _restored(markdown: Callable[[str], str], status: int, body: bytes) -> bytes:
    """Return a rendered page in the mirror's Markdown form.

    Raises:
        PageError: the site shows an error, or a page that is not the mirror's.
    """
    try:
        return markdown(body.decode()).encode()
    except PageMissing:
        raise
    except PageError as error:
        raise _by_status(error, status) from error
    except RecursionError as error:
        raise PageMalformed("its elements are nested too deeply") from error


def _by_status(error: PageError, status: int) -> PageError:
    """Return the error for an unreadable page, given the status of its response."""
    if status in MISSING:
        return PageMissing(f"the site answered {status}")
    if status == HTTPStatus.OK or isinstance(error, PageUnreachable):
        return error
    reason = RATE_LIMITED if status == HTTPStatus.TOO_MANY_REQUESTS else of_status(status)
    return PageUnreachable(f"the site answered {status}", reason=reason)
