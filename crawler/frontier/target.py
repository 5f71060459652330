"""One page that the frontier requests."""

from __future__ import annotations

from dataclasses import dataclass

from crawler.exceptions import PageError
from crawler.items import Article
from crawler.readers.pages import Kind
from crawler.store.edition import PublishedArticle


@dataclass(frozen=True, slots=True)
class Target:
    """One page to fetch.

    Attributes:
        path: relative to the mirror's base.
        section: the section of an index or archive page.
        page: number of an archive page; 0 for any other page.
        id: the article's id.
        sections: ids of the sections that list the article, in the mirror's order.
        others: paths of further copies of the article, tried if this one is thin or unusable.
        copies: articles read from earlier copies.
        trouble: the error of the first unusable copy.
        withdrawn: whether all copies tried so far are missing.
        published: the last edition of an article that is read again.
        use_fallback: whether the fallback transport fetches it.
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
    use_fallback: bool = False

    @property
    def key(self) -> str:
        """Key of its failures: the article's id, or the path of a home, index or archive page."""
        return self.id or self.path
