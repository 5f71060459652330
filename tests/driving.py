"""A frontier without Scrapy: a mirror in a directory, a feed, and the frontier between them.

What a crawl does a few milliseconds after another, so that many cases can be tried.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawling import Feed

from crawler.config.mirrors import Mirror
from crawler.config.options import CrawlOptions
from crawler.exceptions import PageError, RunError
from crawler.frontier.frontier import Frontier
from crawler.items import as_record
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore
from crawler.transports.path import PathTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from crawler.frontier.target import Target

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@dataclass
class Walked:
    """What came of a frontier.

    Attributes:
        counts: its counts.
        paths: the pages it read or tried, in order.
        frontier: the frontier itself.
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
    fails: Mapping[str, PageError] | None = None,
    sections: tuple[str, ...] = (),
    prepare: Callable[[Frontier], None] | None = None,
    **options: Any,
) -> Walked:
    """Frontier over the mirror in ``directory``, one page after the other, into ``feed``.

    Args:
        directory: base of the mirror.
        feed: directory of the feed.
        fails: pages that cannot be had, by path.
        sections: that the home page forgets.
        prepare: what is done to the frontier before it begins.
        options: of the crawl.
    """
    public = "https://example.org/small/blob/master/"
    mirror = Mirror("small", public, {"path": str(directory)}, sections)
    store = FeedStore(feed, mirror.name, {"start": "2026-11-01T12:00:00Z", "mirror": mirror.name})
    chosen = CrawlOptions(mirror, "path", feed, **options)
    frontier = Frontier(chosen, store, RunCounts(), clock=lambda: NOON)
    if prepare:
        prepare(frontier)
    walked = Walked(frontier.counts, frontier, Feed(feed))
    way = PathTransport(str(directory))
    try:
        while targets := frontier.next():
            for target in targets:
                walked.paths.append(target.path)
                _answer(frontier, target, way, fails or {})
    except RunError as error:
        walked.error = error
    if frontier.lists_complete and not walked.error and not frontier.counts.counted_failures:
        store.state.put("entries", frontier.counts.entries)
    frontier.counts.set_aside = store.all_set_aside()
    store.commit()
    store.close(None)
    return walked


def _answer(
    frontier: Frontier, target: Target, way: PathTransport, fails: Mapping[str, PageError]
) -> None:
    try:
        if target.path in fails:
            raise fails[target.path]
        body = way.read(target.path)
    except PageError as error:
        article = frontier.failed(target, error)
    else:
        article = frontier.took(target, body)
    if article is not None:
        frontier.store.write(as_record(article), blob=article.blob_id)
        frontier.counts.new += 1
