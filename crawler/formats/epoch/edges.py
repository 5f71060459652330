"""What the mirror and the newspaper put at the edges of the text: old addresses, ads, end marks."""

from __future__ import annotations

import re
from collections.abc import Sequence

from crawler.formats.epoch.dateline import find_dateline
from crawler.formats.epoch.markup import Leaf

# In white in front of and behind the text of older pages (363, 2,310 pages), on a line of its own
# or glued to the first or last word. Within a line the same address is text.
_OLD_ADDRESS = re.compile(
    r"^{0}|{0}$".format(r"[（(]\s*https?://(?:www\.)?(?:epochtimes|dajiyuan)\.com/?\s*[)）]"),
    re.IGNORECASE | re.MULTILINE,
)
# Markdown links that the mirror's owner put before the dateline by hand (4 pages).
_AD_LINES = re.compile(r"(?:[\s|#]*\[[^\]]{0,300}\]\(\s*https?://[^)\s]{1,2000}\s*\))+[\s|#]*")
_END_MARKS = "#＃◇◆@*＊ \n"  # stripped as characters: a pattern would be quadratic in a long run


def cut_old_addresses(blocks: Sequence[Leaf]) -> None:
    """Cut the newspaper's own address where it begins or ends a line."""
    for leaf in blocks:
        while "http" in leaf.text and (found := _OLD_ADDRESS.search(leaf.text)):
            leaf.cut(*found.span())


def cut_ad_lines(blocks: Sequence[Leaf]) -> None:
    """Cut Markdown links up to the dateline; ``blocks`` are the first of the page."""
    for leaf in blocks:
        dateline = find_dateline(leaf.text)
        end = dateline.start if dateline else len(leaf.text)
        if "](" in leaf.text[:end] and (found := _AD_LINES.match(leaf.text, 0, end)):
            leaf.cut(*found.span())
        if dateline:
            return


def cut_end_marks(blocks: Sequence[Leaf]) -> None:
    """Cut ``#``, ``◇`` and their like at the very end of the text."""
    for leaf in reversed(blocks):
        if leaf.text[-1:] in _END_MARKS:
            leaf.cut(len(leaf.text.rstrip(_END_MARKS)), len(leaf.text))
        if leaf.text:
            return
