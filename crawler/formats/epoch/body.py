"""Reads the article's body: one pass over the tree of ``#artbody`` collects leaves and media.

All visible text is kept, once and in order, wherever it is: bare text under the body (3,602 news
pages), paragraphs in paragraphs, headings in paragraphs, tables used as layout. What page tools
left in the page is dropped.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urldefrag

from lxml import etree

from crawler.exceptions import PageMalformed, PageTooLarge
from crawler.formats.epoch import elements
from crawler.formats.epoch.elements import HEADINGS, LINKS, MARKS, PARAGRAPHS, SILENT
from crawler.formats.epoch.figures import Picture, attach_captions
from crawler.formats.epoch.found import Anchor, Body
from crawler.formats.epoch.markup import Container, Leaf, Mark, Run, folded_inside, linked, shown
from crawler.formats.epoch.paths import tag_at
from crawler.formats.epoch.videos import TRACES, is_empty_centre, is_video, leaves_player_trace
from crawler.formats.trace import is_traced, note
from crawler.items import MAX_LINE_BYTES
from crawler.urls import UnusableURL, canonical, is_relative

BEGIN: Final = "article content begin"
END: Final = "article content end"

MAX_DEPTH: Final = 200
"""Real pages nest 11 levels deep at most; three frames per level stay within Python's limit."""

Containers = tuple[Container, ...]
Marks = tuple[Mark, ...]

_RELATIVE_SINCE: Final = 2004
"""Earlier URLs are relative to programs of the old site: ``newscontent.asp?ID=91416``."""


class _End(Exception):
    """Stops the walk at the end mark, at any depth."""


def read_body(
    root: etree._Element, url: str, year: int, *, begins: bool, ends: int
) -> tuple[Body, Body]:
    """Walk ``root`` (``#artbody``); return the page header before the begin mark, and the body.

    Args:
        root: the element, which is not changed.
        url: the article's canonical URL, which relative URLs are resolved against.
        year: the year in that URL.
        begins: whether ``root`` has a begin mark. The content before the first one is a page
            header (153 pages: a second title, an author's line, an image).
        ends: number of end marks in ``root``. The content after the last one is not the article.

    Raises:
        PageMalformed: the tags are nested deeper than ``MAX_DEPTH``.
        PageTooLarge: the record would be longer than a line may be.
    """
    walk = _Walk(url, year, begins=begins, ends=ends)
    try:
        walk.children(root, "p", (), (), 0)
    except _End:
        walk.leaf = None
    header = walk.header or Body()
    for part in (header, walk.body):
        part.leaves = shown(part.leaves)
        if part.pictures:
            attach_captions(part.leaves, part.pictures)
    return header, walk.body


def read_lead(root: etree._Element, url: str, year: int) -> Body:
    """Walk the box before ``#artbody``; all its text is the caption of its image."""
    walk = _Walk(url, year, begins=False, ends=0)
    if not elements.is_usual_lead(root[0]):
        walk.children(root, "p", (), (), 0)
        walk.body.leaves = shown(walk.body.leaves)
        return walk.body
    image, caption = root[0]
    if source := walk.image_url(image):
        leaf = Leaf("", text=folded_inside((caption.text or "").strip()))
        walk.body.leaves.append(leaf)
        walk.body.pictures.append(Picture(source, leaf))
    return walk.body


class _Walk:
    """One pass over a body; ``leaf`` is the block that text is added to, None between blocks."""

    def __init__(self, url: str, year: int, *, begins: bool, ends: int) -> None:
        self.url = url
        self.year = year
        self.header: Body | None = None
        self.body = Body()
        self.leaf: Leaf | None = None
        self.figure: Picture | None = None
        self.caption = False
        self.centred = False
        self.anchors: list[Anchor] = []
        self.empty_centres: set[etree._Element] = set()
        self.size = 0  # characters of the record so far
        self.begins = begins
        self.ends = ends
        self.preformatted = False
        self.loose_list: tuple[Containers, Container] | None = None

    def children(
        self,
        element: etree._Element,
        tag: str,
        path: Containers,
        marks: Marks,
        depth: int,
    ) -> None:
        """Add the text and children of ``element``, each in its own kind of block."""
        if depth > MAX_DEPTH:
            raise PageMalformed(f"tags are nested deeper than {MAX_DEPTH}")
        text = element.text
        if text and (self.leaf is not None or not text.isspace()):
            self.text(text, tag, path, marks)
        if not len(element):  # most links; an iterator would take longer
            return
        for child in element:
            name: Any = child.tag  # a string; for comments the function ``etree.Comment``
            if name in PARAGRAPHS:
                self.block(child, "p", path, marks, depth)
            elif name in LINKS:
                self.link(child, tag, path, marks, depth)
            elif name == "br":
                self.line_break()
            elif name == "img":
                self.image(child, tag, path, marks)
            elif name in MARKS:
                mark = MARKS[name]
                inner = marks if mark in marks else (*marks, mark)
                self.children(child, tag, path, inner, depth + 1)
            elif name in HEADINGS:
                self.block(child, name, path, marks, depth)
            elif name in SILENT:
                self.media(child)
            elif name is etree.Comment:
                self.comment(child)
            else:
                self.uncommon(child, name, tag, path, marks, depth)
            text = child.tail
            if text and (self.leaf is not None or not text.isspace()):
                self.text(text, tag, path, marks)

    def uncommon(
        self,
        child: etree._Element,
        name: str,
        tag: str,
        path: Containers,
        marks: Marks,
        depth: int,
    ) -> None:
        """Add a figure, list, quote or table; of an unknown element only the content is added."""
        if name == "figure":
            self.figure_block(child, path, marks, depth)
        elif name == "figcaption":
            self.caption_block(child, path, marks, depth)
        elif name in ("ul", "ol"):
            self.block(child, "", (*path, Container(name, elements.start(child))), marks, depth)
        elif name == "li":
            self.block(child, "", (*self.list_path(path), Container("li")), marks, depth)
        elif name == "blockquote":
            self.block(child, "p", (*path, Container(name)), marks, depth)
        elif name in elements.TABLE_LEVELS:
            if name == "table":
                self.figure = None
            count = len(self.body.leaves)
            inner = (*path, Container(name, elements.spans(child)))
            self.block(child, "", inner, marks, depth)
            if name in elements.CELLS and len(self.body.leaves) == count:
                self.body.leaves.append(Leaf("", inner))
        elif name == "hr":
            self.leaf = None
        elif name == "pre":
            self.preformatted = True
            self.block(child, "p", path, marks, depth)
            self.preformatted = False
        elif name == "span" and not elements.CAPTION_CLASSES.isdisjoint(elements.classes(child)):
            self.caption_block(child, path, marks, depth)
        else:
            self.children(child, tag, path, marks, depth + 1)

    def text(self, text: str, tag: str, path: Containers, marks: Marks) -> None:
        """Append text to the current block, or to a new one."""
        if self.preformatted and "\n" in text:
            first, *lines = text.split("\n")
            self.text(first, tag, path, marks)
            for line in lines:
                self.line_break()
                self.text(line, tag, path, marks)
            return
        if marks or self.anchors:
            self.spend(len(text), marks)
        else:
            self.size += 2 * len(text)
        if self.leaf is None:
            self.leaf = self.opened(tag, path)
        self.append(self.leaf, Run(text, marks))

    def spend(self, characters: int, marks: Marks = ()) -> None:
        """Count what a run adds to text, links and HTML; its marks are repeated around it."""
        self.size += characters * (2 + len(self.anchors))
        for tag, attributes in marks:
            self.size += 2 * len(tag) + len(attributes) + 5
        if self.size > MAX_LINE_BYTES:
            raise PageTooLarge(f"its record has more than {MAX_LINE_BYTES} bytes")

    def opened(self, tag: str, path: Containers, text: str = "") -> Leaf:
        """Add a new block to the body and return it."""
        leaf = Leaf(tag or ("" if path else "p"), path, self.caption, self.centred, text, [])
        self.body.leaves.append(leaf)
        if self.caption:
            if self.figure is not None:
                self.figure.caption.append(leaf)
        elif not (path and path[-1].tag == "figure"):
            self.figure = None  # a caption directly follows its image
        self.size += 8
        return leaf

    def block(
        self,
        element: etree._Element,
        tag: str,
        path: Containers,
        marks: Marks,
        depth: int,
    ) -> None:
        """Add an element that starts a new block."""
        self.leaf = None
        name, centred = element.tag, self.centred
        if element.keys():
            classes = elements.classes(element)
            if elements.is_junk(element, classes):
                note("elements.page tool", "".join(map(str, element.itertext())))
                return
            if not elements.CAPTION_CLASSES.isdisjoint(classes):
                self.caption_block(element, path, marks, depth)
                return
            if not elements.FIGURE_CLASSES.isdisjoint(classes):
                self.figure_block(element, path, marks, depth)
                return
            self.centred = centred or elements.is_centred(element)
        elif name in elements.CENTRES:
            self.centred = True
        if len(element) or marks or self.anchors or self.preformatted or depth >= MAX_DEPTH:
            self.children(element, tag, path, marks, depth + 1)
        elif text := (element.text or "").strip():  # nearly every paragraph
            self.opened(tag, path, folded_inside(text))
            self.size += 2 * len(text)
        self.leaf, self.centred = None, centred
        if name in TRACES:
            empty = name in elements.CENTRES and is_empty_centre(element, self.empty_centres)
            self.body.player |= leaves_player_trace(element, empty=empty, year=self.year)

    def figure_block(
        self, element: etree._Element, path: Containers, marks: Marks, depth: int
    ) -> None:
        """Add a figure: its image, and its caption separate from the reading text."""
        outer, self.figure, self.leaf = self.figure, None, None
        leaf, picture = len(self.body.leaves), len(self.body.pictures)
        self.children(element, "p", (*path, Container("figure")), marks, depth + 1)
        pictures = self.body.pictures[picture:]
        if pictures and not any(one.caption for one in pictures):  # it is above the image
            pictures[0].caption += [one for one in self.body.leaves[leaf:] if one.caption]
        self.figure, self.leaf = outer, None

    def caption_block(
        self, element: etree._Element, path: Containers, marks: Marks, depth: int
    ) -> None:
        """Add a figure's caption."""
        self.leaf, self.caption = None, True
        self.children(element, "", (*path, Container("figcaption")), marks, depth + 1)
        self.leaf, self.caption = None, False

    def list_path(self, path: Containers) -> Containers:
        """Return the path of the list that an ``li`` is in: 299 pages nest items in items."""
        size = len(path)
        while size and path[size - 1].tag == "li":
            size -= 1
        if size and path[size - 1].tag in ("ul", "ol"):
            return path[:size]
        if self.loose_list is None or self.loose_list[0] != path:
            self.loose_list = (path, Container("ul"))
        return (*path, self.loose_list[1])

    def line_break(self) -> None:
        """Add a ``<br>`` to the open block."""
        if self.leaf is not None:
            self.append(self.leaf, Run("\n", is_break=True))

    def append(self, leaf: Leaf, run: Run) -> None:
        """Append a run to a block and to the links around it."""
        leaf.runs.append(run)
        for anchor in self.anchors:
            anchor.runs.append(run)

    def link(
        self, element: etree._Element, tag: str, path: Containers, marks: Marks, depth: int
    ) -> None:
        """Add a link; if its URL is unusable, add only its text."""
        href = (element.get("href") or "").strip()
        tagged = tag_at(href)
        url = None if tagged else self.resolved(href)
        if tagged or (url and (tagged := tag_at(url))):
            self.body.tags.setdefault(tagged.label)
            self.children(element, tag, path, linked(marks, tagged.url), depth + 1)
        elif url is None:
            self.children(element, tag, path, marks, depth + 1)
        else:
            self.anchors.append(Anchor(url))
            self.body.anchors.append(self.anchors[-1])
            self.children(element, tag, path, linked(marks, url), depth + 1)
            self.anchors.pop()

    def resolved(self, href: str | None) -> str | None:
        """Return the canonical URL of ``href``; None if it is unusable or on the same page."""
        if not href or not (href := href.strip()) or href[0] == "#":
            return None
        if self.year < _RELATIVE_SINCE and is_relative(href):
            return None
        url = self.canonical(href)
        return None if url and "#" in url and urldefrag(url).url == self.url else url

    def canonical(self, href: str) -> str | None:
        """Return the canonical URL of ``href``; count one that is unusable, and return None."""
        try:
            return canonical(href, self.url)
        except UnusableURL:
            self.body.unusable_urls += 1
            return None

    def image(self, element: etree._Element, tag: str, path: Containers, marks: Marks) -> None:
        """Add an image, or an emoji as text; skip images without a URL or of no size."""
        for anchor in self.anchors:
            anchor.wraps_image = True
        if character := elements.emoji(element):
            self.text(character, tag, path, marks)
            return
        url = self.image_url(element)
        if url is None:
            return
        if self.leaf is None:
            in_figure = bool(path) and path[-1].tag == "figure"
            self.leaf = self.opened("" if in_figure else tag, path)
        image = elements.image_tag(element, url)
        self.spend(len(image) + len(url), marks)
        self.leaf.runs.append(Run("", marks, image=image))
        target = self.anchors[-1].url if self.anchors else ""
        full_url = target if elements.is_picture(target) else None
        self.figure = Picture(url, self.leaf, full_url)
        self.body.pictures.append(self.figure)

    def image_url(self, element: etree._Element) -> str | None:
        """Return the canonical URL of an image; None if it is missing or unusable."""
        source = elements.source(element)
        url = self.canonical(source) if source is not None else None
        return url if url and url.startswith("http") else None

    def media(self, element: etree._Element) -> None:
        """Add the videos of a player or its fallback; their text is never shown."""
        self.body.player |= leaves_player_trace(element, empty=True, year=self.year)
        for reference in elements.media_references(element):
            url = self.resolved(reference)
            if url and is_video(url):
                self.body.media.append(url)

    def comment(self, element: etree._Element) -> None:
        """Start after the first begin mark, stop at the last end mark."""
        content = element.text or ""
        if self.begins and BEGIN in content:
            self.begins, self.leaf = False, None
            self.header, self.body = self.body, Body()
        elif END in content:
            self.ends -= 1
            if self.ends == 0:
                if is_traced():
                    behind: Any = element.xpath("following::text()")
                    note("body.behind the end mark", " ".join(map(str, behind)))
                raise _End
