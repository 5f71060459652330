"""The frontier: decides which pages to fetch, and processes the results.

A driver asks :meth:`Frontier.next` for targets and hands each page to :meth:`Frontier.on_page`, and
its failure, or the error that ``on_page`` raises, to :meth:`Frontier.on_error`; both may return an
article. Then it calls :meth:`Frontier.settled`, whatever happened. The frontier performs no I/O except through
the store, so it is the same for all transports.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from crawler.exceptions import MirrorUnusable, PageError, PageMalformed
from crawler.formats.pages import ArticlePage, Home, Index
from crawler.frontier.copies import best_copy
from crawler.frontier.plan import Plan
from crawler.frontier.target import Target
from crawler.items import Article, ArticleLine, as_record
from crawler.readers.pages import Page, is_suspicious, read_page
from crawler.reasons import FORBIDDEN, MISSING, Concern, concern_of, is_busy
from crawler.snapshot import blob_id_of
from crawler.store.edition import PublishedArticle, is_thin

if TYPE_CHECKING:
    from crawler.loaders import ArticleContext

logger = logging.getLogger(__name__)


class Frontier(Plan):
    """A plan that is updated with the pages that are fetched."""

    def on_page(
        self, target: Target, body: bytes, page: Page | None = None, blob_id: str | None = None
    ) -> Article | ArticleLine | None:
        """Process a fetched page; return the article to publish, if any.

        Args:
            target: the target that was fetched.
            body: the page's bytes.
            page: what it says, if another process has read it.
            blob_id: its git blob id, if the transport knows it.

        Raises:
            PageError: the content is not the page that was requested.
            RunError: the page shows that the run cannot continue.
        """
        bases = self.options.mirror.bases
        page = page or read_page(self.format, bases, target.kind, target.section, body)
        article: Article | ArticleLine | None = None
        if isinstance(page, Home):
            self.lists.add_home(page)
            if self.snapshot.sections_present:
                self.lists.warn_of_unlinked(self.snapshot.sections_present())
        elif isinstance(page, Index):
            self.lists.add_index(target, page)
        elif isinstance(page, ArticleLine):
            article = self._on_line(target, page, blob_id or blob_id_of(body))
        else:
            article = self._on_article(target, page, blob_id or blob_id_of(body))
        self._note_read(target)
        return article

    def on_error(self, target: Target, error: PageError) -> Article | None:
        """Process a failure; return the article of another copy, if there is one.

        Raises:
            MirrorUnusable: the home page failed.
        """
        if self._needs_fallback(target, error):
            self._retries.append(replace(target, use_fallback=True))
            return None
        if target.kind == "home":
            raise MirrorUnusable(
                f"mirror {self.options.mirror.name!r} cannot be reached by {self.options.via}: its "
                f"home page {target.path}: {error}"
            )
        if target.kind == "article":
            return self._without_copy(target, error)
        if target.kind == "archive" and error.reason == MISSING:
            self.lists.note_missing(target)
        self._record_failure(target, error)
        return None

    def _note_read(self, target: Target) -> None:
        """Count a page that was read, and clear its earlier failures."""
        self.counts.pages[target.kind] += 1
        if target.kind != "article" and target.path in self._troubled:
            self.store.state.recover(target.path)

    # -- articles --------------------------------------------------------------------------

    def _on_article(self, target: Target, page: ArticlePage, blob_id: str) -> Article | None:
        article = self._loaded(target, page, blob_id)
        self._note_odd(target, page)
        copies = (*target.copies, article)
        if target.others and (target.copies or target.trouble or is_thin(as_record(article))):
            self._try_other(target, copies=copies)
            return None
        return self._choose(target, copies)

    def _on_line(self, target: Target, line: ArticleLine, blob_id: str) -> ArticleLine:
        """Process an article whose line was made by the process that read its page."""
        _check_id(target, line.id)
        self._note_odd(target, line)
        if not self._unsupported_keys(target):
            line.came_from(blob_id)
        self.yielded += 1
        return line

    def context_of(self, target: Target) -> ArticleContext:
        """Return what is known of an article besides its page."""
        # Imported here because most scheduled runs find nothing new and need no loader.
        from crawler.loaders import ArticleContext  # noqa: PLC0415

        return ArticleContext(
            mirror=self.options.mirror.name,
            mirror_url=self.options.mirror.public + target.path,
            sections=self.lists.named(target.sections),
            at=self.clock(),
            unsupported_keys=self._unsupported_keys(target),
            copies=1 + len(target.others),
        )

    def _unsupported_keys(self, target: Target) -> frozenset[str]:
        """Return the keys that the target's transport cannot supply.

        If there are any, the transport has not seen the page's own bytes, and an item of the page
        has no blob id: the next run would take it for the original.
        """
        fallback = self.snapshot.fallback_unsupported_keys
        if target.use_fallback and fallback is not None:
            return fallback
        return self.snapshot.unsupported_keys

    def _loaded(self, target: Target, page: ArticlePage, blob_id: str) -> Article:
        from crawler.loaders import load_article  # noqa: PLC0415

        _check_id(target, page.original.id)
        article = load_article(page, self.context_of(target), self.format)
        if not self._unsupported_keys(target):
            article.came_from(blob_id)
        return article

    def _note_odd(self, target: Target, page: ArticlePage | ArticleLine) -> None:
        self.counts.unusable_urls += page.unusable_urls
        if count := page.replaced_bytes:
            self.counts.replaced_bytes += count
            self.lists.warn(f"{target.path} is not UTF-8 in {count} place(s): replaced by U+FFFD")

    def _choose(self, target: Target, copies: tuple[Article, ...]) -> Article | None:
        """Return the best copy; None if it is already published and has not changed."""
        article = best_copy(copies)
        if target.published is not None:
            return self._compared(target, target.published, article)
        self.yielded += 1
        return article

    def _compared(
        self, target: Target, published: PublishedArticle, article: Article
    ) -> Article | None:
        """Return a published article if it may have changed."""
        if self.snapshot.unsupported_keys:  # a change of an unsupported key would go unnoticed
            if published.sha256 != article.content_sha256:
                self.counts.differs("changed", target.id)
            return None
        if article.blob_id == published.blob_id and not published.vanished:
            self.store.mark_unchanged(target.id, article.mirror_url)
            return None
        article.read_again(self._before(target, published))
        return article

    def _before(self, target: Target, published: PublishedArticle) -> Article | None:
        """Read the page of the last edition with the current readers, if it is available."""
        history = self.snapshot.history
        if history is None or published.blob_id is None or published.vanished:
            return None
        body = history.old_page(published.blob_id)
        if body is None or is_suspicious(body):
            return None
        try:
            page = self.format.read_article(body)
            return self._loaded(target, page, published.blob_id)
        except PageError:
            return None

    def _try_other(self, target: Target, *, copies: tuple[Article, ...]) -> None:
        path, *others = target.others
        again = replace(target, path=path, others=tuple(others), copies=copies, use_fallback=False)
        self._retries.append(again)

    # -- failures --------------------------------------------------------------------------

    def _without_copy(self, target: Target, error: PageError) -> Article | None:
        """Continue after an unreadable copy; return the article of another copy, if any.

        If a copy is temporarily unreachable, a later run tries again, even if another copy was
        read: the unreachable one may be better. After a week, the other copies are used.
        """
        trouble = target.trouble or error
        withdrawn = target.withdrawn and error.reason == MISSING
        if concern_of(error.reason) is Concern.PAGE or target.key in self._set_aside:
            if target.others:
                self.lists.warn(f"{target.path}: {error.reason}: {error}; trying another copy")
                target = replace(target, trouble=trouble, withdrawn=withdrawn)
                self._try_other(target, copies=target.copies)
                return None
            if target.copies:
                return self._choose(target, target.copies)
        if target.published is None:
            self._record_failure(target, trouble)
        elif withdrawn:
            self._gone.append(target.id)
        else:
            self.counts.differs("unread", target.id)
            self.store.state.mark_due([target.id])
            self._record_failure(target, trouble)
        return None

    def _record_failure(self, target: Target, error: PageError) -> None:
        logger.warning("%s: %s: %s", target.path, error.reason, error)
        self.counts.fail(target.key, error.reason)
        self.store.fail(target.key, error.reason)

    def _needs_fallback(self, target: Target, error: PageError) -> bool:
        """Return whether to fetch the page with the fallback transport.

        Only pages with status 403 and pages that are set aside qualify, because the first
        transport supplies more keys and a line is never rewritten. A page that a busy or broken
        host (429, 5xx) does not send now can be fetched completely later.
        """
        if (
            self.snapshot.fallback_unsupported_keys is None
            or target.use_fallback
            or target.published
        ):
            return False
        if target.copies or is_busy(error.reason):
            return False
        return error.reason == FORBIDDEN or target.key in self._set_aside


def _check_id(target: Target, found: str) -> None:
    """Raise PageMalformed if the page belongs to another article."""
    if found != target.id:
        raise PageMalformed(f"it is the page of {found}")
