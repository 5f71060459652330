"""The mirror's lists: its home page, and the index and archive pages of its sections."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageMalformed, WrongUsage
from crawler.formats.pages import Home, Index
from crawler.frontier.target import Target
from crawler.items import Section
from crawler.reasons import MOVED, STRAY
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore

logger = logging.getLogger(__name__)

MAX_ARCHIVE_PAGES = 20_000
"""A pager that names more pages (600,000 articles) is a mistake or a trap."""
MISSING_IN_A_ROW = 30
"""After so many consecutive missing archive pages of a section, no others are requested."""
NAMED_STRAYS = 10
"""Maximum number of warnings about entries of one page that are not articles."""


class Listings:
    """What the home page, the section indexes and the archive pages say.

    Attributes:
        names: name of each section by id, in the mirror's order.
        last_page: number of the newest archive page of each section whose index was read.
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
        """Set up; ``waiting`` has the paths of lists that are set aside and not due for a try."""
        self.options = options
        self.format = options.mirror.format
        self.store = store
        self.counts = counts
        self.clock = clock
        self.waiting = waiting
        self.names: dict[str, str] = {}
        self.last_page: dict[str, int] = {}
        self._moved: set[str] = set()
        self._missing_in_a_row: Counter[str] = Counter()

    # -- which lists to fetch --------------------------------------------------------------

    def are_due(self, troubled: set[str]) -> bool:
        """Return whether a list failed in an earlier run, or a section was never read."""
        wanted = {*self.options.mirror.sections, *self.options.sections}
        new = {
            self.format.index_path(section)
            for section in wanted - set(self.store.state.section_names())
        }
        failed = {key for key in troubled if self.format.index_at(key)}
        return not (new | failed) <= self.waiting

    def mark_changed_archives(self, section: str, differs: Callable[[str], bool]) -> None:
        """Mark the section's archive pages that may have changed as not read.

        A later run reads them again if this one fails to. ``differs`` returns whether the page at a
        path may have changed since it was read.
        """
        for page in self.store.state.archives_read(section):
            if page < self.last_page[section] and differs(self.format.index_path(section, page)):
                self.store.state.mark_archive_unread(section, page)

    def due_archives(self, section: str) -> list[Target]:
        """Return the section's final archive pages that were not read yet, newest first.

        Page N is final once N + 1 exists. The section's index shows the content of the last page.
        A recheck reads all of them.
        """
        read = set() if self.options.recheck else self.store.state.archives_read(section)
        pages = (page for page in range(self.last_page[section] - 1, 0, -1) if page not in read)
        targets = (
            Target("archive", self.format.index_path(section, page), section, page)
            for page in pages
        )
        return [target for target in targets if target.path not in self.waiting]

    def note_missing(self, target: Target) -> None:
        self._missing_in_a_row[target.section] += 1

    def pager_is_wrong(self, section: str) -> bool:
        """Return whether so many pages of the section are missing that the rest is skipped.

        A pager that names thousands of missing pages would cause as many requests in every run.
        """
        return self._missing_in_a_row[section] >= MISSING_IN_A_ROW

    def report_pager(self, section: str) -> None:
        """Count a section's wrong pager as one failure, however many pages are skipped."""
        key = self.format.index_path(section)
        if key not in self.counts.failures.get("pager", ()):
            logger.warning("%s: its pager names missing pages: skipping the rest", key)
            # not recorded in the state: there is no page to try again
            self.counts.fail(key, "pager")

    # -- what the lists say ----------------------------------------------------------------

    def add_home(self, home: Home) -> None:
        """Add the sections that the home page names.

        Raises:
            MirrorMoved: the page says that the mirror has moved.
            MirrorUnusable: the page lists no section.
            WrongUsage: the mirror lacks a section that the user asked for.
        """
        if home.moved_to:
            raise MirrorMoved(self.options.mirror.name, home.moved_to)
        self._warn_of_labels(home)
        if not home.labels:
            raise MirrorUnusable(
                f"the home page of mirror {self.options.mirror.name!r} lists no section: "
                "check the page, and the mirror's address in the mirrors file"
            )
        known = self.store.state.section_names()
        for label in home.labels:
            self.names[label.section] = known.get(label.section) or label.text or label.section
        for section in self.options.mirror.sections:
            self.names.setdefault(section, known.get(section) or section)
        self._warn_of_removed(known)
        if unknown := self.options.sections - set(self.names):
            raise WrongUsage(
                f"sections={','.join(sorted(unknown))} are not sections of the mirror; choose from: "
                + ", ".join(f"{section} ({name})" for section, name in self.names.items())
            )

    def _warn_of_labels(self, home: Home) -> None:
        for label in home.repeated:
            self.warn(
                f"the home page's label {label.text!r} links to section {label.section}, "
                "which an earlier label already names"
            )
        for section in home.unnamed:
            self.warn(f"the home page's label for section {section} is too long for a name")

    def _warn_of_removed(self, known: Mapping[str, str]) -> None:
        for section in sorted(known.keys() - self.names.keys()):
            self.warn(
                f"section {section} ({known[section]}) is no longer on the home page and is not "
                "read; if it still exists, add it to 'sections' in the mirrors file"
            )

    def warn_of_unlinked(self, present: Iterable[str]) -> None:
        """Warn of the sections in ``present`` that the home page does not link to."""
        if unlinked := sorted(set(present) - self.names.keys()):
            line = ", ".join(f'"{one}"' for one in (*self.options.mirror.sections, *unlinked))
            self.warn(
                f"the home page does not link to sections {', '.join(unlinked)}; to read them, add "
                f"this line below [mirrors.{self.options.mirror.name}] in the mirrors file: "
                f"sections = [{line}]"
            )

    def add_index(self, target: Target, index: Index) -> None:
        """Add the entries of a section's index or an archive page.

        Raises:
            MirrorMoved: all sections' indexes say that the mirror has moved.
            PageMalformed: only this index says so; or the page is not a list, is truncated, or has
                entries that are not articles.
        """
        if index.moved_to:
            self._moved.add(target.section)
            if len(self._moved) == len(self.names):
                raise MirrorMoved(self.options.mirror.name, index.moved_to)
            raise PageMalformed(f"it says that it moved to {index.moved_to}", reason=MOVED)
        if index.last_page > MAX_ARCHIVE_PAGES:
            raise PageMalformed(f"its pager names page {index.last_page}")
        for stray in index.strays[:NAMED_STRAYS]:
            self.warn(f"{target.path} has an entry that is not an article: {stray[:200]}")
        self._add_listings(target.section, index)
        # an archive page is read only once, so a truncated one must not count as read
        if not self.format.is_whole(index, target.page or None):
            raise PageMalformed("it is not a list or is truncated: it has no pager or no entries")
        if target.kind == "archive":
            self._add_archive(target, index)
        else:
            self._add_own_index(target, index)

    def _add_archive(self, target: Target, index: Index) -> None:
        self._missing_in_a_row[target.section] = 0
        _require_articles(index)
        # a final page is full; one that is not is an old version from a cache
        if index.lines >= self.format.entries_per_page:
            self.store.state.mark_archive_read(target.section, target.page)

    def _add_own_index(self, target: Target, index: Index) -> None:
        if not index.entries:
            self.warn(f"{target.path} lists no article")
        self.last_page[target.section] = index.last_page
        archived = max(index.last_page - 1, 0) * self.format.entries_per_page
        self.counts.entries += archived + len(index.entries)
        if index.heading:
            self.names[target.section] = index.heading
            self.store.state.name_section(target.section, index.heading)
        _require_articles(index)

    def _add_listings(self, section: str, index: Index) -> None:
        entries = [(entry.id, entry.title) for entry in index.entries]
        if self.options.recheck:
            self.store.state.mark_seen(section, (article for article, _ in entries))
        new, repeated = self.store.add_listings(section, entries, self.clock())
        self.counts.listings += new
        self.counts.duplicates += repeated

    # -- results ---------------------------------------------------------------------------

    def named(self, sections: Iterable[str]) -> list[Section]:
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
        """Check that the mirror lists about as much as in the last complete run.

        Raises:
            MirrorUnusable: it lists less than ``shrunk_share`` of that.
        """
        before = self.store.state.get("entries")
        if not isinstance(before, int) or self.counts.failures:
            return
        if self.counts.entries < before * shrunk_share:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} has shrunk: it lists about "
                f"{self.counts.entries} entries, after {before} in the last complete run. If that "
                "is correct, run once with -s MIRROR_SHRUNK_SHARE=0"
            )

    def check_any(self) -> None:
        """Check that the mirror lists any article.

        Raises:
            MirrorUnusable: no index has an entry.
        """
        if not self.counts.entries and not self.counts.failures:
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} lists no article: the indexes of its "
                f"{len(self.names)} sections have no entries; check one of them"
            )

    def forget_moves(self) -> None:
        """Discard the failures of indexes that say that the mirror has moved."""
        for path in self.counts.failures.pop("moved", ()):
            self.store.state.recover(path)

    def warn(self, text: str) -> None:
        """Log and record something unusual that is not a failure."""
        logger.warning("%s", text)
        self.counts.warnings.append(text)


def _require_articles(index: Index) -> None:
    """Raise PageMalformed if an entry is not an article; the other entries have been added."""
    if index.strays:
        raise PageMalformed(f"{len(index.strays)} of its entries are not articles", reason=STRAY)
