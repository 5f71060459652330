"""The mirror's lists, as far as they were read: sections, their pages, which section lists what."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageMalformed, WrongUsage
from crawler.formats.pages import Home, Index
from crawler.frontier.target import Target
from crawler.items import Section
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore

logger = logging.getLogger(__name__)

# A pager that names more pages than this (600,000 articles) is a mistake or a trap.
MAX_ARCHIVE_PAGES = 20_000
# After so many missing archive pages of a section in a row, the others are not asked for.
MISSING_IN_A_ROW = 30
# How many entries without an article are named for each page of a list.
NAMED_STRAYS = 10


class Listings:
    """What home page, section indexes and archive pages say.

    Attributes:
        names: what each section is called, by id, in the mirror's order.
        last_page: number of each section's newest archive page, where its own index was read.
    """

    def __init__(
        self,
        options: CrawlOptions,
        store: FeedStore,
        counts: RunCounts,
        *,
        clock: Callable[[], datetime],
        waiting: frozenset[str],
    ) -> None:
        """Set up lists of which none was read.

        Args:
            options: what the user asked for.
            store: where listings go.
            counts: the run's counts.
            clock: gives the time of reading, in UTC.
            waiting: lists that are set aside, and not to be looked at in this run.
        """
        self.options = options
        self.format = options.mirror.format
        self.store = store
        self.counts = counts
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
        new = {
            self.format.index_path(section)
            for section in wanted - set(self.store.state.section_names())
        }
        failed = {key for key in troubled if self.format.index_at(key)}
        return not (new | failed) <= self.waiting

    def due_archives(self, section: str, differs: Callable[[str], bool]) -> list[Target]:
        """Return the section's archive pages that are final and were not read, newest first.

        Page N is final once N + 1 exists; the last page is what the section's own index shows.

        Args:
            section: its id.
            differs: tells whether a page that was read has changed, as far as the transport can know.
        """
        read = self.store.state.archives_read(section)
        targets = []
        for page in range(self.last_page[section] - 1, 0, -1):
            path = self.format.index_path(section, page)
            known = page in read and not self.options.recheck
            if known and not differs(path):
                continue
            if known:  # until it is read again, also by a later run
                self.store.archive_unread(section, page)
            if path not in self.waiting:
                targets.append(Target("archive", path, section, page))
        return targets

    def note_missing(self, target: Target) -> None:
        """Note that an archive page that the pager names is not there."""
        self._missing_in_a_row[target.section] += 1

    def pager_lies(self, target: Target) -> bool:
        """Tell whether so many of the section's pages are missing that the rest is not asked for.

        A pager that names pages by the thousand would cost a host as many requests in every run.
        """
        if self._missing_in_a_row[target.section] < MISSING_IN_A_ROW:
            return False
        key = self.format.index_path(target.section)
        if key not in self.counts.failures.get("pager", ()):
            logger.warning("%s: its pager names pages that are missing: not all are tried", key)
            self.counts.fail(key, "pager")
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
        for section in home.unnamed:
            self.warn(f"the home page's label of section {section} is too long for a name")
        if not home.labels:
            raise MirrorUnusable(
                f"the home page of mirror {self.options.mirror.name!r} lists no section: "
                "look at it, and at its address in the mirrors file"
            )
        known = self.store.state.section_names()
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

    def tell_forgotten(self, present: Iterable[str]) -> None:
        """Warn of sections that have an index and no link on the home page.

        Args:
            present: ids of the sections that have one.
        """
        forgotten = sorted(set(present) - self.names.keys())
        if forgotten:
            line = ", ".join(f'"{one}"' for one in (*self.options.mirror.sections, *forgotten))
            self.warn(
                f"the home page forgets sections of the mirror: {', '.join(forgotten)}; to read "
                f"them, put this line under [mirrors.{self.options.mirror.name}] in the mirrors "
                f"file: sections = [{line}]"
            )

    def take_index(self, target: Target, index: Index) -> None:
        """Take in a section's own index or an archive page.

        Raises:
            MirrorMoved: it is a notice that the mirror has, as those of all other sections are.
            PageMalformed: it is a notice alone, no list, or cut short; or entries give no article.
        """
        section = target.section
        if index.moved_to:
            self._moved[section] = index.moved_to
            if len(self._moved) == len(self.names):
                raise MirrorMoved(self.options.mirror.name, index.moved_to)
            raise PageMalformed(f"a notice that it moved to {index.moved_to}", reason="moved")
        if index.last_page > MAX_ARCHIVE_PAGES:
            raise PageMalformed(f"its pager names page {index.last_page}")
        for stray in index.strays[:NAMED_STRAYS]:
            self.warn(f"{target.path} has an entry that is no article of its own: {stray[:200]}")
        self._take_listings(section, index)
        # An archive page is read once: one that is cut short must not count as read.
        if not self.format.is_whole(index, target.page or None):
            raise PageMalformed("it is no list of the mirror's, or cut short: no pager, no entries")
        if target.kind == "archive":
            self._missing_in_a_row[section] = 0
            _refuse_strays(index)
            # a page that is not full is one that a cache gave as it was before
            if index.lines >= self.format.entries_per_page:
                self.store.archive_read(section, target.page)
            return
        if not index.entries:
            self.warn(f"{target.path} lists no article")
        self.last_page[section] = index.last_page
        archived = max(index.last_page - 1, 0) * self.format.entries_per_page
        self.counts.entries += archived + len(index.entries)
        if index.heading:
            self.names[section] = index.heading
            self.store.name_section(section, index.heading)
        _refuse_strays(index)

    def _take_listings(self, section: str, index: Index) -> None:
        entries = [(entry.id, entry.title) for entry in index.entries]
        if self.options.recheck:
            self.store.saw(section, (article for article, _ in entries))
        new, repeated = self.store.take_listings(section, entries, self.clock())
        self.counts.listings += new
        self.counts.duplicates += repeated

    # -- what follows from them ----------------------------------------------------------

    def named(self, sections: Iterable[str]) -> list[Section]:
        """Return sections with their names."""
        return [Section(id=one, name=self.names.get(one, one)) for one in sections]

    def paths(self, article: str, sections: Iterable[str]) -> tuple[str, ...]:
        """Return the paths of an article's copies, in the order of its sections."""
        path = self.format.article_path
        return tuple(dict.fromkeys(path(section, article) for section in sections))

    def sections_of(self, article: str) -> tuple[str, ...]:
        """Return the ids of the sections that list an article, in the mirror's order."""
        order = {section: number for number, section in enumerate(self.names)}
        last = len(order)
        listing = self.store.state.sections_of(article)
        return tuple(sorted(listing, key=lambda one: (order.get(one, last), one)))

    def check_size(self, shrunk_share: float) -> None:
        """Refuse a mirror that lists far less than when it was last read whole.

        Raises:
            MirrorUnusable: less than this share.
        """
        before = self.store.state.get("entries")
        if not isinstance(before, int) or self.counts.failures:
            return
        if self.counts.entries < before * shrunk_share:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has shrunk: its lists hold about "
                f"{self.counts.entries} entries, {before} in the last complete run. If that is "
                "right, run once with -s MIRROR_SHRUNK_SHARE=0"
            )

    def check_any(self) -> None:
        """Refuse a mirror that lists nothing.

        Raises:
            MirrorUnusable: none of its lists holds an entry.
        """
        if not self.counts.entries and not self.counts.failures:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} lists no article: none of the indexes of its "
                f"{len(self.names)} sections holds an entry; look at one of them"
            )

    def report(self, *, complete: bool) -> None:
        """Note what the lists say otherwise than the feed.

        Args:
            complete: all of them were read, so that missing entries count as removed.
        """
        for section, article in self.store.further_listings():
            self.counts.differs("listed", f"{section}/{article}")
        if complete:
            for section, article in self.store.state.unlisted():
                if section in self.names:
                    self.counts.differs("unlisted", f"{section}/{article}")

    def forget_moves(self) -> None:
        """Take back that lists failed as notices of a move that is followed now."""
        for path in self.counts.failures.pop("moved", ()):
            self.store.recover(path)

    def warn(self, text: str) -> None:
        """Note what is odd and costs nothing."""
        logger.warning("%s", text)
        self.counts.warnings.append(text)


def _refuse_strays(index: Index) -> None:
    """Count a list whose entries do not all give an article as failed; the others are taken.

    Raises:
        PageMalformed: it is one.
    """
    if index.strays:
        count = len(index.strays)
        raise PageMalformed(f"{count} of its entries give no article", reason="stray")
