"""A page as a web site shows it, turned back into the mirror's own Markdown form.

The readers of raw pages then read it like any other. What the site's sanitizer took away cannot
come back: :data:`UNSUPPORTED_KEYS` names the record's keys that depend on it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from lxml import etree, html

from crawler.exceptions import PageMalformed
from crawler.formats.epoch.rendered_marks import (
    drop_fallbacks,
    join_paragraphs,
    mark_captions,
    mark_end,
    mark_header,
)
from crawler.formats.epoch.rendered_site import content_of, text_of

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

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_ORIGINAL: Final = re.compile(r"原文链接(?P<label>（需翻墙）)?：\s*(?P<url>\S+)\s*\Z")

#: Characters of the line with the original's address: no address has more than 2,048.
_LONGEST_LINE: Final = 2200
#: Paragraphs at a page's end among which that line is looked for.
_LAST_LINES: Final = 20


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
    blocks = list(_blocks(content_of(page), base, path))
    if not any(block.startswith("#") for block in blocks):
        raise PageMalformed("the rendered page has no heading")
    # the mirror writes the blanks between its links as entities
    return "\n\n".join(blocks).replace("\xa0", "&nbsp;") + "\n"


def index_markdown(page: str, *, base: str = "", path: str = "") -> str:
    """Return an index page's Markdown from its rendered form.

    Arguments and errors are those of :func:`home_markdown`.
    """
    blocks = list(_blocks(content_of(page), base, path))
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
    root = content_of(page)
    title, navigation, body = _landmarks(root)
    original = _original_of(root)
    if original is None:
        raise PageMalformed("the rendered page ends before the original's address")
    _drop_tail(root)
    join_paragraphs(navigation)
    mark_header(body)
    mark_captions(body)
    mark_end(body)
    drop_fallbacks(body)
    content = "".join(_content_between(navigation))
    heading = _inline(title, base, path, links=False)
    links = _inline(navigation, base, path)
    label = original["label"] or ""
    return (
        f"### {heading}\n\n---\n\n#### {links}\n\n\n{content}\n\n\n"
        f"---\n\n原文链接{label}：{original['url']}"
    )


def _landmarks(root: HtmlElement) -> tuple[HtmlElement, HtmlElement, HtmlElement]:
    """Return title, navigation line and body; raise ``PageMalformed`` where one is missing."""
    blocks = [element for element in root.iter(*_HEADINGS) if element.getparent() is root]
    if not blocks or blocks[0].tag != "h3":
        raise PageMalformed("the rendered page does not begin with a title")
    navigation = next((b for b in blocks[1:] if b.tag == "h4" and "首页" in text_of(b)), None)
    body = next((e for e in root.iter(etree.Element) if e.get("id") == "artbody"), None)
    if navigation is None or body is None:
        raise PageMalformed("the rendered page is no article")
    return blocks[0], navigation, body


def _original_of(element: HtmlElement) -> re.Match[str] | None:
    """Find the line with the original's address at the end of an element's text."""
    return _ORIGINAL.search(text_of(element).rstrip()[-_LONGEST_LINE:])


def _drop_tail(root: HtmlElement) -> None:
    """Remove the last line and the rule above it.

    A link that the body leaves open (old footnotes: ``<a name>``) runs on to the end of the page,
    so the two may stand at any depth.
    """
    last = [*root.iter("p")][: -_LAST_LINES - 1 : -1]
    lines = [line for line in last if _original_of(line)]
    for element in lines[:1] + list(root.iter("hr"))[-1:]:
        element.drop_tree()


def _content_between(navigation: HtmlElement) -> Iterator[str]:
    """Yield the HTML of what stands behind the navigation line: lead block and body.

    The tracking pixel behind the body is left out: it belongs to the mirror, not to the article.
    """
    for block in navigation.itersiblings(etree.Element):
        if block.tag != "img":
            yield html.tostring(block, encoding="unicode", with_tail=False)


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
