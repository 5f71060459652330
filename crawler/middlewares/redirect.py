"""Redirects of spiders that have no run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import NotConfigured

from crawler.run.run import Run

if TYPE_CHECKING:
    from typing import Self

    from scrapy.crawler import Crawler


class RedirectOutsideRun(RedirectMiddleware):
    """Scrapy's own middleware, for ``scrapy shell``, ``fetch`` and the spiders of other projects.

    A run follows redirects within its mirror only, and by `OffsiteMiddleware`.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build for ``crawler``.

        Raises:
            NotConfigured: it has a run.
        """
        if crawler.settings.getlist("MIRROR_BASES"):
            raise NotConfigured
        try:
            Run.of(crawler)
        except NotConfigured:
            # not super(): it warns that no middleware sets the header Referer, which is on purpose
            middleware = cls(crawler.settings)
            middleware.crawler = crawler
            return middleware
        raise NotConfigured
