"""The walk: home page, section indexes, archive pages, articles. It decides, others fetch.

A driver asks :meth:`Walk.next` what to read, and answers every visit with
:meth:`Walk.took` or :meth:`Walk.failed`; both may give an article. The walk does no
input or output of its own but through the ledger, so it is the same whatever the way.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from crawler.changes import Changes
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageError, PageMalformed, WrongUsage
from crawler.items import Article, Section
from crawler.ledger import Ledger
from crawler.options import CrawlOptions
from crawler.pages.home import Home, read_home
from crawler.pages.index import Index, read_index
from crawler.pages.source import decoded
from crawler.state import Ids, Written
from crawler.tally import Tally
from crawler.urls import HOME, Copy, copy_of, index_path, section_of

if TYPE_CHECKING:
    from crawler.pages.article import ArticlePage

logger = logging.getLogger(__name__)

# A pager that names more pages than this (600,000 articles) is a mistake or a trap.
MAX_ARCHIVE_PAGES = 20_000
# So many archive pages of a section one after the other are not there: the others are no more.
MISSING_IN_A_ROW = 30
# "30 in every file": what an archive page holds.
ENTRIES_A_PAGE = 30
# Another copy of the article may be whole where this one is so.
_OTHER_COPY_HELPS = frozenset({"missing", "malformed", "too_large", "not_utf8"})
# The host is busy or broken, not the page.
_PUT_OFF = re.compile(r"http_(429|5[0-9]{2})")
# The run is ending: the page itself was never tried.
_NOT_TRIED = frozenset({"run_ending"})

Kind = Literal["home", "index", "archive", "article"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One page to read.

    Attributes:
        path: below the mirror's base.
        section: the section it belongs to; of an article's copy, the one it lies under.
        page: number of the archive page.
        id: the article's.
        others: further copies of the article, to be tried where this one is no good.
        kept: what an earlier copy gave that was cut short.
        trouble: why the first copy was no good.
        published: what is kept of the article's line, on a recheck.
        second_way: it is read by the way that is kept for pages that fail by the first.
    """

    kind: Kind
    path: str
    section: str = ""
    page: int = 0
    id: str = ""
    others: tuple[Copy, ...] = ()
    kept: Article | None = None
    trouble: PageError | None = None
    published: Written | None = None
    second_way: bool = False

    @property
    def key(self) -> str:
        """The name its failures are kept under: the article's id, or the list's path."""
        return self.id or self.path


class Walk:
    """One walk over a mirror.

    Attributes:
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
        self._waiting = frozenset(ledger.set_aside(due=False))
        self.names: dict[str, str] = {}
        self.last_page: dict[str, int] = {}
        self.moved: dict[str, str] = {}
        self.given = 0
        self._missing_in_a_row: Counter[str] = Counter()
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
                self._took_home(read_home(text))
            else:
                self._took_index(visit, read_index(text, visit.section))
        except PageError as error:
            return self._no_good(visit, error)
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
        for section in self.names:
            yield Visit("index", index_path(section), section)
        yield from self._all_in()
        self._check_size()
        yield from self._archives()
        self.lists_complete = self.lists_asked and not self.tally.failures
        if self.options.recheck:
            self._report_listed()
        yield from self._articles()
        if self.options.recheck:
            yield from self._published()
        yield from self._all_in()

    def _all_in(self) -> Iterator[None]:
        while self._awaited:
            yield None

    def _archives(self) -> Iterator[Visit | None]:
        """Yield archive pages that are due; under a limit only as far back as it needs."""
        due = {section: self._due_archives(section) for section in self.last_page}
        while any(due.values()):
            if self.options.limit is None:
                pages = [visit for visits in due.values() for visit in visits]
                due = {}
            elif len(self._wanted()) < self.options.limit:
                pages = [visits.pop(0) for visits in due.values() if visits]
            else:
                return
            for visit in pages:
                if not self._pager_lies(visit):
                    yield visit
            yield from self._all_in()
        self.lists_asked = True

    def _pager_lies(self, visit: Visit) -> bool:
        """Tell whether so many of the section's pages are missing that the rest is not asked for.

        A pager that names pages by the thousand would cost a host as many requests in every run.
        """
        if self._missing_in_a_row[visit.section] < MISSING_IN_A_ROW:
            return False
        key = index_path(visit.section)
        if key not in self.tally.failures.get("pager", ()):
            logger.warning("%s: its pager names pages that are missing: not all are tried", key)
            self.tally.fail(key, "pager")
        return True

    def _due_archives(self, section: str) -> list[Visit]:
        """Return the section's archive pages that are final and were not read, newest first.

        Page N is final once N + 1 exists; the last page is what the section's own index shows.
        """
        read = self.ledger.state.archives_read(section)
        visits = []
        for page in range(self.last_page[section] - 1, 0, -1):
            path = index_path(section, page)
            known = page in read and not self.options.recheck
            if known and not self._differs(path):
                continue
            if known:  # until it is read again, also by a later run
                self.ledger.archive_unread(section, page)
            if path not in self._waiting:
                visits.append(Visit("archive", path, section, page))
        return visits

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
        return not (changed or self._lists_are_due() or self.ledger.pending())

    def _lists_are_due(self) -> bool:
        """Tell whether a list failed in an earlier run, or is of a section never read yet."""
        wanted = {*self.options.mirror.sections, *self.options.sections}
        new = {index_path(section) for section in wanted - set(self.ledger.state.section_names())}
        failed = {key for key in self._troubled if section_of(key)}
        return not (new | failed) <= self._waiting

    def _report_changes(self) -> None:
        """Note which published articles' pages changed or vanished, from their paths alone."""
        if self.options.recheck or self.blob_id is None:
            return
        if self.compare_all:
            self._warn("the state last compared with is unknown to the mirror: all is compared")
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
            copies = self._copies(article)
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
            section = written.section or next(iter(self._copies(article)), Copy("", "")).section
            path = Copy(section, article).path
            if self.blob_id and written.blob and self.blob_id(path) == written.blob:
                continue
            yield Visit("article", path, section, 0, article, published=written)

    def _copies(self, article: str) -> tuple[Copy, ...]:
        return tuple(Copy(section, article) for section in self._sections(article))

    def _sections(self, article: str) -> list[str]:
        """Return the ids of the sections that list ``article``, in the mirror's order."""
        order = {section: number for number, section in enumerate(self.names)}
        last = len(order)
        return sorted(
            self.ledger.state.sections_of(article), key=lambda one: (order.get(one, last), one)
        )

    # -- what was read ---------------------------------------------------------------------

    def _read(self, visit: Visit) -> None:
        """Count a page that was read, and forget that it ever failed."""
        self.in_flight -= 1
        self.tally.pages[visit.kind] += 1
        if visit.kind != "article" and visit.path in self._troubled:
            self.ledger.recover(visit.path)

    def _took_home(self, home: Home) -> None:
        if home.moved_to:
            raise self._move(home.moved_to)
        for label in home.repeated:
            self._warn(
                f"the home page's label {label.text!r} leads to section {label.section}, "
                "which another label already named"
            )
        known = self.ledger.state.section_names()
        for label in home.labels:
            self.names[label.section] = known.get(label.section) or label.text or label.section
        for section in self.options.mirror.sections:
            self.names.setdefault(section, known.get(section) or section)
        if not home.labels:
            raise MirrorUnusable(
                f"the home page of mirror {self.options.mirror.name!r} lists no section: "
                "look at it, and at its address in the mirrors file"
            )
        for section in sorted(known.keys() - self.names.keys()):
            self._warn(
                f"section {section} ({known[section]}) is no more on the home page: its lists are "
                "not read; name it under 'sections' in the mirrors file if they are still there"
            )
        if unknown := self.options.sections - set(self.names):
            raise WrongUsage(
                f"sections={','.join(sorted(unknown))}: the mirror has no such section; it has: "
                + ", ".join(f"{section} ({name})" for section, name in self.names.items())
            )

    def _took_index(self, visit: Visit, index: Index) -> None:
        section = visit.section
        if index.moved_to:
            self.moved[section] = index.moved_to
            if len(self.moved) == len(self.names):
                raise self._move(index.moved_to)
            raise PageMalformed(f"a notice that it moved to {index.moved_to}", reason="moved")
        if index.last_page > MAX_ARCHIVE_PAGES:
            raise PageMalformed(f"its pager names page {index.last_page}")
        for stray in index.strays[:3]:
            self._warn(f"{visit.path} has an entry that is no article of its own: {stray[:200]}")
        self._take_listings(section, index)
        self._check_whole(visit, index)
        if visit.kind == "archive":
            self._missing_in_a_row[section] = 0
            if index.lines >= ENTRIES_A_PAGE:  # else a cache gave it as it was before it was full
                self.ledger.archive_read(section, visit.page)
            return
        if not index.entries:
            self._warn(f"{visit.path} lists no article")
        self.last_page[section] = index.last_page
        self.tally.entries += max(index.last_page - 1, 0) * ENTRIES_A_PAGE + len(index.entries)
        if index.heading:
            self.names[section] = index.heading
            self.ledger.name_section(section, index.heading)

    def _check_whole(self, visit: Visit, index: Index) -> None:
        """Refuse a list that was answered, and is none or cut short: an archive page is read once.

        The pager stands last; an archive page's first link is the page itself, and it lists
        articles. A section's own index may list none.

        Raises:
            PageMalformed: what a list ends with is missing.
        """
        if index.last_page >= max(visit.page, 1) and (index.entries or visit.kind == "index"):
            return
        if visit.kind == "archive" or index.entries or not index.heading:
            raise PageMalformed("it is no list of the mirror's, or cut short: no pager, no entries")

    def _take_listings(self, section: str, index: Index) -> None:
        entries = [(entry.id, entry.title) for entry in index.entries]
        if self.options.recheck:
            self.ledger.saw(section, (article for article, _ in entries))
        new, repeated = self.ledger.take_listings(section, entries, self.clock())
        self.tally.listings += new
        self.tally.duplicates += repeated

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
            sections=[
                Section(id=section, name=self.names.get(section, section))
                for section in self._sections(visit.id)
            ],
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
                self._warn(f"{visit.path}: {error.reason}: {error}; another copy is tried")
                self._try_other(visit, trouble=error)
                return None
            if visit.kept is not None:
                return self._give(visit.kept)
        # A copy that is whole but out of reach today is worth a later run's try, also where
        # an earlier one was read that is cut short.
        trouble = visit.trouble or error
        if visit.kind == "archive" and trouble.reason == "missing":
            self._missing_in_a_row[visit.section] += 1
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

    # -- what follows from it ------------------------------------------------------------

    def forget_moves(self) -> None:
        """Take back that lists failed as notices of a move that is followed now."""
        for path in self.tally.failures.pop("moved", ()):
            self.ledger.recover(path)

    def _move(self, address: str) -> MirrorMoved:
        self.stop()
        return MirrorMoved(self.options.mirror.name, address)

    def _check_size(self) -> None:
        """Refuse a mirror that lists far less than when it was last read whole."""
        before = self.ledger.state.get("entries")
        if not isinstance(before, int) or self.tally.failures:
            return
        if self.tally.entries < before * self.shrunk_share:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has shrunk: its lists hold about "
                f"{self.tally.entries} entries, {before} in the last complete run. If that is "
                "right, run once with -s MIRROR_SHRUNK_SHARE=0"
            )

    def _report_listed(self) -> None:
        """Note what the lists say otherwise than the feed."""
        for section, article in self.ledger.further_listings():
            self.tally.differs("listed", f"{section}/{article}")
        if self.lists_complete:
            self._report_unlisted()

    def _report_unlisted(self) -> None:
        for section, article in self.ledger.state.unlisted():
            if section in self.names:
                self.tally.differs("unlisted", f"{section}/{article}")

    def _warn(self, text: str) -> None:
        logger.warning("%s", text)
        self.tally.warnings.append(text)


def blob_id_of(body: bytes) -> str:
    """Return the id git gives these bytes; it tells a page that changed from one that did not."""
    return hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
