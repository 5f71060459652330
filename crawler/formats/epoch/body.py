"""The article's body: the tree of ``#artbody`` walked once, into leaves and media.

What the reader sees comes out, once and in order, wherever it stands: bare text under
the body (3,602 news pages), paragraphs in paragraphs, headings in paragraphs, tables
used as layout. What a page tool left behind does not.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urldefrag

from lxml import etree

from crawler.exceptions import PageMalformed
from crawler.formats.epoch.markup import Container, Leaf, Mark, Run
from crawler.formats.epoch.paths import tag_of
from crawler.formats.epoch.videos import TRACES, is_video, leaves_player_trace
from crawler.urls import UnusableURL, canonical

BEGIN = "article content begin"
END = "article content end"

# Real pages nest 11 deep at most; three frames a level stay within Python's limit.
MAX_DEPTH = 200

_PARAGRAPHS = frozenset(
    "p div center cetner section article aside header footer main nav address details summary "
    "form fieldset legend dl dt dd pre".split()
)
_LINKS = frozenset({"ok", "a"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_TABLE_LEVELS = frozenset({"table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th"})
_CELLS = frozenset({"td", "th"})
_MARKS: dict[str, Mark] = {
    "strong": ("strong", ""), "b": ("strong", ""), "em": ("em", ""), "i": ("em", ""),
    "cite": ("em", ""), "u": ("u", ""), "s": ("s", ""), "del": ("s", ""), "strike": ("s", ""),
    "sub": ("sub", ""), "sup": ("sup", ""),
}  # fmt: skip
# Nothing in them is reading text: they run, style, ask for input, or are a fallback.
_SILENT = frozenset(
    "script style noscript template iframe frame frameset object embed applet video audio "
    "canvas svg math select textarea button input head title meta link base map".split()
)
# Page tools' boxes: translate popups (1,860 pages), related posts (23), advertising.
_BOX_IDS = frozenset(
    {"gtx-trans", "gtx-anchor", "popupMenu", "related-posts-MRP_all", "below_article_ad"}
)
_BOX_CLASSES = frozenset({"jfk-bubble", "gtx-bubble", "related-posts", "inarticle_ad"})
# What a translate popup says itself; it is empty on the pages seen. Anything else in one is the
# article's own text, swallowed when it was pasted through a translator (3 pages).
_POPUP_WORDS = re.compile(r"\bGoogle\b|\btranslation\b|[Oo]riginal text|翻译建议|提供更好的翻译")
_POPUP_LENGTH = 300
# A picture that stands in until a script loads the real one (46 news images).
_PLACEHOLDER = re.compile(r"/assets/themes/|^data:")
_LAZY_SOURCES = ("data-src", "data-lazy-src", "data-original")
_SPAN_DIGITS = 3
_NO_SIZE = re.compile(r"\s*[01](px)?\s*")


@dataclass(slots=True)
class Picture:
    """An image of the body and the leaves of its figure's caption."""

    url: str
    caption: list[Leaf] = field(default_factory=list)


@dataclass(slots=True)
class Anchor:
    """A link of the body; ``runs`` fill up with the text that carries it."""

    url: str
    runs: list[Run] = field(default_factory=list)
    wraps_image: bool = False


@dataclass(slots=True)
class Body:
    """What the frontier found, in order of appearance."""

    leaves: list[Leaf] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    media: list[str] = field(default_factory=list)
    player: bool = False
    unusable_urls: int = 0


class _End(Exception):
    """Raised at the end mark, from whatever depth the frontier is in."""


def read_body(root: etree._Element, url: str, *, begins: bool, ends: int) -> tuple[Body, Body]:
    """Frontier ``root`` (``#artbody``); return what stands before the begin mark, and the body.

    Args:
        root: the element; it is not changed.
        url: the article's canonical address, against which addresses are absolute.
        begins: whether a begin mark is in it: what stands before the first is a page
            header (153 pages: a second title, an author's line, an image).
        ends: how many end marks are in it: all behind the last is no article any more.

    Raises:
        PageMalformed: the tags are nested deeper than ``MAX_DEPTH``.
    """
    frontier = _Walk(url, begins=begins, ends=ends)
    with suppress(_End):
        frontier.inside(root, "p", (), (), 0)
    header = frontier.header or Body()
    for part in (header, frontier.body):
        part.leaves = _shown(part.leaves)
    return header, frontier.body


def _shown(leaves: list[Leaf]) -> list[Leaf]:
    """Fold the leaves; return those that show something, and the empty cells of rows that do.

    Without its empty cells a row's later cells would stand under other heads.
    """
    shown: list[Leaf] = []
    cells = False
    for leaf in leaves:
        leaf.fold()
        if not leaf.empty:
            shown.append(leaf)
        elif leaf.path and leaf.path[-1].tag in _CELLS:
            cells = leaf.cell = True
            leaf.tag = ""
            shown.append(leaf)
    return _with_needed_cells(shown) if cells else shown


def _with_needed_cells(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Leave out the empty cells of rows that hold nothing, and doubles of a cell that does."""
    filled = {container for leaf in leaves if not leaf.cell for container in leaf.path}
    kept: list[Leaf] = []
    for leaf in leaves:
        if leaf.cell:
            row = next((part for part in reversed(leaf.path) if part.tag == "tr"), None)
            if leaf.path[-1] in filled or row not in filled:
                continue
            filled.add(leaf.path[-1])
        kept.append(leaf)
    return kept


class _Walk:
    """One pass over a body; ``leaf`` is the block that text goes into, None between blocks."""

    def __init__(self, url: str, *, begins: bool, ends: int) -> None:
        self.url = url
        self.header: Body | None = None
        self.body = Body()
        self.leaf: Leaf | None = None
        self.figure: Picture | None = None
        self.caption = False
        self.anchors: list[Anchor] = []
        self.begins = begins
        self.ends = ends
        self.loose_list: tuple[tuple[Container, ...], Container] | None = None

    def inside(
        self,
        element: etree._Element,
        tag: str,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in the text and children of ``element``, each under its own kind of block."""
        if depth > MAX_DEPTH:
            raise PageMalformed(f"tags are nested deeper than {MAX_DEPTH}")
        text = element.text
        if text and (self.leaf is not None or not text.isspace()):
            self.text(text, tag, path, marks)
        for child in element:
            name: Any = child.tag  # a text, but of a comment the function that makes one
            if name in _PARAGRAPHS:
                self.block(child, "p", path, marks, depth)
            elif name in _LINKS:
                self.link(child, tag, path, marks, depth)
            elif name == "br":
                self.line_break()
            elif name == "img":
                self.image(child, tag, path, marks)
            elif name in _MARKS:
                self.inside(child, tag, path, (*marks, _MARKS[name]), depth + 1)
            elif name in _HEADINGS:
                self.block(child, name, path, marks, depth)
            elif name in _SILENT:
                self.silent(child)
            elif name is etree.Comment:
                self.comment(child)
            else:
                self.rarer(child, name, tag, path, marks, depth)
            text = child.tail
            if text and (self.leaf is not None or not text.isspace()):
                self.text(text, tag, path, marks)

    def rarer(
        self,
        child: etree._Element,
        name: str,
        tag: str,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in figures, lists, quotes, tables; anything unknown is transparent."""
        if name == "figure":
            self.framed(child, path, marks, depth)
        elif name == "figcaption":
            self.captioned(child, path, marks, depth)
        elif name in ("ul", "ol"):
            self.block(child, "", (*path, Container(name, _start(child))), marks, depth)
        elif name == "li":
            self.block(child, "", (*self.list_path(path), Container("li")), marks, depth)
        elif name == "blockquote":
            self.block(child, "p", (*path, Container(name)), marks, depth)
        elif name in _TABLE_LEVELS:
            count = len(self.body.leaves)
            inner = (*path, Container(name, _spans(child)))
            self.block(child, "", inner, marks, depth)
            if name in _CELLS and len(self.body.leaves) == count:
                self.body.leaves.append(Leaf("", inner))
        elif name == "hr":
            self.leaf = None
        else:
            self.inside(child, tag, path, marks, depth + 1)

    def text(
        self, text: str, tag: str, path: tuple[Container, ...], marks: tuple[Mark, ...]
    ) -> None:
        """Append text to the open block, opening one where there is none."""
        leaf = self.leaf
        if leaf is None:
            leaf = self.leaf = self.opened(tag, path)
        run = Run(text, marks)
        leaf.runs.append(run)
        for anchor in self.anchors:
            anchor.runs.append(run)

    def opened(self, tag: str, path: tuple[Container, ...]) -> Leaf:
        """Return a new block at the end of the body."""
        leaf = Leaf(tag or ("" if path else "p"), path, self.caption)
        self.body.leaves.append(leaf)
        if self.caption and self.figure is not None:
            self.figure.caption.append(leaf)
        return leaf

    def block(
        self,
        element: etree._Element,
        tag: str,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in an element that stands on lines of its own."""
        self.leaf = None
        if element.keys():
            if _is_junk(element):
                return
            classes = element.get("class", "")
            if "wp-caption-text" in classes or "imgtxt" in classes:  # the latter in page headers
                self.captioned(element, path, marks, depth)
                return
            if "wp-caption" in classes or "gallery-item" in classes:
                self.framed(element, path, marks, depth)
                return
        if element.tag in TRACES and leaves_player_trace(element):
            self.body.player = True
        self.inside(element, tag, path, marks, depth + 1)
        self.leaf = None

    def framed(
        self,
        element: etree._Element,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in a figure: its image, and its caption apart from the reading text."""
        outer, self.figure, self.leaf = self.figure, None, None
        self.inside(element, "p", (*path, Container("figure")), marks, depth + 1)
        self.figure, self.leaf = outer, None

    def captioned(
        self,
        element: etree._Element,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in a figure's caption."""
        self.leaf, self.caption = None, True
        self.inside(element, "", (*path, Container("figcaption")), marks, depth + 1)
        self.leaf, self.caption = None, False

    def list_path(self, path: tuple[Container, ...]) -> tuple[Container, ...]:
        """Return the list an ``li`` belongs to: items nest in items on 299 pages."""
        for number in range(len(path) - 1, -1, -1):
            if path[number].tag in ("ul", "ol"):
                return path[: number + 1]
            if path[number].tag == "li":
                continue
            break
        if self.loose_list is None or self.loose_list[0] != path:
            self.loose_list = (path, Container("ul"))
        return (*path, self.loose_list[1])

    def line_break(self) -> None:
        """Note a ``<br>`` of the open block."""
        if self.leaf is not None:
            run = Run("\n", is_break=True)
            self.leaf.runs.append(run)
            for anchor in self.anchors:
                anchor.runs.append(run)

    def link(
        self,
        element: etree._Element,
        tag: str,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
        depth: int,
    ) -> None:
        """Take in a link; without a usable address its text stays and is no link."""
        url = self.resolved(element.get("href"))
        if url is None:
            self.inside(element, tag, path, marks, depth + 1)
            return
        # HTML knows no link in a link: the innermost is the one that is followed
        marks = (*(mark for mark in marks if mark[0] != "a"), _anchor_mark(url))
        label = tag_of(url)
        if label is None:
            anchor = Anchor(url)
            self.body.anchors.append(anchor)
            self.anchors.append(anchor)
            self.inside(element, tag, path, marks, depth + 1)
            self.anchors.pop()
        else:
            if label not in self.body.tags:
                self.body.tags.append(label)
            self.inside(element, tag, path, marks, depth + 1)

    def resolved(self, href: str | None) -> str | None:
        """Return the canonical address of ``href``, None where it leads nowhere else."""
        if not href or not (href := href.strip()) or href[0] == "#":
            return None
        try:
            url = canonical(href, self.url)
        except UnusableURL:
            self.body.unusable_urls += 1
            return None
        return None if "#" in url and urldefrag(url).url == self.url else url

    def image(
        self,
        element: etree._Element,
        tag: str,
        path: tuple[Container, ...],
        marks: tuple[Mark, ...],
    ) -> None:
        """Take in an image that has an address and a size."""
        for anchor in self.anchors:
            anchor.wraps_image = True
        source = _source(element)
        if source is None:
            return
        try:
            url = canonical(source, self.url)
        except UnusableURL:
            self.body.unusable_urls += 1
            return
        if not url.startswith("http"):
            return
        if self.leaf is None:
            in_figure = bool(path) and path[-1].tag == "figure"
            self.leaf = self.opened("" if in_figure else tag, path)
        alt = " ".join((element.get("alt") or "").split())
        shown = f'<img src="{html.escape(url)}" alt="{html.escape(alt)}">'
        self.leaf.runs.append(Run("", marks, image=shown))
        self.figure = Picture(url)
        self.body.pictures.append(self.figure)

    def silent(self, element: etree._Element) -> None:
        """Note what a player or its fallback leaves: addresses of media, never text."""
        if leaves_player_trace(element):
            self.body.player = True
        # a player's list of what it plays, for those without scripts, links to it
        listed = _LINKS if element.tag == "noscript" else ()
        for node in element.iter("video", "audio", "source", "embed", "iframe", *listed):
            for name in ("src", "href"):
                url = self.resolved(node.get(name))
                if url and is_video(url):
                    self.body.media.append(url)

    def comment(self, element: etree._Element) -> None:
        """Start behind the begin mark, stop at the last end mark."""
        content = element.text or ""
        if self.begins and BEGIN in content:
            self.begins, self.leaf = False, None
            self.header, self.body = self.body, Body()
        elif END in content:
            self.ends -= 1
            if self.ends == 0:
                raise _End


def _anchor_mark(url: str) -> Mark:
    return ("a", f' href="{html.escape(url)}"')


def _is_junk(element: etree._Element) -> bool:
    """Tell whether an element is a page tool's box, and holds nothing of the article."""
    classes = element.get("class", "").split()
    if element.get("id") not in _BOX_IDS and _BOX_CLASSES.isdisjoint(classes):
        return False
    if "related-posts" in classes or element.get("id") == "related-posts-MRP_all":
        return True
    text = "".join(map(str, element.itertext())).strip()
    if text:
        return len(text) < _POPUP_LENGTH and _POPUP_WORDS.search(text) is not None
    return element.find(".//img") is None


def _source(element: etree._Element) -> str | None:
    """Return the address of an image, None for one that has none or is a pixel."""
    if any(_NO_SIZE.fullmatch(element.get(side, "")) for side in ("width", "height")):
        return None
    source = (element.get("src") or "").strip()
    if not source or _PLACEHOLDER.search(source):
        lazy = (element.get(name) for name in _LAZY_SOURCES)
        source = next((value.strip() for value in lazy if value and value.strip()), source)
    return source or None


def _start(element: etree._Element) -> str:
    """Return the number that a list begins with, where it is not 1."""
    start = element.get("start", "")
    plain = start.isdecimal() and start.isascii() and len(start) <= _SPAN_DIGITS
    return f' start="{start}"' if plain and element.tag == "ol" and start != "1" else ""


def _spans(element: etree._Element) -> str:
    return "".join(
        f' {name}="{value}"'
        for name in ("colspan", "rowspan")
        if (value := element.get(name, "")).isdecimal()
        and value.isascii()
        and len(value) <= _SPAN_DIGITS
    )
