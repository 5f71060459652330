"""Reads the page of one line again, and decides what to write."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from crawler.exceptions import PageError, PageMalformed, PageMissing, PageTooLarge
from crawler.formats.pages import MAX_PAGE_BYTES, ArticlePage
from crawler.items import Article, ArticleLine, as_record
from crawler.lines import line_of, require_valid
from crawler.loaders import ArticleContext, load_canonical
from crawler.readers.pages import is_suspicious, read_page
from crawler.reasons import ERROR, MISSING
from crawler.reread.lone_reader import BlockingLoneReader
from crawler.reread.origins import Origins
from crawler.reread.pages import pages_of, path_of
from crawler.reread.plan import ORIGINS, Plan
from crawler.store.edition import NOT_IN_EDITION, change_line
from crawler.store.jsonlines import dumps
from crawler.store.withdrawn import WITHDRAWN, read_ids

logger = logging.getLogger(__name__)

DIFFERS = "differs"
"""A reason to carry a line over that, like ``MISSING``, is not a failure: its page is different now."""

_COMPARED = tuple(key for key in Article.__slots__ if key not in NOT_IN_EDITION)


class Outcome(NamedTuple):
    """What to write for a line.

    Attributes:
        line: the line of the current page, or the old line.
        carried: why it is the old line; None if it is the new one.
        change: the line for ``changes.jsonl``, if there is one.
        blob: git blob id of the page that the line was made from, if it is known and the article
            has never changed.
    """

    line: bytes
    carried: str | None
    change: bytes | None
    blob: str | None


class LineReader:
    """Reads the pages of lines again.

    Attributes:
        careful: whether to read each page in a separate process.
    """

    def __init__(self, plan: Plan) -> None:
        """Open the mirror and the files of ``plan``."""
        self.careful = False
        self._plan = plan
        self._at = datetime.fromisoformat(plan.at)
        self._format = plan.mirror_format()
        self._pages = pages_of(plan)
        self._withdrawn = read_ids(Path(plan.work) / WITHDRAWN)
        self._origins = Origins(Path(plan.work) / ORIGINS, Path(plan.feed))
        self._read = partial(read_page, self._format, ())
        self._lone_reader = BlockingLoneReader(self._read)

    def is_withdrawn(self, record: Mapping[str, Any]) -> bool:
        """Return whether to leave the line out."""
        return record.get("id") in self._withdrawn

    def prefetch(self, records: Iterable[dict[str, Any]]) -> None:
        """Prefetch the pages of the lines that will be read next, in this order."""
        paths = []
        for record in records:
            with suppress(PageMalformed):
                paths.append(path_of(record, self._format))
        self._pages.prefetch(paths)

    def read(self, record: dict[str, Any], line: bytes) -> Outcome:
        """Read the page of a line again.

        Raises:
            TransportDamaged: the mirror's repository cannot be read.
            MemoryError: the page takes more memory than any real one.
        """
        first = self._origins.blob_of(record["id"])
        try:
            body, blob = self._pages.fetch(path_of(record, self._format))
            now = self._record(record, body)
            new = line_of(now)
            same = blob == first if first else now["content_sha256"] == record.get("content_sha256")
            change = self._change(record, now if same else record, now, new)
        except PageMissing:
            change = None if self._has_copy(record) else self._change(record, record, None)
            return Outcome(line, MISSING, change, None if change else first)
        except PageError as error:
            logger.info("%s: %s: %s", record["id"], error.reason, error)
            return Outcome(line, error.reason, None, first)
        if change is not None or self._origins.last_change_of(record["id"]):
            first = None  # the state has the blob of the latest page
        elif same:
            first = blob
        return Outcome(new.line if same else line, None if same else DIFFERS, change, first)

    def _record(self, record: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        """Return the record of a page, with the sections of the old line."""
        page = self._page(body)
        if page.original.id != record["id"]:
            raise PageMalformed(f"the page is of another article, {page.original.id}")
        context = ArticleContext(
            mirror=self._plan.mirror,
            mirror_url=record["mirror_url"],
            sections=record["sections"],
            at=self._at,
        )
        now = as_record(load_canonical(page, context, self._format))
        require_valid(now, self._format)
        return now

    def _page(self, body: bytes) -> ArticlePage:
        if len(body) > MAX_PAGE_BYTES:
            raise PageTooLarge(f"the page has more than {MAX_PAGE_BYTES} bytes")
        if self.careful or is_suspicious(body):
            return self._lone_reader.read(body)
        try:
            page = self._read("article", "", body)
        except (PageError, MemoryError):
            raise
        except Exception as error:
            logger.exception("a bug in the readers")
            raise PageError(f"{type(error).__name__}: {error}", reason=ERROR) from error
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
        kept: Mapping[str, Any],
        now: dict[str, Any] | None,
        line: ArticleLine | None = None,
    ) -> bytes | None:
        """Return the change that makes the new feed agree with the page; None if it already does.

        Args:
            old: record of the old line.
            kept: record of the new feed's line.
            now: record of the page; None if it is gone.
            line: the line of ``now``.
        """
        last = self._origins.last_change_of(old["id"])
        before = last["article"] if last else kept
        if now is None:
            kind = None if before is None else "vanished"
        elif before is None:
            kind = "returned"
        else:
            kind = "changed" if any(before.get(key) != now[key] for key in _COMPARED) else None
        return dumps(change_line(old["id"], kind, self._at, line)) if kind else None

    def close(self) -> None:
        self._pages.close()
        self._origins.close()
        self._lone_reader.close()
