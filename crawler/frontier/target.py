"""One page that the frontier asks for."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.exceptions import PageError
from crawler.items import Article
from crawler.readers.pages import Kind
from crawler.store.published import PublishedArticle


@dataclass(frozen=True, slots=True)
class Target:
    """One page to read.

    Attributes:
        path: below the mirror's base.
        section: the section whose list it is.
        page: number of the archive page; 0 for any other page.
        id: the article's.
        sections: ids of the sections that list the article, in the mirror's order.
        others: paths of further copies of the article, read where this one is thin or unusable.
        copies: what the copies gave that were read before this one.
        trouble: why the first unusable copy was so.
        withdrawn: every copy tried before this one is missing.
        published: what is kept of the article's last edition, where it is read again.
        second_transport: it is read by the transport kept for pages that fail by the first.
    """

    kind: Kind
    path: str
    section: str = ""
    page: int = 0
    id: str = ""
    sections: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    copies: tuple[Article, ...] = ()
    trouble: PageError | None = None
    withdrawn: bool = True
    published: PublishedArticle | None = None
    second_transport: bool = False

    @property
    def key(self) -> str:
        """The name its failures are kept under: the article's id, or the list's path."""
        return self.id or self.path
