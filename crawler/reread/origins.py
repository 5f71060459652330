"""What an old feed records in addition to its lines: blob ids of pages, and last changes.

One SQLite file in the reread's directory, written once at the beginning. Any number of processes
can then read it, even on a network file system.
"""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from crawler.feedfile import FeedFile
from crawler.reread.plan import temporary_path
from crawler.store.state import State

logger = logging.getLogger(__name__)

_SCHEMA = """
CREATE TABLE blobs (id TEXT PRIMARY KEY, blob TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE changes (id TEXT PRIMARY KEY, start INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE sections (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE archives (section TEXT, page INTEGER, PRIMARY KEY (section, page)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
"""
_KEPT = ("commit", "entries")

_FROM_STATE = (
    ("blobs", "SELECT id, blob FROM articles WHERE blob IS NOT NULL"),
    ("sections", "SELECT id, name FROM sections"),
    ("archives", "SELECT section, page FROM archives"),
    ("meta", f"SELECT key, value FROM meta WHERE key IN {_KEPT}"),  # noqa: S608 - constants
)


def collect_origins(path: Path, feed: Path, changes: FeedFile) -> None:
    """Write the file ``path``, atomically.

    Args:
        path: the file to write.
        feed: the feed's directory, locked against runs.
        changes: its ``changes.jsonl``.

    Raises:
        FeedUnusable: a line of ``changes.jsonl`` is damaged.
    """
    temporary = temporary_path(path)
    with closing(sqlite3.connect(temporary, isolation_level=None)) as target:
        target.executescript(f"PRAGMA synchronous = OFF;BEGIN;{_SCHEMA}")
        _copy_state(target, feed, temporary.with_name(f"{temporary.name}.state"))
        target.executemany(
            "INSERT OR REPLACE INTO changes VALUES (?, ?)",
            ((str(change.record.get("id")), change.offset) for change in changes.lines()),
        )
        # the state has the blob of an article's latest page, not of the page its line was made from
        target.execute("DELETE FROM blobs WHERE id IN (SELECT id FROM changes)")
        target.execute("COMMIT")
    with temporary.open("rb") as written:
        os.fsync(written.fileno())
    temporary.replace(path)


def _copy_state(target: sqlite3.Connection, feed: Path, copy: Path) -> None:
    """Copy tables of the feed's state, from a copy: SQLite creates files beside what it opens."""
    suffixes = ("", "-wal")
    try:
        if not (feed / "state.sqlite").exists():
            return
        for suffix in suffixes:
            original = feed / f"state.sqlite{suffix}"
            if original.exists():
                shutil.copyfile(original, copy.with_name(copy.name + suffix))
        with closing(sqlite3.connect(copy)) as state:
            for table, query in _FROM_STATE:
                rows = state.execute(query)
                slots = ", ".join("?" * len(rows.description))
                target.executemany(f"INSERT INTO {table} VALUES ({slots})", rows)  # noqa: S608
    except sqlite3.Error as error:
        logger.warning(
            "%s cannot be read (%s), comparing pages by their text", feed / "state.sqlite", error
        )
    finally:
        for suffix in (*suffixes, "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


class Origins:
    """The file written by :func:`collect_origins`, open for reading."""

    def __init__(self, path: Path, feed: Path) -> None:
        """Open ``path``, which was made from ``feed``."""
        self._db = sqlite3.connect(f"file:{path}?immutable=1", uri=True)
        self._changes = feed / "changes.jsonl"

    def blob_of(self, article: str) -> str | None:
        """Return the git blob id of the page that the article's line was made from.

        None if it is unknown, as for an article that has changed since.
        """
        row = self._db.execute("SELECT blob FROM blobs WHERE id = ?", (article,)).fetchone()
        return row[0] if row else None

    def last_change_of(self, article: str) -> dict[str, Any] | None:
        """Return the article's last line in ``changes.jsonl``; None if it never changed."""
        query = "SELECT start FROM changes WHERE id = ?"
        row = self._db.execute(query, (article,)).fetchone()
        if row is None:
            return None
        with FeedFile(self._changes) as changes:
            return changes.record(row[0])

    def copy_to(self, state: State) -> None:
        """Add to a new state what only the old one has, besides the blob ids."""
        for section, name in self._db.execute("SELECT id, name FROM sections"):
            state.name_section(section, name)
        for section, page in self._db.execute("SELECT section, page FROM archives"):
            state.mark_archive_read(section, page)
        for key, value in self._db.execute("SELECT key, value FROM meta"):
            state.put(key, value)

    def close(self) -> None:
        self._db.close()
