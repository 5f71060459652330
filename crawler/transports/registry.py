"""The transports by name, each with the Scrapy settings that it needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from scrapy.settings import BaseSettings

from crawler.config.extras import require_extra
from crawler.config.locations import cache_directory, require_temporary_directory
from crawler.config.mirrors import Mirror
from crawler.config.own_settings import setting
from crawler.config.proxies import require_usable_proxy
from crawler.politeness.pace import chosen_pace
from crawler.transports.base import Download, Transport
from crawler.transports.git.transport import GitTransport
from crawler.transports.http import HttpTransport
from crawler.transports.path import PathTransport

if TYPE_CHECKING:
    from crawler.transports.browser.transport import BrowserTransport


_NO_DOWNLOADS: dict[str, Any] = {
    "DOWNLOAD_HANDLERS": {"http": None, "https": None},
    "DOWNLOADER_MIDDLEWARES_BASE": {},
    "DOWNLOADER_MIDDLEWARES": {},
}
"""Settings for transports without requests.

Scrapy's handlers load certificates, which takes longer than a whole run that finds nothing new. With
the downloader middlewares, they take a sixth of such a run.
"""


def transport_for(
    mirror: Mirror,
    via: str,
    settings: BaseSettings,
    *,
    download: Download,
    on_progress: Callable[[str], None],
) -> tuple[Transport, dict[str, Any]]:
    """Return a transport and the Scrapy settings that it needs.

    Args:
        mirror: the mirror to fetch.
        via: name of the transport, one of the mirror's ``roots``.
        settings: the project's settings.
        download: sends a request through Scrapy's downloader.
        on_progress: called with lines of text before the first page, mostly during a clone.

    Raises:
        WrongUsage: the transport needs a package or program that is missing, or a setting is
            invalid.
    """
    base = mirror.roots[via]
    if via == "path":
        return PathTransport(base), _NO_DOWNLOADS
    if via == "git":
        git = GitTransport(
            base,
            branch=mirror.branch,
            cache=cache_directory(settings["CACHE_DIRECTORY"]),
            name=mirror.name,
            parts=mirror.format.parts,
            on_progress=on_progress,
        )
        return git, _NO_DOWNLOADS
    manners = _manners(base, settings)
    if via == "http":
        require_usable_proxy(base)
        window, delay = chosen_pace(base, settings)
        return HttpTransport(base, download, window=window, bulk=delay == 0), manners
    require_extra("browser", "via=browser")
    require_temporary_directory("via=browser")
    browser = _browser(mirror, settings, download)
    return browser, {**manners, **browser.settings()}


def _browser(mirror: Mirror, settings: BaseSettings, download: Download) -> BrowserTransport:
    from crawler.transports.browser.transport import BrowserTransport  # noqa: PLC0415 - no other run loads Playwright

    base = mirror.roots["browser"]
    return BrowserTransport(
        base,
        download,
        mirror_format=mirror.format,
        executable=setting(settings, "BROWSER_EXECUTABLE") or "",
        # a rendered page counts as one request of the host's pace, whatever it loads
        contexts=min(
            setting(settings, "BROWSER_CONTEXTS"), chosen_pace(base, settings).concurrency
        ),
        pages_per_context=setting(settings, "BROWSER_PAGES_PER_CONTEXT"),
        page_seconds=setting(settings, "BROWSER_PAGE_SECONDS"),
        script_hosts=setting(settings, "BROWSER_SCRIPT_HOSTS"),
    )


def with_fallback(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run with a fallback transport.

    The browser's download handler also downloads the requests that it does not render. The pace is
    that of the first transport.
    """
    return {**second, **first, "MIRROR_BASES": [*first["MIRROR_BASES"], *second["MIRROR_BASES"]]}


def _manners(base: str, settings: BaseSettings) -> dict[str, Any]:
    """Return the settings that keep a crawl inside its mirror, at its host's pace."""
    manners: dict[str, Any] = {"MIRROR_BASES": [base], **chosen_pace(base, settings).as_settings()}
    if operator := setting(settings, "OPERATOR"):
        manners["USER_AGENT"] = f"{settings['USER_AGENT']} operator: {operator}"
    return manners
