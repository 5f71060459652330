"""Reads an article's page: the template, the blocks of the body, and the credits in the text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from lxml import etree

from crawler.exceptions import PageMalformed, PageTooLarge
from crawler.formats.epoch.attributes import bounded_attributes
from crawler.formats.epoch.body import BEGIN, END, read_body, read_lead
from crawler.formats.epoch.caption_credit import split_caption
from crawler.formats.epoch.credits import take_credits
from crawler.formats.epoch.figures import Picture
from crawler.formats.epoch.found import Anchor, Body
from crawler.formats.epoch.markup import Leaf, render_html, render_text
from crawler.formats.epoch.nesting import flattened
from crawler.formats.epoch.page_tools import remove_page_tools
from crawler.formats.epoch.template import Template, take_apart
from crawler.formats.epoch.videos import is_video
from crawler.formats.pages import ArticlePage, Original
from crawler.formats.trace import is_traced, note
from crawler.items import MAX_LINE_BYTES, Image
from crawler.text import decoded_entities, one_line

T = TypeVar("T")

_BOX = re.compile(r"<(?:div|figure|section|article|center|table|p)\b", re.IGNORECASE)

_MARK = re.compile(r"<!--\s*+article\s++content\s++(begin|end)\s*+-->", re.IGNORECASE)

_MANY_LINKS = 100  # fewer add little to the length of a line

_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True, collect_ids=False)


def read_article(text: str) -> ArticlePage:
    """Read an article's page.

    Raises:
        PageMalformed: it has no title line, no body, or no URL of the original.
        PageTooLarge: the record would be longer than a line may be.
    """
    parts = take_apart(text)
    page = ArticlePage(title=parts.title, original=parts.original)
    _read_content(page, parts)
    return page


def _read_content(page: ArticlePage, parts: Template) -> None:
    markup = parts.body if END in parts.body else _MARK.sub(_usual_mark, parts.body)
    begins, ends = BEGIN in markup, markup.count(END)
    page.truncated = ends == 0
    markup = decoded_entities(markup)
    root = _root(markup)
    remove_page_tools(root, markup)
    header, body = _walked(read_body, root, page.original, begins=begins, ends=ends)
    _read_lead(page, parts.lead, header)
    page.tags = list(body.tags)
    page.images = _images(body.pictures)
    _sort_anchors(page, body)
    page.player = body.player
    page.unusable_urls += header.unusable_urls + body.unusable_urls
    _trace_parts(header, body)
    taken = take_credits(header.leaves, body.leaves)
    page.dateline, page.byline = taken.dateline, taken.byline
    page.editors, page.lines = taken.editors, taken.lines
    page.content_text = render_text(body.leaves)
    page.content_html = render_html(body.leaves)
    _check_size(page)


def _usual_mark(mark: re.Match[str]) -> str:
    """Return a begin or end mark in its usual form."""
    return f"<!-- {BEGIN if mark[1].lower() == 'begin' else END} -->"


def _trace_parts(header: Body, body: Body) -> None:
    """Trace the text of the page that is not part of the reading text."""
    if is_traced():
        for leaf in header.leaves:
            note("body.header", leaf.text)
        for leaf in body.leaves:
            if leaf.caption:
                note("figures.caption", leaf.text)


def _walked(read: Callable[..., T], root: etree._Element, source: Original, **marks: int) -> T:
    """Call ``read`` on ``root``; if the elements are nested too deeply, flatten them first."""
    year = source.published.year
    try:
        return read(root, source.url, year, **marks)
    except PageMalformed:
        return read(flattened(root), source.url, year, **marks)


def _root(markup: str) -> etree._Element:
    """Return the ``body`` element, which contains all of ``markup``; its references are decoded.

    ``#artbody`` does not: on 229 pages a stray end tag closes it early.
    """
    try:
        tree = etree.fromstring(bounded_attributes(markup).encode(), _PARSER)
    except etree.XMLSyntaxError as error:  # the parser recovers from all other errors
        raise MemoryError from error
    for child in tree if tree is not None else ():
        if child.tag == "body":
            return child
    raise PageMalformed("no markup that can be parsed")


def _read_lead(page: ArticlePage, before: str, header: Body) -> None:
    """Set the lead image: from the box before the body, else from the page's header."""
    for block in _blocks_before(before, page):
        page.unusable_urls += block.unusable_urls
        if block.pictures:
            page.image, page.caption = block.pictures[0].url, _joined(block.leaves)
            return
    if header.pictures:
        picture = header.pictures[0]
        page.image, page.caption = picture.url, _joined(picture.caption)


def _blocks_before(before: str, page: ArticlePage) -> Iterator[Body]:
    """Yield the content of each box with an image before the body; other text is not a caption."""
    start = _BOX.search(before) if "<img" in before or "<IMG" in before else None
    if start is None:
        return
    root = _root(decoded_entities(before[start.start() :]))
    for box in list(root):
        if next(box.iterdescendants("img"), None) is not None:
            root[:] = [box]
            box.tail = None
            yield _walked(read_lead, root, page.original)


def _check_size(page: ArticlePage) -> None:
    """Raise ``PageTooLarge`` if the record would be longer than a line may be."""
    texts = (page.title, page.caption or "", page.content_text, page.content_html)
    parts = (*texts, page.links, page.images, page.videos, page.tags)
    if sum(map(len, texts)) > MAX_LINE_BYTES // 8 or page.links[_MANY_LINKS:]:
        size = sum(len(json.dumps(part, ensure_ascii=False).encode()) for part in parts)
        if size > MAX_LINE_BYTES:
            raise PageTooLarge(f"its record has {size} bytes; a line has at most {MAX_LINE_BYTES}")


def _joined(leaves: Sequence[Leaf]) -> str | None:
    return "\n".join(leaf.text for leaf in leaves if leaf.text) or None


def _images(pictures: Sequence[Picture]) -> list[Image]:
    """Return the images of the body, each URL once, with the first caption that it has."""
    images: dict[str, Image] = {}
    for picture in pictures:
        image = _image(picture)
        first = images.setdefault(picture.url, image)
        first["full_url"] = first["full_url"] or image["full_url"]
        if not first["caption"] and not first["credit"]:
            first["caption"], first["credit"] = image["caption"], image["credit"]
    return list(images.values())


def _image(picture: Picture) -> Image:
    text = _joined(picture.caption)
    caption, credit = split_caption(text) if text else (None, None)
    return {
        "url": picture.url,
        "full_url": picture.full_url,
        "caption": caption,
        "credit": credit,
    }


def _sort_anchors(page: ArticlePage, body: Body) -> None:
    """Sort the body's URLs into videos and links; each URL, or pair of URL and text, is kept once."""
    videos = dict.fromkeys(body.media)
    links: dict[tuple[str, str], None] = {}
    for anchor in body.anchors:
        if is_video(anchor.url):
            videos.setdefault(anchor.url)
        elif not anchor.wraps_image and (text := _anchor_text(anchor)):
            links.setdefault((anchor.url, text))
    page.videos = list(videos)
    page.links = [{"url": url, "text": text} for url, text in links]


def _anchor_text(anchor: Anchor) -> str:
    return one_line("".join(run.text for run in anchor.runs))
