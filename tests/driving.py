"""A crawl without Scrapy: a mirror in a directory, a feed, and the project's own driver between them.

It takes a few milliseconds, so that tests can try many cases.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from crawling import Feed
from scrapy.exceptions import DropItem

from crawler.config.mirrors import Mirror
from crawler.config.options import CrawlOptions
from crawler.driver.driver import Driver
from crawler.exceptions import RunError
from crawler.frontier.frontier import Frontier
from crawler.pipelines.write import WritePipeline
from crawler.readers.pages import read_page
from crawler.readers.readers import PageReaders
from crawler.run.counts import RunCounts
from crawler.run.endings import Ending
from crawler.run.run import Run
from crawler.snapshot import Snapshot
from crawler.transports.path import PathTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from crawler.transports.base import Fetched

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
NOTHING_KNOWN = Snapshot()


class WatchedRun(Run):
    """A run that keeps the first error that ends it."""

    error: RunError | None = None

    def end(self, how: Ending | RunError) -> None:
        """Keep ``how`` if it is the first error."""
        if isinstance(how, RunError):
            self.error = self.error or how
        super().end(how)


class WatchedTransport(PathTransport):
    """Fetches pages one by one from a directory, except for those that are to fail.

    Attributes:
        paths: requested pages, in order.
        stopped: set when the page at which to stop is requested; it never arrives.
    """

    window = 1

    def __init__(self, base: str, fails: Mapping[str, Exception], stops_at: str | None) -> None:
        """Fail the pages in ``fails``, by path."""
        super().__init__(base)
        self.fails = fails
        self.stops_at = stops_at
        self.stopped = False
        self.paths: list[str] = []

    async def fetch(self, path: str) -> Fetched:
        """Fetch the page at ``path``."""
        self.paths.append(path)
        if path == self.stops_at:
            self.stopped = True
            await asyncio.sleep(3600)
        if path in self.fails:
            raise self.fails[path]
        return await super().fetch(path)


@dataclass
class Walked:
    """The result of a crawl.

    Attributes:
        counts: its counts.
        paths: the pages that it read or tried, in order.
        frontier: its frontier.
        feed: what it wrote.
        error: what ended it.
    """

    counts: RunCounts
    frontier: Frontier
    feed: Feed
    paths: list[str] = field(default_factory=list)
    error: RunError | None = None


def walk_mirror(
    directory: Path,
    feed: Path,
    *,
    fails: Mapping[str, Exception] | None = None,
    stops_at: str | None = None,
    commit: str | None = None,
    sections: tuple[str, ...] = (),
    transport: type[WatchedTransport] = WatchedTransport,
    batches: int = 1,
    snapshot: Snapshot = NOTHING_KNOWN,
    shrunk_share: float = 0.9,
    prepare: Callable[[Frontier], None] | None = None,
    **options: Any,
) -> Walked:
    """Crawl the mirror in ``directory``, page by page, into ``feed``.

    Args:
        directory: base of the mirror.
        feed: directory of the feed.
        fails: pages that cannot be fetched, by path.
        stops_at: page at which the crawl is stopped while it is fetched.
        commit: the transport's commit.
        sections: sections missing from the home page.
        transport: fetches the pages.
        batches: by how much the readers multiply the transport's window.
        snapshot: what the transport knows.
        shrunk_share: the setting of the same name.
        prepare: called with the frontier before the crawl starts.
        options: the crawl's options.
    """
    public = "https://example.org/small/blob/master/"
    mirror = Mirror("small", public, {"path": str(directory)}, sections)
    run = WatchedRun(CrawlOptions(mirror, "path", feed, **options))
    run.commit = commit
    frontier = run.frontier = Frontier(
        run.options,
        run.store,
        run.counts,
        clock=lambda: NOON,
        snapshot=snapshot,
        shrunk_share=shrunk_share,
    )
    if prepare:
        prepare(frontier)
    watched = transport(str(directory), fails or {}, stops_at)
    asyncio.run(_drive(run, frontier, watched, batches))
    run.close(NOON)
    return Walked(run.counts, frontier, Feed(feed), watched.paths, run.error)


async def _drive(run: Run, frontier: Frontier, transport: WatchedTransport, batches: int) -> None:
    mirror = run.options.mirror
    readers = PageReaders(0, run.store, partial(read_page, mirror.format, mirror.bases))
    readers.batches = batches
    driver = Driver(run, frontier, transport, None, readers, closing=lambda: transport.stopped)
    pipeline = WritePipeline(run)
    async for article in driver.articles():
        with suppress(DropItem):
            pipeline.process_item(article)
    readers.close()
    if driver.moved:
        run.end(driver.moved)
