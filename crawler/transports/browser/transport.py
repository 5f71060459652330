"""The browser's way: the page a person sees, rendered by Chromium, as the mirror's Markdown.

For mirrors whose raw files cannot be had: the raw host is blocked or limits, or the mirror is
published as a JavaScript page only. Importing this module starts nothing and needs no browser;
:meth:`BrowserTransport.settings` are the settings of the runs that use it, and of no others.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import TextResponse
from scrapy_playwright.page import PageMethod

from crawler.exceptions import (
    PageError,
    PageMalformed,
    PageMissing,
    PageTooLarge,
    PageUnreachable,
    WrongUsage,
)
from crawler.formats.epoch.rendered import (
    CONTENT_CLASSES,
    ERROR_WORDS,
    UNSUPPORTED_KEYS,
    article_markdown,
    home_markdown,
    index_markdown,
)
from crawler.transports.base import Download, Fetched
from crawler.transports.browser.gate import PORTS, upstream_for
from crawler.transports.failures import downloaded
from crawler.urls import HOME, copy_of, section_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from scrapy.http import Response

#: What an executable is called on Debian, other distributions, macOS with Homebrew.
EXECUTABLES: Final = (
    "chromium",
    "chromium-browser",
    "chromium-headless-shell",
    "google-chrome-stable",
    "google-chrome",
    "chrome",
)
#: Hosts whose scripts a site needs, beside its own.
SCRIPT_HOSTS: Final = {"github.com": ("github.githubassets.com",)}
#: No page of a mirror is larger than 0.6 MB; the application around it holds it twice.
MAX_BYTES: Final = 16 * 1024 * 1024

#: What is not needed to read a page, and would talk to others or outlive it.
FLAGS: Final = (
    "--blink-settings=imagesEnabled=false",
    "--block-new-web-contents",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-client-side-phishing-detection",
    "--disable-component-update",
    "--disable-crash-reporter",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-extensions",
    "--disable-features=OptimizationHints,MediaRouter,Translate,AutofillServerCommunication",
    "--disable-gpu",
    "--disable-notifications",
    "--disable-quic",
    # a process for every frame and site is for a browser that many sites meet in; here is one
    "--disable-site-isolation-trials",
    "--disable-sync",
    # a page that eats memory costs itself, not the machine
    "--js-flags=--max-old-space-size=512",
    "--dns-prefetch-disable",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    "--metrics-recording-only",
    "--mute-audio",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
)

_VERSION_SECONDS: Final = 60
_LAUNCH_SECONDS: Final = 60
_NOT_FOUND: Final = frozenset({404, 410})
_TOO_MANY: Final = 429
_OK: Final = 200

#: Says that the page shows all that is needed of its kind, or that it is an error page.
_READY: Final = """
([kind, classes, errors]) => {
  const root = classes.map(name => document.querySelector('.' + name)).find(Boolean);
  const text = root ? root.textContent : '';
  const wrong = new RegExp(errors, 'i');
  if (!root) {
    return wrong.test(document.title + ' ' + (document.body ? document.body.innerText : ''));
  }
  if (/^\\s*404 - Not found\\s*$/.test(text)) return true;
  if (kind === 'article') return /原文链接[^：]*：\\s*http\\S+\\.html?/.test(text);
  if (kind === 'index') return /第\\s*\\[[^\\]]*\\]\\s*页/.test(text) || /迁移至/.test(text);
  return root.querySelector('h1,h2,h3,h4') !== null;
}
"""


def find_chromium(setting: str = "") -> Path:
    """Return the executable that ``setting`` (``BROWSER_EXECUTABLE``) names, else the system's.

    Raises:
        WrongUsage: there is none, or it does not run; says how to get one.
    """
    for name in (setting,) if setting else EXECUTABLES:
        if found := shutil.which(name):
            _check_runs(found)
            return Path(found).absolute()
    missing = f"{setting!r} is no executable" if setting else "no Chromium was found"
    raise WrongUsage(
        f"via=browser needs Chromium, and {missing}: install it (Debian, Ubuntu: "
        "apt-get install chromium) or name one by the setting BROWSER_EXECUTABLE"
    )


def _check_runs(executable: str) -> None:
    """Have Chromium say its version: what it lacks is told before the crawl, not page by page.

    Raises:
        WrongUsage: it does not run.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the program that the user named
            [executable, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WrongUsage(f"{executable} does not run: {error}") from error
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
        raise WrongUsage(
            f"{executable} --version ends with {done.returncode}: {said or 'it says nothing'}. "
            "Mend it, or name another by the setting BROWSER_EXECUTABLE"
        )


class BrowserTransport:
    """Pages as a web site shows them.

    Attributes:
        window: pages rendered at once.
    """

    unsupported_keys: ClassVar[frozenset[str]] = UNSUPPORTED_KEYS
    commit: ClassVar[str | None] = None
    ordered: ClassVar[bool] = False

    def __init__(
        self,
        base: str,
        download: Download,
        *,
        executable: str = "",
        contexts: int = 1,
        pages_per_context: int = 100,
        page_seconds: float = 30.0,
        script_hosts: tuple[str, ...] = (),
    ) -> None:
        """Look for Chromium and note how to use it; nothing is started.

        Args:
            base: the mirror's public address, ``https://github.com/owner/name/blob/branch/`` or,
                for a client-side renderer, ``https://host/#/``.
            executable: Chromium's path or name; empty: the system's.
            download: sends a request through Scrapy's downloader.
            contexts: pages rendered at once, each in a context of its own.
            pages_per_context: after so many a context is closed and another opened.
            page_seconds: after so long a page is given up.
            script_hosts: other hosts the site's scripts come from, with port where needed.

        Raises:
            WrongUsage: no Chromium, an address that is none, or a proxy that cannot be used.
        """
        if urlsplit(base).scheme not in PORTS or not base.endswith("/"):
            raise WrongUsage(f"not a http or https address that ends in '/': {base!r}")
        self.base = base
        self.contexts = self.window = contexts
        self._download = download
        self.pages_per_context = pages_per_context
        self.page_seconds = page_seconds
        self.executable = find_chromium(executable)
        host = urlsplit(base).hostname or ""
        self.script_hosts = (*SCRIPT_HOSTS.get(host, ()), *script_hosts)
        upstream_for(urlsplit(base).scheme, host)

    async def open(self) -> None:
        """Do nothing: the browser starts with the first page."""

    def close(self) -> None:
        """Do nothing: the handler ends the browser with the crawl."""

    def settings(self) -> dict[str, Any]:
        """Return the Scrapy settings that this way needs.

        The download handler is set for the mirror's scheme only, and starts the driver with the
        first page it renders.
        """
        return {
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "DOWNLOAD_HANDLERS": {
                urlsplit(self.base).scheme: "crawler.transports.browser.handler.RenderingHandler"
            },
            # one page a context at once; a crashed page is counted off twice by the handler
            "CONCURRENT_REQUESTS_PER_DOMAIN": self.contexts,
            "PLAYWRIGHT_BROWSER_TYPE": "chromium",
            "PLAYWRIGHT_LAUNCH_OPTIONS": self._launch_options(),
            "PLAYWRIGHT_MAX_PAGES_PER_CONTEXT": self.contexts + 1,
            # milliseconds; both lie inside the limit for the whole page
            "PLAYWRIGHT_DEFAULT_NAVIGATION_TIMEOUT": self.page_seconds * 800,
            "PLAYWRIGHT_DOWNLOAD_TIMEOUT": 1000,
            # the browser's own headers: Scrapy's carry the proxy's password
            "PLAYWRIGHT_PROCESS_REQUEST_HEADERS": None,
            "PLAYWRIGHT_RESTART_DISCONNECTED_BROWSER": True,
            "BROWSER_BASE": self.base,
            "BROWSER_SCRIPT_HOSTS": list(self.script_hosts),
            "BROWSER_CONTEXTS": self.contexts,
            "BROWSER_PAGES_PER_CONTEXT": self.pages_per_context,
            "BROWSER_PAGE_SECONDS": self.page_seconds,
        }

    def _launch_options(self) -> dict[str, Any]:
        return {
            "executable_path": str(self.executable),
            "headless": True,
            # root has no sandbox to enter; everyone else does
            "chromium_sandbox": os.geteuid() != 0,
            "args": list(FLAGS),
            "timeout": _LAUNCH_SECONDS * 1000,
            # an interrupt is the crawler's to handle: it ends the pages under way first
            "handle_sigint": False,
            "handle_sigterm": False,
            "handle_sighup": False,
        }

    async def fetch(self, path: str) -> Fetched:
        """Render the page at ``path``; return it in the mirror's Markdown form.

        Raises:
            PageError: the site shows an error, or no page of the mirror.
            RunError: the browser does not start, or a middleware ends the run.
        """
        response = await downloaded(self._download, self.request(path))
        return Fetched(self.page(response))

    def request(self, path: str, **kwargs: Any) -> Request:
        """Return the request for the page at ``path`` of the mirror; ``kwargs`` are passed on."""
        wanted = [_kind(path), list(CONTENT_CLASSES), ERROR_WORDS]
        meta = {
            "playwright": True,
            "playwright_page_goto_kwargs": {"wait_until": "domcontentloaded"},
            "playwright_page_methods": [
                PageMethod(_settle, _READY, wanted, self.page_seconds * 700)
            ],
            "browser_path": path,
            "browser_base": self.base,
            # the page says what it is, whatever its status
            "handle_httpstatus_all": True,
            **kwargs.pop("meta", {}),
        }
        # never filtered: the frontier gives every page once, and fingerprints know no fragment
        return Request(self.base + path, meta=meta, **{"dont_filter": True, **kwargs})

    def page(self, response: Response) -> bytes:
        """Return the page of ``response`` in the mirror's Markdown form.

        Raises:
            PageError: the site shows an error, or no page of the mirror.
        """
        path = response.meta["browser_path"]
        if len(response.body) > MAX_BYTES:
            raise PageTooLarge(f"{path}: the rendered page has {len(response.body)} bytes")
        if not isinstance(response, TextResponse):
            raise PageMalformed(f"{path}: the site sent no page")
        if not response.url.startswith(self.base):
            raise PageUnreachable(f"{path}: redirected to {response.url}", reason="redirect")
        try:
            text = _reader(path)(response.text, base=self.base, path=path)
        except PageMissing:
            raise
        except PageError as error:
            raise _by_status(error, response.status) from error
        return text.encode()


def _by_status(error: PageError, status: int) -> PageError:
    """Return what an unreadable page means under the status it came with."""
    if status in _NOT_FOUND:
        return PageMissing(f"the site answered {status}")
    if status == _OK or isinstance(error, PageUnreachable):
        return error
    reason = "rate_limited" if status == _TOO_MANY else f"http_{status}"
    return PageUnreachable(f"the site answered {status}", reason=reason)


def _kind(path: str) -> str:
    if copy_of(path):
        return "article"
    return "index" if section_of(path) else "home"


def _reader(path: str) -> Callable[..., str]:
    if copy_of(path):
        return article_markdown
    return home_markdown if path == HOME else index_markdown


async def _settle(page: Any, ready: str, wanted: list[object], limit: float) -> bool:
    """Wait until ``page`` shows what is needed.

    Returns:
        False where it does not ``limit`` ms after it was asked for: it is taken as it is.
    """
    from playwright.async_api import TimeoutError as PlaywrightTimeout  # noqa: PLC0415

    try:
        left = limit - await page.evaluate("performance.now()")
        # 0 would be no limit
        await page.wait_for_function(ready, arg=wanted, timeout=max(left, 1), polling=50)
    except PlaywrightTimeout:
        return False
    return True
