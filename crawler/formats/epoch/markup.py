"""The body as a list of leaves: runs of text under a path of containers.

Text and HTML are both rendered from the same leaves, so they cannot disagree.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import nh3

from crawler.formats.trace import note
from crawler.text import glue

_WHITE = re.compile(r"\s+")

# What may come out. Nothing here can run, load a frame, or carry a style.
_TAGS = {
    "p", "br", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "li",
    "table", "caption", "thead", "tbody", "tfoot", "tr", "td", "th",
    "figure", "figcaption", "img", "a", "strong", "em", "u", "s", "sub", "sup",
}  # fmt: skip
_ATTRIBUTES = {
    "a": {"href"},
    "ol": {"start"},
    "img": {"src", "alt"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_SANITIZER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
)
# The sanitizer copies a text for every reference in it: a long one is parted by comments, which it
# takes out.
_PIECE = 4096
_NOTHING = "<!---->"

_CELLS = frozenset({"td", "th"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot"})

Mark = tuple[str, str]
"""An inline element around a run: its tag, and its attributes as finished HTML."""


def linked(marks: tuple[Mark, ...], url: str) -> tuple[Mark, ...]:
    """Add a link to marks. HTML knows no link in a link: the innermost is the one that is followed."""
    link = ("a", _href(url))
    return (*(mark for mark in marks if mark[0] != "a"), link) if marks else (link,)


@lru_cache(maxsize=4096)  # tags and sections are linked again and again
def _href(url: str) -> str:
    return f' href="{html.escape(url)}"'


@dataclass(slots=True, eq=False)
class Container:
    """An element that holds leaves: a quote, a list, a table cell, a figure."""

    tag: str
    attributes: str = ""


@dataclass(slots=True)
class Run:
    """Text under one set of marks, a line break, or an image (``image``: its finished tag)."""

    text: str
    marks: tuple[Mark, ...] = ()
    image: str = ""
    is_break: bool = False


@dataclass(slots=True, eq=False)
class Leaf:
    """A block of text: a paragraph, a heading, the bare text of a list item.

    Attributes:
        tag: ``p``, ``h1`` … ``h6``, or ``""`` for text that stands bare in its container.
        path: containers around it, outermost first.
        caption: a figure's caption: HTML shows it, the reading text does not.
        cell: an empty cell that keeps its place in the row.
        centred: it stands in the middle of the line.
        runs: the parts of its text; empty where it is plain text, as in most paragraphs.
        text: its runs joined, white space folded; valid after :meth:`fold`.
    """

    tag: str
    path: tuple[Container, ...] = ()
    caption: bool = False
    cell: bool = False
    centred: bool = False
    runs: list[Run] = field(default_factory=list)
    text: str = ""

    def fold(self) -> None:
        """Fold white space over all runs, as a browser shows it, and set ``text``.

        Breaks at the edges and behind another break go: they show nothing.
        """
        runs = self.runs
        if not runs:
            self.text = folded_inside(self.text.strip())
            return
        whole = "".join([run.text for run in runs])
        kept: list[Run] = []
        position = last = 0  # in ``whole``: where the run begins, where the last word ended
        at_line_start = True
        for run in runs:
            text = run.text
            position += len(text)
            if run.image:
                kept.append(run)
            elif run.is_break:
                if text and not at_line_start:
                    at_line_start = True
                    kept.append(run)
            elif body := text.strip():
                start = position - len(text.lstrip())
                gap = glue(whole, last, start) if last < start and not at_line_start else ""
                last, at_line_start = start + len(body), False
                run.text = folded_inside(body)
                if gap:
                    _put_gap(gap, kept, run)
                kept.append(run)
        self.runs = _without_last_breaks(kept)
        self.text = "".join([run.text for run in self.runs])

    def cut(self, start: int, end: int, rule: str) -> None:
        """Remove ``text[start:end]`` from the runs it came from, and the blanks that leaves.

        Args:
            start: where it begins.
            end: where it ends.
            rule: why, for those who trace.
        """
        note(rule, self.text[start:end])
        if self.runs and self._cut_first_run(start, end):
            return
        if not self.runs:
            self.text = self.text[:start] + self.text[end:]
        position = 0
        for run in self.runs:
            length = len(run.text)
            low, high = max(start - position, 0), min(end - position, length)
            if low < high:
                run.text = run.text[:low] + run.text[high:]
            position += length
        self.fold()

    def _cut_first_run(self, start: int, end: int) -> bool:
        """Cut a dateline or byline out of the first run, if no white space has to be folded then."""
        first = self.runs[0]
        head, rest = first.text[:start], first.text[end:]
        if not rest.strip() or rest[0].isspace() or head[-1:].isspace():
            return False
        first.text = head + rest
        self.text = self.text[:start] + self.text[end:]
        return True

    def cut_all(self, spans: Iterable[tuple[int, int]], rule: str) -> None:
        """Remove several ranges of the text at once; with none of them nothing changes."""
        dropped = bytearray(len(self.text))
        for start, end in spans:
            note(rule, self.text[start:end])
            dropped[start:end] = b"\1" * (end - start)
        if not any(dropped):
            return
        if not self.runs:
            self.text = _without(self.text, dropped)
        position = 0
        for run in self.runs:
            end = position + len(run.text)
            run.text = _without(run.text, dropped[position:end])
            position = end
        self.fold()

    @property
    def empty(self) -> bool:
        """Whether it shows neither text nor an image."""
        return not self.text and not any(run.image for run in self.runs)


def _without(text: str, dropped: bytearray) -> str:
    """Return ``text`` without the characters that ``dropped`` marks."""
    return "".join([one for one, drop in zip(text, dropped, strict=True) if not drop])


def _without_last_breaks(runs: list[Run]) -> list[Run]:
    """Return runs without the breaks that no text follows."""
    if runs and runs[-1].text and not runs[-1].is_break:
        return runs
    last = len(runs) - 1
    while last >= 0 and not (runs[last].text and not runs[last].is_break):
        last -= 1
    return runs[: last + 1] + [run for run in runs[last + 1 :] if not run.is_break]


def _put_gap(gap: str, kept: Sequence[Run], run: Run) -> None:
    """Put the blank between two runs outside of the marks of either, where one has fewer."""
    if kept and not kept[-1].image and len(kept[-1].marks) <= len(run.marks):
        kept[-1].text += gap
    else:
        run.text = gap + run.text


def folded_inside(text: str) -> str:
    """Fold the white space between the words of a text that has none at its edges."""
    if text.isprintable() and "  " not in text:  # no white space but single spaces
        return text
    return _WHITE.sub(lambda match: glue(text, *match.span()), text)


def shown(leaves: list[Leaf]) -> list[Leaf]:
    """Fold the leaves; return those that show something, and the empty cells of rows that do.

    Without its empty cells a row's later cells would stand under other heads.
    """
    kept: list[Leaf] = []
    cells = False
    for leaf in leaves:
        if leaf.runs:
            leaf.fold()
        if leaf.text or not leaf.empty:
            kept.append(leaf)
        elif leaf.path and leaf.path[-1].tag in _CELLS:
            cells = leaf.cell = True
            leaf.tag = ""
            kept.append(leaf)
    return _with_needed_cells(kept) if cells else kept


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


def render_text(leaves: Iterable[Leaf]) -> str:
    """Return the reading text: blocks apart by a blank line, captions left out.

    A table's rows are lines, its cells are parted by tabs, empty ones kept.
    """
    parts: list[str] = []
    previous: Leaf | None = None
    for leaf in leaves:
        if leaf.caption or not (leaf.text or leaf.cell):
            continue
        if previous is not None:
            parts.append(_separator(previous.path, leaf.path))
        parts.append(leaf.text)
        previous = leaf
    return "".join(parts)


def _separator(left: Sequence[Container], right: Sequence[Container]) -> str:
    if not left or not right:  # most of all leaves
        return "\n\n"
    shared = _shared(left, right)
    inner = left[shared - 1].tag if shared else ""
    if inner == "tr":
        return "\t"
    return "\n" if inner in _TABLE_PARTS else "\n\n"


def _shared(left: Sequence[object], right: Sequence[object]) -> int:
    """Return how many containers two paths, or how many marks two runs, have in common."""
    number = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        number += 1
    return number


def render_html(leaves: Iterable[Leaf]) -> str:
    """Return the leaves as clean HTML, safe to put on a page as it is."""
    out: list[str] = []
    path: tuple[Container, ...] = ()
    for leaf in leaves:
        if not leaf.text and leaf.empty and not leaf.cell:
            continue
        if path or leaf.path:
            shared = _shared(path, leaf.path)
            if not leaf.tag and shared == len(path) == len(leaf.path):
                out.append("<br>")
            out += [f"</{container.tag}>" for container in reversed(path[shared:])]
            out += [f"<{container.tag}{container.attributes}>" for container in leaf.path[shared:]]
            path = leaf.path
        inline = _inline(leaf.runs) if leaf.runs else _escaped(leaf.text)
        out.append(f"<{leaf.tag}>{inline}</{leaf.tag}>" if leaf.tag else inline)
    out += [f"</{container.tag}>" for container in reversed(path)]
    return _SANITIZER.clean("".join(out))


def _inline(runs: Sequence[Run]) -> str:
    """Return runs as HTML; a mark is opened where it first has something to show."""
    out: list[str] = []
    marks: tuple[Mark, ...] = ()
    for run in runs:
        shown = run.image or ("<br>" if run.is_break else _escaped(run.text))
        if not shown:
            continue
        wanted = marks if run.is_break else run.marks
        if wanted is not marks:
            same = _shared(marks, wanted) if marks and wanted else 0
            for tag, _ in reversed(marks[same:]):
                out.append(f"</{tag}>")
            for tag, attributes in wanted[same:]:
                out.append(f"<{tag}{attributes}>")
            marks = wanted
        out.append(shown)
    for tag, _ in reversed(marks):
        out.append(f"</{tag}>")
    return "".join(out)


def _escaped(text: str) -> str:
    if "&" not in text and "<" not in text and ">" not in text:
        return text
    if len(text) <= _PIECE:
        return html.escape(text, quote=False)
    pieces = (text[at : at + _PIECE] for at in range(0, len(text), _PIECE))
    return _NOTHING.join(html.escape(piece, quote=False) for piece in pieces)
