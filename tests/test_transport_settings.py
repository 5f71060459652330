"""What each transport asks Scrapy to start."""

from __future__ import annotations

import pytest
from scrapy.utils.conf import build_component_list
from scrapy.utils.project import get_project_settings

from crawler.config.mirrors import TRANSPORTS, Mirror
from crawler.transports.registry import LOCAL, REMOTE, transport_for

BASES = {
    "path": "/srv/mirror",
    "git": "/srv/mirror.git",
    "http": "https://example.org/mirror/",
}


def test_every_transport_of_the_mirrors_file_is_in_a_table() -> None:
    assert (*LOCAL, *REMOTE) == TRANSPORTS


@pytest.mark.parametrize(("via", "started"), [("path", False), ("git", False), ("http", True)])
def test_only_downloads_start_the_downloaders_middlewares(via: str, started: bool) -> None:
    settings = get_project_settings()

    async def download(_: object) -> None: ...

    transport = transport_for(
        Mirror("m", "https://example.org/m/", BASES),
        via,
        settings,
        download=download,  # type: ignore[arg-type]
        on_progress=print,
    )
    settings.update(transport.settings(), priority="spider")
    middlewares = build_component_list(settings.getwithbase("DOWNLOADER_MIDDLEWARES"))
    assert bool(middlewares) is started
    handlers = settings.getwithbase("DOWNLOAD_HANDLERS")
    assert (handlers["http"] is not None) is started
