"""The smallest spider there can be: it asks for addresses and does nothing with what comes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import Request, Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class EmptySpider(Spider):
    """Fetches the addresses that the file of ``-a addresses=`` names, one a line."""

    name = "empty"

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each address; none without a file."""
        for url in _addresses(getattr(self, "addresses", None)):
            yield Request(url)

    def parse(self, response: Response) -> None:
        """Do nothing."""


def _addresses(file: str | None) -> list[str]:
    return Path(file).read_text(encoding="utf-8").split() if file else []
