"""A walk without Scrapy: a mirror in a directory, a feed, and the walk between them.

What a crawl does a few milliseconds after another, so that many cases can be tried.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from crawling import Feed

from crawler.exceptions import PageError, RunError
from crawler.items import as_record
from crawler.ledger import Ledger
from crawler.mirrors import Mirror
from crawler.options import CrawlOptions
from crawler.tally import Tally
from crawler.walk import Walk
from crawler.ways.path import PathWay

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

    from crawler.visit import Visit

NOON = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)


@dataclass
class Walked:
    """What came of a walk.

    Attributes:
        tally: its counts.
        paths: the pages it read or tried, in order.
        walk: the walk itself.
        feed: what it wrote.
        error: what ended it.
    """

    tally: Tally
    walk: Walk
    feed: Feed
    paths: list[str] = field(default_factory=list)
    error: RunError | None = None


def walk_mirror(
    directory: Path,
    feed: Path,
    *,
    fails: Mapping[str, PageError] | None = None,
    sections: tuple[str, ...] = (),
    prepare: Callable[[Walk], None] | None = None,
    **options: Any,
) -> Walked:
    """Walk over the mirror in ``directory``, one page after the other, into ``feed``.

    Args:
        directory: base of the mirror.
        feed: directory of the feed.
        fails: pages that cannot be had, by path.
        sections: that the home page forgets.
        prepare: what is done to the walk before it begins.
        options: of the crawl.
    """
    public = "https://example.org/small/blob/master/"
    mirror = Mirror("small", public, {"path": str(directory)}, sections)
    ledger = Ledger(feed, mirror.name, {"start": "2026-11-01T12:00:00Z", "mirror": mirror.name})
    chosen = CrawlOptions(mirror, "path", feed, **options)
    walk = Walk(chosen, ledger, Tally(), clock=lambda: NOON)
    if prepare:
        prepare(walk)
    walked = Walked(walk.tally, walk, Feed(feed))
    way = PathWay(str(directory))
    try:
        while visits := walk.next():
            for visit in visits:
                walked.paths.append(visit.path)
                _answer(walk, visit, way, fails or {})
    except RunError as error:
        walked.error = error
    if walk.lists_complete and not walked.error and not walk.tally.counted_failures:
        ledger.state.put("entries", walk.tally.entries)
    walk.tally.set_aside = ledger.all_set_aside()
    ledger.commit()
    ledger.close(None)
    return walked


def _answer(walk: Walk, visit: Visit, way: PathWay, fails: Mapping[str, PageError]) -> None:
    try:
        if visit.path in fails:
            raise fails[visit.path]
        body = way.read(visit.path)
    except PageError as error:
        article = walk.failed(visit, error)
    else:
        article = walk.took(visit, body)
    if article is not None:
        walk.ledger.write(as_record(article))
        walk.tally.new += 1
