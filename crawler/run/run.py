"""One run over one feed: what its components share."""

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
from crawler.run.endings import CRASHED, FAILURES, LIMITED, STALE, Ending, Endings, cut_short
from crawler.store.feed import FeedStore
from crawler.store.state import State


class Lists(Protocol):
    """How far the mirror's lists were read."""

    @property
    def lists_asked(self) -> bool:
        """Whether every list was asked for, or is known not to have changed."""

    @property
    def lists_complete(self) -> bool:
        """Whether none of them failed either."""


class Run:
    """A run: its options, its store, its counts, and how it ended.

    Attributes:
        lists: the frontier's account of the lists, once there is a frontier.
        commit: the git commit that was read, where there is one.
        doing: what the run is doing before its first page, in words.
        known: how many articles the feed has, once the run is closed.
        newest: the latest day of publication of all its articles, once the run is closed; None
            without any. Days after tomorrow do not count: no article is published in the future.
        readers: version of the readers that read the run's lines.
        closed: whether the store was closed, or would not close.
    """

    def __init__(self, options: CrawlOptions, *, stale_after_days: float = math.inf) -> None:
        """Open the feed.

        Args:
            options: what the user asked for.
            stale_after_days: a newest article that is older makes the run end as ``stale``.

        Raises:
            RunError: it cannot be opened.
        """
        self.options = options
        self.counts = RunCounts()
        self.lists: Lists | None = None
        self.begun = datetime.now(UTC)
        self.commit: str | None = None
        self.doing = ""
        self.known = 0
        self.newest: str | None = None
        self.readers = readers_version(options.mirror.format)
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
            NotConfigured: the spider has none; a component then stands aside.
        """
        run = getattr(crawler.spider, "run", None)
        if not isinstance(run, Run):
            raise NotConfigured  # with a message Scrapy would warn of every component
        return run

    def say(self, doing: str) -> None:
        """Note in words what the run is doing before its first page; the progress shows it."""
        self.doing = doing

    # -- how it ends -----------------------------------------------------------------------

    def end(self, error: RunError) -> None:
        """Note an error that ends the run."""
        self._endings.add(Ending.of_error(error))

    def crash(self) -> None:
        """Note that an error of the program happened."""
        self._endings.add(CRASHED)

    def interrupt(self, signum: int) -> None:
        """Note the signal that stops the run."""
        self._endings.add(Ending.of_signal(signum))

    def limit(self) -> None:
        """Note that the limit of new lines was reached."""
        self._endings.add(LIMITED)

    def cut_short(self, reason: str) -> None:
        """Note that the spider was closed early, with Scrapy's ``reason``."""
        self._endings.add(cut_short(reason))

    def export_failed(self, reason: str) -> None:
        """Note that one of Scrapy's exports failed, perhaps after the run's line was written."""
        self._endings.add(FAILURES._replace(reason=reason))
        if self._outcome is not None and self._outcome.exit_code == 0:
            self._outcome = self._endings.gravest

    def refuse(self, article: str, reason: str) -> None:
        """Note that an article was read and no line can be made of it."""
        self.counts.fail(article, reason)
        self.store.fail(article, reason)

    @property
    def failed(self) -> bool:
        """Whether an error ends the run."""
        return self._endings.fatal

    @property
    def outcome(self) -> Ending:
        """How the run has ended so far; once its line is written, what that says."""
        if self._outcome is not None:
            return self._outcome
        gravest = self._endings.gravest
        if self.counts.counted_failures:
            return min(gravest, FAILURES, key=lambda ending: ending.gravity)
        return gravest

    @property
    def reason(self) -> str | None:
        """Why the run ended early; None where it did not."""
        reason = self._endings.reason
        return None if reason is None else printable(reason, MESSAGE)

    # -- its end ---------------------------------------------------------------------------

    @contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Close a run that fails before its spider opens, so that it has its line."""
        try:
            yield
        except Exception as error:
            self.abandon(error)
            raise

    def abandon(self, error: BaseException | None) -> None:
        """Close the run because of ``error``; the feed's own troubles are noted, not raised."""
        if isinstance(error, RunError):
            self.end(error)
        elif error is not None:
            self.crash()
        with suppress(FeedUnusable):
            self.close(datetime.now(UTC))

    def close(self, now: datetime) -> None:
        """Close the store with the run's line.

        Raises:
            FeedUnusable: the disk refused; that is the run's ending, too.
        """
        self.closed = True
        try:
            self._conclude(self.store.state)
            self._check_age(self.store.state, now)
            self.store.commit()
        except FeedUnusable as error:
            self.end(error)  # its line may still find room
        outcome = self.outcome
        try:
            self.store.close(self._record(now, outcome))
        except FeedUnusable as error:
            self.end(error)
            raise
        self._outcome = outcome

    def _conclude(self, state: State) -> None:
        """Take from the state what the report says; leave there what the next run compares with."""
        self.counts.set_aside = self.store.all_set_aside()
        self.known, _ = state.counts()
        if unlike := self.store.unlike_readers:
            self.counts.warnings.append(
                f"readers differ: {unlike} changes were found by comparing with what other "
                "readers had read, for the old page is not at hand"
            )
        if self.lists is None:
            return
        if self.lists.lists_complete and self.counts.entries and self.outcome.exit_code == 0:
            state.put("entries", self.counts.entries)
        if self.lists.lists_asked and self.commit:
            state.put("commit", self.commit)

    def _check_age(self, state: State, now: datetime) -> None:
        """Note the newest article's day, and whether it is too old."""
        self.newest = state.newest((now + timedelta(days=1)).date().isoformat())
        if self.newest is None:
            return
        age = (now.date() - date.fromisoformat(self.newest)).days
        if age > self._stale_after_days:
            self._endings.add(
                STALE._replace(
                    reason=f"the newest article is of {self.newest}, {age} days ago: the mirror "
                    "may no longer be updated; look at it, or raise STALE_AFTER_DAYS"
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
        """Return the head of the run's line."""
        mirror = self.options.mirror
        return {
            "start": timestamp(self.begun),
            "mirror": mirror.name,
            "way": self.options.via,
            "crawler": __version__,
            "readers": self.readers,
            "contract": CONTRACT_VERSION,
            "address": mirror.public if mirror.named_by_address else None,
        }
