"""The frontier: home page, section indexes, archive pages, articles. It decides, others fetch.

A driver asks :meth:`Frontier.next` what to fetch, and answers every target with
:meth:`Frontier.on_page` or :meth:`Frontier.on_error`; both may return an article. The frontier does no
input or output of its own but through the store, so it is the same whatever the way.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageError, PageMalformed
from crawler.formats.epoch.home import Home
from crawler.formats.epoch.index import Index
from crawler.frontier.changes import Changes
from crawler.frontier.listings import Listings
from crawler.frontier.target import Target
from crawler.items import Article
from crawler.readers.pages import read_page
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore
from crawler.store.state import PackedIds
from crawler.urls import HOME, Copy, copy_of, index_path

if TYPE_CHECKING:
    from crawler.formats.epoch.article import ArticlePage
    from crawler.readers.pages import Page

logger = logging.getLogger(__name__)

# Another copy of the article may be whole where this one is so.
_OTHER_COPY_HELPS = frozenset({"missing", "malformed", "too_large", "not_utf8"})
# The host is busy or broken, not the page.
_PUT_OFF = re.compile(r"http_(429|5[0-9]{2})")


class Frontier:
    """One frontier over a mirror.

    Attributes:
        lists: what the mirror's lists say.
        changes: what changed since the mirror was last crawled, from a way that knows.
        compare_all: the way cannot tell, because the mirror restarted its history.
        second_unsupported_keys: keys that a second way cannot see, where there is one for pages that fail.
        blob_id: tells a page's git blob id without reading it, from a way that can.
        in_flight: how many targets wait for their answer.
        given: how many articles were given.
        lists_asked: every list of the mirror was asked for, or is known not to have changed; what
            failed is kept as failing.
        lists_complete: so it was, and none failed.
        finished: nothing was left to read, or the limit was reached.
        limited: the limit was reached.
    """

    def __init__(
        self,
        options: CrawlOptions,
        store: FeedStore,
        counts: RunCounts,
        *,
        clock: Callable[[], datetime],
        unsupported_keys: frozenset[str] = frozenset(),
        shrunk_share: float = 0.9,
    ) -> None:
        """Prepare a frontier.

        Args:
            options: what the user asked for.
            store: what is known, and where new knowledge goes.
            counts: the run's counts.
            clock: gives the time of reading, in UTC.
            unsupported_keys: keys that the way cannot see.
            shrunk_share: fewer entries than this share of the last complete run: unusable.
        """
        self.options = options
        self.store = store
        self.counts = counts
        self.clock = clock
        self.unsupported_keys = unsupported_keys
        self.shrunk_share = shrunk_share
        self.changes: Changes | None = None
        self.compare_all = False
        self.blob_id: Callable[[str], str | None] | None = None
        self.second_unsupported_keys: frozenset[str] | None = None
        self.in_flight = 0
        self.lists_asked = False
        self.lists_complete = False
        self._troubled = {key for key, *_ in store.state.failures()}
        self._set_aside = frozenset(store.all_set_aside())
        waiting = frozenset(store.set_aside(due=False))
        self.lists = Listings(options, store, counts, clock=clock, waiting=waiting)
        self.given = 0
        self._again: deque[Target] = deque()
        self._plan = self._planned()
        self._over = False
        self.finished = False
        self.limited = False

    # -- the driver's side -------------------------------------------------------------

    def next(self, room: int = 1) -> list[Target]:
        """Return at most ``room`` targets to make now; none while results are awaited, at the end.

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

    def _planned_next(self) -> Target | None:
        try:
            return next(self._plan)
        except StopIteration:
            self.finished = True
            return None

    def stop(self) -> None:
        """Give no more targets."""
        self._over = True

    def on_page(
        self, target: Target, body: bytes, page: Page | None = None, version: str | None = None
    ) -> Article | None:
        """Take in a page; return the article it gives, if any.

        Args:
            target: what was fetched.
            body: the page's bytes.
            page: what the page says, where it was read already.
            version: the page's git blob id, where the transport knows it.

        Raises:
            RunError: the page says that going on is no use.
        """
        try:
            if target.kind == "article":
                return self._took_article(target, body, page, version)
            page = page or read_page(target.kind, target.section, body)
            if isinstance(page, Home):
                self.lists.take_home(page)
            elif isinstance(page, Index):
                self.lists.take_index(target, page)
        except PageError as error:
            return self._no_good(target, error)
        except MirrorMoved:
            self.stop()
            raise
        self._read(target)
        return None

    def on_error(self, target: Target, error: PageError) -> Article | None:
        """Take in that a page could not be had; return the article an earlier copy gave, if any.

        Raises:
            MirrorUnusable: it was the home page.
        """
        return self._no_good(target, error)

    # -- the plan ------------------------------------------------------------------------

    def _planned(self) -> Iterator[Target | None]:
        """Yield targets in the order they are due; None: wait for a result."""
        if self._nothing_to_do():
            self.lists_asked = self.lists_complete = True
            return
        self._report_changes()
        yield Target("home", HOME)
        yield from self._all_in()
        # Also one that is set aside: it is one request, and all its news wait behind it.
        for section in self.lists.names:
            yield Target("index", index_path(section), section)
        yield from self._all_in()
        self.lists.check_size(self.shrunk_share)
        yield from self._archives()
        self.lists_complete = self.lists_asked and not self.counts.failures
        if self.options.recheck:
            self.lists.report(complete=self.lists_complete)
        yield from self._articles()
        if self.options.recheck:
            yield from self._published()
        yield from self._all_in()

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
            elif len(self._wanted()) < self.options.limit:
                pages = [targets.pop(0) for targets in due.values() if targets]
            else:
                return
            for target in pages:
                if not self.lists.pager_lies(target):
                    yield target
            yield from self._all_in()
        self.lists_asked = True

    def _differs(self, path: str) -> bool:
        """Tell whether a page that was read before has changed, as far as the way can know."""
        if self.changes is None:
            return self.compare_all
        return path in self.changes.modified or path in self.changes.added

    def _nothing_to_do(self) -> bool:
        """Tell whether the way knows that nothing changed, and nothing is left to fetch."""
        if self.changes is None or self.options.recheck:
            return False
        changed = self.changes.added or self.changes.modified or self.changes.deleted
        return not (changed or self.lists.are_due(self._troubled) or self.store.pending())

    def _report_changes(self) -> None:
        """Note which published articles' pages changed or vanished, from their paths alone."""
        if self.options.recheck or self.blob_id is None:
            return
        if self.compare_all:
            self.lists.warn(
                "the state last compared with is unknown to the mirror: all is compared"
            )
            lines = self.store.state.written()
        elif self.changes is not None:
            paths = self.changes.modified | self.changes.deleted
            copies = sorted(copy for path in paths if (copy := copy_of(path)))
            lines = self.store.state.written_from(copies)
        else:
            return
        for article, written in lines:
            if written.section is None:
                continue
            blob = self.blob_id(Copy(written.section, article).path)
            if blob is None:
                self.counts.differs("vanished", article)
            elif written.blob and blob != written.blob:
                self.counts.differs("changed", article)

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
            copies = self.lists.copies(article)
            yield Target("article", copies[0].path, copies[0].section, 0, article, copies[1:])

    def _limit_in_sight(self) -> bool:
        """Tell whether what was given and what is awaited may already reach the limit."""
        limit = self.options.limit
        return limit is not None and self.given + self._awaited >= limit

    @property
    def _awaited(self) -> int:
        return self.in_flight + len(self._again)

    def _published(self) -> Iterator[Target | None]:
        """Yield the pages of lines that the feed has, on a recheck, to compare them."""
        for article, written in self.store.state.written():
            copy = next(iter(self.lists.copies(article)), Copy("", article))
            section = written.section or copy.section
            path = Copy(section, article).path
            if self.blob_id and written.blob and self.blob_id(path) == written.blob:
                continue
            yield Target("article", path, section, 0, article, published=written)

    # -- what was read ---------------------------------------------------------------------

    def _read(self, target: Target) -> None:
        """Count a page that was read, and forget that it ever failed."""
        self.in_flight -= 1
        self.counts.pages[target.kind] += 1
        if target.kind != "article" and target.path in self._troubled:
            self.store.recover(target.path)

    def _took_article(
        self, target: Target, body: bytes, page: Page | None, version: str | None
    ) -> Article | None:
        # Here, not above: nearly all runs of a crontab find nothing new, and do without the
        # 0.2 s that the readers' patterns take to compile.
        from crawler.loaders import Reading, load_article  # noqa: PLC0415

        page = cast("ArticlePage", page or read_page(target.kind, target.section, body))
        if page.original.id != target.id:
            raise PageMalformed(f"it is the page of {page.original.id}")
        reading = Reading(
            mirror=self.options.mirror.name,
            mirror_url=self.options.mirror.public + target.path,
            sections=self.lists.sections(target.id),
            at=self.clock(),
            unsupported_keys=(self.second_unsupported_keys or self.unsupported_keys)
            if target.second_transport
            else self.unsupported_keys,
        )
        article = load_article(page, reading)
        self._read(target)
        self.counts.unusable_urls += page.unusable_urls
        if target.published:
            if target.published.sha256 != article.content_sha256:
                self.counts.differs("changed", target.id)
            return None
        if article.truncated and target.kept is not None:
            article = target.kept
        else:
            self.store.blobs[target.id] = version or blob_id_of(body)
        if article.truncated and target.others:
            self._try_other(target, kept=article)
            return None
        return self._give(article)

    def _give(self, article: Article) -> Article:
        self.given += 1
        return article

    def _try_other(
        self, target: Target, *, kept: Article | None = None, trouble: PageError | None = None
    ) -> None:
        """Queue the article's next copy."""
        copy, *others = target.others
        self._again.append(
            replace(
                target,
                path=copy.path,
                section=copy.section,
                others=tuple(others),
                kept=target.kept or kept,
                trouble=target.trouble or trouble,
                second_transport=False,
            )
        )

    def _no_good(self, target: Target, error: PageError) -> Article | None:
        self.in_flight -= 1
        if self._second_way_helps(target, error):
            self._again.append(replace(target, second_transport=True))
            return None
        if target.kind == "home":
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} cannot be reached by {self.options.via}: its "
                f"home page {HOME}: {error}"
            )
        if target.published:
            self.counts.differs("vanished" if error.reason == "missing" else "unread", target.id)
            if error.reason != "missing":  # what the feed has of it stays as good as it was
                self.counts.fail(target.id, error.reason)
            return None
        if target.kind == "article" and error.reason in _OTHER_COPY_HELPS:
            if target.others:
                self.lists.warn(f"{target.path}: {error.reason}: {error}; another copy is tried")
                self._try_other(target, trouble=error)
                return None
            if target.kept is not None:
                return self._give(target.kept)
        # A copy that is whole but out of reach today is worth a later run's try, also where
        # an earlier one was read that is cut short.
        trouble = target.trouble or error
        if target.kind == "archive" and trouble.reason == "missing":
            self.lists.note_missing(target)
        logger.warning("%s: %s: %s", target.path, trouble.reason, trouble)
        self.counts.fail(target.key, trouble.reason)
        self.store.fail(target.key, trouble.reason)
        return None

    def _second_way_helps(self, target: Target, error: PageError) -> bool:
        """Tell whether to try the page once by the second way.

        Only a page that is refused for good (403) or was set aside: what a busy host puts off
        comes whole by the first way later, and an article's line is for ever. So also one that
        was set aside is not tried while it is answered with 429 or 5xx.
        """
        if self.second_unsupported_keys is None or target.second_transport or target.published:
            return False
        if _PUT_OFF.fullmatch(error.reason):
            return False
        return error.reason == "http_403" or target.key in self._set_aside


def blob_id_of(body: bytes) -> str:
    """Return the id git gives these bytes; it tells a page that changed from one that did not."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
