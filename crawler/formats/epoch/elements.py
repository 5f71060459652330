"""The kinds of elements in a body: blocks, links, marks, tables, and those that are not article text.

Names and classes are from real pages. A class has to match a whole word of the attribute.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final

from lxml import etree

from crawler.formats.epoch.markup import Mark

CENTRES: Final = frozenset({"center", "cetner"})
PARAGRAPHS: Final = frozenset(
    "p div center cetner section article aside header footer main nav address details summary "
    "form fieldset legend dl dt dd dialog".split()
)
LINKS: Final = frozenset({"ok", "a"})
HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
TABLE_LEVELS: Final = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"})
CELLS: Final = frozenset({"td", "th"})
MARKS: Final[dict[str, Mark]] = {
    "strong": ("strong", ""), "b": ("strong", ""), "em": ("em", ""), "i": ("em", ""),
    "cite": ("em", ""), "u": ("u", ""), "s": ("s", ""), "del": ("s", ""), "strike": ("s", ""),
    "sub": ("sub", ""), "sup": ("sup", ""),
}  # fmt: skip
# Elements without reading text: scripts, styles, forms, media and fallbacks.
SILENT: Final = frozenset(
    "script style noscript template iframe frame frameset object embed applet video audio "
    "canvas svg math select textarea button input head title meta link base map".split()
)
FIGURE_CLASSES: Final = frozenset({"wp-caption", "gallery-item"})
# imgtxt in page headers, bn12 on pages of 2004 to 2010, caption under the lead image.
CAPTION_CLASSES: Final = frozenset({"wp-caption-text", "imgtxt", "bn12", "caption"})

# Page tools' boxes: translate popups (1,860 pages), related posts (23), advertising.
_BOX_IDS: Final = frozenset(
    {"gtx-trans", "gtx-anchor", "popupMenu", "related-posts-MRP_all", "below_article_ad"}
)
_BOX_CLASSES: Final = frozenset({"jfk-bubble", "gtx-bubble", "related-posts", "inarticle_ad"})
# The text of a translate popup, which is usually empty. Any other text in one belongs to the article:
# it got there when the article was pasted through a translator (3 pages).
_POPUP_WORDS: Final = re.compile(
    r"\bGoogle\b|\btranslation\b|[Oo]riginal text|翻译建议|提供更好的翻译"
)
_POPUP_LENGTH: Final = 300
_POPUP_NODES: Final = 300
"""Maximum of elements in a popup: nested boxes must not be searched repeatedly."""

# A placeholder that a script replaces with the real picture (46 news images).
_PLACEHOLDER: Final = re.compile(
    r"/assets/themes/|^(?:data|about):|\b(?:blank|spacer|placeholder|loading|1x1)\.\w+\Z",
    re.IGNORECASE,
)
# The usual URL. It is no placeholder, whose names end in 1 or a letter.
_UPLOAD: Final = re.compile(r"https://[a-z.]+/assets/uploads/\d{4}/\d\d/[\w.-]*[02-9]\.\w+\Z")
_LAZY_SOURCES: Final = (
    "data-src", "data-lazy-src", "data-original", "data-lazy", "data-url", "data-echo",
)  # fmt: skip
_MEDIA: Final = ("video", "audio", "source", "embed", "iframe", "object", "param")
_REFERENCES: Final = ("src", "data-src", "href", "data", "value")
_SOURCE_SETS: Final = ("srcset", "data-srcset", "data-lazy-srcset")
_HIDDEN: Final = re.compile(r"display\s*:\s*none|\b(?:width|height)\s*:\s*[01]px", re.IGNORECASE)
_EMOJI_CLASSES: Final = frozenset({"emoji", "wp-smiley"})
_EMOJI: Final = re.compile(r"/emoji/|/wp-includes/images/smilies/")
# The button "高精度图片" beside a picture (185 pages), and the decoration of the site.
_ICON: Final = re.compile(r"/images/highRes\.\w+\Z|/assets/themes/", re.IGNORECASE)
_NO_SIZE: Final = re.compile(r"\s*[01](px)?\s*")
_PICTURE: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|avif|tiff?)(?:[?#]|\Z)", re.IGNORECASE)
_SPAN_DIGITS: Final = 3
_CENTRED: Final = re.compile(r"text-align\s*:\s*center", re.IGNORECASE)
_CENTRED_CLASSES: Final = frozenset({"aligncenter", "has-text-align-center", "text-center"})


def classes(element: etree._Element) -> list[str]:
    return element.get("class", "").split()


def is_usual_lead(box: etree._Element) -> bool:
    """Return whether a box contains only a picture, and below it a block of plain text."""
    if len(box) != 2 or box.tag != "div" or box.keys():  # noqa: PLR2004 - an image and its caption
        return False
    image, caption = box
    texts = (box.text, image.tail, caption.tail)
    return (
        (image.tag, caption.tag) == ("img", "div")
        and not emoji(image)
        and not len(caption)
        and caption.items() == [("class", "caption")]
        and all(text is None or text.isspace() for text in texts)
    )


def is_junk(element: etree._Element, names: list[str]) -> bool:
    """Return whether an element with these classes is a page tool's box without article text."""
    box_id = element.get("id")
    if box_id not in _BOX_IDS and _BOX_CLASSES.isdisjoint(names):
        return False
    if "related-posts" in names or box_id == "related-posts-MRP_all":
        return True
    if next(islice(element.iter(), _POPUP_NODES, None), None) is not None:
        return False
    text = "".join(map(str, element.itertext())).strip()
    if text:
        return len(text) < _POPUP_LENGTH and _POPUP_WORDS.search(text) is not None
    return element.find(".//img") is None


def is_centred(element: etree._Element) -> bool:
    """Return whether the content of an element is centred."""
    align, style = element.get("align"), element.get("style")
    if element.tag in CENTRES or (align and align.strip().lower() == "center"):
        return True
    if "center" in element.get("class", "") and not _CENTRED_CLASSES.isdisjoint(classes(element)):
        return True
    return style is not None and _CENTRED.search(style) is not None


def source(element: etree._Element) -> str | None:
    """Return the URL of an image; None if it has none, or is a tracking pixel or an icon."""
    for side in ("width", "height"):
        if (size := element.get(side)) and _NO_SIZE.fullmatch(size):
            return None
    style = element.get("style")
    if style and _HIDDEN.search(style):
        return None
    address = (element.get("src") or "").strip()
    if _UPLOAD.match(address):  # nearly every image
        return address
    if not address or _PLACEHOLDER.search(address):
        lazy = [(element.get(name) or "").strip() for name in _LAZY_SOURCES]
        sets = [(element.get(name) or "").replace(",", " ").split() for name in _SOURCE_SETS]
        address = next(filter(None, [*lazy, *(one[0] for one in sets if one)]), address)
    return None if address.startswith("#") or _ICON.search(address) else address or None


def image_tag(element: etree._Element, url: str) -> str:
    """Return the finished tag of an image with this URL."""
    alt = " ".join((element.get("alt") or "").split())
    return f'<img src="{html.escape(url)}" alt="{html.escape(alt)}">'


def media_references(element: etree._Element) -> Iterator[str]:
    """Yield the URLs of what a player plays, as written; in ``noscript`` links may have them."""
    links = LINKS if element.tag == "noscript" else ()
    for node in element.iter(*_MEDIA, *links):
        yield from filter(None, map(node.get, _REFERENCES))


def emoji(element: etree._Element) -> str | None:
    """Return the character that an emoji image shows, None for other images."""
    named = element.get("class", "") + element.get("src", "")
    if "emoji" not in named and "smil" not in named:
        return None
    if _EMOJI_CLASSES.isdisjoint(classes(element)) and not _EMOJI.search(element.get("src", "")):
        return None
    return element.get("alt") or ""


def is_picture(url: str) -> bool:
    """Return whether a URL is that of a picture, by its extension."""
    return _PICTURE.search(url) is not None


def start(element: etree._Element) -> str:
    """Return the ``start`` attribute of a list, or nothing if the list starts with 1."""
    value = element.get("start", "")
    plain = value.isdecimal() and value.isascii() and len(value) <= _SPAN_DIGITS
    return f' start="{value}"' if plain and element.tag == "ol" and value != "1" else ""


def spans(element: etree._Element) -> str:
    """Return the ``colspan`` and ``rowspan`` attributes of a cell."""
    return "".join(
        f' {name}="{value}"'
        for name in ("colspan", "rowspan")
        if (value := element.get(name, "")).isdecimal()
        and value.isascii()
        and len(value) <= _SPAN_DIGITS
    )
