"""The walk: home page, section indexes, archive pages, articles. It decides, others fetch.

A driver asks :meth:`Walk.next` what to read, and answers every visit with
:meth:`Walk.took` or :meth:`Walk.failed`; both may give an article. The walk does no
input or output of its own but through the ledger, so it is the same whatever the way.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crawler.changes import Changes
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageError, PageMalformed
from crawler.items import Article
from crawler.ledger import Ledger
from crawler.lists import Lists
from crawler.options import CrawlOptions
from crawler.pages.home import read_home
from crawler.pages.index import read_index
from crawler.pages.source import decoded
from crawler.state import Ids
from crawler.tally import Tally
from crawler.urls import HOME, Copy, copy_of, index_path
from crawler.visit import Visit

if TYPE_CHECKING:
    from crawler.pages.article import ArticlePage

logger = logging.getLogger(__name__)

# Another copy of the article may be whole where this one is so.
_OTHER_COPY_HELPS = frozenset({"missing", "malformed", "too_large", "not_utf8"})
# The host is busy or broken, not the page.
_PUT_OFF = re.compile(r"http_(429|5[0-9]{2})")
# The run is ending: the page itself was never tried.
_NOT_TRIED = frozenset({"run_ending"})


class Walk:
    """One walk over a mirror.

    Attributes:
        lists: what the mirror's lists say.
        changes: what changed since the mirror was last crawled, from a way that knows.
        compare_all: the way cannot tell, because the mirror restarted its history.
        second_unseen: keys that a second way cannot see, where there is one for pages that fail.
        blob_id: tells a page's git blob id without reading it, from a way that can.
        in_flight: how many visits wait for their answer.
        given: how many articles were given.
        lists_asked: every list of the mirror was asked for, or is known not to have changed; what
            failed is kept as failing.
        lists_complete: so it was, and none failed.
        finished: nothing was left to read, or the limit was reached.
    """

    def __init__(
        self,
        options: CrawlOptions,
        ledger: Ledger,
        tally: Tally,
        *,
        clock: Callable[[], datetime],
        unseen: frozenset[str] = frozenset(),
        shrunk_share: float = 0.9,
    ) -> None:
        """Prepare a walk.

        Args:
            options: what the user asked for.
            ledger: what is known, and where new knowledge goes.
            tally: the run's counts.
            clock: gives the time of reading, in UTC.
            unseen: keys that the way cannot see.
            shrunk_share: fewer entries than this share of the last complete run: unusable.
        """
        self.options = options
        self.ledger = ledger
        self.tally = tally
        self.clock = clock
        self.unseen = unseen
        self.shrunk_share = shrunk_share
        self.changes: Changes | None = None
        self.compare_all = False
        self.blob_id: Callable[[str], str | None] | None = None
        self.second_unseen: frozenset[str] | None = None
        self.in_flight = 0
        self.lists_asked = False
        self.lists_complete = False
        self._troubled = {key for key, *_ in ledger.state.failures()}
        self._set_aside = frozenset(ledger.all_set_aside())
        waiting = frozenset(ledger.set_aside(due=False))
        self.lists = Lists(options, ledger, tally, clock=clock, waiting=waiting)
        self.given = 0
        self._again: deque[Visit] = deque()
        self._plan = self._planned()
        self._over = False
        self.finished = False

    # -- the driver's side -------------------------------------------------------------

    def next(self, room: int = 1) -> list[Visit]:
        """Return at most ``room`` visits to make now; none while results are awaited, at the end.

        Raises:
            RunError: what was read so far says that going on is no use.
        """
        visits: list[Visit] = []
        while len(visits) < room and not self._over:
            visit = self._again.popleft() if self._again else self._planned_next()
            if visit is None:
                break
            self.in_flight += 1
            visits.append(visit)
        return visits

    def _planned_next(self) -> Visit | None:
        try:
            return next(self._plan)
        except StopIteration:
            self.finished = True
            return None

    def stop(self) -> None:
        """Give no more visits."""
        self._over = True

    def took(self, visit: Visit, body: bytes, page: ArticlePage | None = None) -> Article | None:
        """Take in a page; return the article it gives, if any.

        Args:
            visit: what was visited.
            body: the page's bytes.
            page: what an article's page says, where it was read already.

        Raises:
            RunError: the page says that going on is no use.
        """
        try:
            if visit.kind == "article":
                return self._took_article(visit, body, page)
            text = decoded(body)
            if visit.kind == "home":
                self.lists.take_home(read_home(text))
            else:
                self.lists.take_index(visit, read_index(text, visit.section))
        except PageError as error:
            return self._no_good(visit, error)
        except MirrorMoved:
            self.stop()
            raise
        self._read(visit)
        return None

    def failed(self, visit: Visit, error: PageError) -> Article | None:
        """Take in that a page could not be had; return the article an earlier copy gave, if any.

        Raises:
            MirrorUnusable: it was the home page.
        """
        return self._no_good(visit, error)

    # -- the plan ------------------------------------------------------------------------

    def _planned(self) -> Iterator[Visit | None]:
        """Yield visits in the order they are due; None: wait for a result."""
        if self._nothing_to_do():
            self.lists_asked = self.lists_complete = True
            return
        self._report_changes()
        yield Visit("home", HOME)
        yield from self._all_in()
        # Also one that is set aside: it is one request, and all its news wait behind it.
        for section in self.lists.names:
            yield Visit("index", index_path(section), section)
        yield from self._all_in()
        self.lists.check_size(self.shrunk_share)
        yield from self._archives()
        self.lists_complete = self.lists_asked and not self.tally.failures
        if self.options.recheck:
            self.lists.report(complete=self.lists_complete)
        yield from self._articles()
        if self.options.recheck:
            yield from self._published()
        yield from self._all_in()

    def _all_in(self) -> Iterator[None]:
        while self._awaited:
            yield None

    def _archives(self) -> Iterator[Visit | None]:
        """Yield archive pages that are due; under a limit only as far back as it needs."""
        sections = self.lists.last_page
        due = {section: self.lists.due_archives(section, self._differs) for section in sections}
        while any(due.values()):
            if self.options.limit is None:
                pages = [visit for visits in due.values() for visit in visits]
                due = {}
            elif len(self._wanted()) < self.options.limit:
                pages = [visits.pop(0) for visits in due.values() if visits]
            else:
                return
            for visit in pages:
                if not self.lists.pager_lies(visit):
                    yield visit
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
        return not (changed or self.lists.are_due(self._troubled) or self.ledger.pending())

    def _report_changes(self) -> None:
        """Note which published articles' pages changed or vanished, from their paths alone."""
        if self.options.recheck or self.blob_id is None:
            return
        if self.compare_all:
            self.lists.warn(
                "the state last compared with is unknown to the mirror: all is compared"
            )
            lines = self.ledger.state.written()
        elif self.changes is not None:
            paths = self.changes.modified | self.changes.deleted
            copies = sorted(copy for path in paths if (copy := copy_of(path)))
            lines = self.ledger.state.written_from(copies)
        else:
            return
        for article, written in lines:
            if written.section is None:
                continue
            blob = self.blob_id(Copy(written.section, article).path)
            if blob is None:
                self.tally.differs("vanished", article)
            elif written.blob and blob != written.blob:
                self.tally.differs("changed", article)

    def _wanted(self) -> Ids:
        """Return the articles to fetch, the newest first."""
        pending = self.ledger.pending()
        if not self.options.sections:
            return pending
        listing = self.ledger.state.sections_of
        return Ids(one for one in pending if not self.options.sections.isdisjoint(listing(one)))

    def _articles(self) -> Iterator[Visit | None]:
        """Yield listed articles that the feed has no line of, until the limit is reached."""
        wanted = self._wanted()
        self.tally.wanted = len(wanted)
        if self.options.limit is not None:
            self.tally.wanted = min(len(wanted), self.options.limit)
        for article in wanted:
            while self._limit_in_sight():
                if not self._awaited:
                    self.tally.limited = True
                    return
                yield None
            copies = self.lists.copies(article)
            yield Visit("article", copies[0].path, copies[0].section, 0, article, copies[1:])

    def _limit_in_sight(self) -> bool:
        """Tell whether what was given and what is awaited may already reach the limit."""
        limit = self.options.limit
        return limit is not None and self.given + self._awaited >= limit

    @property
    def _awaited(self) -> int:
        return self.in_flight + len(self._again)

    def _published(self) -> Iterator[Visit | None]:
        """Yield the pages of lines that the feed has, on a recheck, to compare them."""
        for article, written in self.ledger.state.written():
            copy = next(iter(self.lists.copies(article)), Copy("", article))
            section = written.section or copy.section
            path = Copy(section, article).path
            if self.blob_id and written.blob and self.blob_id(path) == written.blob:
                continue
            yield Visit("article", path, section, 0, article, published=written)

    # -- what was read ---------------------------------------------------------------------

    def _read(self, visit: Visit) -> None:
        """Count a page that was read, and forget that it ever failed."""
        self.in_flight -= 1
        self.tally.pages[visit.kind] += 1
        if visit.kind != "article" and visit.path in self._troubled:
            self.ledger.recover(visit.path)

    def _took_article(self, visit: Visit, body: bytes, page: ArticlePage | None) -> Article | None:
        # Here, not above: nearly all runs of a crontab find nothing new, and do without the
        # 0.2 s that the readers' patterns take to compile.
        from crawler.loaders import Reading, load_article  # noqa: PLC0415
        from crawler.pages.article import read_article  # noqa: PLC0415

        page = page or read_article(decoded(body))
        if page.original.id != visit.id:
            raise PageMalformed(f"it is the page of {page.original.id}")
        reading = Reading(
            mirror=self.options.mirror.name,
            mirror_url=self.options.mirror.public + visit.path,
            sections=self.lists.sections(visit.id),
            at=self.clock(),
            unseen=(self.second_unseen or self.unseen) if visit.second_way else self.unseen,
        )
        article = load_article(page, reading)
        self._read(visit)
        self.tally.unusable_urls += page.unusable_urls
        if visit.published:
            if visit.published.sha256 != article.content_sha256:
                self.tally.differs("changed", visit.id)
            return None
        if article.truncated and visit.kept is not None:
            article = visit.kept
        else:
            self.ledger.blobs[visit.id] = blob_id_of(body)
        if article.truncated and visit.others:
            self._try_other(visit, kept=article)
            return None
        return self._give(article)

    def _give(self, article: Article) -> Article:
        self.given += 1
        return article

    def _try_other(
        self, visit: Visit, *, kept: Article | None = None, trouble: PageError | None = None
    ) -> None:
        """Queue the article's next copy."""
        copy, *others = visit.others
        self._again.append(
            replace(
                visit,
                path=copy.path,
                section=copy.section,
                others=tuple(others),
                kept=visit.kept or kept,
                trouble=visit.trouble or trouble,
                second_way=False,
            )
        )

    def _no_good(self, visit: Visit, error: PageError) -> Article | None:
        self.in_flight -= 1
        if error.reason in _NOT_TRIED:
            # Going on would take what is unknown for what is not there.
            self.stop()
            return None
        if self._second_way_helps(visit, error):
            self._again.append(replace(visit, second_way=True))
            return None
        if visit.kind == "home":
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} cannot be reached by {self.options.via}: its "
                f"home page {HOME}: {error}"
            )
        if visit.published:
            self.tally.differs("vanished" if error.reason == "missing" else "unread", visit.id)
            if error.reason != "missing":  # what the feed has of it stays as good as it was
                self.tally.fail(visit.id, error.reason)
            return None
        if visit.kind == "article" and error.reason in _OTHER_COPY_HELPS:
            if visit.others:
                self.lists.warn(f"{visit.path}: {error.reason}: {error}; another copy is tried")
                self._try_other(visit, trouble=error)
                return None
            if visit.kept is not None:
                return self._give(visit.kept)
        # A copy that is whole but out of reach today is worth a later run's try, also where
        # an earlier one was read that is cut short.
        trouble = visit.trouble or error
        if visit.kind == "archive" and trouble.reason == "missing":
            self.lists.note_missing(visit)
        logger.warning("%s: %s: %s", visit.path, trouble.reason, trouble)
        self.tally.fail(visit.key, trouble.reason)
        self.ledger.fail(visit.key, trouble.reason)
        return None

    def _second_way_helps(self, visit: Visit, error: PageError) -> bool:
        """Tell whether to try the page once by the second way.

        Only a page that is refused for good (403) or was set aside: what a busy host puts off
        comes whole by the first way later, and an article's line is for ever. So also one that
        was set aside is not tried while it is answered with 429 or 5xx.
        """
        if self.second_unseen is None or visit.second_way or visit.published:
            return False
        if _PUT_OFF.fullmatch(error.reason):
            return False
        return error.reason == "http_403" or visit.key in self._set_aside


def blob_id_of(body: bytes) -> str:
    """Return the id git gives these bytes; it tells a page that changed from one that did not."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
