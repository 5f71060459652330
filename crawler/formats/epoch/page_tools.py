"""What the site's tools put into an article, taken out of the tree before it is read.

Pages of 2001 to 2003 end with 相关文章, a list of links to other articles (304 pages, a fifth of their
text), and with ◆我的意见, a link to a form (239 pages).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from lxml import etree

_LINKS: Final = ("ok", "a")
_LIST_WORD: Final = "相关文章"
_OPINION_WORD: Final = "我的意见"
_HEADING: Final = re.compile(r"[\W_]*相关文章[\W_]*")
_OPINION: Final = re.compile(r"[◆◇\s]*我的意见\s*")
# Between the links of such a list: dates and marks. Anything else is the article's again.
_BETWEEN: Final = re.compile(r"[\s\W\d_年月日]*")


class _Piece(NamedTuple):
    """A text of the tree: that of an element, or its tail."""

    element: etree._Element
    is_tail: bool
    text: str
    link: etree._Element | None


def remove_page_tools(root: etree._Element, markup: str) -> None:
    """Remove from ``root`` the texts and links of the site's tools.

    Args:
        root: the body's element.
        markup: what it was made from: most pages hold no such word.
    """
    if _LIST_WORD in markup:
        _remove_lists(root)
    if _OPINION_WORD in markup:
        for link in [link for link in root.iter(*_LINKS) if _OPINION.fullmatch(_text_of(link))]:
            _empty(link)


def _remove_lists(root: etree._Element) -> None:
    """Remove each heading 相关文章 with the links that follow it."""
    pieces = list(_pieces(root))
    at = 0
    while at < len(pieces):
        end = _end_of_list(pieces, at + 1) if _HEADING.fullmatch(pieces[at].text) else at
        if any(piece.link is not None for piece in pieces[at + 1 : end]):
            for piece in pieces[at:end]:
                _remove(piece)
        at = max(end, at + 1)


def _end_of_list(pieces: list[_Piece], at: int) -> int:
    while at < len(pieces) and (pieces[at].link is not None or _BETWEEN.fullmatch(pieces[at].text)):
        at += 1
    return at


def _pieces(root: etree._Element) -> Iterator[_Piece]:
    """Yield the texts of a tree in order, those of comments left out, each with its link."""
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
    if piece.is_tail:
        piece.element.tail = "\n"
    else:
        piece.element.text = None
    if piece.link is not None:
        piece.link.attrib.pop("href", "")


def _text_of(element: etree._Element) -> str:
    return "".join(map(str, element.itertext()))


def _empty(link: etree._Element) -> None:
    """Take out of a link all that it holds, and its address."""
    for child in list(link):
        link.remove(child)
    link.text = None
    link.attrib.pop("href", "")
