"""The mirror's lists, as far as they were read: sections, their pages, who lists which article."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from crawler.exceptions import MirrorMoved, MirrorUnusable, PageMalformed, WrongUsage
from crawler.items import Section
from crawler.ledger import Ledger
from crawler.options import CrawlOptions
from crawler.pages.home import Home
from crawler.pages.index import Index
from crawler.tally import Tally
from crawler.urls import Copy, index_path, section_of
from crawler.visit import Visit

logger = logging.getLogger(__name__)

# A pager that names more pages than this (600,000 articles) is a mistake or a trap.
MAX_ARCHIVE_PAGES = 20_000
# So many archive pages of a section one after the other are not there: the others are no more.
MISSING_IN_A_ROW = 30
# "30 in every file": what an archive page holds.
ENTRIES_A_PAGE = 30


class Lists:
    """What home page, section indexes and archive pages say.

    Attributes:
        names: what each section is called, by id, in the mirror's order.
        last_page: number of each section's newest archive page, where its own index was read.
    """

    def __init__(
        self,
        options: CrawlOptions,
        ledger: Ledger,
        tally: Tally,
        *,
        clock: Callable[[], datetime],
        waiting: frozenset[str],
    ) -> None:
        """Begin with nothing read.

        Args:
            options: what the user asked for.
            ledger: where listings go.
            tally: the run's counts.
            clock: gives the time of reading, in UTC.
            waiting: lists that are set aside, and not to be looked at in this run.
        """
        self.options = options
        self.ledger = ledger
        self.tally = tally
        self.clock = clock
        self.waiting = waiting
        self.names: dict[str, str] = {}
        self.last_page: dict[str, int] = {}
        self._moved: dict[str, str] = {}
        self._missing_in_a_row: Counter[str] = Counter()

    # -- what they ask for ---------------------------------------------------------------

    def are_due(self, troubled: set[str]) -> bool:
        """Tell whether a list failed in an earlier run, or is of a section never read yet."""
        wanted = {*self.options.mirror.sections, *self.options.sections}
        new = {index_path(section) for section in wanted - set(self.ledger.state.section_names())}
        failed = {key for key in troubled if section_of(key)}
        return not (new | failed) <= self.waiting

    def due_archives(self, section: str, differs: Callable[[str], bool]) -> list[Visit]:
        """Return the section's archive pages that are final and were not read, newest first.

        Page N is final once N + 1 exists; the last page is what the section's own index shows.

        Args:
            section: its id.
            differs: tells whether a page that was read has changed, as far as the way can know.
        """
        read = self.ledger.state.archives_read(section)
        visits = []
        for page in range(self.last_page[section] - 1, 0, -1):
            path = index_path(section, page)
            known = page in read and not self.options.recheck
            if known and not differs(path):
                continue
            if known:  # until it is read again, also by a later run
                self.ledger.archive_unread(section, page)
            if path not in self.waiting:
                visits.append(Visit("archive", path, section, page))
        return visits

    def note_missing(self, visit: Visit) -> None:
        """Note that an archive page that the pager names is not there."""
        self._missing_in_a_row[visit.section] += 1

    def pager_lies(self, visit: Visit) -> bool:
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

    # -- what they say -------------------------------------------------------------------

    def take_home(self, home: Home) -> None:
        """Take in the home page.

        Raises:
            MirrorMoved: it is a notice that the mirror has.
            MirrorUnusable: it lists no section.
            WrongUsage: it lists none that the user asked for.
        """
        if home.moved_to:
            raise MirrorMoved(self.options.mirror.name, home.moved_to)
        for label in home.repeated:
            self.warn(
                f"the home page's label {label.text!r} leads to section {label.section}, "
                "which another label already named"
            )
        if not home.labels:
            raise MirrorUnusable(
                f"the home page of mirror {self.options.mirror.name!r} lists no section: "
                "look at it, and at its address in the mirrors file"
            )
        known = self.ledger.state.section_names()
        for label in home.labels:
            self.names[label.section] = known.get(label.section) or label.text or label.section
        for section in self.options.mirror.sections:
            self.names.setdefault(section, known.get(section) or section)
        for section in sorted(known.keys() - self.names.keys()):
            self.warn(
                f"section {section} ({known[section]}) is no more on the home page: its lists are "
                "not read; name it under 'sections' in the mirrors file if they are still there"
            )
        if unknown := self.options.sections - set(self.names):
            raise WrongUsage(
                f"sections={','.join(sorted(unknown))}: the mirror has no such section; it has: "
                + ", ".join(f"{section} ({name})" for section, name in self.names.items())
            )

    def take_index(self, visit: Visit, index: Index) -> None:
        """Take in a section's own index or an archive page.

        Raises:
            MirrorMoved: it is a notice that the mirror has, as those of all other sections are.
            PageMalformed: it is a notice alone, no list, or cut short.
        """
        section = visit.section
        if index.moved_to:
            self._moved[section] = index.moved_to
            if len(self._moved) == len(self.names):
                raise MirrorMoved(self.options.mirror.name, index.moved_to)
            raise PageMalformed(f"a notice that it moved to {index.moved_to}", reason="moved")
        if index.last_page > MAX_ARCHIVE_PAGES:
            raise PageMalformed(f"its pager names page {index.last_page}")
        for stray in index.strays[:3]:
            self.warn(f"{visit.path} has an entry that is no article of its own: {stray[:200]}")
        self._take_listings(section, index)
        _check_whole(visit, index)
        if visit.kind == "archive":
            self._missing_in_a_row[section] = 0
            if index.lines >= ENTRIES_A_PAGE:  # else a cache gave it as it was before it was full
                self.ledger.archive_read(section, visit.page)
            return
        if not index.entries:
            self.warn(f"{visit.path} lists no article")
        self.last_page[section] = index.last_page
        self.tally.entries += max(index.last_page - 1, 0) * ENTRIES_A_PAGE + len(index.entries)
        if index.heading:
            self.names[section] = index.heading
            self.ledger.name_section(section, index.heading)

    def _take_listings(self, section: str, index: Index) -> None:
        entries = [(entry.id, entry.title) for entry in index.entries]
        if self.options.recheck:
            self.ledger.saw(section, (article for article, _ in entries))
        new, repeated = self.ledger.take_listings(section, entries, self.clock())
        self.tally.listings += new
        self.tally.duplicates += repeated

    # -- what follows from them ----------------------------------------------------------

    def copies(self, article: str) -> tuple[Copy, ...]:
        """Return the copies of an article, in the mirror's order of the sections that list it."""
        order = {section: number for number, section in enumerate(self.names)}
        last = len(order)
        listing = self.ledger.state.sections_of(article)
        ordered = sorted(listing, key=lambda one: (order.get(one, last), one))
        return tuple(Copy(section, article) for section in ordered)

    def sections(self, article: str) -> list[Section]:
        """Return the sections that list an article, in the mirror's order."""
        return [
            Section(id=copy.section, name=self.names.get(copy.section, copy.section))
            for copy in self.copies(article)
        ]

    def check_size(self, shrunk_share: float) -> None:
        """Refuse a mirror that lists far less than when it was last read whole.

        Raises:
            MirrorUnusable: less than this share.
        """
        before = self.ledger.state.get("entries")
        if not isinstance(before, int) or self.tally.failures:
            return
        if self.tally.entries < before * shrunk_share:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has shrunk: its lists hold about "
                f"{self.tally.entries} entries, {before} in the last complete run. If that is "
                "right, run once with -s MIRROR_SHRUNK_SHARE=0"
            )

    def report(self, *, complete: bool) -> None:
        """Note what the lists say otherwise than the feed.

        Args:
            complete: all of them were read, so that what none says is said no more.
        """
        for section, article in self.ledger.further_listings():
            self.tally.differs("listed", f"{section}/{article}")
        if complete:
            for section, article in self.ledger.state.unlisted():
                if section in self.names:
                    self.tally.differs("unlisted", f"{section}/{article}")

    def forget_moves(self) -> None:
        """Take back that lists failed as notices of a move that is followed now."""
        for path in self.tally.failures.pop("moved", ()):
            self.ledger.recover(path)

    def warn(self, text: str) -> None:
        """Note what is odd and costs nothing."""
        logger.warning("%s", text)
        self.tally.warnings.append(text)


def _check_whole(visit: Visit, index: Index) -> None:
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
