"""An article's page: the template taken apart, its blocks read, credits cut from the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree

from crawler.exceptions import PageMalformed
from crawler.formats.epoch.body import BEGIN, END, Anchor, Body, Picture, read_body
from crawler.formats.epoch.caption import split_caption
from crawler.formats.epoch.credits import take_credits
from crawler.formats.epoch.markup import Leaf, render_html, render_text
from crawler.formats.epoch.videos import is_video
from crawler.items import Image, Link
from crawler.text import one_line, visible
from crawler.urls import Original, original

_TITLE = re.compile(r"\A\ufeff?\s*###[ \t]+(\S.*)\n")
# Searched from the end: an article may quote a mirror's page.
_TAIL = re.compile(r"\n---\s*\n\s*原文链接[^：:\n]{0,20}[：:]([^\n]*)\s*\Z")
_TAIL_WORD = "原文链接"
_BODY_START = re.compile(r"""<div\b[^>]{0,400}?\bid=["']artbody["']""")

_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)


@dataclass(slots=True, kw_only=True)
class ArticlePage:
    """What an article's page says, before anything is concluded from it.

    Attributes:
        title: the text after ``### ``.
        original: the newspaper's address, from the page's last line.
        dateline: raw text inside the first dateline's brackets.
        byline: raw text inside the parentheses that name who wrote.
        lines: short lines of header and body that may be signed (``作者：X``).
        editors: names behind 责任编辑.
        tags, images, videos, links: in order of appearance in the body.
        image, caption: the lead image's address and its caption, credit included.
        player: the trace of a removed video player is left.
        truncated: the end mark is missing.
        unusable_urls: how many addresses of the body could not be made absolute.
    """

    title: str
    original: Original
    dateline: str | None = None
    byline: str | None = None
    lines: list[str] = field(default_factory=list)
    editors: tuple[str, ...] = ()
    tags: list[str] = field(default_factory=list)
    image: str | None = None
    caption: str | None = None
    images: list[Image] = field(default_factory=list)
    videos: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    player: bool = False
    content_text: str = ""
    content_html: str = ""
    truncated: bool = False
    unusable_urls: int = 0


def read_article(text: str) -> ArticlePage:
    """Read an article's page.

    Raises:
        PageMalformed: it has no title line, no body, or no address of the original.
    """
    text = visible(text.replace("\r\n", "\n").replace("\r", "\n"))
    title = _TITLE.match(text)
    if not title:
        raise PageMalformed("the first line is no '### title'")
    content, address = _content_and_address(text)
    source = original(address)
    if source is None:
        raise PageMalformed(f"no address of an article behind 原文链接: {address[:100]!r}")
    page = ArticlePage(title=one_line(title[1]), original=source)
    page.truncated = END not in content
    _read_content(page, content)
    return page


def _content_and_address(text: str) -> tuple[str, str]:
    start = text.rfind(_TAIL_WORD)
    tail = _TAIL.search(text, max(text.rfind("\n---", 0, start), 0)) if start > 0 else None
    if not tail:
        raise PageMalformed("the last line is no 原文链接")
    return text[: tail.start()], tail[1]


def _read_content(page: ArticlePage, content: str) -> None:
    start = _BODY_START.search(content)
    if not start:
        raise PageMalformed("no element with the id 'artbody'")
    root = _root(content[start.start() :])
    begins, ends = BEGIN in content, content.count(END)
    header, body = read_body(root, page.original.url, begins=begins, ends=ends)
    _read_lead(page, content[: start.start()], header)
    page.tags = body.tags
    page.images = _images(body.pictures)
    _sort_anchors(page, body)
    page.player = body.player
    page.unusable_urls = body.unusable_urls
    taken = take_credits(header.leaves, body.leaves)
    page.dateline, page.byline = taken.dateline, taken.byline
    page.editors, page.lines = taken.editors, taken.lines
    page.content_text = render_text(body.leaves)
    page.content_html = render_html(body.leaves)


def _root(markup: str) -> etree._Element:
    """Return the element that holds all of ``markup``.

    Of the body not ``#artbody`` itself: a stray end tag (229 pages) may close it early.
    """
    tree = etree.fromstring(markup.encode(), _PARSER)
    root = tree.find("body") if tree is not None else None
    if root is None:
        raise PageMalformed("no markup that can be read")
    return root


def _read_lead(page: ArticlePage, before: str, header: Body) -> None:
    """Take the lead image; the one of the page's header where there is no other."""
    start = before.find("<div")
    block = Body()
    if start >= 0 and "<img" in before:
        _, block = read_body(_root(before[start:]), page.original.url, begins=False, ends=0)
    if block.pictures:
        page.image = block.pictures[0].url
        page.caption = _joined(block.leaves)
    elif header.pictures:
        picture = header.pictures[0]
        page.image, page.caption = picture.url, _joined(picture.caption)


def _joined(leaves: Sequence[Leaf]) -> str | None:
    return "\n".join(leaf.text for leaf in leaves if leaf.text) or None


def _images(pictures: Sequence[Picture]) -> list[Image]:
    """Return the images of the body, each address once."""
    images: dict[str, Image] = {}
    for picture in pictures:
        images.setdefault(picture.url, _image(picture))
    return list(images.values())


def _image(picture: Picture) -> Image:
    text = _joined(picture.caption)
    caption, credit = split_caption(text) if text else (None, None)
    return {"url": picture.url, "caption": caption, "credit": credit}


def _sort_anchors(page: ArticlePage, body: Body) -> None:
    """Part the body's addresses into videos and other links."""
    videos = dict.fromkeys(body.media)
    for anchor in body.anchors:
        if is_video(anchor.url):
            videos.setdefault(anchor.url)
        elif not anchor.wraps_image:
            page.links.append({"url": anchor.url, "text": _anchor_text(anchor)})
    page.videos = list(videos)


def _anchor_text(anchor: Anchor) -> str:
    return one_line("".join(run.text for run in anchor.runs))
