"""A page as a web site shows it, turned back into the mirror's own Markdown form.

So there is one extraction, whatever the way: the readers of raw pages read these too.
Known are the pages of GitHub (``article.markdown-body``: sanitized, identifiers prefixed,
pictures through a proxy, headings with permanent links) and client-side renderers such as
docsify (``.markdown-section``: the Markdown's HTML as it is).

What the sanitizer takes away cannot come back: :data:`UNSUPPORTED_KEYS` names the record's keys that
depend on it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from lxml import etree, html

from crawler.exceptions import PageMalformed, PageMissing, PageUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

#: Keys of a record that a rendered page cannot fill, each with its reason.
#:
#: * ``tags``, ``links``, ``videos``: the mirror writes ``<ok href>`` for a link; the sanitizer
#:   drops the unknown element with its address and keeps the text.
#: * ``has_video``: the trace of a removed player is a class or an empty ``<center>``, both gone.
#: * ``truncated``: the end mark is a comment; comments are dropped.
#: * ``content_html``: it would come without its links, which is not what the key promises.
UNSUPPORTED_KEYS: Final = frozenset(
    {"tags", "links", "videos", "has_video", "truncated", "content_html"}
)

#: Where a page's content stands: GitHub, then docsify.
CONTENT_CLASSES: Final = ("markdown-body", "markdown-section")

_PREFIX: Final = "user-content-"
_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
#: Elements a site puts around what was in the file.
_WRAPPERS: Final = ("markdown-accessiblity-table", "markdown-accessibility-table", "g-emoji")
#: Attributes a site adds to what was in the file.
_ADDED: Final = ("dir", "tabindex", "class", "style", "rel", "data-canonical-src")
_ORIGINAL: Final = re.compile(r"原文链接(?P<label>（需翻墙）)?：\s*(?P<url>\S+)\s*\Z")
_MEDIA: Final = re.compile(r"\s*https?://\S+\.(?:mp[34]|m4[av]|og[agv]|wav|webm|flv|wm[av])\s*")
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
#: One pattern for all of them, in the syntax that Python and JavaScript share.
ERROR_WORDS: Final = f"{_RATE_LIMITED}|{_UNAVAILABLE}|{_MISSING}"


def home_markdown(page: str, *, base: str = "", path: str = "README.md") -> str:
    """Return the home page's Markdown from its rendered form.

    Args:
        page: HTML of the whole document after its scripts ran.
        base: address of the mirror's files on that site, ending in ``/``.
        path: the page's path in the mirror.

    Raises:
        PageMissing: the site shows that there is no such page.
        PageUnreachable: the site shows that it cannot answer now.
        PageMalformed: no rendered page is there, or it shows no list.
    """
    blocks = list(_blocks(_content(page), base, path))
    if not any(block.startswith("#") for block in blocks):
        raise PageMalformed("the rendered page has no heading")
    # the mirror writes the blanks between its links as entities
    return "\n\n".join(blocks).replace("\xa0", "&nbsp;") + "\n"


def index_markdown(page: str, *, base: str = "", path: str = "") -> str:
    """Return an index page's Markdown from its rendered form.

    Arguments and errors are those of :func:`home_markdown`.
    """
    blocks = list(_blocks(_content(page), base, path))
    if not any(block.startswith("#") for block in blocks):
        raise PageMalformed("the rendered page has no heading")
    lines = [f"{block} " if "/pages/" in block else block for block in blocks]
    if lines.count("---") > 1:
        lines.insert(len(lines) - 1 - lines[::-1].index("---"), "")
    return "\n".join(lines) + "\n"


def article_markdown(page: str, *, base: str = "", path: str = "") -> str:
    """Return an article page's Markdown, in the mirror's outer template, from its rendered form.

    Arguments and errors are those of :func:`home_markdown`; ``PageMalformed`` also where the
    title, the body or the line with the original's address is missing (a page cut short).
    """
    root = _content(page)
    title, navigation, body = _landmarks(root)
    original = _ORIGINAL.search(_text(root).rstrip())
    if original is None:
        raise PageMalformed("the rendered page ends before the original's address")
    _drop_tail(root)
    _undo_paragraphs(navigation)
    _mark_header(body)
    _mark_captions(body)
    _mark_end(body)
    _drop_fallbacks(body)
    content = "".join(_content_between(navigation))
    heading = _inline(title, base, path, links=False)
    links = _inline(navigation, base, path)
    label = original["label"] or ""
    return (
        f"### {heading}\n\n---\n\n#### {links}\n\n\n{content}\n\n\n"
        f"---\n\n原文链接{label}：{original['url']}"
    )


def error_status(page: str) -> int | None:
    """Return the status that an error page should have come with: 429, 503, 404.

    None for every other page, also for one that shows nothing we know.
    """
    if any(name in page for name in CONTENT_CLASSES):
        return None
    try:
        _refuse_error_page(_document(page))
    except PageMissing:
        return 404
    except PageUnreachable as error:
        return 429 if error.reason == "rate_limited" else 503
    return None


def _content(page: str) -> HtmlElement:
    """Return the element that holds the rendered file, without what the site put in.

    Where no such element is, the page is the site's own: an error page, or none we know.
    """
    document = _document(page)
    for name in CONTENT_CLASSES:
        for element in document.iter(etree.Element):
            if name in (element.get("class") or "").split():
                if _NOTHING_HERE.match(_text(element)):
                    raise PageMissing("the site shows its page for what is not there")
                _undo_site(element)
                return element
    _refuse_error_page(document)
    raise PageMalformed("the page shows no rendered file")


def _document(page: str) -> HtmlElement:
    parser = html.HTMLParser(huge_tree=True)
    return html.document_fromstring(page.strip() or "<html></html>", parser=parser)


def _refuse_error_page(document: HtmlElement) -> None:
    """Raise for a site's own error page."""
    text = " ".join(_text(document).split())
    message = f"the site answered: {text[:200]}"
    if re.search(_RATE_LIMITED, text, re.IGNORECASE):
        raise PageUnreachable(message, reason="rate_limited")
    if re.search(_UNAVAILABLE, text, re.IGNORECASE):
        raise PageUnreachable(message, reason="unavailable")
    if re.search(_MISSING, text, re.IGNORECASE):
        raise PageMissing(message)


def _text(element: HtmlElement) -> str:
    return "".join(element.itertext(etree.Element))


def _undo_site(root: HtmlElement) -> None:
    """Take out of ``root`` what the site put into it."""
    for element in list(root.iter(etree.Element)):
        if element is not root:
            _undo_element(element)


def _undo_element(element: HtmlElement) -> None:
    classes = (element.get("class") or "").split()
    if element.tag == "img":
        element.set("src", picture_address(element))
    if element.tag == "a" and "anchor" in classes:
        _drop_or_unwrap(element)
    elif element.tag == "svg" or "zeroclipboard-container" in classes:
        element.drop_tree()
    elif (
        "markdown-heading" in classes
        or element.tag in _WRAPPERS
        or (element.tag == "a" and element.get("target") == "_blank" and _only_picture(element))
    ):
        element.drop_tag()
    else:
        _undo_attributes(element)


def _drop_or_unwrap(anchor: HtmlElement) -> None:
    """Remove a heading's permanent link; docsify's holds the heading's text, which stays."""
    if _text(anchor).strip():
        anchor.drop_tag()
    else:
        anchor.drop_tree()


def _only_picture(link: HtmlElement) -> bool:
    return len(link) == 1 and link[0].tag == "img" and not _text(link).strip()


def _undo_attributes(element: HtmlElement) -> None:
    sanitized = _sanitized(element)
    for name in _ADDED if sanitized else ():
        element.attrib.pop(name, None)
    for name in ("id", "name"):
        value = element.get(name, "")
        if value.startswith(_PREFIX):
            element.set(name, value.removeprefix(_PREFIX))
    if element.tag == "img" and not element.get("src"):
        element.attrib.pop("src", None)


def _sanitized(element: HtmlElement) -> bool:
    """Tell whether the site sanitizes: only then are classes and styles the site's own."""
    return any("markdown-body" in (a.get("class") or "").split() for a in element.iterancestors())


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


def _landmarks(root: HtmlElement) -> tuple[HtmlElement, HtmlElement, HtmlElement]:
    """Return title, navigation line and body; raise ``PageMalformed`` where one is missing."""
    blocks = [element for element in root.iter(*_HEADINGS) if element.getparent() is root]
    if not blocks or blocks[0].tag != "h3":
        raise PageMalformed("the rendered page does not begin with a title")
    navigation = next((b for b in blocks[1:] if b.tag == "h4" and "首页" in _text(b)), None)
    body = next((e for e in root.iter(etree.Element) if e.get("id") == "artbody"), None)
    if navigation is None or body is None:
        raise PageMalformed("the rendered page is no article")
    return blocks[0], navigation, body


def _drop_tail(root: HtmlElement) -> None:
    """Remove the last line and the rule above it.

    A link that the body leaves open (old footnotes: ``<a name>``) runs on to the end of the page,
    so the two may stand at any depth.
    """
    lines = [line for line in root.iter("p") if _ORIGINAL.search(_text(line).rstrip())]
    for element in lines[-1:] + list(root.iter("hr"))[-1:]:
        element.drop_tree()


def _content_between(navigation: HtmlElement) -> Iterator[str]:
    """Yield the HTML of what stands behind the navigation line: lead block and body.

    The tracking pixel behind the body is left out: it belongs to the mirror, not to the article.
    """
    for block in navigation.itersiblings(etree.Element):
        if block.tag != "img":
            yield html.tostring(block, encoding="unicode", with_tail=False)


def _undo_paragraphs(navigation: HtmlElement) -> None:
    """Join what Markdown made of text behind a blank line to the text before it again.

    A blank line ends a block of HTML (13 pages have one in a paragraph or a caption), and
    Markdown makes paragraphs of the rest. The mirror's pretty-printer puts a line break behind
    every tag, Markdown does not: so they are told apart.
    """
    for block in list(navigation.itersiblings(etree.Element)):
        for element in list(block.iter("p")):
            if (element.text or "").startswith("\n") or not _text(element).strip():
                continue
            before, parent = element.getprevious(), element.getparent()
            if before is not None and before.tag == "p":
                _move_into(before, element)
            elif before is None and parent is not None and (parent.text or "").strip():
                element.text = f"\n\n{element.text or ''}"
                element.drop_tag()


def _move_into(paragraph: HtmlElement, rest: HtmlElement) -> None:
    """Move the content of ``rest`` to the end of ``paragraph``, with the blank line between."""
    stray = rest.getnext()
    rest.text = f"\n\n{rest.text or ''}"
    paragraph.append(rest)
    paragraph.tail, rest.tail = rest.tail, None
    rest.drop_tag()
    # the end tag of the paragraph, which became a paragraph of its own
    if stray is not None and stray.tag == "p" and not len(stray) and not _text(stray).strip():
        stray.drop_tree()


def _mark_header(body: HtmlElement) -> None:
    """Set the mark behind a page header again.

    The header (a second title, an author's line, the lead image: 153 pages) ends at a comment,
    which is gone. It is the box around the box that holds a heading of level one; no body begins
    in this way without such a header.
    """
    first = next(body.iterchildren(etree.Element), None)
    if first is None or first.tag != "div" or (body.text or "").strip():
        return
    for box in first.xpath("(.//h1)[1]/../.."):
        if box is not body and body in box.iterancestors():
            mark = etree.Comment(" article content begin ")
            mark.tail, box.tail = box.tail, None
            box.addnext(mark)
            _mark_header_captions(box)


def _mark_header_captions(box: HtmlElement) -> None:
    """Set the class of a header image's caption again: the ``div`` right behind the image."""
    for image in box.iter("img"):
        parent = image.getparent()
        holder = parent if parent is not None and parent.tag == "a" else image
        caption = holder.getnext()
        if caption is not None and caption.tag == "div":
            caption.set("class", "imgtxt")


def _drop_fallbacks(body: HtmlElement) -> None:
    """Remove the address a removed player shows where it cannot play.

    It stands bare between the blocks; as text of an article it would stand in a paragraph.
    """
    for box in [body, *body.iter("div")]:
        if _MEDIA.fullmatch(box.text or ""):
            box.text = "\n"
        for child in box:
            if _MEDIA.fullmatch(child.tail or ""):
                child.tail = "\n"


def _mark_end(body: HtmlElement) -> None:
    """Set the end mark again before the box of other articles that some pages have behind it.

    37 pages have something behind the end mark; where it is such a box, its title stands alone
    in a ``div``, as no line of an article does.
    """
    for box in body.iter("div"):
        if not len(box) and re.fullmatch(r"\s*阅读更多[:：]\s*", box.text or ""):
            box.addprevious(etree.Comment(" article content end "))
            return


def _mark_captions(body: HtmlElement) -> None:
    """Set the classes of older figures again: ``div`` with the identifier of an attachment."""
    for frame in body.iter("div"):
        if re.match(r"attachment_\d", frame.get("id") or ""):
            frame.set("class", "wp-caption")
            for caption in frame.iterchildren("p"):
                caption.set("class", "wp-caption-text")
    for span in body.iter("span"):
        if _stands_under_image(span):
            span.set("class", "bn12")


def _stands_under_image(span: HtmlElement) -> bool:
    """Tell whether a ``span`` is all the text of the box or the table row under an image."""
    box = span.getparent()
    if box is None or box.tag not in ("div", "td") or _said(box) != _said(span):
        return False
    if box.tag == "div":
        return span.getprevious() is not None and span.getprevious().tag in ("br", "img", "a")
    row = box.getparent().getprevious()
    return row is not None and (row.find(".//img") is not None or not _said(row))


def _said(element: HtmlElement) -> str:
    text: str = element.text_content()
    return text.strip()


def _blocks(root: HtmlElement, base: str, path: str) -> Iterator[str]:
    """Yield the Markdown of each block of a list page."""
    for block in root.iterchildren(etree.Element):
        if block.tag in _HEADINGS:
            yield f"{'#' * int(block.tag[1])} {_inline(block, base, path)}"
        elif block.tag == "hr":
            yield "---"
        elif text := _inline(block, base, path):
            yield text


def _inline(element: HtmlElement, base: str, path: str, *, links: bool = True) -> str:
    """Return an element's content as Markdown of one line."""
    parts = [element.text or ""]
    for child in element.iterchildren():
        if isinstance(child.tag, str):
            inner = _inline(child, base, path, links=links)
            parts.append(_marked(child, inner, base, path, links=links))
        parts.append(child.tail or "")
    return "".join(parts).strip(" \n") if element.tag in _HEADINGS else "".join(parts)


def _marked(child: HtmlElement, inner: str, base: str, path: str, *, links: bool) -> str:
    """Return one inline element as Markdown; emphasis is what ``*`` and ``~`` in titles become."""
    if child.tag == "a" and links:
        return f"[{inner}]({_address(child.get('href') or '', base, path)})"
    mark = {"em": "*", "strong": "**", "del": "~"}.get(str(child.tag), "")
    return f"{mark}{inner}{mark}"


def _address(href: str, base: str, path: str) -> str:
    """Return a link as the mirror writes it: relative to its page where it stays inside.

    Sites make it absolute: ``/owner/repository/blob/branch/…``, ``#/…``.
    """
    if not base or not href.startswith(("/", "#/", "http://", "https://")):
        return href
    inside = urljoin(base, href)
    if not inside.startswith(base):
        return href
    place, mark, query = inside.removeprefix(base).partition("?")
    relative = posixpath.relpath(place, posixpath.dirname(path) or ".")
    if re.fullmatch(r"\d+\.md", relative):  # the pager's links
        relative = f"./{relative}"
    return f"{relative}{mark}{query}"
