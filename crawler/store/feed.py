"""The store: a feed's files and its state, written so that neither runs ahead.

An article counts as known only after its line is on disk. What the state missed when a run was
killed, the next run reads from the feed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from crawler.exceptions import FeedUnusable
from crawler.formats.base import Format
from crawler.formats.registry import find_format
from crawler.items import ArticleLine, timestamp
from crawler.store.edition import change_line, digest_of
from crawler.store.files import (
    STATE_FILES,
    make_directory,
    require_regular,
    sync_directory,
    unwritable,
)
from crawler.store.history import (
    Sizes,
    account_for_the_dead,
    check_owner,
    offsets,
    only_readers,
)
from crawler.store.jsonlines import JsonLines, Lock
from crawler.store.published import PackedIds, PublishedArticle
from crawler.store.recovery import Recovery
from crawler.store.set_aside import failed_long, look_is_due
from crawler.store.withdrawn import withdrawn_ids

logger = logging.getLogger(__name__)

# Seconds between two commits: the files are synced, then the state.
COMMIT_INTERVAL = 2.0


class FeedStore:
    """A feed's directory, held by one run.

    Attributes:
        before: sizes of the files when the run began.
        readers: version of the readers of this run; None where nobody says.
        unlike_readers: changes that were found by comparing with what other readers had read.
    """

    def __init__(
        self,
        directory: Path,
        mirror: str,
        about: Mapping[str, Any],
        mirror_format: Format | None = None,
    ) -> None:
        """Lock the feed, repair what a killed run left, and open the state.

        Args:
            directory: the feed's; created if it is missing.
            mirror: name of the mirror that the feed must belong to.
            about: what the lock's note and a killed run's line say of this run.
            mirror_format: the mirror's; None: the default one.

        Raises:
            WrongUsage: the feed belongs to another mirror, or is of another format.
            FeedBusy: another run holds it.
            FeedUnusable: it cannot be written, is damaged, or of another version.
        """
        self.directory = directory
        self.mirror = mirror
        self.readers: str | None = about.get("readers")
        self.unlike_readers = 0
        try:
            make_directory(directory)
        except OSError as exc:
            raise FeedUnusable(
                f"the feed's directory {directory}: {exc.strerror}: make it, repair its "
                "permissions, or name another with -a feed=DIR"
            ) from exc
        self.lock = Lock(directory / "lock")
        with ExitStack() as opened:
            opened.callback(self.lock.leave)
            known = mirror_format or find_format()
            check_owner(directory, mirror, about.get("address"), self.lock.left_behind, known)
            self.articles = opened.enter_context(self._opened("articles.jsonl"))
            self.listings = opened.enter_context(self._opened("listings.jsonl"))
            self.changes = opened.enter_context(self._opened("changes.jsonl"))
            self.runs = opened.enter_context(self._opened("runs.jsonl"))
            for name in STATE_FILES:
                require_regular(directory / name)
            self._recovery = Recovery(
                self.articles,
                self.listings,
                self.changes,
                known,
                partial(only_readers, self.runs, self.lock.left_behind),
            )
            self.state = self._recovery.state_at(directory / STATE_FILES[0])
            account_for_the_dead(self.runs, mirror, self.lock.left_behind, self._sizes)
            self.before = self._sizes
            self._withdrawn = withdrawn_ids(directory)
            self.lock.note(about)
            self._committed = time.monotonic()
            self.commit()
            self._sync_names()
            self._opened_files = opened.pop_all()

    # -- what the crawl asks and tells -----------------------------------------------

    def take_listings(
        self, section: str, entries: Iterable[tuple[str, str]], now: datetime
    ) -> tuple[int, int]:
        """Take in the (id, title) entries of an index page, but for withdrawn articles.

        Returns:
            How many pairs are new, and how many of those are of an id that was listed already.
        """
        self.state.require_usable()
        seen = timestamp(now)
        new: dict[str, Mapping[str, Any]] = {}
        for article, title in entries:
            if article in new or article in self._withdrawn:
                continue
            if not self.state.lists(section, article):
                record = {"id": article, "section": section, "title": title, "first_seen_at": seen}
                new[article] = record
        repeated = sum(map(self.state.is_listed, new))
        self.listings.append(*new.values())
        self.state.list_articles(section, new)
        self._commit_in_time()
        return len(new), repeated

    def saw(self, section: str, articles: Iterable[str]) -> None:
        """Note that ``section`` lists these articles now, to tell later which it lists no more."""
        self.state.saw(section, articles)

    def archive_read(self, section: str, page: int) -> None:
        """Note that an archive page is final and was read."""
        self.state.archive_read(section, page)

    def archive_unread(self, section: str, page: int) -> None:
        """Note that an archive page that was read has changed: it is to be read again."""
        self.state.archive_unread(section, page)

    def name_section(self, section: str, name: str) -> None:
        """Keep what the section's own index calls it."""
        self.state.name_section(section, name)

    def further_listings(self) -> Iterator[tuple[str, str]]:
        """Yield (section, id) of listings that the article's line does not name.

        Raises:
            FeedUnusable: a line of the feed is damaged.
        """
        for record in self.articles.records():
            article = str(record.get("id"))
            named = {section["id"] for section in record.get("sections", ())}
            for section in sorted(self.state.sections_of(article) - named):
                yield section, article

    def write(self, record: Mapping[str, Any], *, blob: str | None = None) -> None:
        """Append an article's line.

        Args:
            record: the line.
            blob: git's id of the page that it was made from, kept in the state.

        Raises:
            FeedUnusable: it could not be written.
        """
        self.state.require_usable()
        self.articles.append(record)
        self.state.write_article(record["id"], self._read_now(record, blob))
        self._commit_in_time()

    def write_line(self, article: ArticleLine) -> None:
        """Append an article's finished line.

        Raises:
            FeedUnusable: it could not be written.
        """
        self.state.require_usable()
        self.articles.append_lines(article.line)
        edition = PublishedArticle(
            sha256=article.content_sha256,
            section=self._recovery.section_of(article.mirror_url),
            digest=article.digest,
            thin=article.thin,
            day=article.date_published,
        )
        self.state.write_article(article.id, self._seen_now(edition, article.blob_id))
        self._commit_in_time()

    def write_change(
        self,
        record: Mapping[str, Any],
        now: datetime,
        *,
        blob: str | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Append a line to ``changes.jsonl`` where an article reads otherwise than it did.

        Args:
            record: what it reads now.
            now: when it was read.
            blob: git's id of the page that it was read from.
            before: what today's readers read from the page of the last edition; None where that
                page is not at hand: then the digest of the last edition is compared.

        Returns:
            The kind of the change; None where nothing changed that makes an edition.

        Raises:
            FeedUnusable: it could not be written.
        """
        self.state.require_usable()
        article = record["id"]
        last, edition = self.state.published(article), self._read_now(record, blob)
        assert last is not None, article  # noqa: S101 - only what has a line is read again
        kind = self._kind(last, edition, before)
        if kind is not None:
            self.changes.append(change_line(article, kind, now, record))
        self.state.read_again(article, edition)
        self._commit_in_time()
        return kind

    def write_vanished(self, article: str, now: datetime) -> bool:
        """Append to ``changes.jsonl`` that an article's page is gone; return whether that is new.

        Raises:
            FeedUnusable: it could not be written.
        """
        self.state.require_usable()
        last = self.state.published(article)
        new = last is not None and not last.vanished
        if new:
            self.changes.append(change_line(article, "vanished", now, None))
        if last is not None:
            self.state.read_again(article, last._replace(vanished=True))
        self._commit_in_time()
        return new

    def keep_as_read(self, article: str, section: str | None = None) -> None:
        """Note that an article's page has the bytes of its last edition.

        Args:
            article: its id.
            section: section of the copy that was read; None: as before.
        """
        last = self.state.published(article)
        if last is not None and section not in (None, last.section):
            self.state.read_again(article, last._replace(section=section))
        else:
            self.state.settle(article)

    def _read_now(self, record: Mapping[str, Any], blob: str | None) -> PublishedArticle:
        return self._seen_now(self._recovery.published(record), blob)

    def _seen_now(self, edition: PublishedArticle, blob: str | None) -> PublishedArticle:
        # without a blob id the transport did not see the page itself, and all that it says
        readers = self.readers if blob is not None else None
        return edition._replace(blob=blob, readers=readers)

    def _kind(
        self,
        last: PublishedArticle,
        edition: PublishedArticle,
        before: Mapping[str, Any] | None,
    ) -> str | None:
        if last.vanished:
            return "returned"
        if before is not None:
            return "changed" if digest_of(before) != edition.digest else None
        if last.blob is None and (last.readers is None or last.readers != self.readers):
            return None  # nothing tells whether the page differs, or only the readers do
        if last.digest == edition.digest:
            return None
        self.unlike_readers += last.readers != self.readers
        return "changed"

    def fail(self, key: str, reason: str) -> None:
        """Note that an article (by id) or an index page (by path) failed now."""
        self.state.fail(key, reason, time.time())
        self._commit_in_time()

    def recover(self, key: str) -> None:
        """Note that an index page that may have failed before was read."""
        self.state.recover(key)

    def reading(self) -> str | None:
        """Return the key of the page during whose reading an earlier run died."""
        key = self.state.get("reading")
        return str(key) if key else None

    def note_reading(self, key: str | None) -> None:
        """Note that the page of ``key`` is being read; None: that it was.

        Raises:
            FeedUnusable: it could not be noted.
        """
        self.state.put("reading", key)
        if key is not None:
            self.commit()

    def set_aside(self, *, due: bool) -> dict[str, str]:
        """Return reason by key of what has failed for 7 days.

        Args:
            due: only those whose weekly look has come (False: only those it has not).
        """
        now = time.time()
        return {
            key: reason
            for key, reason, first, last in self.state.failures()
            if failed_long(first, now) and look_is_due(last, now) is due
        }

    def all_set_aside(self) -> dict[str, str]:
        """Return reason by key of everything that has failed for 7 days."""
        return self.set_aside(due=True) | self.set_aside(due=False)

    def pending(self) -> PackedIds:
        """Return what is listed and has no line, the newest first, without what waits."""
        pending, waiting = self.state.pending(), self.set_aside(due=False)
        return (
            PackedIds(article for article in pending if article not in waiting)
            if waiting
            else pending
        )

    def commit(self) -> None:
        """Force what was written to the disk, then count it as known.

        Raises:
            FeedUnusable: the disk refused.
        """
        try:
            self.articles.sync()
            self.listings.sync()
            self.changes.sync()
        except FeedUnusable:
            self.state.give_up()  # what the state was told since is not on the disk
            raise
        self._recovery.mark(self.state)
        self.state.commit()
        self._committed = time.monotonic()

    def _commit_in_time(self) -> None:
        if time.monotonic() - self._committed > COMMIT_INTERVAL:
            self.commit()

    def close(self, record: Mapping[str, Any] | None) -> None:
        """Write the run's line, let go of the lock; what was written was committed before.

        Args:
            record: the run's line without offsets; None: the run did nothing worth a line.

        Raises:
            FeedUnusable: the disk refused; the next run writes the line.
        """
        try:
            if record is not None:
                self.runs.append({**record, **offsets(self.before, self._sizes)})
                self.runs.sync()
            self.lock.clear()
        finally:
            self.state.close()
            self._opened_files.close()

    # -- plumbing ----------------------------------------------------------------------

    @property
    def _sizes(self) -> Sizes:
        return Sizes(self.articles.size, self.listings.size, self.changes.size)

    def _sync_names(self) -> None:
        try:
            sync_directory(self.directory)
        except OSError as exc:
            raise unwritable(self.directory, exc) from exc

    def _opened(self, name: str) -> JsonLines:
        file = JsonLines(self.directory / name)
        if file.torn:
            logger.warning(
                "%s ended in an unfinished line of %d bytes, left by a run that died: cut off",
                file.path,
                file.torn,
            )
        return file
