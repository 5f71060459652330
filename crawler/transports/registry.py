"""The transports by name.

A transport is an entry in :data:`LOCAL` or :data:`REMOTE`, under a name of
``crawler.config.mirrors.TRANSPORTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from scrapy.settings import BaseSettings

from crawler.config.extras import require_extra
from crawler.config.locations import cache_directory, require_temporary_directory
from crawler.config.mirrors import Mirror
from crawler.config.own_settings import setting
from crawler.config.proxies import require_usable_proxy
from crawler.politeness.pace import chosen_pace
from crawler.transports.base import Download, LocalTransport, Transport
from crawler.transports.git.transport import GitTransport
from crawler.transports.http import HttpTransport
from crawler.transports.path import PathTransport

OnProgress = Callable[[str], None]


def _path(mirror: Mirror, cache: Path, on_progress: OnProgress | None) -> LocalTransport:  # noqa: ARG001
    return PathTransport(mirror.roots["path"])


def _http(mirror: Mirror, settings: BaseSettings, download: Download) -> Transport:
    base = mirror.roots["http"]
    require_usable_proxy(base)
    window, delay = chosen_pace(base, settings)
    return HttpTransport(
        base, download, window=window, bulk=delay == 0, manners=_manners(base, settings)
    )


def _browser(mirror: Mirror, settings: BaseSettings, download: Download) -> Transport:
    require_extra("browser", "via=browser")
    require_temporary_directory("via=browser")
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
        manners=_manners(base, settings),
    )


LOCAL: Final[Mapping[str, Callable[[Mirror, Path, OnProgress | None], LocalTransport]]] = {
    "path": _path,
    "git": GitTransport.of_mirror,
}
"""Transports that read pages from the disk. ``scrapy read`` and ``scrapy reread`` use only these."""

REMOTE: Final[Mapping[str, Callable[[Mirror, BaseSettings, Download], Transport]]] = {
    "http": _http,
    "browser": _browser,
}
"""Transports that send a request for each page through Scrapy's downloader."""


def transport_for(
    mirror: Mirror,
    via: str,
    settings: BaseSettings,
    *,
    download: Download,
    on_progress: OnProgress,
) -> Transport:
    """Return the transport for a run.

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
    if via in LOCAL:
        return LOCAL[via](mirror, cache_directory(settings["CACHE_DIRECTORY"]), on_progress)
    return REMOTE[via](mirror, settings, download)


def local_transport(
    mirror: Mirror, cache: Path, on_progress: OnProgress | None = None
) -> LocalTransport | None:
    """Return the transport that reads a mirror from the disk; None if it has none."""
    for via, build in LOCAL.items():
        if via in mirror.roots:
            return build(mirror, cache, on_progress)
    return None


def settings_for(transport: Transport, fallback: Transport | None) -> dict[str, Any]:
    """Return the Scrapy settings of a run.

    The browser's download handler also downloads the requests that it does not render. The pace is
    that of ``transport``, not of the fallback.
    """
    settings = transport.settings()
    if fallback is None:
        return settings
    more = fallback.settings()
    bases = [*settings["MIRROR_BASES"], *more["MIRROR_BASES"]]
    return {**more, **settings, "MIRROR_BASES": bases}


def _manners(base: str, settings: BaseSettings) -> dict[str, Any]:
    """Return the settings that keep a crawl inside its mirror, at its host's pace."""
    manners: dict[str, Any] = {"MIRROR_BASES": [base], **chosen_pace(base, settings).as_settings()}
    if operator := setting(settings, "OPERATOR"):
        manners["USER_AGENT"] = f"{settings['USER_AGENT']} operator: {operator}"
    return manners
