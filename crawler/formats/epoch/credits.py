"""Reads the credits in the text: dateline and byline at its start, editors at its end, signed lines.

Credits that the reading text does not include are cut from the blocks at the same time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from crawler.formats.epoch.byline import (
    Byline,
    find_byline_of_line,
    find_note,
    find_split_byline,
    is_part_number,
)
from crawler.formats.epoch.cuts import (
    cut_ad_lines,
    cut_ads_at_head,
    cut_damaged_markup,
    cut_end_marks,
    cut_old_urls,
    may_have_strays,
)
from crawler.formats.epoch.dateline import find_dateline
from crawler.formats.epoch.editors import (
    EditorLine,
    find_editors,
    find_names,
    find_plain_editors,
    find_separate_editors,
)
from crawler.formats.epoch.markup import Leaf
from crawler.formats.epoch.signed import signature_lines

_SENTENCE_END = re.compile("[。！？!?]")
_DATELINE_BLOCKS = 8
_BYLINE_BLOCKS = 3
_EDITOR_BLOCKS = 8
_EDITOR_LINES = 3  # per block; further ones are not credits


class Credits(NamedTuple):
    """The credits of an article.

    Attributes:
        dateline: raw text inside the brackets of the first dateline.
        byline: raw text inside the parentheses that name the writers, or contain an editor's note or
            the number of the part.
        editors: names after 责任编辑, each once.
        lines: short lines of header and body that may be signatures (``作者：X``).
    """

    dateline: str | None
    byline: str | None
    editors: tuple[str, ...]
    lines: list[str]


def take_credits(header: Sequence[Leaf], body: Sequence[Leaf]) -> Credits:
    """Read the credits, and cut from ``body`` those that are not part of the reading text."""
    blocks = _without_strays(body)
    editors = _take_editors(blocks)  # before the byline: on a short page both may be in one block
    dateline, byline = _take_head(blocks)
    lines = signature_lines([leaf.text for leaf in (*header, *blocks) if leaf.text])
    cut_end_marks([leaf for leaf in blocks if leaf.text])
    return Credits(dateline, byline, editors, lines)


def _without_strays(body: Sequence[Leaf]) -> list[Leaf]:
    """Cut markup, old URLs and advertisements; return the remaining blocks of text."""
    if not may_have_strays(body):
        return [leaf for leaf in body if leaf.text and not leaf.caption]
    cut_damaged_markup(body)
    blocks = [leaf for leaf in body if leaf.text and not leaf.caption]
    cut_old_urls(blocks)
    cut_ad_lines(blocks)
    blocks = [leaf for leaf in blocks if leaf.text]
    cut_ads_at_head(blocks[:_DATELINE_BLOCKS])
    return [leaf for leaf in blocks if leaf.text]


def _take_head(blocks: Sequence[Leaf]) -> tuple[str | None, str | None]:
    """Cut dateline and byline out of the first blocks and return their raw text."""
    for number, leaf in enumerate(blocks[:_DATELINE_BLOCKS]):
        dateline = find_dateline(leaf.text)
        if dateline is None:
            continue
        after = blocks[number + 1 : max(number + 2, _BYLINE_BLOCKS)]
        byline = _take_byline(leaf, after[0] if after else None, dateline.end)
        # the dateline is alone in its block on 1,977 comment pages, or a second title follows it
        if byline is None and not _has_sentence(leaf.text[dateline.end :]):
            byline = _first_byline(after)
        byline = byline or _note_after(leaf, dateline.end, after)
        leaf.cut(dateline.start, dateline.end, "credits.dateline")
        _cut_spare_marks(leaf)
        return dateline.text, byline
    first = blocks[:_BYLINE_BLOCKS]
    notes = (_take_note(leaf) for leaf in first)
    return None, _first_byline(first) or next(filter(None, notes), None)


def _has_sentence(text: str) -> bool:
    """Return whether the article's text, not only a note or a title, follows the dateline."""
    note = find_note(text)
    return _SENTENCE_END.search(text, note.end if note else 0) is not None


def _note_after(leaf: Leaf, start: int, after: Sequence[Leaf]) -> str | None:
    """Cut the note after a dateline; if the dateline is alone in its block, look in the next one."""
    if leaf.text[start:].strip():
        return _take_note(leaf, start, numbers=True)
    return _take_note(after[0]) if after else None


def _take_note(leaf: Leaf, start: int = 0, *, numbers: bool = False) -> str | None:
    """Cut the note at ``start`` and return its raw text.

    A part's number before other text belongs to a heading and is kept, unless ``numbers`` is set.
    """
    note = find_note(leaf.text[start:])
    if note is None:
        return None
    last = start + note.end == len(leaf.text)
    if is_part_number(note.text) and not (numbers or last):
        return None
    leaf.cut(start + note.start, start + note.end, "credits.byline")
    return note.text


def _first_byline(blocks: Sequence[Leaf]) -> str | None:
    """Cut the first byline that one of ``blocks`` begins with and return its raw text."""
    following = (*blocks[1:], None)
    pairs = zip(blocks, following, strict=False)
    return next((byline for pair in pairs if (byline := _take_byline(*pair))), None)


def _take_byline(leaf: Leaf, following: Leaf | None, start: int = 0) -> str | None:
    """Cut the byline at ``start``, or at the start of the second line, and return its raw text."""
    text = leaf.text[start:]
    split = find_split_byline(text, following.text) if following else None
    found = split or find_byline_of_line(text) or _after_note(text)
    if found is None:
        return None
    if following and found.end > len(text):
        following.cut(0, found.end - len(text), "credits.byline")
    leaf.cut(start + found.start, min(start + found.end, len(leaf.text)), "credits.byline")
    return found.text


def _after_note(text: str) -> Byline | None:
    """Find the byline after a note: ``（编者按：…）（大纪元记者李言报导）``."""
    note = find_note(text)
    found = find_byline_of_line(text[note.end :]) if note else None
    if note is None or found is None:
        return None
    return Byline(found.text, note.end + found.start, note.end + found.end)


def _cut_spare_marks(leaf: Leaf) -> None:
    """Cut the closing brackets and stops that remain of dateline or byline: ``（…报导）），近日``."""
    spare = len(leaf.text) - len(leaf.text.lstrip("】）)：:，,、。；; "))
    if spare:
        leaf.cut(0, spare, "credits.spare mark")


def _take_editors(blocks: Sequence[Leaf]) -> tuple[str, ...]:
    """Cut the editor lines from the last blocks and return the names, each once.

    A few pages have two: one at the end of the text, and one after the credits that follow. If
    the last blocks have no editor line, one farther from the end counts, or else ``编辑：X``.
    """
    names: dict[str, None] = {}
    last = blocks[-_EDITOR_BLOCKS:]
    for leaf, following in zip_longest(last, last[1:]):
        for _ in range(_EDITOR_LINES):
            found = find_editors(leaf.text)
            if found is None:
                break
            if following and not found.names and found.end == len(leaf.text):
                names |= dict.fromkeys(_cut_editors(following, find_names(following.text)))
            names |= dict.fromkeys(_cut_editors(leaf, found))
    return tuple(names) or _take_rarer_editors(blocks)


def _take_rarer_editors(blocks: Sequence[Leaf]) -> tuple[str, ...]:
    """Cut the last editors before the last blocks, or else the last ``编辑：X``."""
    far, last = blocks[:-_EDITOR_BLOCKS], blocks[-_EDITOR_BLOCKS:]
    ways = ((far, find_separate_editors), (last, find_plain_editors))
    found = (_cut_editors(leaf, find(leaf.text)) for part, find in ways for leaf in reversed(part))
    return next(filter(None, found), ())


def _cut_editors(leaf: Leaf, found: EditorLine | None) -> tuple[str, ...]:
    """Cut an editor line and return its names."""
    if found is None:
        return ()
    leaf.cut(found.start, found.end, "credits.editors")
    return found.names
