"""Who wrote an article and who translated it, from all that its page and its sections say."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crawler.formats.epoch.byline import credited
from crawler.formats.epoch.headline import title_author
from crawler.formats.epoch.people import People
from crawler.formats.epoch.signed import signed
from crawler.formats.pages import ArticlePage

# Sections of 纪元评论, whose titles begin with the writer's name (66 % of the comment mirror).
_COMMENTARY: Final = "nsc"


def writers_of(page: ArticlePage, section_ids: Iterable[str]) -> People:
    """Return who wrote and who translated.

    From the byline; without one from a line of its own (``作者：X``), else, where a section
    of 纪元评论 lists the article, from the head of its title (``姓名：…``).
    """
    found = credited(page.byline) if page.byline else People()
    lines = [who for line in page.lines if (who := signed(line)) is not None]
    authors = found.authors
    if not page.byline:
        authors = _merged(who.authors for who in lines)
        if not authors and any(section.startswith(_COMMENTARY) for section in section_ids):
            author = title_author(page.title)
            authors = (author,) if author else ()
    translators = found.translators or _merged(who.translators for who in lines)
    return People(authors, translators)


def _merged(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
