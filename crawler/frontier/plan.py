"""The plan: which pages are due, and in which order.

The order is home page, section indexes, archive pages, articles. All lists come before the first
article, because an article's line names every section that lists it and is never rewritten.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorUnusable
from crawler.frontier.listings import Listings
from crawler.frontier.target import Target
from crawler.run.counts import RunCounts
from crawler.snapshot import Snapshot, touched_articles
from crawler.store.edition import PublishedArticle
from crawler.store.feed import FeedStore
from crawler.store.packed_ids import PackedIds

_FEW_GONE = 20
"""Number of pages that may vanish at once, however small the mirror is."""


class Wait(Enum):
    """What a plan yields in place of a target.

    Attributes:
        RESULTS: the results of earlier targets have to come first.
        PAUSE: there is more to compute; signal handlers and the display may run first.
    """

    RESULTS = "results"
    PAUSE = "pause"


PAUSE_AFTER = 100
"""Number of published articles that are looked at between two pauses."""


class NextTargets(NamedTuple):
    """The targets to fetch next.

    Attributes:
        targets: in the order of the plan.
        paused: whether the plan paused, and may be asked for more at once.
    """

    targets: list[Target]
    paused: bool = False


class Plan:
    """Yields the targets that are due.

    Attributes:
        lists: what the mirror's lists say.
        in_flight: number of targets without a result.
        yielded: number of new articles yielded.
        promised: number of articles to read at most, by the archive pages that are due; 0 before
            the section indexes are read.
        lists_asked: whether every list was requested or is known to be unchanged; failures are
            kept in the state.
        lists_complete: whether, in addition, none of them failed.
        finished: whether nothing is left to fetch, or the limit was reached.
        limited: whether the limit was reached.
    """

    def __init__(
        self,
        options: CrawlOptions,
        store: FeedStore,
        counts: RunCounts,
        *,
        clock: Callable[[], datetime],
        snapshot: Snapshot,
        shrunk_share: float,
    ) -> None:
        """Set up the plan of a new run.

        A mirror is unusable if it lists less than ``shrunk_share`` of the entries of the last
        complete run. ``clock`` returns the current time, in UTC.
        """
        self.options = options
        self.format = options.mirror.format
        self.store = store
        self.counts = counts
        self.clock = clock
        self.shrunk_share = shrunk_share
        self.snapshot = snapshot
        self.in_flight = 0
        self.lists_asked = False
        self.lists_complete = False
        self._troubled = {key for key, *_ in store.state.failures()}
        self._set_aside = frozenset(store.set_aside())
        self._waiting = frozenset(store.set_aside(due=False))
        self.lists = Listings(options, store, counts, clock=clock, waiting=self._waiting)
        self._gone: list[str] = []
        self.yielded = 0
        self.promised = 0
        self._count_again_at = 0
        self._retries: deque[Target] = deque()
        self._plan = self._planned()
        self.finished = False
        self.limited = False

    def next(self, room: int) -> NextTargets:
        """Return at most ``room`` targets; none at the end, at a pause, or before further results.

        Raises:
            RunError: the pages read so far show that the run cannot continue.
        """
        targets: list[Target] = []
        while len(targets) < room:
            target = self._retries.popleft() if self._retries else next(self._plan, Wait.RESULTS)
            if isinstance(target, Wait):
                return NextTargets(targets, paused=target is Wait.PAUSE)
            self.in_flight += 1
            targets.append(target)
        return NextTargets(targets)

    def settled(self) -> None:
        """Note that the result of a target was processed."""
        self.in_flight -= 1

    def next_copies(self) -> list[Target]:
        """Return the queued copies of articles whose first copy was fetched.

        A driver that fetches them before other targets yields the articles in order.
        """
        targets = list(self._retries)
        self._retries.clear()
        self.in_flight += len(targets)
        return targets

    def _planned(self) -> Iterator[Target | Wait]:
        if self._nothing_to_do():
            self.lists_asked = self.lists_complete = True
        else:
            yield from self._steps()
        self.finished = True

    def _steps(self) -> Iterator[Target | Wait]:
        self._note_changes()
        yield Target("home", self.format.home)
        yield from self._results()
        # even indexes that are set aside: each is one request, and new articles depend on it
        for section in self.lists.names:
            yield Target("index", self.format.index_path(section), section)
        yield from self._results()
        self.lists.check_size(self.shrunk_share)
        yield from self._archives()
        self.lists_complete = self.lists_asked and not self.counts.failures
        if self.options.recheck:
            yield from self._report()
        self.lists.check_any()
        # determined first, because articles written in this run need not be read again
        again = self._to_read_again()
        yield from self._articles()
        self.counts.again = len(again)
        yield from self._published(again)
        yield from self._results()
        self._settle_gone()

    def _results(self) -> Iterator[Wait]:
        while self._awaited:
            yield Wait.RESULTS

    def _archives(self) -> Iterator[Target | Wait]:
        """Yield the archive pages that are due; with a limit, only as many as it requires."""
        sections = self.lists.last_page
        if history := self.snapshot.history:
            for section in sections:
                self.lists.mark_changed_archives(section, history.differs)
        due = {section: self.lists.due_archives(section) for section in sections}
        self.promised = self._entries_of(due.values())
        while any(due.values()):
            if self.options.limit is None:
                pages = [target for targets in due.values() for target in targets]
                due = {}
            elif self._is_short_of(self.options.limit):
                pages = [targets.pop(0) for targets in due.values() if targets]
            else:
                return
            for target in pages:
                if self.lists.pager_is_wrong(target.section):
                    self.lists.report_pager(target.section)
                else:
                    yield target
            yield from self._results()
        self.lists_asked = True

    def _entries_of(self, archives: Iterable[Sequence[Target]]) -> int:
        """Return how many entries archive pages have, as far as they may be articles to read."""
        if self.options.sections or self.options.recheck:
            return 0
        entries = self.format.entries_per_page * sum(map(len, archives))
        return entries if self.options.limit is None else min(entries, self.options.limit)

    def _is_short_of(self, limit: int) -> bool:
        """Return whether the lists read so far have fewer than ``limit`` articles to fetch.

        Counting reads every listing. A listing adds at most one article, so the next count is not
        due before there are as many new listings as articles were missing.
        """
        if self.counts.listings < self._count_again_at:
            return True
        missing = limit - len(self._wanted())
        self._count_again_at = self.counts.listings + missing
        return missing > 0

    def _nothing_to_do(self) -> bool:
        """Return whether the mirror is known to be unchanged, and nothing is left to fetch."""
        history = self.snapshot.history
        if history is None or history.changes is None or self.options.recheck:
            return False
        if history.changes or self.lists.are_due(self._troubled) or self.store.pending():
            return False
        return not self._to_read_again()

    def _note_changes(self) -> None:
        """Mark the articles that the transport reports as changed.

        The state keeps them until they are read, because the next run compares with this run's
        commit.
        """
        state, history = self.store.state, self.snapshot.history
        if history is None:
            return
        if history.changes is None:
            if state.get("commit") is not None:
                self.lists.warn(
                    "the mirror no longer has the commit last compared with: comparing all pages"
                )
            state.mark_all_due()
        else:
            state.mark_due(touched_articles(history.changes, self.format))

    def _to_read_again(self) -> PackedIds:
        """Return the published articles to read again, newest first."""
        state = self.store.state
        ids = state.written() if self.options.recheck else state.due()
        return PackedIds(one for one in ids if one not in self._waiting)

    def _wanted(self) -> PackedIds:
        """Return the new articles to fetch, newest first."""
        pending = self.store.pending()
        if not self.options.sections:
            return pending
        listing = self.store.state.sections_of
        return PackedIds(
            one for one in pending if not self.options.sections.isdisjoint(listing(one))
        )

    def _articles(self) -> Iterator[Target | Wait]:
        wanted = self._wanted()
        self.counts.wanted = len(wanted)
        if self.options.limit is not None:
            self.counts.wanted = min(len(wanted), self.options.limit)
        for article in wanted:
            while self._limit_in_sight():
                if not self._awaited:
                    self.limited = True
                    return
                yield Wait.RESULTS
            sections = self.lists.sections_of(article)
            path, *others = self.lists.paths(article, sections)
            yield Target("article", path, id=article, sections=sections, others=tuple(others))

    def _limit_in_sight(self) -> bool:
        """Return whether the articles yielded and in flight may already reach the limit."""
        limit = self.options.limit
        return limit is not None and self.yielded + self._awaited >= limit

    @property
    def _awaited(self) -> int:
        return self.in_flight + len(self._retries)

    def _report(self) -> Iterator[Wait]:
        """Record the differences between lists and feed.

        If all lists were read, missing entries count as removed.
        """
        for number, (article, sections) in enumerate(self.store.further_sections(), 1):
            for section in sections:
                self.counts.differs("listed", f"{section}/{article}")
            if number % PAUSE_AFTER == 0:
                yield Wait.PAUSE
        if self.lists_complete:
            for section, article in self.store.state.unlisted():
                if section in self.lists.names:
                    self.counts.differs("unlisted", f"{section}/{article}")

    def _published(self, articles: PackedIds) -> Iterator[Target | Wait]:
        skipped = 0
        for article in articles:
            if target := self._begin_comparison(article):
                yield target
                continue
            skipped += 1
            if skipped % PAUSE_AFTER == 0:
                yield Wait.PAUSE

    def _begin_comparison(self, article: str) -> Target | None:
        """Return the target of a published article that must be read to compare it.

        Return None if the transport knows that its page is the same or gone, and note which.
        """
        published = self.store.state.published(article)
        if published is None:
            return None
        sections = self.lists.sections_of(article)
        path, *others = self._copies_again(article, sections, published)
        if history := self.snapshot.history:
            blob_ids = [history.blob_id_at(one) for one in (path, *others)]
            if not any(blob_ids):
                self._gone.append(article)
                return None
            better = published.thin and others
            if blob_ids[0] == published.blob_id and not published.vanished and not better:
                self.store.mark_unchanged(article)
                return None
        return Target(
            "article", path, id=article, sections=sections, others=tuple(others),
            published=published,
        )  # fmt: skip

    def _copies_again(
        self, article: str, sections: tuple[str, ...], published: PublishedArticle
    ) -> tuple[str, ...]:
        """Return the paths of an article's copies, beginning with that of its last edition.

        So an article does not change if only the order of the mirror's sections does.
        """
        paths = self.lists.paths(article, sections)
        if published.section is None and paths:
            return paths
        first = self.format.article_path(published.section or "", article)
        return tuple(dict.fromkeys((first, *paths)))

    def _settle_gone(self) -> None:
        """Write changes for articles whose pages no longer exist.

        Raises:
            MirrorUnusable: there are so many that the mirror must be broken.
        """
        state = self.store.state
        new = [
            one for one in self._gone if not (known := state.published(one)) or not known.vanished
        ]
        known_articles, _ = state.counts()
        if len(new) > max(_FEW_GONE, (1 - self.shrunk_share) * known_articles):
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has lost {len(new)} pages of the "
                f"{known_articles} articles in the feed. If that is correct, run once with "
                "-s MIRROR_SHRUNK_SHARE=0"
            )
        for article in self._gone:
            if self.store.write_vanished(article, self.clock()):
                self.counts.change("vanished", article)
