"""The state: a SQLite file that makes the next run cheap and can be rebuilt from the feed."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from crawler.exceptions import FeedBusy, FeedUnusable
from crawler.store.edition import PublishedArticle
from crawler.store.files import has_locks
from crawler.store.packed_ids import PackedIds

STATE_VERSION = 3

CLOCK_FLOOR = 1.7e9
"""2023-11-14 in Unix seconds; a clock with an earlier time was never set."""

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- every section ever seen, with the last name in its own index
CREATE TABLE sections (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
-- every (section, id) pair of listings.jsonl
CREATE TABLE listings (id TEXT, section TEXT, PRIMARY KEY (id, section)) WITHOUT ROWID;
-- the last edition of every article of articles.jsonl: the fields of PublishedArticle
CREATE TABLE articles (
    id TEXT PRIMARY KEY, sha256 TEXT, section TEXT, blob TEXT, digest TEXT, readers TEXT,
    thin INTEGER, day TEXT, vanished INTEGER
) WITHOUT ROWID;
-- articles whose page has changed, until it is read
CREATE TABLE due (id TEXT PRIMARY KEY) WITHOUT ROWID;
-- archive pages that are final and were read
CREATE TABLE archives (section TEXT, page INTEGER, PRIMARY KEY (section, page)) WITHOUT ROWID;
-- articles (by id) and index pages (by path) that failed, times in Unix seconds
CREATE TABLE failures (
    key TEXT PRIMARY KEY, reason TEXT NOT NULL, first REAL NOT NULL, last REAL NOT NULL
) WITHOUT ROWID;
"""

_SEEN = """
CREATE TEMP TABLE IF NOT EXISTS seen (id TEXT, section TEXT, PRIMARY KEY (id, section)) WITHOUT ROWID
"""

_TABLES = ("meta", "sections", "listings", "articles", "due", "archives", "failures")

_PUBLISHED = "sha256, section, blob, digest, readers, thin, day, vanished"

# newest article first; the mirror's format defines the order of ids
_NEWEST = "id_order(id) DESC, id DESC"


def _can_spill() -> bool:
    try:
        tempfile.gettempdir()
    except OSError:
        return False
    return True


class StateTooNew(Exception):
    """Raised when the state was written by a newer version of this program."""


class StateDamaged(Exception):
    """Raised when the file is not a state, or is damaged."""


# SQLite's errors on file systems without locks or shared memory.
_NO_LOCKS = frozenset(
    {
        sqlite3.SQLITE_IOERR_LOCK,
        sqlite3.SQLITE_IOERR_UNLOCK,
        sqlite3.SQLITE_IOERR_RDLOCK,
        sqlite3.SQLITE_IOERR_CHECKRESERVEDLOCK,
        sqlite3.SQLITE_IOERR_SHMLOCK,
        sqlite3.SQLITE_IOERR_SHMOPEN,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_PROTOCOL,
    }
)

# SQLite's errors for a file that is not a database, or is damaged.
_DAMAGE = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class State:
    """The tables of the SQLite file.

    All changes since the last :meth:`commit` are one transaction. After an error, SQLite may have
    rolled it back although the lines are published. So nothing can be read or written any more, and
    the next run reads those lines from the feed.

    Every method raises FeedUnusable or FeedBusy if SQLite fails, now or earlier.

    Attributes:
        fresh: whether the file was created now.
    """

    def __init__(self, path: Path, id_order: Callable[[str], int]) -> None:
        """Open the file at ``path``, or create it; ``id_order`` is that of the mirror's format.

        Raises:
            StateDamaged: the file is damaged and can be replaced.
            StateTooNew: the file was written by a newer version.
            FeedUnusable: the file cannot be opened.
        """
        self.fresh = not path.exists()
        self._path = path
        self._given_up = False
        try:
            self._db = sqlite3.connect(path, isolation_level=None)
        except sqlite3.Error as error:
            raise self._refused(error) from error
        self._db.create_function("id_order", 1, id_order, deterministic=True)
        try:
            self._open()
        except sqlite3.DatabaseError as error:
            self._db.close()
            # an error without a code was raised by _open
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
            if code & 0xFF in _DAMAGE:
                raise StateDamaged(str(error)) from error
            raise self._refused(error) from error
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if 0 < version < STATE_VERSION:
            raise sqlite3.DatabaseError(f"version {version}, this program needs {STATE_VERSION}")
        if version > STATE_VERSION:
            raise StateTooNew(f"version {version}, this program supports {STATE_VERSION}")
        if self._db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("quick_check failed")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")
        if not _can_spill():
            self._db.execute("PRAGMA temp_store = MEMORY")
        if version == 0:
            self.fresh = True
            self._db.executescript(f"BEGIN;{_SCHEMA}PRAGMA user_version = {STATE_VERSION};COMMIT;")
        self._db.execute(f"SELECT 1 FROM {', '.join(_TABLES)} LIMIT 0")  # noqa: S608 - a constant
        wrong = "typeof(first) <> 'real' OR typeof(last) <> 'real'"
        if self._db.execute(f"SELECT 1 FROM failures WHERE {wrong} LIMIT 1").fetchone():  # noqa: S608 - a constant
            raise sqlite3.DatabaseError("a failure has no time")
        self._db.execute("BEGIN")

    def commit(self) -> None:
        self._execute("COMMIT")
        self._execute("BEGIN")

    def close(self) -> None:
        """Close without the changes since the last commit; checkpoint the write-ahead log."""
        self._db.close()

    # -- single values -------------------------------------------------------------

    def get(self, key: str) -> object:
        row = self._execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(self, key: str, value: str | float | None) -> None:
        self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # -- sections and listings -----------------------------------------------------

    def name_section(self, section: str, name: str) -> None:
        self._execute("INSERT OR REPLACE INTO sections VALUES (?, ?)", (section, name))

    def section_names(self) -> dict[str, str]:
        return dict(self._rows("SELECT id, name FROM sections"))

    def add_listings(self, section: str, articles: Iterable[str]) -> None:
        pairs = ((article, section) for article in articles)
        self._execute_many("INSERT OR IGNORE INTO listings VALUES (?, ?)", pairs)

    def has_listing(self, section: str, article: str) -> bool:
        query = "SELECT 1 FROM listings WHERE id = ? AND section = ?"
        return self._exists(query, (article, section))

    def is_listed(self, article: str) -> bool:
        return self._exists("SELECT 1 FROM listings WHERE id = ?", (article,))

    def sections_of(self, article: str) -> set[str]:
        rows = self._rows("SELECT section FROM listings WHERE id = ?", (article,))
        return {section for (section,) in rows}

    def mark_seen(self, section: str, articles: Iterable[str]) -> None:
        """Record, until the file is closed, that ``section`` still lists ``articles``."""
        self._execute(_SEEN)
        pairs = ((article, section) for article in articles)
        self._execute_many("INSERT OR IGNORE INTO temp.seen VALUES (?, ?)", pairs)

    def unlisted(self) -> Iterator[tuple[str, str]]:
        """Yield (section, article) of listings that were not marked by :meth:`mark_seen`."""
        self._execute(_SEEN)
        query = "SELECT section, id FROM listings EXCEPT SELECT section, id FROM temp.seen"
        return iter(list(self._rows(query)))

    def archives_read(self, section: str) -> set[int]:
        """Return the numbers of a section's archive pages that were read when final."""
        rows = self._rows("SELECT page FROM archives WHERE section = ?", (section,))
        return {page for (page,) in rows}

    def mark_archive_read(self, section: str, page: int) -> None:
        self._execute("INSERT OR IGNORE INTO archives VALUES (?, ?)", (section, page))

    def mark_archive_unread(self, section: str, page: int) -> None:
        self._execute("DELETE FROM archives WHERE section = ? AND page = ?", (section, page))

    # -- articles ------------------------------------------------------------------

    def write_article(self, article: str, written: PublishedArticle) -> bool:
        """Record that ``article`` has a line; return False if it had one already."""
        self._execute("DELETE FROM failures WHERE key = ?", (article,))
        return self._changed(
            "INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article, *written),
        )

    def update_article(self, article: str, edition: PublishedArticle) -> bool:
        """Replace the edition of an article; return False if it has no line."""
        self.settle(article)
        return self._changed(
            "INSERT OR REPLACE INTO articles SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? "
            "WHERE EXISTS (SELECT 1 FROM articles WHERE id = ?)",
            (article, *edition, article),
        )

    def settle(self, article: str) -> None:
        """Record that a published article need not be read again."""
        self._execute("DELETE FROM failures WHERE key = ?", (article,))
        self._execute("DELETE FROM due WHERE id = ?", (article,))

    def note_blobs(self, blobs: Iterable[tuple[str, str]]) -> None:
        pairs = ((blob, article) for article, blob in blobs)
        self._execute_many("UPDATE articles SET blob = ? WHERE id = ?", pairs)

    def is_written(self, article: str) -> bool:
        return self._exists("SELECT 1 FROM articles WHERE id = ?", (article,))

    def published(self, article: str) -> PublishedArticle | None:
        """Return an article's last edition, or None if it has no line."""
        query = f"SELECT {_PUBLISHED} FROM articles WHERE id = ?"  # noqa: S608 - a constant
        row = self._execute(query, (article,)).fetchone()
        if row is None:
            return None
        published = PublishedArticle(*row)
        return published._replace(thin=bool(published.thin), vanished=bool(published.vanished))

    def written(self) -> PackedIds:
        """Return all articles that have a line, newest first."""
        rows = self._rows(f"SELECT id FROM articles ORDER BY {_NEWEST}")  # noqa: S608
        return PackedIds(article for (article,) in rows)

    def newest(self, until: str) -> str | None:
        """Return the latest ``date_published`` that is not after ``until``, or None."""
        query = "SELECT max(day) FROM articles WHERE day <= ?"
        day: str | None = self._execute(query, (until,)).fetchone()[0]
        return day

    def mark_due(self, articles: Iterable[str]) -> None:
        """Record that ``articles`` must be read again, if they have a line."""
        self._execute_many(
            "INSERT OR IGNORE INTO due SELECT id FROM articles WHERE id = ?",
            ((article,) for article in articles),
        )

    def mark_all_due(self) -> None:
        self._execute("INSERT OR IGNORE INTO due SELECT id FROM articles")

    def due(self) -> PackedIds:
        """Return the published articles to read again, newest first."""
        rows = self._rows(f"SELECT id FROM due ORDER BY {_NEWEST}")  # noqa: S608
        return PackedIds(article for (article,) in rows)

    def pending(self) -> PackedIds:
        """Return the listed articles without a line, newest first."""
        rows = self._rows(
            "SELECT DISTINCT id FROM listings l WHERE NOT EXISTS "  # noqa: S608
            f"(SELECT 1 FROM articles a WHERE a.id = l.id) ORDER BY {_NEWEST}"
        )
        return PackedIds(article for (article,) in rows)

    def counts(self) -> tuple[int, int]:
        articles = self._one("SELECT count(*) FROM articles")
        return articles, self._one("SELECT count(*) FROM listings")

    # -- failures ------------------------------------------------------------------

    def fail(self, key: str, reason: str, now: float) -> None:
        """Record that ``key`` failed at ``now`` (Unix seconds).

        A first failure in the future or before ``CLOCK_FLOOR`` comes from a wrong clock and is
        replaced by ``now``.
        """
        self._execute(
            "INSERT INTO failures VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET "
            "reason = excluded.reason, last = excluded.last, "
            "first = iif(?5 > excluded.first OR first BETWEEN ?5 AND excluded.first, "
            "first, excluded.first)",
            (key, reason, now, now, CLOCK_FLOOR),
        )

    def recover(self, key: str) -> None:
        self._execute("DELETE FROM failures WHERE key = ?", (key,))

    def failures(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield (key, reason, first, last) of all failures, in the order of keys."""
        return iter(list(self._rows("SELECT key, reason, first, last FROM failures")))

    # -- plumbing ------------------------------------------------------------------

    def give_up(self) -> None:
        """Refuse all further reads and writes; the file stays as last committed."""
        self._given_up = True

    def require_usable(self) -> None:
        """Raise FeedUnusable if SQLite has failed."""
        if self._given_up:
            raise FeedUnusable(
                f"the feed's state in {self._path.parent} cannot be written: SQLite failed earlier"
            )

    def _execute(self, query: str, values: Iterable[str | float | None] = ()) -> sqlite3.Cursor:
        self.require_usable()
        try:
            return self._db.execute(query, tuple(values))
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _execute_many(self, query: str, values: Iterable[tuple[str, ...]]) -> None:
        self.require_usable()
        try:
            self._db.executemany(query, values)
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _rows(self, query: str, values: Iterable[str] = ()) -> Iterator[Any]:
        cursor = self._execute(query, values)
        try:
            yield from cursor
        except sqlite3.Error as error:
            raise self._refused(error) from error

    def _refused(self, error: sqlite3.Error) -> FeedUnusable | FeedBusy:
        """Give up, and return the error to raise instead of SQLite's."""
        self.give_up()
        code = getattr(error, "sqlite_errorcode", None)
        busy = code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
        if code in _NO_LOCKS or (
            busy and not has_locks(self._path)
        ):  # SQLite reports ENOLCK as BUSY
            return FeedUnusable(
                f"the feed's state in {self._path.parent} cannot be locked ({error}): move the feed "
                "to a local disk, or mount its file system with locks, and run again"
            )
        if busy:
            return FeedBusy(
                f"another program uses the feed's state in {self._path.parent}: run again later"
            )
        return FeedUnusable(
            f"the feed's state in {self._path.parent} cannot be written: {error}. "
            "Make room or fix the permissions, then run again; nothing is lost."
        )

    def _one(self, query: str) -> int:
        value: int = self._execute(query).fetchone()[0]
        return value

    def _exists(self, query: str, values: Iterable[str]) -> bool:
        return self._execute(query, values).fetchone() is not None

    def _changed(self, query: str, values: Iterable[str | float | None]) -> bool:
        return self._execute(query, values).rowcount > 0
