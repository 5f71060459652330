"""The protocol of a mirror format.

A format says where a mirror's pages lie, what its ids look like, and what its pages say. It is
stateless and picklable, so that other processes can read pages with it, and knows no network,
clock, file or Scrapy. Frontier, store, transports and loaders know only this protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import NamedTuple, Protocol

from crawler.formats.pages import ArticlePage, Copy, Home, Index


class Writers(Protocol):
    """Names of the people who wrote an article, and of those who translated it."""

    @property
    def authors(self) -> Sequence[str]:
        """Who wrote or reported, in order."""

    @property
    def translators(self) -> Sequence[str]:
        """Who translated, in order."""


class Published(NamedTuple):
    """When an article was published, and which part of its page says so."""

    date: date
    source: str


class Rendering(NamedTuple):
    """How the pages of a format are read in a browser.

    Attributes:
        kind: ``home``, ``index`` or ``article``.
        markdown: turns the HTML of the rendered page back into the page's own text; takes the
            keywords ``base`` and ``path``; raises a PageError.
    """

    kind: str
    markdown: Callable[..., str]


class Format(Protocol):
    """One layout of a mirror and its pages.

    Attributes:
        home: path of the home page.
        parts: files and folders, at the mirror's root, that hold its pages.
        sections_folder: folder with one folder for each section's lists; None where the layout
            has none.
        entries_per_page: entries of an archive page that is full.
        id_pattern: JSON Schema pattern of an article's id.
        url_pattern: JSON Schema pattern of an article's ``url``.
        canonical_urls: whether the reader of articles gives canonical addresses. A reader that
            renders HTML, or drops repeated links, needs them itself; where it does not,
            ``pipelines.canonicalize`` makes them so.
    """

    home: str
    parts: tuple[str, ...]
    sections_folder: str | None
    entries_per_page: int
    id_pattern: str
    url_pattern: str
    canonical_urls: bool

    def __hash__(self) -> int:
        """Formats serve as keys of caches."""

    # -- where pages lie -----------------------------------------------------------------

    def index_path(self, section: str, page: int | None = None) -> str:
        """Return the path of a section's own index, or of its archive page number ``page``."""

    def index_at(self, path: str) -> tuple[str, int | None] | None:
        """Return (section, archive page or None for its own index) of an index path, or None."""

    def article_path(self, section: str, article: str) -> str:
        """Return the path of the copy of an article that lies under a section."""

    def copy_at(self, path: str) -> Copy | None:
        """Return the article copy that ``path`` names, or None where it is no article page.

        The section is ``""`` where the path does not tell it.
        """

    # -- ids -----------------------------------------------------------------------------

    def is_section_id(self, text: str) -> bool:
        """Tell whether ``text`` can be a section's id."""

    def is_article_id(self, text: str) -> bool:
        """Tell whether ``text`` can be an article's id."""

    def id_order(self, article: str) -> int:
        """Return what an article's id is ordered by: the newest article has the greatest."""

    # -- what pages say ------------------------------------------------------------------

    def read_home(self, body: bytes, bases: Sequence[str] = ()) -> Home:
        """Read the home page.

        Args:
            body: the page.
            bases: addresses below which the mirror's own pages lie.

        Raises:
            PageError: it cannot be read.
        """

    def read_index(self, body: bytes, section: str, bases: Sequence[str] = ()) -> Index:
        """Read a section's own index, or an archive page.

        Args:
            body: the page.
            section: its id.
            bases: addresses below which the mirror's own pages lie.

        Raises:
            PageError: it cannot be read.
        """

    def is_whole(self, index: Index, page: int | None) -> bool:
        """Tell whether an index page that was read is a list, and not cut short.

        Args:
            index: what it says.
            page: number of the archive page; None: a section's own index.
        """

    def read_article(self, body: bytes) -> ArticlePage:
        """Read an article's page.

        Raises:
            PageError: it cannot be read.
        """

    def rendering(self, path: str) -> Rendering | None:
        """Return how the page at ``path`` is read in a browser; None where it cannot be."""

    # -- from what an article's page says to the keys of its line --------------------------

    def column(self, title: str) -> str | None:
        """Return the column that a title begins with."""

    def published(self, page: ArticlePage) -> Published:
        """Return when an article was published."""

    def writers(self, page: ArticlePage, section_ids: Iterable[str]) -> Writers:
        """Return who wrote and who translated an article that these sections list."""

    def split_caption(self, caption: str) -> tuple[str | None, str | None]:
        """Return a caption without its credit, and the credit."""
