"""The smallest possible spider: it requests URLs and does nothing with the responses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from scrapy import Request, Spider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from scrapy.http import Response


class EmptySpider(Spider):
    """Fetches the URLs in the file ``-a addresses=``, which has one on each line."""

    name = "empty"

    async def start(self) -> AsyncIterator[Request]:
        """Yield a request for each URL; without a file, none."""
        for url in _addresses(getattr(self, "addresses", None)):
            yield Request(url)

    def parse(self, response: Response) -> None:
        """Do nothing: only the cost of Scrapy is measured."""


def _addresses(file: str | None) -> list[str]:
    return Path(file).read_text(encoding="utf-8").split() if file else []
