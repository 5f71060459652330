"""The store of a feed: writes its files, and then its state.

An article counts as known only after its line is on disk. After a kill, the next run reads the
lines that the state lacks from the files.
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
from crawler.store.edition import PublishedArticle, change_line, digest_of
from crawler.store.files import (
    STATE_FILES,
    make_directory,
    require_regular,
    sync_directory,
    unwritable,
)
from crawler.store.history import (
    Sizes,
    account_for_killed,
    check_owner,
    common_readers,
    offsets,
)
from crawler.store.jsonlines import JsonLines, Lock
from crawler.store.packed_ids import PackedIds
from crawler.store.recovery import Recovery
from crawler.store.state import CLOCK_FLOOR
from crawler.store.withdrawn import withdrawn_ids

logger = logging.getLogger(__name__)

COMMIT_INTERVAL = 2.0
"""Seconds between two commits, each of which syncs the files and then the state."""
WEEK = 7 * 86400.0
"""Seconds of failing after which a page is set aside, and between two tries of such a page."""


class FeedStore:
    """A feed's directory, locked by one run.

    All methods raise FeedUnusable if a file cannot be written or synced.

    Attributes:
        state: the state; its methods for sections, archive pages and failures are used directly.
        before: sizes of the files when the run began.
        readers_version: version of this run's readers; None if unknown.
        unlike_readers: number of changes found by comparison with an edition of other readers.
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
            directory: created if missing.
            mirror: name of the mirror that the feed must belong to.
            about: description of this run, for the lock's note and the line of a killed run.
            mirror_format: None for the default one.

        Raises:
            RunError: another run uses the feed; it belongs to another mirror, has another format or
                version, is damaged, or cannot be written.
        """
        self.directory = directory
        self.mirror = mirror
        self.readers_version: str | None = about.get("readers")
        self.unlike_readers = 0
        try:
            make_directory(directory)
        except OSError as exc:
            raise FeedUnusable(
                f"the feed's directory {directory} cannot be created: {exc.strerror}. Create it, fix "
                "the permissions, or choose another with -a feed=DIR"
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
                partial(common_readers, self.runs, self.lock.left_behind),
            )
            self.state = self._recovery.state_at(directory / STATE_FILES[0])
            account_for_killed(self.runs, mirror, self.lock.left_behind, self._sizes)
            self.before = self._sizes
            self._withdrawn = withdrawn_ids(directory)
            self.lock.note(about)
            self._committed = time.monotonic()
            self.commit()
            self._sync_names()
            self._opened_files = opened.pop_all()

    # -- listings --------------------------------------------------------------------

    def add_listings(
        self, section: str, entries: Iterable[tuple[str, str]], now: datetime
    ) -> tuple[int, int]:
        """Add the (id, title) entries of an index page, except for withdrawn articles.

        Returns:
            The number of new listings, and how many of them are of ids listed before.
        """
        self.state.require_usable()
        seen = timestamp(now)
        new: dict[str, Mapping[str, Any]] = {}
        for article, title in entries:
            if article in new or article in self._withdrawn:
                continue
            if not self.state.has_listing(section, article):
                record = {"id": article, "section": section, "title": title, "first_seen_at": seen}
                new[article] = record
        repeated = sum(map(self.state.is_listed, new))
        self.listings.append(*new.values())
        self.state.add_listings(section, new)
        self._commit_in_time()
        return len(new), repeated

    def further_sections(self) -> Iterator[tuple[str, list[str]]]:
        """Yield each article, with the sections that list it but are not in its line."""
        for record in self.articles.records():
            article = str(record.get("id"))
            named = {section["id"] for section in record.get("sections", ())}
            yield article, sorted(self.state.sections_of(article) - named)

    # -- articles --------------------------------------------------------------------

    def write(self, line: ArticleLine, *, blob_id: str | None = None) -> None:
        """Append an article's line; ``blob_id`` is the git blob id of its page."""
        self.state.require_usable()
        self.articles.append_lines(line.line)
        self.state.write_article(line.id, self._edition(line, blob_id))
        self._commit_in_time()

    def write_change(
        self,
        line: ArticleLine,
        now: datetime,
        *,
        blob_id: str | None = None,
        before: Mapping[str, Any] | None = None,
    ) -> str | None:
        """Append a line to ``changes.jsonl`` if an article differs from its last edition.

        Return the kind of the change; None if no key that makes an edition differs. ``before`` is
        the last edition's page as read by the current readers. If that page is not available, the
        digests of the editions are compared.
        """
        self.state.require_usable()
        last, edition = self.state.published(line.id), self._edition(line, blob_id)
        assert last is not None, line.id  # noqa: S101 - only published articles are read again
        kind = self._kind(last, edition, before)
        if kind is not None:
            self.changes.append(change_line(line.id, kind, now, line))
        self.state.update_article(line.id, edition)
        self._commit_in_time()
        return kind

    def write_vanished(self, article: str, now: datetime) -> bool:
        """Append a line to ``changes.jsonl`` for a page that no longer exists.

        Return False if the article had vanished before, or has no line.
        """
        self.state.require_usable()
        last = self.state.published(article)
        new = last is not None and not last.vanished
        if new:
            self.changes.append(change_line(article, "vanished", now))
        if last is not None:
            self.state.update_article(article, last._replace(vanished=True))
        self._commit_in_time()
        return new

    def mark_unchanged(self, article: str, mirror_url: str | None = None) -> None:
        """Record that an article's page has the same bytes as its last edition.

        ``mirror_url`` is that of the copy that was read; None for the same as before.
        """
        last = self.state.published(article)
        section = self._recovery.section_of(mirror_url) if mirror_url else None
        if last is not None and section not in (None, last.section):
            self.state.update_article(article, last._replace(section=section))
        else:
            self.state.settle(article)

    def _edition(self, line: ArticleLine, blob_id: str | None) -> PublishedArticle:
        return PublishedArticle(
            sha256=line.content_sha256,
            section=self._recovery.section_of(line.mirror_url),
            blob_id=blob_id,
            digest=line.digest,
            # without a blob id, the transport has not seen the page's own bytes
            readers_version=self.readers_version if blob_id is not None else None,
            thin=line.thin,
            day=line.date_published,
        )

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
        if last.blob_id is None and (
            last.readers_version is None or last.readers_version != self.readers_version
        ):
            return None  # perhaps only the readers differ, not the page
        if last.digest == edition.digest:
            return None
        self.unlike_readers += last.readers_version != self.readers_version
        return "changed"

    # -- failures --------------------------------------------------------------------

    def fail(self, key: str, reason: str) -> None:
        """Record that an article (by id) or a list (by path) failed now."""
        self.state.fail(key, reason, time.time())
        self._commit_in_time()

    def reading(self) -> str | None:
        """Return the key of the page that an earlier run was reading when it was killed."""
        key = self.state.get("reading")
        return str(key) if key else None

    def note_reading(self, key: str | None) -> None:
        """Record that the page of ``key`` is being read; None after it was."""
        self.state.put("reading", key)
        if key is not None:
            self.commit()

    def set_aside(self, *, due: bool | None = None) -> dict[str, str]:
        """Return the reason of each page that has failed for a week, by key.

        A first failure by a clock that was never set does not count; a last one in the future, by a
        wrong clock, counts as long ago.

        Args:
            due: True for the pages whose weekly try is due, False for the others, None for all.
        """
        now = time.time()
        return {
            key: reason
            for key, reason, first, last in self.state.failures()
            if first >= CLOCK_FLOOR
            and now - first >= WEEK
            and due in (None, not 0 <= now - last < WEEK)
        }

    def pending(self) -> PackedIds:
        """Return the new articles to fetch, newest first, without those set aside until later."""
        pending, waiting = self.state.pending(), self.set_aside(due=False)
        return PackedIds(one for one in pending if one not in waiting) if waiting else pending

    # -- commits ---------------------------------------------------------------------

    def commit(self) -> None:
        """Sync the files to disk, then commit the state."""
        try:
            self.articles.sync()
            self.listings.sync()
            self.changes.sync()
        except FeedUnusable:
            self.state.give_up()  # its changes are about lines that may not be on disk
            raise
        self._recovery.mark(self.state)
        self.state.commit()
        self._committed = time.monotonic()

    def _commit_in_time(self) -> None:
        if time.monotonic() - self._committed > COMMIT_INTERVAL:
            self.commit()

    def close(self, record: Mapping[str, Any] | None) -> None:
        """Write the run's line and release the lock; everything else is already committed.

        ``record`` is the line without offsets, or None for no line. If it cannot be written, the
        next run writes one.
        """
        try:
            if record is not None:
                self.runs.append({**record, **offsets(self.before, self._sizes)})
                self.runs.sync()
            self.lock.clear()
        finally:
            self.state.close()
            self._opened_files.close()

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
                "%s: truncated an unfinished line of %d bytes, left by a run that was killed",
                file.path,
                file.torn,
            )
        return file
