"""From what the user asked for to the way that is taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import platformdirs
from scrapy.settings import BaseSettings

from crawler.config.mirrors import Mirror
from crawler.config.numbers import positive_int
from crawler.exceptions import WrongUsage
from crawler.politeness.pace import chosen_pace
from crawler.transports.base import LocalTransport, RemoteTransport
from crawler.transports.git.transport import GitTransport
from crawler.transports.http import HttpTransport
from crawler.transports.path import PathTransport

_APPLICATION = "epoch-mirror-crawler"


def transport_for(
    mirror: Mirror, via: str, settings: BaseSettings, on_progress: Callable[[str], None]
) -> tuple[LocalTransport | RemoteTransport, dict[str, Any]]:
    """Return the way to take, and the Scrapy settings that it needs.

    Args:
        mirror: the mirror to reach.
        via: one of its ways.
        settings: the project's settings.
        on_progress: told in words what a way does before the first page, a clone above all.

    Raises:
        WrongUsage: what the way needs is not there.
    """
    base = mirror.ways[via]
    if via == "path":
        return PathTransport(base), {}
    if via == "git":
        cache = settings["CACHE_DIRECTORY"] or platformdirs.user_cache_path(_APPLICATION)
        return GitTransport(
            base,
            branch=mirror.branch,
            cache=Path(cache).expanduser(),
            parts=mirror.format.parts,
            on_progress=on_progress,
        ), {}
    if via == "http":
        return HttpTransport(base), _manners(base, settings)
    from crawler.transports.browser.transport import BrowserTransport  # noqa: PLC0415 - no other run loads Playwright

    browser = BrowserTransport(
        base,
        mirror_format=mirror.format,
        executable=settings["BROWSER_EXECUTABLE"],
        # a page is one request of the host's pace, whatever it loads
        contexts=min(
            positive_int(settings, "BROWSER_CONTEXTS"), chosen_pace(base, settings).concurrency
        ),
        pages_per_context=positive_int(settings, "BROWSER_PAGES_PER_CONTEXT"),
        page_seconds=positive_int(settings, "BROWSER_PAGE_SECONDS"),
        script_hosts=tuple(settings.getlist("BROWSER_SCRIPT_HOSTS")),
    )
    return browser, {**_manners(base, settings), **browser.settings()}


def both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run that takes a second way for pages that fail by the first.

    The handler that renders also downloads what is not to be rendered; the pace stays the first's.
    """
    return {**second, **first, "MIRROR_BASES": [*first["MIRROR_BASES"], *second["MIRROR_BASES"]]}


def _manners(base: str, settings: BaseSettings) -> dict[str, Any]:
    """Return the settings that keep a crawl within its mirror, at its host's pace."""
    manners: dict[str, Any] = {"MIRROR_BASES": [base], **chosen_pace(base, settings).as_settings()}
    if operator := settings["OPERATOR"]:
        if not (operator.isascii() and operator.isprintable()):
            raise WrongUsage(f"OPERATOR={operator!r}: a mail or web address, in ASCII")
        manners["USER_AGENT"] = f"{settings['USER_AGENT']} operator: {operator}"
    return manners
