"""One run over one feed: what its components share."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured

from crawler import __version__
from crawler.config.options import CrawlOptions
from crawler.exceptions import FeedUnusable, RunError
from crawler.items import CONTRACT_VERSION, timestamp
from crawler.run.counts import NAMED_IDS, RunCounts
from crawler.run.ending import run_ending
from crawler.run.outcome import Outcome, graver, outcome_of
from crawler.store.feed import FeedStore
from crawler.store.state import State

_runs: MutableMapping[Crawler, Run] = WeakKeyDictionary()


class Run:
    """A run: its options, its store, its counts.

    Attributes:
        commit: the git commit that was read, where there is one.
        closed: the store was closed, or would not let itself be closed.
        announce: tells all who hold requests back that the run ends.
        signal: number of the signal that stopped the run.
        lists_complete: every list of the mirror was read.
        lists_asked: every list was asked for; what failed is kept as failing.
        doing: what the run is doing before its first page, in words.
        known: how many articles the feed has, once the run is closed.
        crashed: an error of the program itself happened.
        cut_short: why it ended before the frontier did, in Scrapy's words; None: it did not.
    """

    def __init__(self, options: CrawlOptions) -> None:
        """Open the feed.

        Raises:
            RunError: the feed cannot be had.
        """
        self.options = options
        self.counts = RunCounts()
        self.announce: Callable[[RunError], object] = lambda _: None
        self.start = datetime.now(UTC)
        self.commit: str | None = None
        self.signal: int | None = None
        self.lists_complete = False
        self.lists_asked = False
        self.doing = ""
        self.known = 0
        self.crashed = False
        self.closed = False
        self.cut_short: str | None = None
        self._told: Outcome | None = None
        self.store = FeedStore(
            options.feed, options.mirror.name, self.about(), options.mirror.format
        )

    @classmethod
    def begin(cls, crawler: Crawler, options: CrawlOptions) -> Run:
        """Begin the run of ``crawler``."""
        run = _runs[crawler] = cls(options)
        run.announce = lambda error: crawler.signals.send_catch_log(signal=run_ending, error=error)
        return run

    @classmethod
    def of(cls, crawler: Crawler) -> Run:
        """Return the run of ``crawler``.

        Raises:
            NotConfigured: it runs a spider that has none, such as that of ``scrapy shell``. A
                component that asks for the run when Scrapy builds it stands aside then.
        """
        run = _runs.get(crawler)
        if run is None:
            raise NotConfigured
        return run

    def say(self, doing: str) -> None:
        """Note in words what the run is doing before its first page; the progress shows it."""
        self.doing = doing

    def end(self, error: RunError) -> None:
        """Note what ends the run before it is done; of several errors the gravest counts."""
        first = self.counts.error is None
        self.counts.error = graver(self.counts.error, error)
        if first:
            self.announce(error)

    def refuse(self, article: str, reason: str) -> None:
        """Note that an article was read, and no line can come of it."""
        self.counts.fail(article, reason)
        self.store.fail(article, reason)

    @property
    def outcome(self) -> Outcome:
        """What the run has come to so far; once its line is written, what that says."""
        return self._told or outcome_of(
            self.counts,
            stopped_by=self.signal,
            crashed=self.crashed,
            cut_short=self.cut_short is not None,
        )

    @property
    def reason(self) -> str | None:
        """Why the run ended before it was done; None where it did not."""
        return str(self.counts.error) if self.counts.error else self.cut_short

    def close(self, now: datetime) -> None:
        """Close the store with the run's line.

        Raises:
            FeedUnusable: the disk refused.
        """
        self.closed = True
        try:
            with self.store.guard():
                self._conclude(self.store.state)
            self.store.commit()
        except FeedUnusable as error:
            self.end(error)  # its line may still find room
        outcome = self.outcome
        self.store.close(self._record(now, outcome))
        self._told = outcome

    def _conclude(self, state: State) -> None:
        """Take from the state what the report tells, and leave there what the next run compares."""
        self.counts.set_aside = self.store.all_set_aside()
        self.known, _ = state.counts()
        if self.lists_complete and self.counts.entries and self.outcome.exit_code == 0:
            state.put("entries", self.counts.entries)
        if self.lists_asked and self.commit:
            state.put("commit", self.commit)

    def _record(self, now: datetime, outcome: Outcome) -> dict[str, Any]:
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
            "duplicates": counts.duplicates,
            "failures": counts.named_failures(),
            "set_aside": counts.set_aside,
            "changed": counts.named_changes(),
            "warnings": counts.warnings[:NAMED_IDS],
        }

    def about(self) -> dict[str, Any]:
        """Return the head of the run's line."""
        mirror = self.options.mirror
        return {
            "start": timestamp(self.start),
            "mirror": mirror.name,
            "way": self.options.via,
            "crawler": __version__,
            "contract": CONTRACT_VERSION,
            "address": mirror.public if mirror.named_by_address else None,
        }
