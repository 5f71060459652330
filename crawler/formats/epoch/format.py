"""The format of the Epoch Times mirrors: the interface to the readers in this package.

The readers of articles are imported on first use: their patterns take 0.2 s to compile, and most
scheduled runs find nothing new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from crawler.formats.base import AuditRules, Published, Rendering, Writers
from crawler.formats.epoch import paths
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.source import decoded, replaced
from crawler.formats.pages import ArticlePage, Home, Index

# ruff: noqa: PLC0415


class _Readers(NamedTuple):
    """The functions that read articles, imported once: an import statement costs 0.5 µs per call."""

    article: Callable[[str], ArticlePage]
    column: Callable[[str], str | None]
    publication_date: Callable[[str | None, date], tuple[date, str]]
    writers: Callable[[ArticlePage, Iterable[str]], Writers]
    split_caption: Callable[[str], tuple[str | None, str | None]]


@cache
def _readers() -> _Readers:
    from crawler.formats.epoch.article import read_article
    from crawler.formats.epoch.caption_credit import split_caption
    from crawler.formats.epoch.dateline import publication_date
    from crawler.formats.epoch.headline import column
    from crawler.formats.epoch.writers import writers_of

    return _Readers(read_article, column, publication_date, writers_of, split_caption)


class EpochFormat:
    """The format of an Epoch Times mirror; ``paths`` defines its layout."""

    home = paths.HOME
    parts: tuple[str, ...] = paths.PARTS
    sections_folder: str | None = paths.INDEXES
    entries_per_page = paths.ENTRIES_PER_PAGE
    id_pattern = paths.ID_PATTERN
    url_pattern = paths.URL_PATTERN
    sample_sections: tuple[str, ...] = ("ncid278", "nf1412576")
    canonical_urls = True

    index_path = staticmethod(paths.index_path)
    index_at = staticmethod(paths.section_of)
    article_path = staticmethod(paths.article_path)
    copy_at = staticmethod(paths.copy_of)
    is_section_id = staticmethod(paths.is_section_id)
    is_article_id = staticmethod(paths.is_article_id)
    id_order = staticmethod(paths.id_order)

    def read_home(self, body: bytes, bases: Sequence[str] = ()) -> Home:
        return read_home(decoded(body), bases)

    def read_index(self, body: bytes, section: str, bases: Sequence[str] = ()) -> Index:
        """Read the index of a section or one of its archive pages."""
        return read_index(decoded(body), section, bases)

    def is_whole(self, index: Index, page: int | None) -> bool:
        """Return whether an index page is complete.

        The pager is at the end of a page. An archive page's pager links to the page itself, and the
        page lists articles. A section's index may list none, and then needs no pager.
        """
        if index.last_page >= max(page or 0, 1) and (index.entries or page is None):
            return True
        return page is None and not index.entries and index.heading is not None

    def read_article(self, body: bytes) -> ArticlePage:
        text = decoded(body)
        page = _readers().article(text)
        if "\ufffd" in text:
            page.replaced_bytes = replaced(body)
        return page

    def rendering(self, path: str) -> Rendering:
        """Return how to convert the page at ``path``, rendered by a browser, to Markdown."""
        from crawler.formats.epoch import rendered

        if paths.copy_of(path):
            return rendered.ARTICLE
        return rendered.HOME if path == paths.HOME else rendered.INDEX

    def column(self, title: str) -> str | None:
        """Return the name of the column that a title begins with."""
        return _readers().column(title)

    def published(self, page: ArticlePage) -> Published:
        """Return the date of publication, from the dateline or the URL."""
        return Published(*_readers().publication_date(page.dateline, page.original.published))

    def writers(self, page: ArticlePage, section_ids: Iterable[str]) -> Writers:
        """Return the authors and translators of an article that these sections list."""
        return _readers().writers(page, section_ids)

    def split_caption(self, caption: str) -> tuple[str | None, str | None]:
        """Return a caption without its credit, and the credit."""
        return _readers().split_caption(caption)

    def audit_rules(self) -> AuditRules:
        from crawler.formats.epoch.audit_rules import RULES

        return RULES
