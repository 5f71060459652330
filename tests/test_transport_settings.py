"""What each transport asks Scrapy to start."""

from __future__ import annotations

import pytest
from scrapy.utils.conf import build_component_list
from scrapy.utils.project import get_project_settings

from crawler.config.mirrors import Mirror
from crawler.transports.registry import transport_for

BASES = {
    "path": "/srv/mirror",
    "git": "/srv/mirror.git",
    "http": "https://example.org/mirror/",
}


@pytest.mark.parametrize(("via", "started"), [("path", False), ("git", False), ("http", True)])
def test_only_downloads_start_the_downloaders_middlewares(via: str, started: bool) -> None:
    settings = get_project_settings()

    async def download(_: object) -> None: ...

    _, needed = transport_for(
        Mirror("m", "https://example.org/m/", BASES),
        via,
        settings,
        download=download,  # type: ignore[arg-type]
        on_progress=print,
    )
    settings.update(needed, priority="spider")
    middlewares = build_component_list(settings.getwithbase("DOWNLOADER_MIDDLEWARES"))
    assert bool(middlewares) is started
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    assert (handlers["http"] is not None) is started
