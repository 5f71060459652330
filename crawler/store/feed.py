"""The store: the feed's files and the state kept as one, so that neither runs ahead.

An article counts as known only after its line is safely in the feed; whatever the state
missed of the feed when a run was killed is read from the feed when the next one starts.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.items import CONTRACT_VERSION, timestamp
from crawler.store.jsonlines import JsonLines, Lock
from crawler.store.state import PackedIds, PublishedArticle, State, StateDamaged, StateTooNew
from crawler.urls import Copy, copy_of

logger = logging.getLogger(__name__)

# How often what was written is forced to the disk and made known, in seconds.
COMMIT_INTERVAL = 2.0

# A page that fails is tried by every run for so long, then looked at once a week.
SET_ASIDE_AFTER = 7 * 86400.0
SET_ASIDE_INTERVAL = 7 * 86400.0


class FeedStore:
    """A feed's directory, held by one run.

    Attributes:
        blobs: git blob ids of pages whose article is on its way to :meth:`write`, by id.
        before: sizes of ``articles.jsonl`` and ``listings.jsonl`` when the run began.
    """

    def __init__(self, directory: Path, mirror: str, about: Mapping[str, Any]) -> None:
        """Take the feed's lock, repair what a killed run left, and learn what is known.

        Args:
            directory: the feed's; made if it is missing.
            mirror: name of the mirror that the feed must belong to.
            about: what the lock's note and a killed run's line say of this run.

        Raises:
            WrongUsage: the feed belongs to another mirror.
            FeedBusy: another run holds it.
            FeedUnusable: it cannot be written, is damaged, or of another version.
        """
        self.directory = directory
        self.mirror = mirror
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise FeedUnusable(f"the feed's directory {directory}: {exc.strerror}") from exc
        self.lock = Lock(directory / "lock")
        with ExitStack() as opened:
            opened.callback(self.lock.leave)
            self._check_owner(about.get("address"))
            self.articles = opened.enter_context(self._opened("articles.jsonl"))
            self.listings = opened.enter_context(self._opened("listings.jsonl"))
            self.runs = opened.enter_context(self._opened("runs.jsonl"))
            self.state = self._known_state()
            self._account_for_the_dead()
            self.blobs: dict[str, str] = {}
            self.before = (self.articles.size, self.listings.size)
            self.lock.note(about)
            self._committed = time.monotonic()
            self.commit()
            self._opened_files = opened.pop_all()

    # -- what the crawl asks and tells -----------------------------------------------

    def take_listings(
        self, section: str, entries: Iterable[tuple[str, str]], now: datetime
    ) -> tuple[int, int]:
        """Take in the (id, title) entries of an index page.

        Returns:
            How many pairs are new, and how many of those are of an id that was listed already.
        """
        self.state.require_usable()
        new = repeated = 0
        for article, title in entries:
            if self.state.lists(section, article):
                continue
            new += 1
            repeated += self.state.is_listed(article)
            self.listings.append(
                {
                    "id": article,
                    "section": section,
                    "title": title,
                    "first_seen_at": timestamp(now),
                }
            )
            self.state.list_article(section, article)
        self._commit_in_time()
        return new, repeated

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

    def write(self, record: Mapping[str, Any]) -> None:
        """Append an article's line.

        Raises:
            FeedUnusable: it could not be written.
        """
        self.state.require_usable()
        self.articles.append(record)
        blob = self.blobs.pop(record["id"], None)
        self.state.write_article(record["id"], _written(record)._replace(blob=blob))
        self._commit_in_time()

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
            if now - first >= SET_ASIDE_AFTER and (now - last >= SET_ASIDE_INTERVAL) is due
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
        except FeedUnusable:
            self.state.give_up()  # what it was told since is not on the disk
            raise
        for name, file in (("articles", self.articles), ("listings", self.listings)):
            self.state.put(f"{name}_offset", file.size)
            self.state.put(f"{name}_tail", _digest(file.last_line()))
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
                self.runs.append({**record, **self._offsets(self.before)})
                self.runs.sync()
            self.lock.clear()
        finally:
            self.state.close()
            self._opened_files.close()

    # -- opening -----------------------------------------------------------------------

    def _check_owner(self, address: str | None) -> None:
        """Refuse a feed of another mirror or contract, before anything is written.

        Many mirrors are called ``master``, by the end of their address: those are told apart by it.

        The note of a run that died tells it where no article was written yet.
        """
        records = [
            _first_record(self.directory / name) for name in ("runs.jsonl", "articles.jsonl")
        ]
        for record in (*records, self.lock.left_behind or {}):
            owner = record.get("mirror", self.mirror)
            if owner != self.mirror:
                raise WrongUsage(
                    f"the feed {self.directory} belongs to mirror {owner!r}, not to "
                    f"{self.mirror!r}: name another with -a feed=DIR, or the mirror with -a name="
                )
            if address and (record.get("address") or address) != address:
                raise WrongUsage(
                    f"the feed {self.directory} belongs to the mirror at {record['address']}, not "
                    f"to {address}: name this one with -a name=, or another feed with -a feed=DIR"
                )
            if (version := record.get("contract", CONTRACT_VERSION)) != CONTRACT_VERSION:
                raise FeedUnusable(
                    f"the feed {self.directory} keeps contract version {version}, this program "
                    f"writes {CONTRACT_VERSION}: crawl into another directory with -a feed=DIR"
                )

    def _opened(self, name: str) -> JsonLines:
        file = JsonLines(self.directory / name)
        if file.torn:
            logger.warning(
                "%s ended in an unfinished line of %d bytes, left by a run that died: cut off",
                file.path,
                file.torn,
            )
        return file

    def _known_state(self) -> State:
        """Return the state, caught up with the feed; made anew where it cannot be trusted."""
        path = self.directory / "state.sqlite"
        try:
            state = State(path)
        except StateTooNew as exc:
            raise FeedUnusable(
                f"{path} was written by a newer version of this program ({exc}): use that one, "
                f"or delete {path.name} to have it made anew from the feed"
            ) from exc
        except StateDamaged as exc:
            return self._rebuilt(path, f"is damaged ({exc})")
        if self._disagrees(state):
            state.close()
            return self._rebuilt(path, "does not fit the feed's files, which were changed by hand")
        if state.fresh and self.articles.size + self.listings.size:
            logger.warning("%s is missing: made anew from the feed", path)
        self._catch_up(state)
        return state

    def _rebuilt(self, path: Path, why: str) -> State:
        aside = path.with_name(f"{path.name}.aside-{time.strftime('%Y%m%dT%H%M%S')}")
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        logger.warning("%s %s: put aside as %s, made anew from the feed", path, why, aside.name)
        state = State(path)
        self._catch_up(state)
        return state

    def _disagrees(self, state: State) -> bool:
        return any(
            (offset := _number(state.get(f"{name}_offset"))) > file.size
            or (offset > 0 and _digest(file.last_line(offset)) != state.get(f"{name}_tail"))
            for name, file in (("articles", self.articles), ("listings", self.listings))
        )

    def _catch_up(self, state: State) -> None:
        """Take in the lines that the state does not know of yet."""
        for record in self.listings.records(_number(state.get("listings_offset"))):
            section, article = str(record.get("section")), str(record.get("id"))
            if copy_of(Copy(section, article).path) is None:
                raise FeedUnusable(_names_nothing(self.listings.path, record))
            state.list_article(section, article)
        for record in self.articles.records(_number(state.get("articles_offset"))):
            article = str(record.get("id"))
            if copy_of(Copy("any", article).path) is None:
                raise FeedUnusable(_names_nothing(self.articles.path, record))
            if not state.write_article(article, _written(record)):
                raise FeedUnusable(
                    f"{self.articles.path} has more than one line of {article}: it was changed by "
                    "hand. Restore it from a backup, or move the feed's directory away."
                )

    def _account_for_the_dead(self) -> None:
        """Write the line of a run that died without one, so that offsets always meet."""
        last = _last_record(self.runs)
        before = (_number(last.get("articles_after")), _number(last.get("listings_after")))
        note = self.lock.left_behind
        told = note is None or (last.get("end") and note.get("start") == last.get("start"))
        if told and before == (self.articles.size, self.listings.size):
            return
        shrunk = before[0] > self.articles.size or before[1] > self.listings.size
        record = {
            "start": (note or {}).get("start"),
            "end": None,
            "mirror": self.mirror,
            "way": (note or {}).get("way"),
            "status": "altered" if shrunk else "killed",
            "exit_code": None,
            "contract": CONTRACT_VERSION,
        }
        self.runs.append({**record, **self._offsets(before)})
        self.runs.sync()
        if shrunk:
            logger.warning("%s: the feed is shorter than its last run left it", self.directory)
        else:
            logger.warning("%s: an earlier run died without its line in runs.jsonl", self.directory)

    def _offsets(self, before: tuple[int, int]) -> dict[str, int]:
        return {
            "articles_before": before[0],
            "articles_after": self.articles.size,
            "listings_before": before[1],
            "listings_after": self.listings.size,
        }


def _written(record: Mapping[str, Any]) -> PublishedArticle:
    copy = copy_of("/".join(str(record.get("mirror_url")).split("/")[-3:]))
    return PublishedArticle(record.get("content_sha256"), copy.section if copy else None)


def _names_nothing(path: Path, record: Mapping[str, Any]) -> str:
    return (
        f"{path} has a line that names no article of a section ({str(record)[:100]}): it was "
        "changed by hand. Restore it from a backup, or move the feed's directory away."
    )


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _first_record(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            line = file.readline(1 << 26)
    except FileNotFoundError:
        return {}
    except OSError as exc:
        raise FeedUnusable(f"{path}: {exc.strerror}") from exc
    return _record(line)


def _last_record(file: JsonLines) -> dict[str, Any]:
    """Return the last line that can be read; one that cannot was changed by hand."""
    end = file.size
    while line := file.last_line(end):
        if record := _record(line):
            return record
        logger.warning("%s: the line before byte %d is damaged: passed over", file.path, end)
        end -= len(line)
    return {}


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line) if line.endswith(b"\n") else {}
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
