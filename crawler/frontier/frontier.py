"""The frontier: it decides what is fetched, and takes what was fetched.

A driver asks :meth:`Frontier.next` what to fetch, and answers every target with
:meth:`Frontier.on_page` or :meth:`Frontier.on_error`; both may return an article. The frontier does no
input or output of its own but through the store, so it is the same whatever the transport.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from crawler.config.options import CrawlOptions
from crawler.exceptions import MirrorMoved, MirrorUnusable, PageError, PageMalformed
from crawler.formats.pages import ArticlePage, Home, Index
from crawler.frontier.changes import blob_id_of
from crawler.frontier.plan import Plan
from crawler.frontier.target import Target
from crawler.items import Article, ArticleLine
from crawler.readers.pages import Page, read_page
from crawler.run.counts import RunCounts
from crawler.store.feed import FeedStore

if TYPE_CHECKING:
    from crawler.loaders import Reading

logger = logging.getLogger(__name__)

# Another copy of the article may be whole where this one is so.
_OTHER_COPY_HELPS = frozenset({"missing", "malformed", "too_large", "not_utf8"})
# The host is busy or broken, not the page.
_PUT_OFF = re.compile(r"http_(429|5[0-9]{2})")


class Frontier(Plan):
    """A plan that learns from the pages that it gets.

    Attributes:
        unsupported_keys: keys that the transport cannot see.
        second_unsupported_keys: keys that a second transport cannot see, where there is one for
            pages that fail.
    """

    def __init__(
        self,
        options: CrawlOptions,
        store: FeedStore,
        counts: RunCounts,
        *,
        clock: Callable[[], datetime],
        unsupported_keys: frozenset[str] = frozenset(),
        shrunk_share: float = 0.9,
    ) -> None:
        """Make a frontier of a mirror of which nothing was fetched yet.

        Args:
            options: what the user asked for.
            store: what is known, and where new knowledge goes.
            counts: the run's counts.
            clock: gives the time of reading, in UTC.
            unsupported_keys: keys that the transport cannot see.
            shrunk_share: fewer entries than this share of the last complete run: unusable.
        """
        super().__init__(options, store, counts, clock=clock, shrunk_share=shrunk_share)
        self.unsupported_keys = unsupported_keys
        self.second_unsupported_keys: frozenset[str] | None = None

    def on_page(
        self, target: Target, body: bytes, page: Page | None = None, version: str | None = None
    ) -> Article | ArticleLine | None:
        """Take in a page; return the article it gives, if any.

        Args:
            target: what was fetched.
            body: the page's bytes.
            page: what the page says, where it was read already.
            version: the page's git blob id, where the transport knows it.

        Raises:
            RunError: the page says that going on is no use.
        """
        try:
            page = page or self._page_of(target, body)
            if isinstance(page, Home):
                self.lists.take_home(page)
                if self.sections_present:
                    self.lists.tell_forgotten(self.sections_present())
            elif isinstance(page, Index):
                self.lists.take_index(target, page)
            elif isinstance(page, ArticleLine):
                return self._took_line(target, page, version or blob_id_of(body))
            else:
                return self._took_article(target, page, version or blob_id_of(body))
        except PageError as error:
            return self._no_good(target, error)
        except MirrorMoved:
            self.stop()
            raise
        self._read(target)
        return None

    def on_error(self, target: Target, error: PageError) -> Article | None:
        """Note that a page could not be fetched; return the article an earlier copy gave, if any.

        Raises:
            MirrorUnusable: it was the home page.
        """
        return self._no_good(target, error)

    def _page_of(self, target: Target, body: bytes) -> Page:
        bases = self.options.mirror.bases
        return read_page(self.format, bases, target.kind, target.section, body)

    # -- what was read ---------------------------------------------------------------------

    def _read(self, target: Target) -> None:
        """Count a page that was read, and forget that it ever failed."""
        self.in_flight -= 1
        self.counts.pages[target.kind] += 1
        if target.kind != "article" and target.path in self._troubled:
            self.store.recover(target.path)

    def reading(self, target: Target) -> Reading:
        """Return what is known of an article apart from its page."""
        # Here, not above: nearly all runs of a crontab find nothing new, and need no loader.
        from crawler.loaders import Reading  # noqa: PLC0415

        return Reading(
            mirror=self.options.mirror.name,
            mirror_url=self.options.mirror.public + target.path,
            sections=self.lists.sections(target.id),
            at=self.clock(),
            unsupported_keys=(self.second_unsupported_keys or self.unsupported_keys)
            if target.second_transport
            else self.unsupported_keys,
        )

    def _took_line(self, target: Target, line: ArticleLine, version: str) -> ArticleLine:
        """Take an article whose line was made where its page was read."""
        _check_id(target, line.id)
        self._read_whole(target, line)
        line.came_from(version)
        self.given += 1
        return line

    def _read_whole(self, target: Target, page: ArticlePage | ArticleLine) -> None:
        """Count an article's page that was read, and what is wrong with it."""
        self._read(target)
        self.counts.unusable_urls += page.unusable_urls
        if slips := page.replaced_bytes:
            self.counts.replaced_bytes += slips
            self.lists.warn(f"{target.path} is not UTF-8 in {slips} place(s): replaced by U+FFFD")

    def _took_article(self, target: Target, page: ArticlePage, version: str) -> Article | None:
        from crawler.loaders import load_article  # noqa: PLC0415

        _check_id(target, page.original.id)
        article = load_article(page, self.reading(target), self.format)
        self._read_whole(target, page)
        if target.published:
            if target.published.sha256 != article.content_sha256:
                self.counts.differs("changed", target.id)
            return None
        article.came_from(version)
        if article.truncated and target.kept is not None:
            article = target.kept
        if article.truncated and target.others:
            self._try_other(target, kept=article)
            return None
        return self._give(article)

    def _give(self, article: Article) -> Article:
        self.given += 1
        return article

    def _try_other(
        self, target: Target, *, kept: Article | None = None, trouble: PageError | None = None
    ) -> None:
        """Queue the article's next copy."""
        path, *others = target.others
        self._again.append(
            replace(
                target,
                path=path,
                others=tuple(others),
                kept=target.kept or kept,
                trouble=target.trouble or trouble,
                second_transport=False,
            )
        )

    def _no_good(self, target: Target, error: PageError) -> Article | None:
        self.in_flight -= 1
        if self._second_way_helps(target, error):
            self._again.append(replace(target, second_transport=True))
            return None
        if target.kind == "home":
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} cannot be reached by {self.options.via}: its "
                f"home page {target.path}: {error}"
            )
        if target.published:
            self.counts.differs("vanished" if error.reason == "missing" else "unread", target.id)
            if error.reason != "missing":  # what the feed has of it stays as good as it was
                self.counts.fail(target.id, error.reason)
            return None
        if target.kind == "article" and error.reason in _OTHER_COPY_HELPS:
            if target.others:
                self.lists.warn(f"{target.path}: {error.reason}: {error}; another copy is tried")
                self._try_other(target, trouble=error)
                return None
            if target.kept is not None:
                return self._give(target.kept)
        # A copy that is whole but out of reach today is worth a later run's try, also where
        # an earlier one was read that is cut short.
        trouble = target.trouble or error
        if target.kind == "archive" and trouble.reason == "missing":
            self.lists.note_missing(target)
        logger.warning("%s: %s: %s", target.path, trouble.reason, trouble)
        self.counts.fail(target.key, trouble.reason)
        self.store.fail(target.key, trouble.reason)
        return None

    def _second_way_helps(self, target: Target, error: PageError) -> bool:
        """Tell whether to try the page once by the second transport.

        Only a page that is refused for good (403) or was set aside: what a busy host puts off
        comes whole by the first transport later, and an article's line is for ever. So also one that
        was set aside is not tried while it is answered with 429 or 5xx.
        """
        if self.second_unsupported_keys is None or target.second_transport or target.published:
            return False
        if _PUT_OFF.fullmatch(error.reason):
            return False
        return error.reason == "http_403" or target.key in self._set_aside


def _check_id(target: Target, found: str) -> None:
    """Raise PageMalformed where the page is another article's."""
    if found != target.id:
        raise PageMalformed(f"it is the page of {found}")
