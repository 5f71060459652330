"""The body as a list of leaves: runs of text under a path of containers.

The text and the HTML are rendered from the same leaves, so they cannot disagree.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise

import nh3

from crawler.formats.trace import note
from crawler.text import glue

_WHITE = re.compile(r"\s+")

# The allowed HTML has no scripts, frames or styles.
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
# The sanitizer copies the whole text node for each character reference in it. Comments, which it
# removes, divide a long one.
_PIECE = 4096
_NOTHING = "<!---->"

_CELLS = frozenset({"td", "th"})
_TABLE_PARTS = frozenset({"table", "thead", "tbody", "tfoot"})

Mark = tuple[str, str]
"""An inline element around a run: its tag, and its attributes as finished HTML."""


def linked(marks: tuple[Mark, ...], url: str) -> tuple[Mark, ...]:
    """Add a link to marks. It replaces an outer link, because HTML does not allow nested links."""
    link = ("a", _href(url))
    return (*(mark for mark in marks if mark[0] != "a"), link) if marks else (link,)


@lru_cache(maxsize=4096)  # tags and sections are linked again and again
def _href(url: str) -> str:
    return f' href="{html.escape(url)}"'


@dataclass(slots=True, eq=False)
class Container:
    """An element that contains leaves: a quote, a list, a table cell, a figure."""

    tag: str
    attributes: str = ""


@dataclass(slots=True)
class Run:
    """Text with one set of marks, a line break, or an image (``image`` is its finished tag)."""

    text: str
    marks: tuple[Mark, ...] = ()
    image: str = ""
    is_break: bool = False


@dataclass(slots=True, eq=False)
class Leaf:
    """A block of text: a paragraph, a heading, the bare text of a list item.

    Attributes:
        tag: ``p``, ``h1`` … ``h6``, or ``""`` for text directly in its container.
        path: the containers around it, outermost first.
        caption: whether it is a figure's caption, which is in the HTML but not in the text.
        centred: whether it is centred.
        text: the runs joined, with white space folded; valid after :meth:`fold`.
        runs: the parts of its text; empty if it is plain text, as in most paragraphs.
        cell: whether it is an empty cell that keeps the later cells of its row in their columns.
    """

    tag: str
    path: tuple[Container, ...] = ()
    caption: bool = False
    centred: bool = False
    text: str = ""
    runs: list[Run] = field(default_factory=list)
    cell: bool = False

    def fold(self) -> None:
        """Fold white space over all runs, as a browser does, and set ``text``.

        Line breaks at the edges or after another break are removed.
        """
        runs = self.runs
        if not runs:
            self.text = folded_inside(self.text.strip())
            return
        whole = "".join([run.text for run in runs])
        kept: list[Run] = []
        position = last = 0  # in ``whole``: the end of the run, and the end of the last word
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
                run.text = folded_inside(body, whole, start)
                if last < start and not at_line_start and (gap := glue(whole, last, start)):
                    _put_gap(gap, kept, run)
                last, at_line_start = start + len(body), False
                kept.append(run)
        self.runs = _without_last_breaks(kept)
        self.text = "".join([run.text for run in self.runs])

    def cut(self, start: int, end: int, rule: str) -> None:
        """Remove ``text[start:end]`` from the text and its runs, and fold the white space around it.

        Args:
            start: start of the range.
            end: end of the range.
            rule: name of the rule that removes it, for the trace.
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
        """Cut the range out of the first run; return False if white space would have to be folded.

        This is faster for the usual case, a dateline or byline.
        """
        first = self.runs[0]
        head, rest = first.text[:start], first.text[end:]
        if not rest.strip() or rest[0].isspace() or head[-1:].isspace():
            return False
        first.text = head + rest
        self.text = self.text[:start] + self.text[end:]
        return True

    def cut_all(self, spans: Iterable[tuple[int, int]], rule: str) -> None:
        """Remove several ranges of the text at once."""
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
        """Whether it has neither text nor an image."""
        return not self.text and not any(run.image for run in self.runs)


def _without(text: str, dropped: bytearray) -> str:
    """Return ``text`` without the characters that ``dropped`` marks."""
    return "".join([one for one, drop in zip(text, dropped, strict=True) if not drop])


def _without_last_breaks(runs: list[Run]) -> list[Run]:
    """Return the runs without line breaks at the end."""
    if runs and runs[-1].text and not runs[-1].is_break:
        return runs
    last = len(runs) - 1
    while last >= 0 and not (runs[last].text and not runs[last].is_break):
        last -= 1
    return runs[: last + 1] + [run for run in runs[last + 1 :] if not run.is_break]


def _put_gap(gap: str, kept: Sequence[Run], run: Run) -> None:
    """Add the blank between two runs to the one with fewer marks."""
    if kept and not kept[-1].image and len(kept[-1].marks) <= len(run.marks):
        kept[-1].text += gap
    else:
        run.text = gap + run.text


def folded_inside(text: str, whole: str | None = None, at: int = 0) -> str:
    """Fold white space inside a text without leading and trailing white space.

    Args:
        text: the text.
        whole: the text of the block, if ``text`` is only a part of it. What is around a quotation
            mark at its edge decides on the white space next to it.
        at: index of ``text`` in ``whole``.
    """
    if text.isprintable() and "  " not in text:  # no white space but single spaces
        return text
    around = text if whole is None else whole
    return _WHITE.sub(lambda match: glue(around, at + match.start(), at + match.end()), text)


def shown(leaves: list[Leaf]) -> list[Leaf]:
    """Fold the leaves; return those that are not empty, and the empty cells of their rows.

    Without the empty cells, later cells of a row would be in the wrong columns.
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
    """Leave out empty cells of empty rows, and empty leaves of cells with other content."""
    filled = {container for leaf in leaves if not leaf.cell for container in leaf.path}
    kept: list[Leaf] = []
    for leaf in leaves:
        if leaf.cell:
            if leaf.path[-1] in filled or _row(leaf) not in filled:
                continue
            filled.add(leaf.path[-1])
        kept.append(leaf)
    return kept


def render_text(leaves: Iterable[Leaf]) -> str:
    """Return the reading text: blocks separated by a blank line, without captions.

    Each row of a table is a line; its cells, including empty ones, are separated by tabs.
    """
    leaves = [leaf for leaf in leaves if (leaf.text or leaf.cell) and not leaf.caption]
    if not any(leaf.path for leaf in leaves):  # most pages
        return "\n\n".join([leaf.text for leaf in leaves])
    if any(leaf.cell for leaf in leaves):
        leaves = _with_told_rows(leaves)
    parts = [leaf.text for leaf in leaves[:1]]
    for above, leaf in pairwise(leaves):
        parts += (_separator(above.path, leaf.path), leaf.text)
    return "".join(parts)


def _with_told_rows(leaves: Sequence[Leaf]) -> list[Leaf]:
    """Leave out the empty cells of rows that have only images and captions."""
    rows = {_row(leaf) for leaf in leaves if leaf.text}
    return [leaf for leaf in leaves if leaf.text or _row(leaf) in rows]


def _row(leaf: Leaf) -> Container | None:
    """Return the innermost row of a table around a block."""
    return next((part for part in reversed(leaf.path) if part.tag == "tr"), None)


def _separator(left: Sequence[Container], right: Sequence[Container]) -> str:
    if not left or not right:
        return "\n\n"
    shared = _shared(left, right)
    inner = left[shared - 1].tag if shared else ""
    if inner == "tr":
        return "\t"
    return "\n" if inner in _TABLE_PARTS else "\n\n"


def _shared(left: Sequence[object], right: Sequence[object]) -> int:
    """Return how many containers or marks two sequences have in common at their beginning."""
    number = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        number += 1
    return number


def render_html(leaves: Iterable[Leaf]) -> str:
    """Return the leaves as sanitized HTML, which is safe to embed in a page."""
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
    """Return runs as HTML, without marks around nothing."""
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
