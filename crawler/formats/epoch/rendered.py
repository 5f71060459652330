"""Converts a page as a web site renders it back to the mirror's Markdown.

It is then parsed like any raw page. What the site's sanitizer removed is lost:
:data:`UNSUPPORTED_KEYS` has the keys that depend on it.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from lxml import etree, html

from crawler.exceptions import PageMalformed
from crawler.formats.base import Rendering
from crawler.formats.epoch.rendered_marks import (
    drop_fallbacks,
    join_paragraphs,
    mark_captions,
    mark_end,
    mark_header,
)
from crawler.formats.rendered_site import content_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lxml.html import HtmlElement

UNSUPPORTED_KEYS: Final = frozenset(
    {"tags", "links", "videos", "has_video", "truncated", "content_html"}
)
"""Keys of a record that cannot be read from a rendered page.

* ``tags``, ``links``, ``videos``: the mirror writes ``<ok href>`` for a link. The sanitizer drops the
  unknown element with its URL and keeps the text.
* ``has_video``: the trace of a removed player is a class or an empty ``<center>``, which it drops.
* ``truncated``: the end mark is a comment, which it drops.
* ``content_html``: it would have no links.
"""

_HEADINGS: Final = ("h1", "h2", "h3", "h4", "h5", "h6")
_ORIGINAL: Final = re.compile(r"原文链接(?P<label>（需翻墙）)?：\s*(?P<url>\S+)\s*\Z")

_MAX_LINE: Final = 2200
"""Characters of the line with the original's URL, which has up to 2,048."""
_LAST_LINES: Final = 20
"""Number of paragraphs at the end of a page that are searched for that line."""


def home_markdown(page: str, *, base: str = "", path: str = "README.md") -> str:
    """Return the home page's Markdown from its rendered form.

    Args:
        page: HTML of the whole document after its scripts have run.
        base: URL of the mirror's files on that site, ending in ``/``.
        path: the page's path in the mirror.

    Raises:
        PageMissing: the site shows its error page for a page that does not exist.
        PageUnreachable: the site shows an error page because it is overloaded or limits requests.
        PageMalformed: the document has no rendered page, or the page is not a list.
    """
    blocks = list(_blocks(content_of(page), base, path))
    if not any(block.startswith("#") for block in blocks):
        raise PageMalformed("the rendered page has no heading")
    # the mirror has entities for the blanks between its links
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

    Arguments and errors are those of :func:`home_markdown`. ``PageMalformed`` is also raised if the
    title, the body or the line with the original's URL is missing, as on a truncated page.
    """
    root = content_of(page)
    title, navigation, body = _landmarks(root)
    original = _original_of(root)
    if original is None:
        raise PageMalformed("the rendered page ends before the original's URL")
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
    """Return title, navigation line and body; raise ``PageMalformed`` if one is missing."""
    blocks = [element for element in root.iter(*_HEADINGS) if element.getparent() is root]
    if not blocks or blocks[0].tag != "h3":
        raise PageMalformed("the rendered page does not begin with a title")
    navigation = next((b for b in blocks[1:] if b.tag == "h4" and "首页" in text_of(b)), None)
    body = next((e for e in root.iter(etree.Element) if e.get("id") == "artbody"), None)
    if navigation is None or body is None:
        raise PageMalformed("the rendered page is not an article")
    return blocks[0], navigation, body


def _original_of(element: HtmlElement) -> re.Match[str] | None:
    """Find the line with the original's URL at the end of an element's text."""
    return _ORIGINAL.search(text_of(element).rstrip()[-_MAX_LINE:])


def _drop_tail(root: HtmlElement) -> None:
    """Remove the last line and the rule above it.

    They may be at any depth, because an unclosed link in the body (``<a name>`` of an old footnote)
    extends to the end of the page.
    """
    last = [*root.iter("p")][: -_LAST_LINES - 1 : -1]
    lines = [line for line in last if _original_of(line)]
    for element in lines[:1] + list(root.iter("hr"))[-1:]:
        element.drop_tree()


def _content_between(navigation: HtmlElement) -> Iterator[str]:
    """Yield the HTML of the blocks after the navigation line, without the mirror's tracking pixel."""
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
    """Return an element's content as one line of Markdown."""
    parts = [element.text or ""]
    for child in element.iterchildren():
        if isinstance(child.tag, str):
            inner = _inline(child, base, path, links=links)
            parts.append(_marked(child, inner, base, path, links=links))
        parts.append(child.tail or "")
    return "".join(parts).strip(" \n") if element.tag in _HEADINGS else "".join(parts)


def _marked(child: HtmlElement, inner: str, base: str, path: str, *, links: bool) -> str:
    """Return an inline element as Markdown. ``*`` and ``~`` in titles have become emphasis."""
    if child.tag == "a" and links:
        return f"[{inner}]({_relative(child.get('href') or '', base, path)})"
    mark = {"em": "*", "strong": "**", "del": "~"}.get(str(child.tag), "")
    return f"{mark}{inner}{mark}"


def _relative(href: str, base: str, path: str) -> str:
    """Return a link relative to its page if it leads to the mirror.

    Sites make links absolute: ``/owner/repository/blob/branch/…``, ``#/…``.
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


HOME: Final = Rendering(home_markdown, None, UNSUPPORTED_KEYS)
INDEX: Final = Rendering(index_markdown, r"第\s*\[[^\]]*\]\s*页|迁移至", UNSUPPORTED_KEYS)
"""An index ends in its pager, unless the mirror has moved."""
ARTICLE: Final = Rendering(article_markdown, r"原文链接[^：]*：\s*http\S+\.html?", UNSUPPORTED_KEYS)
"""An article ends in the original's URL."""
