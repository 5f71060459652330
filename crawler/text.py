"""Normalizes text: turns the characters of a page into the text that a browser shows.

The mirror's generator runs the original through a pretty-printer that puts every tag on its own
line, so a line break in the source does not imply a space in the text. Han characters are joined,
and Latin words stay separate.
"""

from __future__ import annotations

import html
import re
import unicodedata
from typing import Final

from crawler.radicals import IDEOGRAPHS

# General categories Cf, and Cc except tab and line ends. 1,900 news pages have some.
_INVISIBLE: Final = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x81\x8d\x8f\x90\x9d\xad\u0600-\u0605\u061c\u06dd\u070f"
    "\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\ufff9-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
)
_DROPPED: Final = re.compile(f"[{_INVISIBLE}]+")

# Characters of Windows-1252 text that was decoded as Latin-1, such as 0x92 for an apostrophe.
_WINDOWS_1252: Final = {
    chr(code): bytes([code]).decode("windows-1252")
    for code in range(0x80, 0xA0)
    if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_MEANT: Final = {**_WINDOWS_1252, **IDEOGRAPHS}
_MISTAKEN: Final = re.compile("[\x80-\x9f\u2e80-\u2fdf]")

# Blocks with combining marks; letters in them do not count. Fourteen characters are fewer than 30
# marks, even if each decomposes into two. The first is separate so that the search can skip to it.
_MARK_BLOCKS: Final = (
    "[\u0300-\u1fff\u20d0-\u20ff\u2ce0-\u2dff\u302a-\u302f\u3099\u309a\ua660-\uabff\ufb1e\ufe20-\ufe2f"
    "\U00010000-\U0001efff]"
)
_MANY_MARKS: Final = re.compile(rf"{_MARK_BLOCKS}(?<!\w)(?:(?!\w){_MARK_BLOCKS}){{13}}")
_MAX_MARKS: Final = 30
_JOINER: Final = "\u034f"

# Characters that stay as they are, in any order: most pages have no other one. A possessive match of
# a positive set takes half as long as a search for one of the other characters.
_USUAL: Final = re.compile(
    "[\t\n\r -~\xa0-\xac\xae-\u02ff\u2010-\u2027\u202f-\u205f\u2070-\u20cf\u2100-\u2125\u2127-\u2129"
    "\u212c-\u2328\u232b-\u2adb\u3000-\u3029\u3030-\u3098\u309b-\ua65f\uac00-\ud7a3\ufe30-\ufefe"
    "\uff00-\uffef]*+"
)

# References that a browser decodes; those of markup and white space must not be decoded early.
_ENTITY: Final = re.compile("&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|[A-Za-z][A-Za-z0-9]{1,31};)")
_STAYS_ENCODED: Final = frozenset("<>&\"'")

# Han and its extensions, kana, hangul, CJK punctuation, full-width forms.
_CJK: Final = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3200-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
)
_SHARED_OPENING: Final = "\u2018\u201c"
_SHARED_CLOSING: Final = "\u2019\u201d"
# Marks that Chinese and Latin text share, and that Chinese sets without spaces: … — · ‧ •.
WIDE: Final = _CJK + _SHARED_OPENING + _SHARED_CLOSING + "\u2026\u2014\u00b7\u2027\u2022"
_WIDE: Final = re.compile(f"[{WIDE}]")

_OPENING: Final = frozenset("([{" + _SHARED_OPENING)
_CLOSING: Final = frozenset(",.;:!?)]}%" + _SHARED_CLOSING)

_NEAR: Final = 32
"""Number of characters around a quotation mark in which its neighbour is looked for."""

_WHITE: Final = re.compile(r"\s+")

# The widest block of wide characters: the neighbours of most line breaks are in it.
_FIRST_WIDE: Final = "\u2e80"
_LAST_WIDE: Final = "\ua4cf"


def visible(text: str) -> str:
    """Return ``text`` in Unicode NFC, without control and format characters.

    Tab, line feed and carriage return are kept as white space. Radicals become the ideographs that
    they stand for, and U+0080 to U+009F the characters of Windows-1252.
    """
    if _USUAL.fullmatch(text):
        return text
    text = _MISTAKEN.sub(lambda match: _MEANT.get(match[0], match[0]), text)
    text = stream_safe(_DROPPED.sub("", text))
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def stream_safe(text: str) -> str:
    """Return ``text`` in Unicode's Stream-Safe Text Format (UAX #15, section 13).

    Normalization sorts the combining marks of a character, which takes quadratic time. After every
    30 marks a combining grapheme joiner starts a new run.
    """
    if _MANY_MARKS.search(text) is None:
        return text
    kept: list[str] = []
    run = 0
    for character in text:
        classes = [*map(unicodedata.combining, unicodedata.normalize("NFD", character))]
        leading = next((at for at, kind in enumerate(classes) if kind == 0), len(classes))
        if run + leading > _MAX_MARKS:
            kept.append(_JOINER)
            run = 0
        kept.append(character)
        trailing = next((at for at, kind in enumerate(reversed(classes)) if kind == 0), None)
        run = run + leading if trailing is None else trailing
    return "".join(kept)


def decoded_entities(markup: str) -> str:
    """Return ``markup`` with character references decoded, except for markup and white space.

    The result passes :func:`visible`, like characters that are not encoded.
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
    """Return whether ``character`` is set without spaces: Han, CJK marks, full-width forms."""
    return _WIDE.match(character) is not None


def one_line(text: str) -> str:
    """Return ``text`` stripped, with each run of white space replaced by one space."""
    text = text.strip()
    if text.isprintable() and "  " not in text:  # no white space but single spaces
        return text
    return _WHITE.sub(" ", text)


def glue(text: str, start: int, end: int) -> str:
    """Return the replacement for the white space ``text[start:end]``, which is at neither edge.

    White space with a line break comes from the pretty-printer. It is removed next to a wide
    character, after an opening mark and before a closing one. All other white space becomes one
    space.
    """
    white = text[start:end]
    if "\n" not in white and "\r" not in white:
        return " "
    before = text[start - 1]
    if _FIRST_WIDE <= before <= _LAST_WIDE:
        return ""
    after = text[end]
    if _FIRST_WIDE <= after <= _LAST_WIDE:
        return ""
    if before in _OPENING or after in _CLOSING:
        return ""
    # a shared mark is Chinese or Latin depending on the text that it closes or opens
    if before in _SHARED_CLOSING:
        before = text[max(start - _NEAR, 0) : start - 1].rstrip()[-1:] or before
    if after in _SHARED_OPENING:
        after = text[end + 1 : end + _NEAR].lstrip()[:1] or after
    return "" if wide(before) or wide(after) else " "


def folded(text: str) -> str:
    """Return ``text`` with every run of white space replaced by its :func:`glue`."""
    text = text.strip()
    return _WHITE.sub(lambda match: glue(text, *match.span()), text)
