"""Determines an article's authors and translators, from its page and its sections."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from crawler.formats.epoch.byline import credited, is_note
from crawler.formats.epoch.headline import title_authors
from crawler.formats.epoch.names import is_surname_led
from crawler.formats.epoch.people import People
from crawler.formats.epoch.places import NAMESAKES
from crawler.formats.epoch.regulars import COLUMNISTS
from crawler.formats.epoch.script import simplified
from crawler.formats.epoch.signed import signed
from crawler.formats.pages import ArticlePage

# Sections of 纪元评论, whose titles begin with the writer's name (66 % of the comment mirror).
_COMMENTARY: Final = "nsc"
_LEAD: Final = 400
_MAX_QUOTES: Final = 1
_MAX_MENTIONS: Final = 2
_MAX_MENTIONS_OF_A_PERSON: Final = 4
_SELDOM: Final = 250
"""Characters of text for each mention, at least, if the article is not about the person."""
_SAYING: Final = ("表示", "指出", "认为", "强调", "说：", "说，", "告诉记者", "对记者")


def writers_of(page: ArticlePage, section_ids: Iterable[str]) -> People:
    """Return the authors and translators of an article.

    They come from the byline. Without one, or with only an editor's note, they come from a separate
    line (``作者：X``), else from the beginning of the title (``姓名：…``): any name if a section of
    纪元评论 lists the article, else only a known columnist's.
    """
    byline = page.byline if page.byline and not is_note(page.byline) else None
    found = credited(byline) if byline else People()
    lines = [who for line in page.lines if (who := signed(line)) is not None]
    authors = found.authors
    if byline is None:
        commentary = any(section.startswith(_COMMENTARY) for section in section_ids)
        authors = _merged(who.authors for who in lines) or _title_authors(page, commentary)
    translators = found.translators or _merged(who.translators for who in lines)
    return People(authors, tuple(name for name in translators if name not in authors))


def _title_authors(page: ArticlePage, commentary: bool) -> tuple[str, ...]:  # noqa: FBT001
    """Return the authors in the title, unless the article is about them or quotes them."""
    names = title_authors(page.title, commentary=commentary)
    about = any(_is_topic(name, page) or _is_quoted(name, page.content_text) for name in names)
    return () if about else names


def _is_topic(name: str, page: ArticlePage) -> bool:
    """Return whether the article is about ``name``: the title or the text repeats it.

    Of 68 pen names in the three mirrors, none is repeated in its title, and one twice in its text.
    Writers with a surname mention themselves more often, but rarely.
    """
    plain, text = simplified(name), page.content_text
    if plain in COLUMNISTS:
        return False
    mentions = text.count(name)
    if is_surname_led(plain) and plain not in NAMESAKES:
        return mentions > _MAX_MENTIONS_OF_A_PERSON and mentions * _SELDOM > len(text)
    return page.title.count(name) > 1 or mentions > _MAX_MENTIONS


def _is_quoted(name: str, text: str) -> bool:
    """Return whether the text quotes ``name``, as an interview or a report of a speech does."""
    quotes = sum(text.count(name + verb) for verb in _SAYING)
    if quotes > _MAX_QUOTES:
        return True
    turns = [text.count(f"\n{name}{colon}") for colon in "：﹕:"]
    if sum(turns) > _MAX_QUOTES:  # lines of a list of articles end in their date
        spoken = re.findall(rf"\n{re.escape(name)}[：﹕:][^\n]*[^\n)）](?=\n|$)", text)
        if len(spoken) > _MAX_QUOTES:
            return True
    return re.search(rf"{re.escape(name)}[^。\n]{{0,40}}(?:接受|受访)", text[:_LEAD]) is not None


def _merged(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))
