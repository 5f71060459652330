"""The state: what makes the next run cheap, in a SQLite file that can be rebuilt from the feed."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from crawler.exceptions import FeedBusy, FeedUnusable
from crawler.store.files import has_locks
from crawler.store.published import PackedIds, PublishedArticle
from crawler.store.set_aside import CLOCK_FLOOR

STATE_VERSION = 2

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
-- every section ever seen, with the name its own index gave it last
CREATE TABLE sections (id TEXT PRIMARY KEY, name TEXT NOT NULL) WITHOUT ROWID;
-- every (section, id) pair of listings.jsonl
CREATE TABLE listings (id TEXT, section TEXT, PRIMARY KEY (id, section)) WITHOUT ROWID;
-- every article of articles.jsonl, as it was read last: the fields of PublishedArticle
CREATE TABLE articles (
    id TEXT PRIMARY KEY, sha256 TEXT, section TEXT, blob TEXT, digest TEXT, readers TEXT,
    thin INTEGER, day TEXT, vanished INTEGER
) WITHOUT ROWID;
-- articles whose page differs from the one they were read from, until it is read
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

# The newest article first; what an id is ordered by, the mirror's format tells.
_NEWEST = "id_order(id) DESC, id DESC"


def _can_spill() -> bool:
    """Return whether SQLite finds a directory for what it keeps beside the file for a while."""
    try:
        tempfile.gettempdir()
    except OSError:
        return False
    return True


class StateTooNew(Exception):
    """Raised when the state was written by a newer version of the project."""


class StateDamaged(Exception):
    """Raised when the file is not a state, or no longer whole."""


# What SQLite says where the file system has no locks, or no memory that processes share.
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

# What SQLite says of a file that is none of its own, or no longer whole.
_DAMAGE = frozenset({sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class State:
    """Tables over one SQLite file.

    All changes since the last :meth:`commit` stand or fall together. After the first error of
    SQLite's nothing can be read or written any more: it may have rolled back what it was told of
    lines that are published. The next run reads those from the feed.

    Every method raises FeedUnusable, or FeedBusy, where SQLite fails or has failed.
    """

    def __init__(self, path: Path, id_order: Callable[[str], int]) -> None:
        """Open ``path``, created if it is missing.

        Args:
            path: the file.
            id_order: gives the number that an article's id is ordered by, the newest greatest.

        Raises:
            StateDamaged: it is damaged; a new one can take its place.
            StateTooNew: it is of a newer version.
            FeedUnusable: the system refuses it.
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
            # an error without a code is our own: the check failed
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
            raise sqlite3.DatabaseError(f"version {version}, this program keeps {STATE_VERSION}")
        if version > STATE_VERSION:
            raise StateTooNew(f"version {version}, this program knows {STATE_VERSION}")
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
        """Make all changes since the last commit stand."""
        self._execute("COMMIT")
        self._execute("BEGIN")

    def close(self) -> None:
        """Close without the changes since the last commit; the write-ahead log is folded in."""
        self._db.close()

    # -- single values -------------------------------------------------------------

    def get(self, key: str) -> object:
        """Return a single value kept under ``key``, None without one."""
        row = self._execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def put(self, key: str, value: str | float | None) -> None:
        """Keep a single value under ``key``."""
        self._execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))

    # -- sections and listings -----------------------------------------------------

    def name_section(self, section: str, name: str) -> None:
        """Keep what the section's own index calls it."""
        self._execute("INSERT OR REPLACE INTO sections VALUES (?, ?)", (section, name))

    def section_names(self) -> dict[str, str]:
        """Return the names kept, by section id."""
        return dict(self._rows("SELECT id, name FROM sections"))

    def list_articles(self, section: str, articles: Iterable[str]) -> None:
        """Note that ``section`` lists ``articles``."""
        pairs = ((article, section) for article in articles)
        self._execute_many("INSERT OR IGNORE INTO listings VALUES (?, ?)", pairs)

    def lists(self, section: str, article: str) -> bool:
        """Tell whether ``section`` was ever seen to list ``article``."""
        query = "SELECT 1 FROM listings WHERE id = ? AND section = ?"
        return self._exists(query, (article, section))

    def is_listed(self, article: str) -> bool:
        """Tell whether any section lists ``article``."""
        return self._exists("SELECT 1 FROM listings WHERE id = ?", (article,))

    def sections_of(self, article: str) -> set[str]:
        """Return the ids of the sections that list ``article``."""
        rows = self._rows("SELECT section FROM listings WHERE id = ?", (article,))
        return {section for (section,) in rows}

    def saw(self, section: str, articles: Iterable[str]) -> None:
        """Note, for as long as the file is open, that ``section`` lists ``articles`` now."""
        self._execute(_SEEN)
        pairs = ((article, section) for article in articles)
        self._execute_many("INSERT OR IGNORE INTO temp.seen VALUES (?, ?)", pairs)

    def unlisted(self) -> Iterator[tuple[str, str]]:
        """Yield (section, article) of listings that were not seen now (:meth:`saw`)."""
        self._execute(_SEEN)
        query = "SELECT section, id FROM listings EXCEPT SELECT section, id FROM temp.seen"
        return iter(list(self._rows(query)))

    def archives_read(self, section: str) -> set[int]:
        """Return the numbers of the section's archive pages that were read as final."""
        rows = self._rows("SELECT page FROM archives WHERE section = ?", (section,))
        return {page for (page,) in rows}

    def archive_read(self, section: str, page: int) -> None:
        """Note that an archive page is final and was read."""
        self._execute("INSERT OR IGNORE INTO archives VALUES (?, ?)", (section, page))

    def archive_unread(self, section: str, page: int) -> None:
        """Note that an archive page that was read is to be read again."""
        self._execute("DELETE FROM archives WHERE section = ? AND page = ?", (section, page))

    # -- articles ------------------------------------------------------------------

    def write_article(self, article: str, written: PublishedArticle) -> bool:
        """Note that the feed has a line of ``article``; return whether that is new."""
        self._execute("DELETE FROM failures WHERE key = ?", (article,))
        return self._changed(
            "INSERT OR IGNORE INTO articles VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (article, *written),
        )

    def read_again(self, article: str, edition: PublishedArticle) -> bool:
        """Keep what an article that has a line was read as now; return whether it has one."""
        self.settle(article)
        return self._changed(
            "INSERT OR REPLACE INTO articles SELECT ?, ?, ?, ?, ?, ?, ?, ?, ? "
            "WHERE EXISTS (SELECT 1 FROM articles WHERE id = ?)",
            (article, *edition, article),
        )

    def settle(self, article: str) -> None:
        """Note that an article that has a line need not be read again."""
        self._execute("DELETE FROM failures WHERE key = ?", (article,))
        self._execute("DELETE FROM due WHERE id = ?", (article,))

    def note_blobs(self, blobs: Iterable[tuple[str, str]]) -> None:
        """Note (id, git blob id) of the pages that lines were made from."""
        pairs = ((blob, article) for article, blob in blobs)
        self._execute_many("UPDATE articles SET blob = ? WHERE id = ?", pairs)

    def is_written(self, article: str) -> bool:
        """Tell whether the feed has a line of ``article``."""
        return self._exists("SELECT 1 FROM articles WHERE id = ?", (article,))

    def published(self, article: str) -> PublishedArticle | None:
        """Return what is kept of an article's last edition; None without a line."""
        query = f"SELECT {_PUBLISHED} FROM articles WHERE id = ?"  # noqa: S608 - a constant
        row = self._execute(query, (article,)).fetchone()
        if row is None:
            return None
        published = PublishedArticle(*row)
        return published._replace(thin=bool(published.thin), vanished=bool(published.vanished))

    def written(self) -> PackedIds:
        """Return the articles that the feed has a line of, the newest first."""
        rows = self._rows(f"SELECT id FROM articles ORDER BY {_NEWEST}")  # noqa: S608
        return PackedIds(article for (article,) in rows)

    def newest(self, until: str) -> str | None:
        """Return the latest ``date_published`` of all articles that is not after ``until``."""
        query = "SELECT max(day) FROM articles WHERE day <= ?"
        day: str | None = self._execute(query, (until,)).fetchone()[0]
        return day

    def mark_due(self, articles: Iterable[str]) -> None:
        """Note that these are to be read again, those of them that have a line."""
        self._execute_many(
            "INSERT OR IGNORE INTO due SELECT id FROM articles WHERE id = ?",
            ((article,) for article in articles),
        )

    def mark_all_due(self) -> None:
        """Note that every article that has a line is to be read again."""
        self._execute("INSERT OR IGNORE INTO due SELECT id FROM articles")

    def due(self) -> PackedIds:
        """Return the articles that are to be read again, the newest first."""
        rows = self._rows(f"SELECT id FROM due ORDER BY {_NEWEST}")  # noqa: S608
        return PackedIds(article for (article,) in rows)

    def pending(self) -> PackedIds:
        """Return listed articles that the feed has no line of, the newest first."""
        rows = self._rows(
            "SELECT DISTINCT id FROM listings l WHERE NOT EXISTS "  # noqa: S608
            f"(SELECT 1 FROM articles a WHERE a.id = l.id) ORDER BY {_NEWEST}"
        )
        return PackedIds(article for (article,) in rows)

    def counts(self) -> tuple[int, int]:
        """Return how many articles and how many listings there are."""
        articles = self._one("SELECT count(*) FROM articles")
        return articles, self._one("SELECT count(*) FROM listings")

    # -- failures ------------------------------------------------------------------

    def fail(self, key: str, reason: str, now: float) -> None:
        """Note that ``key`` failed at ``now`` (Unix seconds).

        A first failure in the future, or before ``CLOCK_FLOOR``, was noted by a wrong clock: it
        becomes ``now``.
        """
        self._execute(
            "INSERT INTO failures VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET "
            "reason = excluded.reason, last = excluded.last, "
            "first = iif(?5 > excluded.first OR first BETWEEN ?5 AND excluded.first, "
            "first, excluded.first)",
            (key, reason, now, now, CLOCK_FLOOR),
        )

    def recover(self, key: str) -> None:
        """Forget that ``key`` ever failed."""
        self._execute("DELETE FROM failures WHERE key = ?", (key,))

    def failures(self) -> Iterator[tuple[str, str, float, float]]:
        """Yield (key, reason, first, last) of everything that fails, by key."""
        return iter(list(self._rows("SELECT key, reason, first, last FROM failures")))

    # -- plumbing ------------------------------------------------------------------

    def give_up(self) -> None:
        """Let nothing be read or written any more; the file stays as it was last committed."""
        self._given_up = True

    def require_usable(self) -> None:
        """Raise FeedUnusable where SQLite has failed."""
        if self._given_up:
            raise FeedUnusable(
                f"the feed's state in {self._path.parent} cannot be written any more"
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
        """Give up, and return what SQLite's error means for the user."""
        self.give_up()
        code = getattr(error, "sqlite_errorcode", None)
        busy = code is not None and code & 0xFF == sqlite3.SQLITE_BUSY
        if code in _NO_LOCKS or (busy and not has_locks(self._path)):  # ENOLCK is told as BUSY
            return FeedUnusable(
                f"the feed's state in {self._path.parent} cannot be locked ({error}): put the feed "
                "on a local disk, or mount its file system with locks, and run again"
            )
        if busy:
            return FeedBusy(
                f"another program holds the feed's state in {self._path.parent}; run again"
            )
        return FeedUnusable(
            f"the feed's state in {self._path.parent} cannot be written: {error}. "
            "Make room or repair the permissions, then run again: nothing is lost."
        )

    def _one(self, query: str) -> int:
        value: int = self._execute(query).fetchone()[0]
        return value

    def _exists(self, query: str, values: Iterable[str]) -> bool:
        return self._execute(query, values).fetchone() is not None

    def _changed(self, query: str, values: Iterable[str | float | None]) -> bool:
        return self._execute(query, values).rowcount > 0
