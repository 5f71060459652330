"""Removes what a web site adds to a rendered file, and recognizes its error pages.

GitHub has the file in ``article.markdown-body``, sanitized, with prefixed ids, images through a
proxy, and permanent links in headings. Client-side renderers such as docsify have the unchanged HTML
of the Markdown in ``.markdown-section``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lxml import etree, html

from crawler.exceptions import PageMalformed, PageMissing, PageUnreachable
from crawler.reasons import RATE_LIMITED, UNAVAILABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

_SANITIZED: Final = "markdown-body"
CONTENT_CLASSES: Final = (_SANITIZED, "markdown-section")
"""Classes of the element with the rendered file: at GitHub, in docsify."""

_PREFIX: Final = "user-content-"
_WRAPPERS: Final = ("markdown-accessiblity-table", "markdown-accessibility-table", "g-emoji")
"""Elements that a site adds around content of the file."""
_CONTROLS: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_DROPPED: Final = "site-dropped"
"""New name of an element that is removed with its content."""
_UNWRAPPED: Final = "site-unwrapped"
"""New name of an element that is replaced by its content."""
_ADDED: Final = ("dir", "tabindex", "class", "style", "rel", "data-canonical-src")
"""Attributes that a site adds to elements of the file."""
_HEX: Final = re.compile(r"[0-9a-f]{16,}\Z")

# Words of error pages.
_RATE_LIMITED: Final = r"Whoa there!|exceeded a secondary rate limit|Too many requests"
_UNAVAILABLE: Final = r"Unicorn!|No server is currently available|taking (?:way )?too long to load"
_MISSING: Final = (
    r"not the web page you are looking for|404 - page not found|Page not found|404 - Not found"
    r"|does not contain the path"
)
_NOTHING_HERE: Final = re.compile(r"\s*404 - Not found\s*\Z")
"""The content that docsify shows for a missing file."""
_MAX_ERROR_PAGE: Final = 1 << 20
"""Characters. GitHub's error pages, which contain images, have 70,000."""
ERROR_WORDS: Final = f"{_RATE_LIMITED}|{_UNAVAILABLE}|{_MISSING}"
"""A pattern for all error pages, in the common syntax of Python and JavaScript."""


def content_of(page: str) -> HtmlElement:
    """Return the element with the rendered file, without what the site has added.

    Raises:
        PageMissing: the site shows that the file does not exist.
        PageUnreachable: the page is another error page of the site.
        PageMalformed: the page is neither a rendered file nor a known error page.
    """
    document = _document(page)
    for name in CONTENT_CLASSES:
        for element in document.iter(etree.Element):
            if name in (element.get("class") or "").split():
                if _NOTHING_HERE.match(text_of(element)):
                    raise PageMissing("the site shows its error page for a missing file")
                _undo_site(element, sanitized=name == _SANITIZED)
                return element
    _refuse_error_page(document)
    raise PageMalformed("the page contains no rendered file")


def _document(page: str) -> HtmlElement:
    parser = html.HTMLParser(huge_tree=True)
    try:
        return html.document_fromstring(page.strip() or "<html></html>", parser=parser)
    except etree.ParserError as error:
        raise PageMalformed("the page is empty") from error
    except etree.XMLSyntaxError as error:  # the parser recovers from everything else
        raise MemoryError from error


def _refuse_error_page(document: HtmlElement) -> None:
    """Raise an exception if the page is an error page of the site."""
    text = " ".join(text_of(document).split())
    message = f"the site answered: {text[:200]}"
    if re.search(_RATE_LIMITED, text, re.IGNORECASE):
        raise PageUnreachable(message, reason=RATE_LIMITED)
    if re.search(_UNAVAILABLE, text, re.IGNORECASE):
        raise PageUnreachable(message, reason=UNAVAILABLE)
    if re.search(_MISSING, text, re.IGNORECASE):
        raise PageMissing(message)


def text_of(element: HtmlElement) -> str:
    """Return the text of an element, without comments."""
    return "".join(element.itertext(etree.Element))


def is_blank(element: HtmlElement) -> bool:
    """Return whether an element has no text but white space."""
    return not any(text.strip() for text in element.itertext(etree.Element))


def _undo_site(root: HtmlElement, *, sanitized: bool) -> None:
    """Remove what the site has added to ``root``.

    Elements are renamed first and then removed from their parent together, because each single
    removal copies all the text before it.
    """
    for element in list(root.iter(etree.Element)):
        if element is not root:
            _undo_element(element, sanitized=sanitized)
    changed = {element.getparent(): None for element in root.iter(_DROPPED, _UNWRAPPED)}
    for parent in changed:
        if parent.tag not in (_DROPPED, _UNWRAPPED):
            _set_content(parent, list(_content_left(parent)))


def _content_left(parent: HtmlElement) -> Iterator[HtmlElement | str]:
    """Yield the texts and elements of ``parent`` without the renamed elements, in order."""
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
    """Set the tail of ``last``, a child of ``parent``, or with None the text of ``parent``.

    Control characters are left out: lxml parses them, but raises an error if they are assigned.
    """
    text = _CONTROLS.sub("", "".join(texts))
    if last is None:
        parent.text = text
    else:
        last.tail = text


def _undo_element(element: HtmlElement, *, sanitized: bool) -> None:
    classes = (element.get("class") or "").split()
    if element.tag == "img":
        element.set("src", _picture_url(element))
    if element.tag == "a" and "anchor" in classes:
        # a heading's permanent link; docsify's contains the heading's text, which is kept
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
    """Remove attributes that the site has added; without a sanitizer, classes are the file's own."""
    for name in _ADDED if sanitized else ():
        element.attrib.pop(name, None)
    for name in ("id", "name"):
        value = element.get(name, "")
        if value.startswith(_PREFIX):
            element.set(name, value.removeprefix(_PREFIX))
    if element.tag == "img" and not element.get("src"):
        element.attrib.pop("src", None)


def _picture_url(image: HtmlElement) -> str:
    """Return the URL of an image before the site's proxy.

    GitHub has it in ``data-canonical-src``, or in hexadecimal as the last part of the proxy's URL.
    """
    source = (image.get("data-canonical-src") or image.get("src") or "").strip()
    last = source.rstrip("/").rpartition("/")[2]
    if "camo" in source and _HEX.match(last):
        try:
            return bytes.fromhex(last).decode()
        except ValueError:
            return source
    # a path on the newspaper's site, which GitHub resolves inside the repository
    inside = re.match(r"/[^/]+/[^/]+/raw/[^/]+(/.*)", source)
    return inside[1] if inside else source


def error_status(page: str) -> int | None:
    """Return the HTTP status that an error page should have: 429, 503 or 404.

    Return None for any other page, and for pages that are too large to be parsed in the crawler's
    process.
    """
    if len(page) > _MAX_ERROR_PAGE or any(name in page for name in CONTENT_CLASSES):
        return None
    try:
        _refuse_error_page(_document(page))
    except PageMissing:
        return 404
    except PageUnreachable as error:
        return 429 if error.reason == RATE_LIMITED else 503
    return None
