"""Opens the state of a feed and brings it up to date with the feed's files.

Lines that the state lacks after a kill are read from the files. A state that is damaged or
contradicts the files is renamed and rebuilt.
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
from crawler.formats.base import Format, find_copy
from crawler.store.edition import PublishedArticle, digest_of, is_thin
from crawler.store.jsonlines import JsonLines
from crawler.store.state import State, StateDamaged, StateTooNew

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovery:
    """The files that a state must agree with.

    Attributes:
        articles: ``articles.jsonl``, open.
        listings: ``listings.jsonl``, open.
        changes: ``changes.jsonl``, open.
        format: the mirror's format.
        find_readers_version: returns that of lines that the state lacks; None if unknown.
    """

    articles: JsonLines
    listings: JsonLines
    changes: JsonLines
    format: Format
    find_readers_version: Callable[[], str | None]

    def state_at(self, path: Path) -> State:
        """Return the state at ``path``, brought up to date with the feed.

        Raises:
            FeedUnusable: the state has a newer version or cannot be opened, or the feed was edited
                by hand.
        """
        try:
            state = State(path, self.format.id_order)
        except StateTooNew as exc:
            raise FeedUnusable(
                f"{path} was written by a newer version of this program ({exc}): use that version, "
                f"or delete {path.name}, which is then rebuilt from the feed"
            ) from exc
        except StateDamaged as exc:
            return self._rebuilt(path, f"is damaged ({exc})")
        if self._disagrees(state):
            state.close()
            return self._rebuilt(path, "contradicts the feed's files, which were changed by hand")
        if state.fresh and self.articles.size + self.listings.size:
            logger.warning("%s is missing: rebuilt from the feed", path)
        self._catch_up(state)
        return state

    def mark(self, state: State) -> None:
        """Record in the state up to which offsets it covers the files."""
        for name, file in self._files():
            state.put(f"{name}_offset", file.size)
            state.put(f"{name}_tail", _digest(file.last_line()))

    def published(self, record: Mapping[str, Any]) -> PublishedArticle:
        """Return the edition of a record, without blob id and readers."""
        day = record.get("date_published")
        return PublishedArticle(
            sha256=record.get("content_sha256"),
            section=self.section_of(record.get("mirror_url")),
            digest=digest_of(record),
            thin=is_thin(record),
            day=day if isinstance(day, str) else None,
        )

    def section_of(self, mirror_url: object) -> str | None:
        """Return the section of the copy at ``mirror_url``."""
        found = find_copy(str(mirror_url), self.format)
        return found[1].section if found else None

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
        logger.warning("%s %s: renamed to %s and rebuilt from the feed", path, why, aside.name)
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
        """Add the lines that the state lacks."""
        is_article_id = self.format.is_article_id
        for record in self.listings.records(number(state.get("listings_offset"))):
            section, article = str(record.get("section")), str(record.get("id"))
            if not (self.format.is_section_id(section) and is_article_id(article)):
                raise FeedUnusable(_invalid(self.listings.path, record))
            state.add_listings(section, [article])
        known, known_changes = (number(state.get(f"{n}_offset")) for n in ("articles", "changes"))
        if (known, known_changes) == (self.articles.size, self.changes.size):
            return
        version = self.find_readers_version()
        for record in self.articles.records(known):
            article = str(record.get("id"))
            if not is_article_id(article):
                raise FeedUnusable(_invalid(self.articles.path, record))
            if not state.write_article(
                article, self.published(record)._replace(readers_version=version)
            ):
                raise FeedUnusable(
                    f"{self.articles.path} has more than one line of {article}: it was changed by "
                    "hand. Restore it from a backup, or move the feed's directory away."
                )
        for record in self.changes.records(known_changes):
            self._add_change(state, record, version)

    def _add_change(self, state: State, record: Mapping[str, Any], version: str | None) -> None:
        """Add a line of ``changes.jsonl``; its page's blob id is unknown."""
        article, now = str(record.get("id")), record.get("article")
        if isinstance(now, dict):
            state.update_article(article, self.published(now)._replace(readers_version=version))
        elif before := state.published(article):
            state.update_article(article, before._replace(vanished=True))


def number(value: object) -> int:
    """Return ``value`` if it is an integer, else 0."""
    return value if isinstance(value, int) else 0


def _digest(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _invalid(path: Path, record: Mapping[str, Any]) -> str:
    return (
        f"{path} has a line without a valid article id or section ({str(record)[:100]}): it was "
        "changed by hand. Restore it from a backup, or move the feed's directory away."
    )
