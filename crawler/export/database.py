"""The SQLite file of an export: created once, then updated.

Rows are written in one transaction with the offset up to which the feed was read. After a kill, the
next export continues from the last transaction.
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from crawler.exceptions import RunError, TryLater, WrongUsage
from crawler.export.phrases import TOKENIZER, words
from crawler.export.queries import QUERIES
from crawler.export.tables import APPLICATION_ID, SCHEMA_VERSION, schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.export.rows import ArticleRows, Row, Value

BUSY_SECONDS = 30.0
"""How long an export waits while another program writes the file."""

_CACHE_KIB = 65_536


class Place(NamedTuple):
    """The location of the line that a row of ``articles`` was made from.

    Attributes:
        key: the row's ``article_key``.
        file: name of the feed's file.
        offset: where the line begins in that file, in bytes.
        changed_at: when a change was last seen; None if there was none.
    """

    key: int
    file: str
    offset: int
    changed_at: str | None


class Database:
    """An export's SQLite file, open for writing."""

    def __init__(self, path: Path, *, html: bool) -> None:
        """Open ``path``, or create it.

        Raises:
            WrongUsage: the file is not an export, cannot be written, or was created without the
                HTML that is requested now; or this Python's SQLite has no full-text search.
            TryLater: another program has locked the file, or the disk is full.
        """
        _check_fts5()
        self.path = path
        with self._errors():
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                self._db.execute(f"pragma cache_size = -{_CACHE_KIB}")
                self._prepare(html=html)
            except BaseException:
                self._db.close()
                raise
        columns = self._db.execute("select name from pragma_table_info('articles')")
        self.html = ("content_html",) in columns.fetchall()
        if html and not self.html:
            self._db.close()
            raise WrongUsage(
                f"{path} was created without --html: export into another file, or leave out --html"
            )

    def _prepare(self, *, html: bool) -> None:
        """Create the tables in an empty file; otherwise check the file's versions."""
        self._db.execute("begin immediate")
        [application] = self._db.execute("pragma application_id").fetchone()
        [version] = self._db.execute("pragma user_version").fetchone()
        [objects] = self._db.execute("select count(*) from sqlite_master").fetchone()
        if objects == application == 0:
            self._create(html=html)
        elif application != APPLICATION_ID:
            raise WrongUsage(f"{self.path} is not an export of a feed: give another file")
        elif version != SCHEMA_VERSION:
            raise WrongUsage(
                f"{self.path} has tables of version {version}, but this program writes "
                f"{SCHEMA_VERSION}: export into another file"
            )
        self._update_queries()
        self._db.execute("commit")

    def _create(self, *, html: bool) -> None:
        for statement in schema(html=html).split(";\n"):  # executescript() would commit
            self._db.execute(statement)
        self._db.execute(f"pragma application_id = {APPLICATION_ID}")
        self._db.execute(f"pragma user_version = {SCHEMA_VERSION}")

    def _update_queries(self) -> None:
        """Insert the canned queries; replace those of older versions of the program."""
        known = self._db.execute("select * from canned_queries").fetchall()
        missing = [query for query in QUERIES if query not in known]
        self._db.executemany("replace into canned_queries values (?, ?, ?, ?)", missing)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit what the block writes, or roll back if it raises.

        Raises:
            TryLater: another program has locked the file, or the disk is full.
        """
        with self._errors():
            self._db.execute("begin immediate")
            try:
                yield
                self._db.execute("commit")
            except BaseException:
                if self._db.in_transaction:  # SQLite itself rolls back on a full disk
                    self._db.execute("rollback")
                raise

    def offset(self, mirror: str, file: str) -> tuple[int, str]:
        """Return the offset up to which a file was read, and the digest of the line that ends there."""
        found: tuple[int, str] | None = self._db.execute(
            "select file_offset, tail_sha256 from exported_files where mirror = ? and file_name = ?",
            (mirror, file),
        ).fetchone()
        return found or (0, "")

    def set_offset(self, mirror: str, file: str, offset: int, digest: str, now: str) -> None:
        """Record that a file was read up to ``offset``."""
        self.insert("exported_files", [(mirror, file, offset, digest, now)], verb="replace")

    def count(self, table: str, mirror: str) -> int:
        """Return the number of a mirror's rows in ``table``."""
        query = f"select count(*) from {table} where mirror = ?"  # noqa: S608 - our own names
        [number] = self._db.execute(query, (mirror,)).fetchone()
        return int(number)

    def insert(self, table: str, rows: list[Row], verb: str = "insert") -> None:
        """Insert rows with values for all columns."""
        if rows:
            marks = ", ".join("?" * len(rows[0]))
            self._db.executemany(f"{verb} into {table} values ({marks})", rows)

    def place(self, mirror: str, article: str) -> Place | None:
        """Return the place of an article's line, or None if the article has no row."""
        found = self._db.execute(
            "select article_key, feed_file, feed_offset, changed_at from articles "
            "where mirror = ? and id = ?",
            (mirror, article),
        ).fetchone()
        return found and Place(*found)

    def insert_article(self, rows: ArticleRows, place: dict[str, Value]) -> None:
        """Insert an article, the rows of its lists, and its words.

        Args:
            rows: the rows of its line.
            place: further columns of ``articles``: the line's place, and when the article changed.

        Raises:
            sqlite3.IntegrityError: the mirror already has a row for the article.
        """
        row = rows.article | place
        names, marks = ", ".join(row), ", ".join("?" * len(row))
        done = self._db.execute(
            f"insert into articles ({names}) values ({marks})",  # noqa: S608 - our own names
            tuple(row.values()),
        )
        for table, part in rows.parts.items():
            self.insert(table, part)
        self._db.execute(
            "insert into articles_fts (rowid, title, content_text) values (?, ?, ?)",
            (done.lastrowid, words(str(row["title"])), words(str(row["content_text"]))),
        )

    def remove_article(self, key: int, tables: tuple[str, ...]) -> None:
        """Remove an article, its rows in ``tables``, and its words."""
        mirror, article, title, text = self._db.execute(
            "select mirror, id, title, content_text from articles where article_key = ?", (key,)
        ).fetchone()
        self._db.execute(
            "insert into articles_fts (articles_fts, rowid, title, content_text) "
            "values ('delete', ?, ?, ?)",
            (key, words(title), words(text)),
        )
        for table in tables:
            self._db.execute(
                f"delete from {table} where mirror = ? and id = ?",  # noqa: S608 - our own names
                (mirror, article),
            )
        self._db.execute("delete from articles where article_key = ?", (key,))

    def mark_vanished(self, key: int, seen_at: str) -> None:
        """Record that an article is no longer in its mirror."""
        self._db.execute(
            "update articles set vanished_at = ? where article_key = ?", (seen_at, key)
        )

    def optimize(self) -> None:
        """Merge the index into one segment and update the query planner's statistics."""
        with self.transaction():
            self._db.execute("insert into articles_fts (articles_fts) values ('optimize')")
        with self.transaction():
            self._db.execute("analyze")

    def __enter__(self) -> Self:
        """Return the database; the end of the block closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as exc:
            raise _run_error(self.path, exc) from exc


def _run_error(path: Path, exc: sqlite3.Error) -> RunError:
    """Return the RunError for an error of SQLite."""
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return TryLater(f"{path} is locked by another program: export again when it has finished")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return TryLater(
            f"{path} cannot be written: {exc}. Make room, then export again: nothing is lost"
        )
    if code == sqlite3.SQLITE_NOTADB:
        return WrongUsage(f"{path} is not an SQLite file: give another file")
    if code == sqlite3.SQLITE_CORRUPT:
        return WrongUsage(f"{path} is damaged ({exc}): delete it, then export again")
    return WrongUsage(f"{path} cannot be used: {exc}: give a file that can be written")


def _check_fts5() -> None:
    try:
        with sqlite3.connect(":memory:") as db:
            db.execute(f'create virtual table probe using fts5 (x, tokenize="{TOKENIZER}")')
        db.close()
    except sqlite3.Error as exc:
        raise WrongUsage(
            f"SQLite {sqlite3.sqlite_version} of this Python has no full-text search ({exc}): use "
            "a Python with SQLite 3.25 or newer, built with FTS5"
        ) from exc
