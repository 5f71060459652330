"""Reading text: what a browser shows of the characters a page holds.

The mirror's generator runs the original through a pretty-printer that puts every tag on a line of
its own, so a line break in the source says nothing about a space in the text. Han is joined, Latin
words are kept apart.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from crawler.radicals import IDEOGRAPHS

# General category Cc without tab and line ends, and Cf: 1,900 news pages have some.
_INVISIBLE: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d\xad\u0600-\u0605\u061c\u06dd\u070f"
    "\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_DROPPED: Final = re.compile(f"[{_INVISIBLE}]+")

# What text of Windows-1252 holds where it is taken for Latin-1: 0x92 is an apostrophe.
_WINDOWS_1252: Final = {
    chr(code): bytes([code]).decode("windows-1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_MEANT: Final = {**_WINDOWS_1252, **IDEOGRAPHS}
_MISTAKEN: Final = re.compile("[\x80-\x9f\u2e80-\u2fdf]")

# Where combining marks stand; letters among them are none. Fourteen are fewer than 30 marks, also
# where each is written as two. The first stands alone: the search skips to it.
_MARK_SET: Final = (
    "\u0300-\u1fff\u20d0-\u20ff\u2ce0-\u2dff\u302a-\u302f\u3099\u309a\ua660-\uabff"
    "\ufb1e\ufe20-\ufe2f\U00010000-\U0001efff"
)
_MARK_BLOCKS: Final = f"[{_MARK_SET}]"
_MANY_MARKS: Final = re.compile(rf"{_MARK_BLOCKS}(?<!\w)(?:(?!\w){_MARK_BLOCKS}){{13}}")
_MOST_MARKS: Final = 30
_JOINER: Final = "\u034f"

# Most pages hold none of all these, nor anything beyond the Basic Multilingual Plane. One search of
# the text tells that; each search takes as long.
_UNUSUAL: Final = re.compile(
    f"[{_INVISIBLE[: _INVISIBLE.index(chr(0x110BD))]}\x80-\x9f\u2e80-\u2fdf{_MARK_SET}"
    "\U00010000-\U0010ffff]"
)

# What a browser decodes, but for what would become markup or white space if it were decoded early.
_ENTITY: Final = re.compile("&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};)")
_STAYS_ENCODED: Final = frozenset("<>&\"'")

# Han and its extensions, kana, hangul, CJK punctuation, full-width forms.
_CJK: Final = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3200-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_SHARED_OPENING: Final = "\u2018\u201c"
_SHARED_CLOSING: Final = "\u2019\u201d"
# Marks that Chinese shares with Latin print but sets without spaces: … — · ‧ •.
WIDE: Final = _CJK + _SHARED_OPENING + _SHARED_CLOSING + "\u2026\u2014\u00b7\u2027\u2022"
_WIDE: Final = re.compile(f"[{WIDE}]")

_OPENING: Final = frozenset("([{" + _SHARED_OPENING)
_CLOSING: Final = frozenset(",.;:!?)]}%" + _SHARED_CLOSING)

_NEAR: Final = 32
"""Characters: as far as a quotation mark is looked through, with white space between."""

_WHITE: Final = re.compile(r"\s+")


def visible(text: str) -> str:
    """Return ``text`` in Unicode NFC, without control and format characters.

    Tab, line feed and carriage return stay: they are white space. Radicals become the ideographs
    that they stand for, U+0080 to U+009F what Windows-1252 means by them.
    """
    if _UNUSUAL.search(text):
        text = _MISTAKEN.sub(lambda match: _MEANT.get(match[0], match[0]), text)
        text = stream_safe(_DROPPED.sub("", text))
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def stream_safe(text: str) -> str:
    """Return ``text`` in Unicode's Stream-Safe Text Format (UAX #15, section 13).

    Normalisation sorts the combining marks of a character one by one, so a run of them takes time
    by its square. Behind every 30 marks a combining grapheme joiner begins a new run.
    """
    if _MANY_MARKS.search(text) is None:
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        classes = [*map(unicodedata.combining, unicodedata.normalize("NFD", character))]
        leading = next((at for at, kind in enumerate(classes) if kind == 0), len(classes))
        if run + leading > _MOST_MARKS:
            kept.append(_JOINER)
            run = 0
        kept.append(character)
        trailing = next((at for at, kind in enumerate(reversed(classes)) if kind == 0), None)
        run = run + leading if trailing is None else trailing
    return "".join(kept)


def decoded_entities(markup: str) -> str:
    """Return ``markup`` with its character references decoded, but those of markup and white space.

    The characters are cleaned as :func:`visible` cleans those that stand in the page as they are.
    """
    if "&" not in markup:
        return markup
    decoded = _ENTITY.sub(_character, markup)
    return decoded if decoded == markup else visible(decoded)


def _character(entity: re.Match[str]) -> str:
    character = html.unescape(entity[0])
    kept = character == entity[0] or character.isspace() or not _STAYS_ENCODED.isdisjoint(character)
    return entity[0] if kept else character


def wide(character: str) -> bool:
    """Tell whether ``character`` is set without spaces around it: Han, CJK marks, full-width."""
    return _WIDE.match(character) is not None


def one_line(text: str) -> str:
    """Return ``text`` with runs of white space as one space, none at the edges."""
    return _WHITE.sub(" ", text).strip()


def glue(text: str, start: int, end: int) -> str:
    """Return what stands for the white space ``text[start:end]``, which is at neither edge.

    White space with a line break comes from the pretty-printer: nothing where a neighbour is wide,
    behind an opening mark or before a closing one, else one space. Any other is one space.
    """
    white = text[start:end]
    if "\n" not in white and "\r" not in white:
        return " "
    before, after = text[start - 1], text[end]
    if before in _OPENING or after in _CLOSING:
        return ""
    # a shared mark is Chinese or Latin as what it closes or opens
    if before in _SHARED_CLOSING:
        before = text[max(start - _NEAR, 0) : start - 1].rstrip()[-1:] or before
    if after in _SHARED_OPENING:
        after = text[end + 1 : end + _NEAR].lstrip()[:1] or after
    return "" if wide(before) or wide(after) else " "


def folded(text: str) -> str:
    """Return ``text`` with every run of white space replaced by its :func:`glue`."""
    text = text.strip()
    return _WHITE.sub(lambda match: glue(text, *match.span()), text)
