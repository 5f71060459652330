"""Restores marks that a site's sanitizer removed from a rendered article.

The parser of raw articles needs classes and comments of the mirror's files. They are restored if
the rendered page shows in another way where they were.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Final

from lxml import etree

from crawler.formats.rendered_site import is_blank, set_end_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_MEDIA: Final = re.compile(r"\s*https?://\S+\.(?:mp[34]|m4[av]|og[agv]|wav|webm|flv|wm[av])\s*")


def join_paragraphs(navigation: HtmlElement) -> None:
    """Join the paragraphs that Markdown has made of text after a blank line to the text before it.

    A blank line ends a block of HTML (13 pages have one in a paragraph or a caption), and Markdown
    makes paragraphs of the rest. They are recognized by their first character: the mirror's
    pretty-printer adds a line break after every tag, Markdown does not.
    """
    paragraphs = [
        paragraph
        for block in navigation.itersiblings(etree.Element)
        for paragraph in block.iter("p")
    ]
    for paragraph in paragraphs:
        parent = paragraph.getparent()
        if parent is None:  # joined to the one before
            continue
        if paragraph.getprevious() is None and (parent.text or "").strip():
            _join_to_text(parent)
        follower = paragraph.getnext()
        if paragraph.getparent() is not None and follower is not None and _is_rest(follower):
            _join_followers(paragraph)


def _is_rest(element: HtmlElement) -> bool:
    """Return whether Markdown has made the element of the rest of a paragraph."""
    return (
        element.tag == "p" and not (element.text or "").startswith("\n") and not is_blank(element)
    )


def _join_to_text(parent: HtmlElement) -> None:
    """Join the paragraphs after the text of an element to that text."""
    texts = [parent.text or ""]
    while (rest := next(parent.iterchildren(etree.Element), None)) is not None and _is_rest(rest):
        texts += ["\n\n", rest.text or ""]
        tail, rest.tail = rest.tail or "", None
        children = list(rest)
        for child in children:
            rest.addprevious(child)
        parent.remove(rest)
        if children:
            children[-1].tail = (children[-1].tail or "") + tail
            break
        texts.append(tail)
    set_end_of(parent, None, texts)


def _join_followers(paragraph: HtmlElement) -> None:
    """Append the content of the paragraphs after a paragraph to it, after a blank line."""
    last: HtmlElement | None = paragraph[-1] if len(paragraph) else None
    texts = [_end_of(paragraph, last)]
    while (rest := paragraph.getnext()) is not None and _is_rest(rest):
        texts += ["\n\n", rest.text or ""]
        for child in list(rest):
            set_end_of(paragraph, last, texts)
            paragraph.append(child)
            last, texts = child, [child.tail or ""]
        paragraph.tail, rest.tail = rest.tail, None
        rest.getparent().remove(rest)
        _drop_stray(paragraph.getnext())
    set_end_of(paragraph, last, texts)


def _end_of(paragraph: HtmlElement, last: HtmlElement | None) -> str:
    return (paragraph.text if last is None else last.tail) or ""


def _drop_stray(element: HtmlElement | None) -> None:
    """Drop the empty paragraph that an unmatched end tag has become."""
    if element is not None and element.tag == "p" and not len(element) and is_blank(element):
        element.drop_tree()


def mark_header(body: HtmlElement) -> None:
    """Restore the comment at the end of a page header.

    153 pages have a header: a second title, an author's line, the lead image. It is the grandparent
    of a first-level heading. No body without a header begins in this way.
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
    """Restore the class of a header image's caption: the ``div`` right after the image."""
    for image in box.iter("img"):
        parent = image.getparent()
        holder = parent if parent is not None and parent.tag == "a" else image
        caption = holder.getnext()
        if caption is not None and caption.tag == "div":
            caption.set("class", "imgtxt")


def drop_fallbacks(body: HtmlElement) -> None:
    """Remove the fallback URL of a removed player.

    It is directly between the blocks. A URL in an article's text would be in a paragraph.
    """
    for box in [body, *body.iter("div")]:
        if _MEDIA.fullmatch(box.text or ""):
            box.text = "\n"
        for child in box:
            if _MEDIA.fullmatch(child.tail or ""):
                child.tail = "\n"


def mark_end(body: HtmlElement) -> None:
    """Restore the end mark before a box of other articles.

    37 pages have content after the end mark. If it is this box, its title is alone in a ``div``,
    which a line of an article never is.
    """
    for box in body.iter("div"):
        if not len(box) and re.fullmatch(r"\s*阅读更多[:：]\s*", box.text or ""):
            box.addprevious(etree.Comment(" article content end "))
            return


def mark_captions(body: HtmlElement) -> None:
    """Restore the classes of older figures, each a ``div`` with the id of an attachment."""
    for frame in body.iter("div"):
        if re.match(r"attachment_\d", frame.get("id") or ""):
            frame.set("class", "wp-caption")
            for caption in frame.iterchildren("p"):
                caption.set("class", "wp-caption-text")
    is_above_caption = cache(_is_above_caption)  # all cells of a row check the same row
    for span in body.iter("span"):
        box = span.getparent()
        if box.tag == "div":
            image = span.getprevious()
            under = image is not None and image.tag in ("br", "img", "a")
        elif box.tag == "td":
            row = box.getparent().getprevious()
            under = row is not None and is_above_caption(row)
        else:
            continue
        if under and _is_all_text(span):
            span.set("class", "bn12")


def _is_above_caption(row: HtmlElement) -> bool:
    return row.find(".//img") is not None or is_blank(row)


def _is_all_text(span: HtmlElement) -> bool:
    """Return whether all text of the parent is in ``span``."""
    if is_blank(span) or (span.getparent().text or "").strip() or (span.tail or "").strip():
        return False
    others = chain(span.itersiblings(preceding=True), span.itersiblings())
    return all(not (other.tail or "").strip() and is_blank(other) for other in others)
