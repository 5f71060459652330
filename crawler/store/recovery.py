"""The state of a feed, opened: caught up with the feed's files, or rebuilt from them.

The state is never trusted alone. What it missed of the feed when a run was killed is read from
the feed; where it is damaged, or does not fit the files, it is put aside and rebuilt.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crawler.exceptions import FeedUnusable
from crawler.formats.base import Format
from crawler.store.edition import digest_of, is_thin
from crawler.store.jsonlines import JsonLines
from crawler.store.published import PublishedArticle
from crawler.store.state import State, StateDamaged, StateTooNew

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The files that a state must agree with.

    Attributes:
        articles: ``articles.jsonl``, open.
        listings: ``listings.jsonl``, open.
        changes: ``changes.jsonl``, open.
        format: tells ids and paths.
        readers: returns the version of the readers of lines that the state does not know; None
            where it is not known.
    """

    articles: JsonLines
    listings: JsonLines
    changes: JsonLines
    format: Format
    readers: Callable[[], str | None]

    def state_at(self, path: Path) -> State:
        """Return the state kept at ``path``, in agreement with the feed.

        Raises:
            FeedUnusable: it is of a newer version, or the feed was changed by hand.
            sqlite3.Error: the system refuses the file.
        """
        try:
            state = State(path, self.format.id_order)
        except StateTooNew as exc:
            raise FeedUnusable(
                f"{path} was written by a newer version of this program ({exc}): use that one, "
                f"or delete {path.name} to have it rebuilt from the feed"
            ) from exc
        except StateDamaged as exc:
            return self._rebuilt(path, f"is damaged ({exc})")
        if self._disagrees(state):
            state.close()
            return self._rebuilt(path, "does not fit the feed's files, which were changed by hand")
        if state.fresh and self.articles.size + self.listings.size:
            logger.warning("%s is missing: rebuilt from the feed", path)
        self._catch_up(state)
        return state

    def mark(self, state: State) -> None:
        """Note in the state how far it agrees with the files."""
        for name, file in self._files():
            state.put(f"{name}_offset", file.size)
            state.put(f"{name}_tail", _digest(file.last_line()))

    def published(self, record: Mapping[str, Any]) -> PublishedArticle:
        """Return what the state keeps of an article's record, blob id and readers aside."""
        day = record.get("date_published")
        return PublishedArticle(
            sha256=record.get("content_sha256"),
            section=self.section_of(record.get("mirror_url")),
            digest=digest_of(record),
            thin=is_thin(record),
            day=day if isinstance(day, str) else None,
        )

    def section_of(self, mirror_url: object) -> str | None:
        """Return the section of the copy at ``mirror_url``.

        The page's path is the end of ``mirror_url``; where it begins, the format tells.
        """
        parts = str(mirror_url).split("/")
        copies = (self.format.copy_at("/".join(parts[-n:])) for n in range(1, len(parts)))
        copy = next(filter(None, copies), None)
        return copy.section if copy else None

    def _files(self) -> tuple[tuple[str, JsonLines], ...]:
        return (
            ("articles", self.articles),
            ("listings", self.listings),
            ("changes", self.changes),
        )

    def _rebuilt(self, path: Path, why: str) -> State:
        aside = path.with_name(f"{path.name}.aside-{time.strftime('%Y%m%dT%H%M%S')}")
        path.rename(aside)
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        logger.warning("%s %s: put aside as %s, rebuilt from the feed", path, why, aside.name)
        state = State(path, self.format.id_order)
        self._catch_up(state)
        return state

    def _disagrees(self, state: State) -> bool:
        return any(
            (offset := number(state.get(f"{name}_offset"))) > file.size
            or (offset > 0 and _digest(file.last_line(offset)) != state.get(f"{name}_tail"))
            for name, file in self._files()
        )

    def _catch_up(self, state: State) -> None:
        """Take in the lines that the state does not know of yet."""
        is_article_id = self.format.is_article_id
        for record in self.listings.records(number(state.get("listings_offset"))):
            section, article = str(record.get("section")), str(record.get("id"))
            if not (self.format.is_section_id(section) and is_article_id(article)):
                raise FeedUnusable(_names_nothing(self.listings.path, record))
            state.list_articles(section, [article])
        known, known_changes = (number(state.get(f"{n}_offset")) for n in ("articles", "changes"))
        if (known, known_changes) == (self.articles.size, self.changes.size):
            return
        readers = self.readers()
        for record in self.articles.records(known):
            article = str(record.get("id"))
            if not is_article_id(article):
                raise FeedUnusable(_names_nothing(self.articles.path, record))
            if not state.write_article(article, self.published(record)._replace(readers=readers)):
                raise FeedUnusable(
                    f"{self.articles.path} has more than one line of {article}: it was changed by "
                    "hand. Restore it from a backup, or move the feed's directory away."
                )
        for record in self.changes.records(known_changes):
            self._take_change(state, record, readers)

    def _take_change(self, state: State, record: Mapping[str, Any], readers: str | None) -> None:
        """Take in a line of ``changes.jsonl``; the page's blob id is not known any more."""
        article, now = str(record.get("id")), record.get("article")
        if isinstance(now, dict):
            state.read_again(article, self.published(now)._replace(readers=readers))
        elif before := state.published(article):
            state.read_again(article, before._replace(vanished=True))


def number(value: object) -> int:
    """Return ``value`` if it is an integer, else 0."""
    return value if isinstance(value, int) else 0


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _names_nothing(path: Path, record: Mapping[str, Any]) -> str:
    return (
        f"{path} has a line that names no article of a section ({str(record)[:100]}): it was "
        "changed by hand. Restore it from a backup, or move the feed's directory away."
    )
