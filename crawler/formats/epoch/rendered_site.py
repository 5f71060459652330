"""What a web site puts around and into a rendered file, and its error pages.

Known are GitHub (``article.markdown-body``: sanitized, identifiers prefixed, pictures through a
proxy, headings with permanent links) and client-side renderers such as docsify
(``.markdown-section``: the Markdown's HTML as it is).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree, html

from crawler.exceptions import PageMalformed, PageMissing, PageUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: Class of the element that holds a rendered file: at GitHub, then in docsify.
_SANITIZED: Final = "markdown-body"
CONTENT_CLASSES: Final = (_SANITIZED, "markdown-section")

_PREFIX: Final = "user-content-"
#: Elements a site puts around what was in the file.
_WRAPPERS: Final = ("markdown-accessiblity-table", "markdown-accessibility-table", "g-emoji")
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Names for elements that are taken out, with their content or without.
_DROPPED: Final = "site-dropped"
_UNWRAPPED: Final = "site-unwrapped"
#: Attributes a site adds to what was in the file.
_ADDED: Final = ("dir", "tabindex", "class", "style", "rel", "data-canonical-src")
_HEX: Final = re.compile(r"[0-9a-f]{16,}\Z")

#: Error pages, by words of theirs: too many requests; the site is overloaded; no such page.
_RATE_LIMITED: Final = r"Whoa there!|exceeded a secondary rate limit|Too many requests"
_UNAVAILABLE: Final = r"Unicorn!|No server is currently available|taking (?:way )?too long to load"
_MISSING: Final = (
    r"not the web page you are looking for|404 - page not found|Page not found|404 - Not found"
    r"|does not contain the path"
)
#: What docsify puts in the content's place.
_NOTHING_HERE: Final = re.compile(r"\s*404 - Not found\s*\Z")
#: Characters of an error page; GitHub's, with pictures in them, have 70,000.
_LONGEST_ERROR_PAGE: Final = 1 << 20
#: One pattern for all of them, in the syntax that Python and JavaScript share.
ERROR_WORDS: Final = f"{_RATE_LIMITED}|{_UNAVAILABLE}|{_MISSING}"


def content_of(page: str) -> HtmlElement:
    """Return the element that holds the rendered file, without what the site put in.

    Where no such element is, the page is the site's own: an error page, or none we know.
    """
    document = _document(page)
    for name in CONTENT_CLASSES:
        for element in document.iter(etree.Element):
            if name in (element.get("class") or "").split():
                if _NOTHING_HERE.match(text_of(element)):
                    raise PageMissing("the site shows its page for what is not there")
                _undo_site(element, sanitized=name == _SANITIZED)
                return element
    _refuse_error_page(document)
    raise PageMalformed("the page shows no rendered file")


def _document(page: str) -> HtmlElement:
    parser = html.HTMLParser(huge_tree=True)
    try:
        return html.document_fromstring(page.strip() or "<html></html>", parser=parser)
    except etree.ParserError as error:
        raise PageMalformed("the page shows nothing") from error
    except etree.XMLSyntaxError as error:  # the parser recovers from everything else
        raise MemoryError from error


def _refuse_error_page(document: HtmlElement) -> None:
    """Raise for a site's own error page."""
    text = " ".join(text_of(document).split())
    message = f"the site answered: {text[:200]}"
    if re.search(_RATE_LIMITED, text, re.IGNORECASE):
        raise PageUnreachable(message, reason="rate_limited")
    if re.search(_UNAVAILABLE, text, re.IGNORECASE):
        raise PageUnreachable(message, reason="unavailable")
    if re.search(_MISSING, text, re.IGNORECASE):
        raise PageMissing(message)


def text_of(element: HtmlElement) -> str:
    """Return the text of an element, without that of comments."""
    return "".join(element.itertext(etree.Element))


def is_blank(element: HtmlElement) -> bool:
    """Return whether an element has no text but white space."""
    return not any(text.strip() for text in element.itertext(etree.Element))


def _undo_site(root: HtmlElement, *, sanitized: bool) -> None:
    """Take out of ``root`` what the site put into it.

    Elements are renamed first and then taken out of their parent together: taken out one by one,
    each would copy all the text before it.
    """
    for element in list(root.iter(etree.Element)):
        if element is not root:
            _undo_element(element, sanitized=sanitized)
    changed = {element.getparent(): None for element in root.iter(_DROPPED, _UNWRAPPED)}
    for parent in changed:
        if parent.tag not in (_DROPPED, _UNWRAPPED):
            _set_content(parent, list(_content_left(parent)))


def _content_left(parent: HtmlElement) -> Iterator[HtmlElement | str]:
    """Yield the texts and elements of ``parent`` without what is renamed, in order."""
    yield parent.text or ""
    left: list[HtmlElement | str] = list(reversed(parent))
    while left:
        piece = left.pop()
        if isinstance(piece, str):
            yield piece
            continue
        left.append(piece.tail or "")
        if piece.tag == _UNWRAPPED:
            left += [*reversed(piece), piece.text or ""]
        elif piece.tag != _DROPPED:
            yield piece


def _set_content(parent: HtmlElement, content: list[HtmlElement | str]) -> None:
    del parent[:]
    last: HtmlElement | None = None
    texts: list[str] = []
    for piece in content:
        if isinstance(piece, str):
            texts.append(piece)
            continue
        set_end_of(parent, last, texts)
        parent.append(piece)
        last, texts = piece, []
    set_end_of(parent, last, texts)


def set_end_of(parent: HtmlElement, last: HtmlElement | None, texts: list[str]) -> None:
    """Set the text behind the child ``last`` of ``parent``; None means before all children.

    Control characters are left out, which lxml reads but refuses to be given.
    """
    text = _CONTROLS.sub("", "".join(texts))
    if last is None:
        parent.text = text
    else:
        last.tail = text


def _undo_element(element: HtmlElement, *, sanitized: bool) -> None:
    classes = (element.get("class") or "").split()
    if element.tag == "img":
        element.set("src", picture_address(element))
    if element.tag == "a" and "anchor" in classes:
        # a heading's permanent link; docsify's holds the heading's text, which stays
        element.tag = _DROPPED if is_blank(element) else _UNWRAPPED
    elif element.tag == "svg" or "zeroclipboard-container" in classes:
        element.tag = _DROPPED
    elif (
        "markdown-heading" in classes
        or element.tag in _WRAPPERS
        or (element.tag == "a" and element.get("target") == "_blank" and _only_picture(element))
    ):
        element.tag = _UNWRAPPED
    else:
        _undo_attributes(element, sanitized=sanitized)


def _only_picture(link: HtmlElement) -> bool:
    return len(link) == 1 and link[0].tag == "img" and is_blank(link)


def _undo_attributes(element: HtmlElement, *, sanitized: bool) -> None:
    """Remove what the site added; only where it sanitizes are classes and styles its own."""
    for name in _ADDED if sanitized else ():
        element.attrib.pop(name, None)
    for name in ("id", "name"):
        value = element.get(name, "")
        if value.startswith(_PREFIX):
            element.set(name, value.removeprefix(_PREFIX))
    if element.tag == "img" and not element.get("src"):
        element.attrib.pop("src", None)


def picture_address(image: HtmlElement) -> str:
    """Return the address a picture has in the file: before the site's proxy.

    GitHub's proxy says it in ``data-canonical-src``, else in hexadecimal as the last part of the
    proxy's address.
    """
    source = (image.get("data-canonical-src") or image.get("src") or "").strip()
    last = source.rstrip("/").rpartition("/")[2]
    if "camo" in source and _HEX.match(last):
        try:
            return bytes.fromhex(last).decode()
        except ValueError:
            return source
    # a path of the file's own site, which GitHub takes for one inside the repository
    inside = re.match(r"/[^/]+/[^/]+/raw/[^/]+(/.*)", source)
    return inside[1] if inside else source


def error_status(page: str) -> int | None:
    """Return the status that an error page should have come with: 429, 503, 404.

    None for every other page, also for one that shows nothing we know or is too large to be read
    by the crawler itself.
    """
    if len(page) > _LONGEST_ERROR_PAGE or any(name in page for name in CONTENT_CLASSES):
        return None
    try:
        _refuse_error_page(_document(page))
    except PageMissing:
        return 404
    except PageUnreachable as error:
        return 429 if error.reason == "rate_limited" else 503
    return None
