"""An article's page: the template taken apart, its blocks read, credits cut from the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from crawler.exceptions import PageMalformed
from crawler.formats.epoch.body import BEGIN, END, Anchor, Body, Picture, read_body
from crawler.formats.epoch.byline import find_byline
from crawler.formats.epoch.caption import split_caption
from crawler.formats.epoch.dateline import find_dateline
from crawler.formats.epoch.editors import find_editors
from crawler.formats.epoch.markup import Leaf, render_html, render_text
from crawler.formats.epoch.paths import original
from crawler.formats.epoch.videos import is_video
from crawler.formats.pages import ArticlePage
from crawler.items import Image
from crawler.text import one_line, visible

_TITLE = re.compile(r"\A\ufeff?\s*###[ \t]+(\S.*)\n")
# Searched from the end: an article may quote a mirror's page.
_TAIL = re.compile(r"\n---\s*\n\s*原文链接[^：:\n]{0,20}[：:]([^\n]*)\s*\Z")
_TAIL_WORD = "原文链接"
_BODY_START = re.compile(r"""<div\b[^>]{0,400}?\bid=["']artbody["']""")
# White bits that older pages carry in front of and behind the text (363, 2,310 pages), a line of
# their own or glued to its first or last word. Within a line the same address is text.
_OLD_ADDRESS = re.compile(
    r"^{0}|{0}$".format(r"[（(]\s*https?://(?:www\.)?(?:epochtimes|dajiyuan)\.com/?\s*[)）]"),
    re.IGNORECASE | re.MULTILINE,
)
# Markdown links that the mirror's keeper put by hand before the dateline (4 pages).
_AD_LINES = re.compile(r"(?:[\s|#]*\[[^\]]{0,300}\]\(\s*https?://[^)\s]{1,2000}\s*\))+[\s|#]*")
_END_MARKS = "#＃◇◆@*＊ \n"  # stripped as characters: a pattern would be quadratic in a long run

_DATELINE_BLOCKS = 8
_BYLINE_BLOCKS = 3
_EDITOR_BLOCKS = 8
_EDITOR_LINES = 3  # of one block; more are no credits
_SIGNATURE_LENGTH = 60
_SIGNATURE_BLOCKS = 3

_PARSER = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_pis=True)


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
    _read_blocks(page, header.leaves, body.leaves)
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


def _read_blocks(page: ArticlePage, header: Sequence[Leaf], body: Sequence[Leaf]) -> None:
    """Read the credits that stand in the text, and cut from it what the contract cuts."""
    blocks = [leaf for leaf in body if not leaf.caption and leaf.text]
    _cut_old_addresses(blocks)
    _cut_ad_lines(blocks)
    blocks = [leaf for leaf in blocks if leaf.text]
    page.editors = _take_editors(blocks)  # before the byline: on a short page they stand there
    page.lines = [line for leaf in (*header, *blocks) for line in _short_lines(leaf.text)]
    page.lines += [leaf.text for leaf in blocks[-_SIGNATURE_BLOCKS:] if _tells_a_life(leaf.text)]
    page.dateline, page.byline = _take_head(blocks)
    _cut_end_marks(blocks)


def _cut_old_addresses(blocks: Sequence[Leaf]) -> None:
    for leaf in blocks:
        while "http" in leaf.text and (found := _OLD_ADDRESS.search(leaf.text)):
            leaf.cut(*found.span())


def _cut_ad_lines(blocks: Sequence[Leaf]) -> None:
    """Cut the mirror's own Markdown links that stand before the dateline."""
    for leaf in blocks[:_DATELINE_BLOCKS]:
        dateline = find_dateline(leaf.text)
        end = dateline.start if dateline else len(leaf.text)
        if "](" in leaf.text[:end] and (found := _AD_LINES.match(leaf.text, 0, end)):
            leaf.cut(*found.span())
        if dateline:
            return


def _short_lines(text: str) -> list[str]:
    """Return the lines of a block that are short enough to be a signature."""
    if len(text) > _SIGNATURE_LENGTH and "\n" not in text:
        return []
    return [line for line in text.split("\n") if len(line) <= _SIGNATURE_LENGTH]


def _tells_a_life(text: str) -> bool:
    """Tell whether a block signs the article and goes on: ``作者：李言，经济学者，现居海岛。…``."""
    return len(text) > _SIGNATURE_LENGTH and text.startswith(("作者", "撰文", "本文作者"))


def _take_head(blocks: Sequence[Leaf]) -> tuple[str | None, str | None]:
    """Cut dateline and byline out of the first blocks and return their raw text."""
    for number, leaf in enumerate(blocks[:_DATELINE_BLOCKS]):
        dateline = find_dateline(leaf.text)
        if dateline is None:
            continue
        byline = None
        if found := find_byline(leaf.text[dateline.end :]):
            byline = found.text
            leaf.cut(dateline.end + found.start, dateline.end + found.end)
        # alone in its block on 1,977 comment pages, or with a second title behind it
        byline = byline or _first_byline(blocks[number + 1 : max(number + 2, _BYLINE_BLOCKS)])
        leaf.cut(dateline.start, dateline.end)
        _cut_spare_closings(leaf)
        return dateline.text, byline
    return None, _first_byline(blocks[:_BYLINE_BLOCKS])


def _first_byline(blocks: Sequence[Leaf]) -> str | None:
    """Cut the byline that heads one of ``blocks`` and return its raw text."""
    return next((byline for leaf in blocks if (byline := _take_byline(leaf))), None)


def _cut_spare_closings(leaf: Leaf) -> None:
    """Cut closing brackets that a doubled one of dateline or byline leaves at the head."""
    spare = len(leaf.text) - len(leaf.text.lstrip("】）)"))
    if spare:
        leaf.cut(0, spare)


def _take_byline(leaf: Leaf) -> str | None:
    found = find_byline(leaf.text)
    if found is None:
        return None
    leaf.cut(found.start, found.end)
    return found.text


def _take_editors(blocks: Sequence[Leaf]) -> tuple[str, ...]:
    """Cut the 责任编辑 parts out of the last blocks and return the names, each once.

    A few pages have two: one where the text ends, and one behind the credits that follow.
    """
    names: dict[str, None] = {}
    for leaf in blocks[-_EDITOR_BLOCKS:]:
        for _ in range(_EDITOR_LINES):
            found = find_editors(leaf.text)
            if found is None:
                break
            leaf.cut(found.start, found.end)
            names |= dict.fromkeys(found.names)
    return tuple(names)


def _cut_end_marks(blocks: Sequence[Leaf]) -> None:
    """Cut ``#``, ``◇`` and their like at the very end of the text."""
    for leaf in reversed(blocks):
        if leaf.text[-1:] in _END_MARKS:
            leaf.cut(len(leaf.text.rstrip(_END_MARKS)), len(leaf.text))
        if leaf.text:
            return
