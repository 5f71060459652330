"""Finds the captions of images outside figures, and puts each image and its caption into a figure.

Pages of 2004 to 2010 have captions in ``span.bn12`` or in the table row under the image (539
articles, 2,414 captions), newer pages as a centred line (200 lines). The walk over the body has already
attached the captions that the markup identifies; this module recognizes the other ones by their text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import Final

from crawler.formats.epoch.caption_credit import split_caption
from crawler.formats.epoch.elements import CELLS
from crawler.formats.epoch.markup import Container, Leaf
from crawler.formats.epoch.script import simplified

_MAX_LENGTH: Final = 300
"""Maximum length of a caption that the markup does not identify."""
# Words of a credit, which distinguish it from a parenthesis at the end of a sentence.
_CREDIT: Final = re.compile(
    r"[／/©]|大纪元|明慧|新唐人|中央社|法新社|美联社|路透|新华社|视觉中国|提供|摄影|[摄撮]于|拍摄|翻[摄拍]|[摄绘]\Z|图片|照片|"
    r"配图|插图|制图|供图|合成|资料|截图|截屏|网络|公有领域|授权|来源|[取图]自|维基|推特|脸书|微博|Getty|AFP|\bAP\b|Reuters|NTD|VOA|RFA|"
    r"Shutterstock|iStock|Fotolia|Pixabay|Pexels|Unsplash|Flickr|Wikimedia|Photo|Courtesy|Public Domain|CC BY|Screenshot|Times",
    re.IGNORECASE,
)
# Notes on an article, not on a picture.
_OF_THE_ARTICLE: Final = re.compile("转[载自]|本文|未完|待续")


@dataclass(slots=True, eq=False)
class Picture:
    """An image of the body.

    Attributes:
        leaf: the block that shows it.
        full_url: URL of the larger picture that it links to.
        caption: the blocks of its caption.
    """

    url: str
    leaf: Leaf
    full_url: str | None = None
    caption: list[Leaf] = field(default_factory=list)


def attach_captions(leaves: list[Leaf], pictures: Sequence[Picture]) -> None:
    """Find the captions that no markup identifies, and put each caption and its image into a figure.

    Args:
        leaves: all blocks of the body, folded. A block of an image and its caption is split.
        pictures: the images, in order. Their captions are added.
    """
    shown = {picture.leaf: picture for picture in pictures}  # the last one of a block
    _split_blocks(leaves, shown)
    for above, leaf in [*_in_one_cell(leaves, shown), *_rows_below(leaves, shown)]:
        picture = shown.get(above)
        if picture and not picture.caption and not above.text and _is_caption(leaf):
            leaf.caption = True
            picture.caption.append(leaf)
    _frame_all(leaves, [picture for picture in pictures if picture.caption])


def _split_blocks(leaves: list[Leaf], shown: Mapping[Leaf, Picture]) -> None:
    """Move the text after an image to a separate block, if it is the caption."""
    lines = {leaf: line for leaf in shown if (line := _line_below(leaf))}
    if lines:
        groups = [(leaf, lines[leaf]) if leaf in lines else (leaf,) for leaf in leaves]
        leaves[:] = [leaf for group in groups for leaf in group]


def _line_below(leaf: Leaf) -> Leaf | None:
    """Cut the text after the last image from a block, if it is a caption; return it as a block."""
    if not leaf.text or leaf.caption or not (leaf.centred or _inmost_box(leaf)):
        return None
    last = max(number for number, run in enumerate(leaf.runs) if run.image)
    rest = leaf.runs[last + 1 :]
    if any(run.text for run in leaf.runs[:last]):
        return None
    line = Leaf(leaf.tag, leaf.path, centred=leaf.centred, runs=rest)
    line.fold()
    if not _names_its_source(line.text):
        return None
    leaf.runs = leaf.runs[: last + 1]
    leaf.fold()
    return line


def _rows_below(
    leaves: Sequence[Leaf], shown: Mapping[Leaf, Picture]
) -> Iterator[tuple[Leaf, Leaf]]:
    """Yield each image in a table cell with the only block of the cell below it."""
    tables = {_inmost(leaf, "table") for leaf in shown} - {None}
    if not tables:
        return
    rows: dict[Container, dict[Container, list[Leaf]]] = defaultdict(dict)
    for leaf in leaves:
        row, cell = _inmost(leaf, "tr"), _inmost(leaf, *CELLS)
        if row and cell and _inmost(leaf, "table") in tables:
            rows[row].setdefault(cell, []).append(leaf)
    for above, below in pairwise(rows.values()):
        for images, lines in zip(above.values(), below.values(), strict=False):
            if len(lines) == 1 and _inmost(images[-1], "table") is _inmost(lines[0], "table"):
                yield images[-1], lines[0]


def _in_one_cell(
    leaves: Sequence[Leaf], shown: Mapping[Leaf, Picture]
) -> Iterator[tuple[Leaf, Leaf]]:
    """Yield each image's block with the next one, if that is centred or both are alone in a box."""
    for at, (above, leaf) in enumerate(pairwise(leaves)):
        if above not in shown:
            continue
        box = _inmost_box(leaf)
        if _inmost_box(above) is not box:
            continue
        others = (*leaves[max(at - 1, 0) : at], *leaves[at + 2 : at + 3])
        alone = box and not any(_inmost_box(other) is box for other in others)
        if leaf.centred or alone:
            yield above, leaf


def _is_caption(leaf: Leaf) -> bool:
    """Return whether a block below an image is a caption with a credit."""
    return not leaf.caption and leaf.tag in ("p", "") and _names_its_source(leaf.text)


def _names_its_source(text: str) -> bool:
    if not text or len(text) > _MAX_LENGTH:
        return False
    credit = simplified(split_caption(text)[1] or "")
    if not credit or _OF_THE_ARTICLE.match(credit):
        return False
    return _CREDIT.search(credit) is not None


def _inmost(leaf: Leaf, *tags: str) -> Container | None:
    return next((part for part in reversed(leaf.path) if part.tag in tags), None)


def _inmost_box(leaf: Leaf) -> Container | None:
    """Return the innermost figure or table cell around a block."""
    return _inmost(leaf, "figure", *CELLS) if leaf.path else None


def _frame_all(leaves: list[Leaf], pictures: Sequence[Picture]) -> None:
    """Put images and captions into figures; remove the tables that have nothing else."""
    for leaf in {leaf for picture in pictures for leaf in picture.caption}:
        if _inmost(leaf, "figure") and _inmost(leaf, "figcaption") is None:
            leaf.path, leaf.tag = (*leaf.path, Container("figcaption")), ""
    loose = [picture for picture in pictures if _inmost(picture.leaf, "figure") is None]
    if not loose:
        return
    captions = {leaf for picture in pictures for leaf in picture.caption}
    removed = _remove_tables(leaves, {picture.leaf for picture in pictures} | captions)
    if removed:
        leaves[:] = [leaf for leaf in leaves if not (leaf.cell and _table(leaf) in removed)]
    for picture in loose:
        _frame(picture)


def _table(leaf: Leaf) -> Container | None:
    """Return the outermost table around a block."""
    return next((part for part in leaf.path if part.tag == "table"), None)


def _remove_tables(leaves: Sequence[Leaf], framed: set[Leaf]) -> set[Container]:
    """Move blocks out of the tables that have only images and captions; return these tables."""
    contents: dict[Container, list[Leaf]] = defaultdict(list)
    for leaf in leaves:
        if table := _table(leaf):
            contents[table].append(leaf)
    removed = {
        table
        for table, inside in contents.items()
        if all(leaf.cell or leaf in framed for leaf in inside)
    }
    for table in removed:
        for leaf in contents[table]:
            if not leaf.cell:
                leaf.path = (*_before(leaf.path, table), *_inside_cells(leaf.path))
    return removed


def _before(path: Sequence[Container], part: Container) -> Iterator[Container]:
    return takewhile(lambda container: container is not part, path)


def _inside_cells(path: Sequence[Container]) -> Sequence[Container]:
    last = max(number for number, part in enumerate(path) if part.tag in ("td", "th", "table"))
    return path[last + 1 :]


def _frame(picture: Picture) -> None:
    """Put an image and its caption into a figure; only the caption if cells or text separate them."""
    path = picture.leaf.path
    figure = Container("figure")
    row = _inmost(picture.leaf, "tr")
    apart = bool(picture.leaf.text) or any(_inmost(x, "tr") is not row for x in picture.caption)
    if not apart:
        picture.leaf.path, picture.leaf.tag = (*path, figure), ""
    caption = Container("figcaption")
    for leaf in picture.caption:
        own = tuple(part for part in leaf.path if part.tag != "figcaption")
        leaf.path, leaf.tag = (*(own if apart else path), figure, caption), ""
