"""Follows redirects for spiders that have no run."""

from __future__ import annotations

from typing import Self

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.redirect import RedirectMiddleware
from scrapy.exceptions import NotConfigured

from crawler.run.run import Run


class RedirectOutsideRun(RedirectMiddleware):
    """Scrapy's own middleware, for ``scrapy shell``, ``fetch`` and spiders of other projects.

    In a run, `OffsiteMiddleware` follows redirects, and only those within the mirror.
    """

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """Build from the crawler's settings.

        Raises:
            NotConfigured: the crawler has a run.
        """
        if crawler.settings.getlist("MIRROR_BASES"):
            raise NotConfigured
        try:
            Run.of(crawler)
        except NotConfigured:
            # not super(), which warns that no middleware sets Referer; none does so on purpose
            middleware = cls(crawler.settings)
            middleware.crawler = crawler
            return middleware
        raise NotConfigured
