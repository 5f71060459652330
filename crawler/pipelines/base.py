"""The base class of pipelines that use the run."""

from __future__ import annotations

from typing import Self, TypeVar

from scrapy.crawler import Crawler

from crawler.items import Article, ArticleLine
from crawler.run.run import Run

Item = TypeVar("Item", bound=Article | ArticleLine)


class RunPipeline:
    """A pipeline that is active only in a run."""

    def __init__(self, run: Run) -> None:
        self.run = run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        return cls(Run.of(crawler))
