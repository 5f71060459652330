"""Removes from an article what the site's tools added.

Pages of 2001 to 2003 end with 相关文章, a list of links to other articles (304 pages, a fifth of their
text), and with ◆我的意见, a link to a form (239 pages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from lxml import etree

from crawler.formats.trace import note

_LINKS: Final = ("ok", "a")
# One character is found ten times as fast as a word. Most pages have none of these.
_SIGNS: Final = (
    ("章", ("相关文章", "相關文章")),
    ("◆", ("我的意见", "我的意見")),
    ("◇", ("我的意见", "我的意見")),
)
_HEADING: Final = re.compile(r"[\W_]*(?:更多)?相[关關]文章(?:列表|[链鏈][接结結]|如下)?[\W_]*")
_OPINION_MARKS: Final = ("◆", "◇")
_OPINION: Final = re.compile(r"\s*[◆◇]\s*我的意[见見]\s*[:：]?\s*")
# An item without a link: its title and date, in one text or in two.
_DATE: Final = r"[（(\[]\s*(?:\d{1,2}/\d{1,2}/\d{4}|\d{4}[-/]\d{1,2}[-/]\d{1,2})(?:\s[\d:]{4,8}(?:\s?[AP]M)?)?\s*[）)\]]\s*"
_DATED: Final = re.compile(rf"\s*[^\s()（）].{{0,300}}?{_DATE}", re.DOTALL)
_ONLY_DATE: Final = re.compile(rf"\s*{_DATE}")
_MAX_TITLE: Final = 100
_TITLE_PARTS: Final = 4
# Dates and marks between the links. Any other text belongs to the article.
_BETWEEN: Final = re.compile(r"(?:[\s\W\d_年月日]|[AP]M\b)*")


class _Piece(NamedTuple):
    """An element's text or tail, and the link around it."""

    element: etree._Element
    is_tail: bool
    text: str
    link: etree._Element | None


def remove_page_tools(root: etree._Element, markup: str) -> None:
    """Remove from ``root`` the texts and links of the site's tools.

    Args:
        root: the body's element.
        markup: the body's HTML, in which most pages have none of the words.
    """
    if not any(sign in markup and any(map(markup.__contains__, words)) for sign, words in _SIGNS):
        return
    pieces = list(_pieces(root))
    for number, piece in enumerate(pieces):
        # the mark may be before the link
        form = pieces[number : number + 2] if piece.text.strip() in _OPINION_MARKS else [piece]
        if _OPINION.fullmatch("".join(part.text for part in form)):
            for part in form:
                _remove(part)
    _remove_lists(pieces)


def _remove_lists(pieces: Sequence[_Piece]) -> None:
    """Remove each heading 相关文章 and the links after it."""
    at = 0
    while at < len(pieces):
        end = _end_of_list(pieces, at + 1) if _HEADING.fullmatch(pieces[at].text) else at
        if any(_is_item(pieces[item : item + _TITLE_PARTS]) for item in range(at + 1, end)):
            for piece in pieces[at:end]:
                _remove(piece)
        at = max(end, at + 1)


def _end_of_list(pieces: Sequence[_Piece], at: int) -> int:
    while at < len(pieces) and (
        _is_item(pieces[at : at + _TITLE_PARTS]) or _BETWEEN.fullmatch(pieces[at].text)
    ):
        at += 1
    return at


def _is_item(pieces: Sequence[_Piece]) -> bool:
    """Return whether the first of a few texts is a link, or begins a title that ends in its date."""
    if pieces[0].link is not None:
        return True
    for piece in pieces:
        if _DATED.fullmatch(piece.text) or _ONLY_DATE.fullmatch(piece.text):
            return True
        if len(piece.text) > _MAX_TITLE:
            return False
    return False


def _pieces(root: etree._Element) -> Iterator[_Piece]:
    """Yield the texts of a tree in order, each with its link, without those of comments."""
    link: etree._Element | None = None
    for event, element in etree.iterwalk(root, events=("start", "end", "comment")):
        if event == "start":
            link = element if element.tag in _LINKS and element.get("href") else link
            if element.text:
                yield _Piece(element, is_tail=False, text=element.text, link=link)
            continue
        if link is not None and element is link:
            link = next((up for up in link.iterancestors(*_LINKS) if up.get("href")), None)
        if element.tail and element is not root:
            yield _Piece(element, is_tail=True, text=element.tail, link=link)


def _remove(piece: _Piece) -> None:
    """Remove a text from the tree, and the URL of the link around it."""
    note("page_tools.list or form", piece.text)
    if piece.is_tail:
        piece.element.tail = "\n"
    else:
        piece.element.text = None
    if piece.link is not None:
        piece.link.attrib.pop("href", "")
