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
from crawler.frontier.copies import best_copy
from crawler.frontier.plan import Plan
from crawler.frontier.target import Target
from crawler.items import Article, ArticleLine, as_record
from crawler.readers.pages import Page, is_suspicious, read_page
from crawler.run.counts import RunCounts
from crawler.store.edition import is_thin
from crawler.store.feed import FeedStore
from crawler.store.published import PublishedArticle

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

    def _took_article(self, target: Target, page: ArticlePage, version: str) -> Article | None:
        article = self._loaded(target, page, version)
        self.counts.unusable_urls += page.unusable_urls
        copies = (*target.copies, article)
        given = None
        if target.others and (target.copies or target.trouble or is_thin(as_record(article))):
            self._try_other(target, copies=copies)
        else:
            given = self._give(target, copies)
        self._read(target)  # last: an error before it is answered by on_error
        return given

    def _took_line(self, target: Target, line: ArticleLine, version: str) -> ArticleLine:
        """Take an article whose line was made where its page was read."""
        _check_id(target, line.id)
        self._note_bytes(target, line)
        self.counts.unusable_urls += line.unusable_urls
        line.came_from(version)
        self.given += 1
        self._read(target)
        return line

    def reading(self, target: Target) -> Reading:
        """Return what is known of an article apart from its page."""
        # Here, not above: nearly all runs of a crontab find nothing new, and need no loader.
        from crawler.loaders import Reading  # noqa: PLC0415

        return Reading(
            mirror=self.options.mirror.name,
            mirror_url=self.options.mirror.public + target.path,
            sections=self.lists.named(target.sections),
            at=self.clock(),
            unsupported_keys=(self.second_unsupported_keys or self.unsupported_keys)
            if target.second_transport
            else self.unsupported_keys,
            copies=1 + len(target.others),
        )

    def _loaded(self, target: Target, page: ArticlePage, version: str) -> Article:
        from crawler.loaders import load_article  # noqa: PLC0415

        _check_id(target, page.original.id)
        reading = self.reading(target)
        article = load_article(page, reading, self.format)
        self._note_bytes(target, page)
        if not reading.unsupported_keys:
            article.came_from(version)
        return article

    def _note_bytes(self, target: Target, page: ArticlePage | ArticleLine) -> None:
        """Count the bytes of an article's page that are not UTF-8."""
        if slips := page.replaced_bytes:
            self.counts.replaced_bytes += slips
            self.lists.warn(f"{target.path} is not UTF-8 in {slips} place(s): replaced by U+FFFD")

    def _give(self, target: Target, copies: tuple[Article, ...]) -> Article | None:
        """Return the best copy, where it gives a line."""
        article = best_copy(copies)
        if target.published is not None:
            return self._compared(target, target.published, article)
        self.given += 1
        return article

    def _compared(
        self, target: Target, published: PublishedArticle, article: Article
    ) -> Article | None:
        """Return an article that has a line where it may read otherwise than before."""
        if self.unsupported_keys:  # of a key that is not seen nothing tells whether it changed
            if published.sha256 != article.content_sha256:
                self.counts.differs("changed", target.id)
            return None
        if article.blob_id == published.blob and not published.vanished:
            self.store.keep_as_read(target.id, self._section_of(article))
            return None
        article.read_again(self._before(target, published))
        return article

    def _section_of(self, article: Article) -> str | None:
        path = str(article.mirror_url).removeprefix(self.options.mirror.public)
        copy = self.format.copy_at(path)
        return copy.section if copy else None

    def _before(self, target: Target, published: PublishedArticle) -> Article | None:
        """Return what today's readers read from the page of the last edition, if it is at hand."""
        if self.old_page is None or published.blob is None or published.vanished:
            return None
        body = self.old_page(published.blob)
        if body is None or is_suspicious(body):
            return None
        try:
            page = self.format.read_article(body)
            return self._loaded(target, page, published.blob)
        except PageError:
            return None

    def _try_other(self, target: Target, *, copies: tuple[Article, ...]) -> None:
        """Queue the article's next copy."""
        path, *others = target.others
        self._again.append(
            replace(
                target,
                path=path,
                others=tuple(others),
                copies=copies,
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
        if target.kind == "article":
            return self._without_copy(target, error)
        if target.kind == "archive" and error.reason == "missing":
            self.lists.note_missing(target)
        self._failed(target, error)
        return None

    def _without_copy(self, target: Target, error: PageError) -> Article | None:
        """Go on without a copy that cannot be read; return the article another copy gave, if any.

        A copy that is out of reach today is worth a later run's try, also where another was read:
        it may be the better one. After a week of that the article does without it.
        """
        trouble = target.trouble or error
        withdrawn = target.withdrawn and error.reason == "missing"
        if error.reason in _OTHER_COPY_HELPS or target.key in self._set_aside:
            if target.others:
                self.lists.warn(f"{target.path}: {error.reason}: {error}; another copy is tried")
                target = replace(target, trouble=trouble, withdrawn=withdrawn)
                self._try_other(target, copies=target.copies)
                return None
            if target.copies:
                return self._give(target, target.copies)
        if target.published is None:
            self._failed(target, trouble)
        elif withdrawn:
            self._gone.append(target.id)
        else:
            self.counts.differs("unread", target.id)
            self.store.state.mark_due([target.id])
            self._failed(target, trouble)
        return None

    def _failed(self, target: Target, error: PageError) -> None:
        logger.warning("%s: %s: %s", target.path, error.reason, error)
        self.counts.fail(target.key, error.reason)
        self.store.fail(target.key, error.reason)

    def _second_way_helps(self, target: Target, error: PageError) -> bool:
        """Tell whether to try the page once by the second transport.

        Only a page that is refused for good (403) or was set aside: what a busy host puts off
        comes whole by the first transport later, and an article's line is for ever. So also one that
        was set aside is not tried while it is answered with 429 or 5xx.
        """
        if self.second_unsupported_keys is None or target.second_transport or target.published:
            return False
        if target.copies:  # what the first transport read has all keys
            return False
        if _PUT_OFF.fullmatch(error.reason):
            return False
        return error.reason == "http_403" or target.key in self._set_aside


def _check_id(target: Target, found: str) -> None:
    """Raise PageMalformed where the page is another article's."""
    if found != target.id:
        raise PageMalformed(f"it is the page of {found}")
