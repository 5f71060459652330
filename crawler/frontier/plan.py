"""The plan: which pages are due, and in which order.

Home page, section indexes, archive pages, articles. All lists come before the first article,
because an article's line names every section that lists it, and is written once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorUnusable
from crawler.frontier.changes import Changes, touched_articles
from crawler.frontier.listings import Listings
from crawler.frontier.target import Target
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore
from crawler.store.published import PackedIds, PublishedArticle

# So many pages may vanish at once from the smallest mirror.
_FEW_GONE = 20


class Plan:
    """The pages that are due, one after the other.

    Attributes:
        lists: what the mirror's lists say.
        changes: what changed since the mirror was last crawled, from a transport that knows.
        compare_all: whether the transport can compare pages, but cannot tell what changed: the
            mirror restarted its history, or no run has compared it yet.
        blob_id: gives a page's git blob id without reading it, from a transport that can.
        sections_present: gives the ids of the sections that have an index, linked or not, from a
            transport that can list them.
        old_page: gives the bytes of a blob id that a page had, from a transport that keeps them.
        in_flight: how many targets wait for their answer.
        given: how many articles were given.
        lists_asked: whether every list of the mirror was asked for, or is known not to have
            changed; what failed is kept as failing.
        lists_complete: whether none of them failed either.
        finished: whether nothing was left to read, or the limit was reached.
        limited: whether the limit was reached.
    """

    def __init__(
        self,
        options: CrawlOptions,
        store: FeedStore,
        counts: RunCounts,
        *,
        clock: Callable[[], datetime],
        shrunk_share: float,
    ) -> None:
        """Make a plan of which nothing was fetched yet.

        Args:
            options: what the user asked for.
            store: what is known, and where new knowledge goes.
            counts: the run's counts.
            clock: gives the time of reading, in UTC.
            shrunk_share: fewer entries than this share of the last complete run: unusable.
        """
        self.options = options
        self.format = options.mirror.format
        self.store = store
        self.counts = counts
        self.clock = clock
        self.shrunk_share = shrunk_share
        self.changes: Changes | None = None
        self.compare_all = False
        self.blob_id: Callable[[str], str | None] | None = None
        self.sections_present: Callable[[], Iterable[str]] | None = None
        self.old_page: Callable[[str], bytes | None] | None = None
        self.in_flight = 0
        self.lists_asked = False
        self.lists_complete = False
        self._troubled = {key for key, *_ in store.state.failures()}
        self._set_aside = frozenset(store.all_set_aside())
        self._waiting = frozenset(store.set_aside(due=False))
        self.lists = Listings(options, store, counts, clock=clock, waiting=self._waiting)
        self._gone: list[str] = []
        self.given = 0
        self._count_again_at = 0
        self._again: deque[Target] = deque()
        self._plan = self._planned()
        self._over = False
        self.finished = False
        self.limited = False

    def next(self, room: int = 1) -> list[Target]:
        """Return at most ``room`` targets to fetch now; none while answers are awaited, at the end.

        Raises:
            RunError: what was read so far says that going on is no use.
        """
        targets: list[Target] = []
        while len(targets) < room and not self._over:
            target = self._again.popleft() if self._again else self._planned_next()
            if target is None:
                break
            self.in_flight += 1
            targets.append(target)
        return targets

    def next_copies(self) -> list[Target]:
        """Return the further copies that are due of articles under way.

        A driver that fetches them at once gets the articles in their order.
        """
        targets = [] if self._over else list(self._again)
        self._again.clear()
        self.in_flight += len(targets)
        return targets

    def _planned_next(self) -> Target | None:
        try:
            return next(self._plan)
        except StopIteration:
            self.finished = True
            return None

    def stop(self) -> None:
        """Give no more targets."""
        self._over = True

    def _planned(self) -> Iterator[Target | None]:
        """Yield targets in the order they are due; None: wait for a result."""
        if self._nothing_to_do():
            self.lists_asked = self.lists_complete = True
            return
        self._note_changes()
        yield Target("home", self.format.home)
        yield from self._all_in()
        # Also one that is set aside: it is one request, and all its news wait behind it.
        for section in self.lists.names:
            yield Target("index", self.format.index_path(section), section)
        yield from self._all_in()
        self.lists.check_size(self.shrunk_share)
        yield from self._archives()
        self.lists_complete = self.lists_asked and not self.counts.failures
        if self.options.recheck:
            self.lists.report(complete=self.lists_complete)
        self.lists.check_any()
        # what has its line in this run was read in this run
        again = self._to_read_again()
        yield from self._articles()
        self.counts.again = len(again)
        yield from self._published(again)
        yield from self._all_in()
        self._settle_gone()

    def _all_in(self) -> Iterator[None]:
        while self._awaited:
            yield None

    def _archives(self) -> Iterator[Target | None]:
        """Yield archive pages that are due; under a limit only as far back as it needs."""
        sections = self.lists.last_page
        due = {section: self.lists.due_archives(section, self._differs) for section in sections}
        while any(due.values()):
            if self.options.limit is None:
                pages = [target for targets in due.values() for target in targets]
                due = {}
            elif self._is_short_of(self.options.limit):
                pages = [targets.pop(0) for targets in due.values() if targets]
            else:
                return
            for target in pages:
                if not self.lists.pager_lies(target):
                    yield target
            yield from self._all_in()
        self.lists_asked = True

    def _is_short_of(self, limit: int) -> bool:
        """Return whether the index pages read so far list fewer articles to fetch than ``limit``.

        Counting reads every listing. A listing adds at most one article, so nothing is counted
        until there are as many new listings as articles were missing.
        """
        if self.counts.listings < self._count_again_at:
            return True
        missing = limit - len(self._wanted())
        self._count_again_at = self.counts.listings + missing
        return missing > 0

    def _differs(self, path: str) -> bool:
        """Tell whether a page that was read before has changed, as far as the transport can know."""
        if self.changes is None:
            return self.compare_all
        return path in self.changes.modified or path in self.changes.added

    def _nothing_to_do(self) -> bool:
        """Tell whether the transport knows that nothing changed, and nothing is left to fetch."""
        if self.changes is None or self.options.recheck:
            return False
        if self.changes or self.lists.are_due(self._troubled) or self.store.pending():
            return False
        return not self._to_read_again()

    def _note_changes(self) -> None:
        """Note which articles are to be read again, as far as the transport knows.

        The state keeps them until they are read: the next run compares with what this one saw.
        """
        state = self.store.state
        if self.compare_all:
            if state.get("commit") is not None:
                self.lists.warn(
                    "the state last compared with is unknown to the mirror: all is compared"
                )
            state.mark_all_due()
        elif self.changes is not None:
            state.mark_due(touched_articles(self.changes, self.format))

    def _to_read_again(self) -> PackedIds:
        """Return the articles with a line that are to be read again, the newest first."""
        state = self.store.state
        ids = state.written() if self.options.recheck else state.due()
        return PackedIds(one for one in ids if one not in self._waiting)

    def _wanted(self) -> PackedIds:
        """Return the articles to fetch, the newest first."""
        pending = self.store.pending()
        if not self.options.sections:
            return pending
        listing = self.store.state.sections_of
        return PackedIds(
            one for one in pending if not self.options.sections.isdisjoint(listing(one))
        )

    def _articles(self) -> Iterator[Target | None]:
        """Yield listed articles that the feed has no line of, until the limit is reached."""
        wanted = self._wanted()
        self.counts.wanted = len(wanted)
        if self.options.limit is not None:
            self.counts.wanted = min(len(wanted), self.options.limit)
        for article in wanted:
            while self._limit_in_sight():
                if not self._awaited:
                    self.limited = True
                    return
                yield None
            path, *others = self.lists.paths(article)
            yield Target("article", path, id=article, others=tuple(others))

    def _limit_in_sight(self) -> bool:
        """Tell whether what was given and what is awaited may already reach the limit."""
        limit = self.options.limit
        return limit is not None and self.given + self._awaited >= limit

    @property
    def _awaited(self) -> int:
        return self.in_flight + len(self._again)

    def _published(self, articles: PackedIds) -> Iterator[Target | None]:
        """Yield the pages of articles with a line whose page differs, or may."""
        for article in articles:
            published = self.store.state.published(article)
            if published is None:  # its line is gone from the feed
                continue
            path, *others = self._copies_again(article, published)
            if self.blob_id is not None:
                versions = [self.blob_id(one) for one in (path, *others)]
                if not any(versions):
                    self._gone.append(article)
                    continue
                better = published.thin and others
                if versions[0] == published.blob and not published.vanished and not better:
                    self.store.keep_as_read(article)
                    continue
            yield Target("article", path, id=article, others=tuple(others), published=published)

    def _copies_again(self, article: str, published: PublishedArticle) -> tuple[str, ...]:
        """Return the paths of an article's copies, the one of its last edition first.

        An article does not change because the mirror lists its sections in another order.
        """
        paths = self.lists.paths(article)
        if published.section is None and paths:
            return paths
        first = self.format.article_path(published.section or "", article)
        return tuple(dict.fromkeys((first, *paths)))

    def _settle_gone(self) -> None:
        """Note articles whose page is gone.

        Raises:
            MirrorUnusable: so many are that the mirror is broken, not its articles withdrawn.
        """
        state = self.store.state
        new = [
            one for one in self._gone if not (known := state.published(one)) or not known.vanished
        ]
        known_articles, _ = state.counts()
        if len(new) > max(_FEW_GONE, (1 - self.shrunk_share) * known_articles):
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has lost {len(new)} pages of the "
                f"{known_articles} articles in the feed. If that is right, run once with "
                "-s MIRROR_SHRUNK_SHARE=0"
            )
        for article in self._gone:
            if self.store.write_vanished(article, self.clock()):
                self.counts.change("vanished", article)
