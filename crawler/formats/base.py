"""The protocol of a mirror format.

A format knows the paths and ids of a mirror's pages, and reads the pages. It is stateless and
picklable, so that other processes can read pages with it, and uses no network, clock, file or
Scrapy. Frontier, store, transports and loaders depend only on this protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from crawler.formats.pages import ArticlePage, Copy, Home, Index


class Writers(Protocol):
    """Names of the authors and translators of an article."""

    @property
    def authors(self) -> Sequence[str]:
        """Authors and reporters, in order."""

    @property
    def translators(self) -> Sequence[str]:
        """Translators, in order."""


class Published(NamedTuple):
    """An article's date of publication, and its source: ``dateline`` or ``url``."""

    date: date
    source: str


class Rendering(NamedTuple):
    """How a page that a web site renders is read in a browser.

    ``crawler.formats.rendered_site`` removes what GitHub and docsify add to a page.

    Attributes:
        markdown: converts the HTML of a rendered page back into the page's Markdown; takes the
            keyword arguments ``base`` and ``path``; raises PageError. It can be pickled.
        complete: a regular expression, in the common syntax of Python and JavaScript, for text that
            only a complete page shows; None if a page is complete when it shows a heading.
        unsupported_keys: keys of a record that cannot be read from rendered pages; the same for all
            pages of a format.
    """

    markdown: Callable[..., str]
    complete: str | None = None
    unsupported_keys: frozenset[str] = frozenset()


def _nothing(_: Mapping[str, Any]) -> Iterator[Any]:
    return iter(())


class AuditRules(NamedTuple):
    """What an audit can check in a record because it knows the format.

    Attributes:
        names: description of each oddity, by its stable name.
        oddities: yields (name, value) for values of a record that look wrong.
        contradictions: yields what the keys of a record say against each other.
    """

    names: Mapping[str, str] = {}
    oddities: Callable[[Mapping[str, Any]], Iterator[tuple[str, str]]] = _nothing
    contradictions: Callable[[Mapping[str, Any]], Iterator[str]] = _nothing


class Format(Protocol):
    """One layout of a mirror and its pages.

    Attributes:
        home: path of the home page.
        parts: files and folders with pages, at the mirror's root.
        sections_folder: folder with a folder for each section's lists, if there is one.
        entries_per_page: number of entries on a full archive page.
        id_pattern: JSON Schema pattern of an article's id.
        url_pattern: JSON Schema pattern of an article's ``url``.
        sample_sections: ids of sections, as examples in messages.
        canonical_urls: whether the reader of articles returns canonical URLs. A reader that renders
            HTML or drops repeated links needs them itself; for others,
            ``pipelines.canonicalize`` makes URLs canonical.
    """

    home: str
    parts: tuple[str, ...]
    sections_folder: str | None
    entries_per_page: int
    id_pattern: str
    url_pattern: str
    sample_sections: tuple[str, ...]
    canonical_urls: bool

    def __hash__(self) -> int:
        """Return a hash, because formats are keys of caches."""

    # -- paths ---------------------------------------------------------------------------

    def index_path(self, section: str, page: int | None = None) -> str:
        """Return the path of a section's index, or of its archive page number ``page``."""

    def index_at(self, path: str) -> tuple[str, int | None] | None:
        """Return (section, page) of an index path, or None; ``page`` is None for the index itself."""

    def article_path(self, section: str, article: str) -> str:
        """Return the path of an article's copy in a section."""

    def copy_at(self, path: str) -> Copy | None:
        """Return the copy at ``path``, or None if it is not the path of an article.

        The section is ``""`` if the path does not contain it.
        """

    # -- ids -----------------------------------------------------------------------------

    def is_section_id(self, text: str) -> bool:
        """Return whether ``text`` is a valid id of a section."""

    def is_article_id(self, text: str) -> bool:
        """Return whether ``text`` is a valid id of an article."""

    def id_order(self, article: str) -> int:
        """Return the sort key of an article's id; the newest article has the greatest."""

    # -- pages ---------------------------------------------------------------------------

    def read_home(self, body: bytes, bases: Sequence[str] = ()) -> Home:
        """Read the home page; the mirror's own pages are below the URLs ``bases``.

        Raises:
            PageError: the page cannot be read.
        """

    def read_index(self, body: bytes, section: str, bases: Sequence[str] = ()) -> Index:
        """Read the index or an archive page of a section, as in :meth:`read_home`.

        Raises:
            PageError: the page cannot be read.
        """

    def is_whole(self, index: Index, page: int | None) -> bool:
        """Return whether an index is a complete list; ``page`` is None for a section's index."""

    def read_article(self, body: bytes) -> ArticlePage:
        """Read an article's page.

        Raises:
            PageError: the page cannot be read.
        """

    def rendering(self, path: str) -> Rendering | None:
        """Return how to read the page at ``path`` in a browser; None if that is not supported."""

    # -- keys of a line, derived from a page -----------------------------------------------

    def column(self, title: str) -> str | None:
        """Return the column at the beginning of a title."""

    def published(self, page: ArticlePage) -> Published:
        """Return an article's date of publication."""

    def writers(self, page: ArticlePage, section_ids: Iterable[str]) -> Writers:
        """Return the authors and translators of an article that these sections list."""

    def split_caption(self, caption: str) -> tuple[str | None, str | None]:
        """Return (caption without credit, credit)."""

    # -- examining a feed ------------------------------------------------------------------

    def audit_rules(self) -> AuditRules:
        """Return the rules for ``scrapy audit``; ``AuditRules()`` if there are none."""


def find_copy(location: str, mirror_format: Format) -> tuple[str, Copy] | None:
    """Return (path, copy) of the article's page at a URL or file name; None if it is not one.

    A location ends in the page's path; the format recognizes where the path begins.
    """
    parts = location.split("/")
    for count in range(1, len(parts) + 1):
        path = "/".join(parts[-count:])
        if copy := mirror_format.copy_at(path):
            return path, copy
    return None
