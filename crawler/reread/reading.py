"""Reads the page of one line again, and decides what to write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from crawler.canonical import canonicalize
from crawler.exceptions import PageError, PageMalformed, PageMissing, PageTooLarge
from crawler.formats.pages import MAX_PAGE_BYTES, ArticlePage
from crawler.items import Article, as_record
from crawler.lines import line_of, require_valid
from crawler.loaders import ArticleContext, load_article
from crawler.readers.pages import is_suspicious, read_page
from crawler.reread.apart import ApartReader
from crawler.reread.origins import Origins
from crawler.reread.pages import pages_of, path_of
from crawler.reread.plan import Plan
from crawler.store.edition import NOT_IN_EDITION
from crawler.store.withdrawn import WITHDRAWN, read_ids

logger = logging.getLogger(__name__)

ORIGINS = "origins.sqlite"

MISSING, DIFFERS = "missing", "differs"
"""Reasons to carry a line over that are not failures: its page is gone, or is different now."""

_COMPARED = tuple(key for key in Article.__slots__ if key not in NOT_IN_EDITION)


class Outcome(NamedTuple):
    """What to write for a line.

    Attributes:
        line: line of the current page; None if it is gone or cannot be read.
        carried: why the old line is kept; None if the new one replaces it.
        change: the line for ``changes.jsonl``, if there is one.
        blob: git blob id of the page that the line was made from, if it is known and the article
            has never changed.
    """

    line: bytes | None
    carried: str | None
    change: dict[str, Any] | None
    blob: str | None


class LineReader:
    """Reads the pages of lines again."""

    def __init__(self, plan: Plan) -> None:
        """Open the mirror and the files of ``plan``."""
        self._plan = plan
        self._format = plan.mirror_format()
        self._pages = pages_of(plan)
        self._origins = Origins(Path(plan.work) / ORIGINS, Path(plan.feed))
        self._withdrawn = read_ids(Path(plan.work) / WITHDRAWN)
        self._read = partial(read_page, self._format, ())
        self._apart = ApartReader(self._read)
        self.careful = False

    def is_withdrawn(self, record: Mapping[str, Any]) -> bool:
        """Return whether to leave the line out."""
        return record.get("id") in self._withdrawn

    def expect(self, records: Iterable[dict[str, Any]]) -> None:
        """Prefetch the pages of the lines that will be read next, in this order."""
        paths = []
        for record in records:
            try:
                paths.append(path_of(record, self._format))
            except PageMalformed:
                continue
        self._pages.expect(paths)

    def read(self, record: dict[str, Any]) -> Outcome:
        """Read the page of a line again.

        Raises:
            TransportDamaged: the mirror's repository cannot be read.
            MemoryError: the page takes more memory than any real one.
        """
        article = str(record.get("id"))
        first = self._origins.blob_of(article)
        try:
            path = path_of(record, self._format)
            body, blob = self._pages.fetch(path)
            reading = self._record(record, body)
            line = line_of(reading).line
        except PageMissing:
            gone = not self._has_copy(record)
            change = self._change(record, record, None) if gone else None
            return Outcome(None, MISSING, change, None if change else first)
        except PageError as error:
            logger.info("%s: %s: %s", article, error.reason, error)
            return Outcome(None, error.reason, None, first)
        same = blob == first if first else _text(reading) == _text(record)
        change = self._change(record, reading if same else record, reading)
        if change is not None or self._origins.has_changed(article):
            first = None  # the state has the blob of the latest page
        elif same:
            first = blob
        return Outcome(line, None if same else DIFFERS, change, first)

    def _record(self, record: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        """Return the record of a page, with the sections of the old line."""
        page = self._page(body)
        if page.original.id != record["id"]:
            raise PageMalformed(f"the page is of another article, {page.original.id}")
        article = load_article(
            page,
            ArticleContext(
                mirror=self._plan.mirror,
                mirror_url=record["mirror_url"],
                sections=record["sections"],
                at=self._plan.read_at,
            ),
            self._format,
        )
        if not self._format.canonical_urls:
            canonicalize(article)
        reading = as_record(article)
        require_valid(reading, self._format)
        return reading

    def _page(self, body: bytes) -> ArticlePage:
        if len(body) > MAX_PAGE_BYTES:
            raise PageTooLarge(f"the page has more than {MAX_PAGE_BYTES} bytes")
        if self.careful or is_suspicious(body):
            return self._apart.read(body)
        try:
            page = self._read("article", "", body)
        except (PageError, MemoryError):
            raise
        except Exception as error:
            logger.exception("a bug in the readers")
            raise PageError(f"{type(error).__name__}: {error}", reason="error") from error
        assert isinstance(page, ArticlePage)  # noqa: S101 - read as an article
        return page

    def _has_copy(self, record: Mapping[str, Any]) -> bool:
        """Return whether any section that lists the article still has a copy of its page."""
        for section in record.get("sections") or ():
            try:
                self._pages.fetch(self._format.article_path(section["id"], str(record["id"])))
            except PageMissing:
                continue
            except PageError:
                return True
            return True
        return False

    def _change(
        self,
        old: Mapping[str, Any],
        line: Mapping[str, Any],
        now: dict[str, Any] | None,
    ) -> dict[str, Any] | None:
        """Return the change to append to the new feed so that it agrees with the page.

        Args:
            old: the old line.
            line: the new feed's line.
            now: record of the page; None if it is gone.

        Returns:
            None if the new feed already agrees.
        """
        last = self._origins.last_change_of(str(old["id"]))
        before = last["article"] if last else line
        if now is None:
            kind = None if before is None else "vanished"
        elif before is None:
            kind = "returned"
        else:
            kind = "changed" if any(before.get(key) != now[key] for key in _COMPARED) else None
        if kind is None:
            return None
        return {
            "id": old["id"],
            "kind": kind,
            "seen_at": self._plan.at,
            "content_sha256": _text(now) if now else None,
            "article": now,
        }

    def close(self) -> None:
        self._pages.close()
        self._origins.close()
        self._apart.close()


def _text(record: Mapping[str, Any]) -> Any:
    return record.get("content_sha256")
