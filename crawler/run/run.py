"""One run over one feed: the state that its components share."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler import __version__
from crawler.config.options import CrawlOptions
from crawler.exceptions import FeedUnusable, RunError
from crawler.formats.version import readers_version
from crawler.items import CONTRACT_VERSION, timestamp
from crawler.printable import MESSAGE, printable
from crawler.run.counts import NAMED_IDS, RunCounts
from crawler.run.endings import CRASHED, FAILURES, STALE, Ending, Endings
from crawler.store.feed import FeedStore
from crawler.store.state import State


class Frontier(Protocol):
    """How far the mirror was read; see :class:`crawler.frontier.plan.Plan`."""

    @property
    def finished(self) -> bool:
        """Whether nothing is left to fetch, or the limit was reached."""

    @property
    def lists_asked(self) -> bool:
        """Whether every list was requested or is known to be unchanged."""

    @property
    def lists_complete(self) -> bool:
        """Whether, in addition, none of them failed."""


class Run:
    """A run: its options, its store, its counts, and how it ended.

    Attributes:
        frontier: the frontier, once there is one.
        commit: the git commit that is read, if any.
        doing: what the run is doing before its first page, for the progress display.
        known: number of articles in the feed, once the run is closed.
        newest: latest date of publication in the feed, once the run is closed; None if there is
            none. Dates after tomorrow do not count.
        readers_version: version of the readers.
        closed: whether :meth:`close` was called.
    """

    def __init__(self, options: CrawlOptions, *, stale_after_days: float = math.inf) -> None:
        """Open the feed; the run ends as ``stale`` if the newest article is too old.

        Raises:
            RunError: the feed cannot be opened.
        """
        self.options = options
        self.counts = RunCounts()
        self.frontier: Frontier | None = None
        self.begun = datetime.now(UTC)
        self.commit: str | None = None
        self.doing = ""
        self.known = 0
        self.newest: str | None = None
        self.readers_version = readers_version(options.mirror.format)
        self._stale_after_days = stale_after_days
        self.closed = False
        self._endings = Endings()
        self._outcome: Ending | None = None
        self.store = FeedStore(
            options.feed, options.mirror.name, self.about(), options.mirror.format
        )

    @classmethod
    def of(cls, crawler: Crawler) -> Run:
        """Return the run of ``crawler``'s spider.

        Raises:
            NotConfigured: the spider has no run, so the component is not needed.
        """
        run = getattr(crawler.spider, "run", None)
        if not isinstance(run, Run):
            raise NotConfigured  # Scrapy would log a message as a warning
        return run

    def say(self, doing: str) -> None:
        """Set what the run is doing before its first page."""
        self.doing = doing

    # -- how it ends -----------------------------------------------------------------------

    def end(self, how: Ending | RunError) -> None:
        """Record an ending; one that is fatal stops the run."""
        self._endings.add(Ending.of_error(how) if isinstance(how, RunError) else how)

    def export_failed(self, reason: str) -> None:
        """Record that one of Scrapy's exports failed, perhaps after the run's line was written."""
        self.end(FAILURES._replace(reason=reason))
        if self._outcome is not None and self._outcome.exit_code == 0:
            self._outcome = self._endings.gravest

    def fail(self, article: str, reason: str) -> None:
        """Record that no line can be made of an article that was read."""
        self.counts.fail(article, reason)
        self.store.fail(article, reason)

    @property
    def must_stop(self) -> bool:
        """Whether a fatal ending was recorded, so that no further page is fetched."""
        return self._endings.fatal

    @property
    def outcome(self) -> Ending:
        """How the run has ended so far; once its line is written, the ending in it."""
        if self._outcome is not None:
            return self._outcome
        gravest = self._endings.gravest
        if self.counts.counted_failures:
            return min(gravest, FAILURES, key=lambda ending: ending.gravity)
        return gravest

    @property
    def reason(self) -> str | None:
        """Why the run ended early; None if it did not."""
        reason = self._endings.reason
        return None if reason is None else printable(reason, MESSAGE)

    # -- closing ---------------------------------------------------------------------------

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Close a run that fails before its spider opens, so that its line is written."""
        try:
            yield
        except Exception as error:
            self.abandon(error)
            raise

    def abandon(self, error: BaseException | None) -> None:
        """Close the run because of ``error``; do not raise further errors of the feed."""
        if isinstance(error, RunError):
            self.end(error)
        elif error is not None:
            self.end(CRASHED)
        with suppress(FeedUnusable):
            self.close(datetime.now(UTC))

    def close(self, now: datetime) -> None:
        """Write the run's line and close the store.

        Raises:
            FeedUnusable: the line cannot be written.
        """
        self.closed = True
        try:
            self._conclude(self.store.state)
            self._check_age(self.store.state, now)
            self.store.commit()
        except FeedUnusable as error:
            self.end(error)  # the run's line may still fit on the disk
        outcome = self.outcome
        try:
            self.store.close(self._record(now, outcome))
        except FeedUnusable as error:
            self.end(error)
            raise
        self._outcome = outcome

    def _conclude(self, state: State) -> None:
        """Complete the counts from the state; record what the next run compares with."""
        self.counts.set_aside = self.store.set_aside()
        self.known, _ = state.counts()
        if unlike := self.store.unlike_readers:
            self.counts.warnings.append(
                f"readers differ: {unlike} changes were found by comparison with editions of an "
                "earlier version of the readers, because the old pages are not available"
            )
        if self.frontier is None:
            return
        if self.frontier.lists_complete and self.counts.entries and self.outcome.exit_code == 0:
            state.put("entries", self.counts.entries)
        if self.frontier.lists_asked and self.commit:
            state.put("commit", self.commit)

    def _check_age(self, state: State, now: datetime) -> None:
        """Set the newest article's date, and check that it is recent enough."""
        self.newest = state.newest((now + timedelta(days=1)).date().isoformat())
        if self.newest is None:
            return
        age = (now.date() - date.fromisoformat(self.newest)).days
        if age > self._stale_after_days:
            self.end(
                STALE._replace(
                    reason=f"the newest article is {age} days old ({self.newest}), so the mirror may "
                    "no longer be updated: check it, or raise STALE_AFTER_DAYS"
                )
            )

    def _record(self, now: datetime, outcome: Ending) -> dict[str, Any]:
        counts = self.counts
        return {
            **self.about(),
            "end": timestamp(now),
            "commit": self.commit,
            "status": outcome.status,
            "exit_code": outcome.exit_code,
            "reason": self.reason,
            "pages": dict(counts.pages),
            "entries": counts.entries,
            "articles": counts.new,
            "listings": counts.listings,
            "changes": counts.changes,
            "duplicates": counts.duplicates,
            "failures": counts.named_failures(),
            "set_aside": counts.set_aside,
            "changed": counts.named_changes(),
            "warnings": counts.warnings[:NAMED_IDS],
            "newest": self.newest,
        }

    def about(self) -> dict[str, Any]:
        """Return the first keys of the run's line."""
        mirror = self.options.mirror
        return {
            "start": timestamp(self.begun),
            "mirror": mirror.name,
            "way": self.options.via,
            "crawler": __version__,
            "readers": self.readers_version,
            "contract": CONTRACT_VERSION,
            "address": mirror.public if mirror.named_by_address else None,
        }
