"""Reading text: what a browser shows of the characters a page holds.

The mirror's generator runs the original through a pretty-printer that puts every
tag on a line of its own, so a line break in the source says nothing about a space
in the text. Han is joined, Latin words are kept apart.
"""

from __future__ import annotations

import re
import unicodedata

# Cc but tab and line ends, and the Cf that have no width: soft hyphen, zero-width
# space and joiners, bidi marks, word joiner, byte order mark. Found on 1,900 news pages.
_INVISIBLE_SET = (
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff9-\ufffb"
)
_INVISIBLE = re.compile(f"[{_INVISIBLE_SET}]")

# Han and its extensions, kana, hangul, CJK punctuation, full-width forms; and the
# marks that Chinese shares with Latin print but sets without spaces: “ ” ‘ ’ … — · ‧.
WIDE = (
    "\u2e80-\u303f\u3040-\u30ff\u3100-\u31ff\u3200-\u9fff\ua000-\ua4cf\uac00-\ud7af\uf900-\ufaff"
    "\ufe10-\ufe1f\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff"
    "\u2018\u2019\u201c\u201d\u2026\u2014\u00b7\u2027\u2022"
)
_WIDE = re.compile(f"[{WIDE}]")

# Where combining marks stand; letters among them are none. Fourteen are fewer than 30 marks, also
# where each is written as two. The first stands alone: the search skips to it.
_MARK_SET = (
    "\u0300-\u1fff\u20d0-\u20ff\u2ce0-\u2dff\u302a-\u302f\u3099\u309a\ua660-\uabff"
    "\ufb1e\ufe20-\ufe2f\U00010000-\U0001efff"
)
_MARK_BLOCKS = f"[{_MARK_SET}]"
_MANY_MARKS = re.compile(rf"{_MARK_BLOCKS}(?<!\w)(?:(?!\w){_MARK_BLOCKS}){{13}}")
_MOST_MARKS = 30
_JOINER = "\u034f"
# Most pages have neither: one search of the text tells, where each of two takes as long.
_INVISIBLE_OR_MARK = re.compile(f"[{_INVISIBLE_SET}{_MARK_SET}]")

_WHITE = re.compile(r"\s+")


def visible(text: str) -> str:
    """Return ``text`` in Unicode NFC, without control and zero-width characters.

    Tab, line feed and carriage return stay: they are white space.
    """
    if _INVISIBLE_OR_MARK.search(text):
        text = stream_safe(_INVISIBLE.sub("", text))
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


def wide(character: str) -> bool:
    """Tell whether ``character`` is set without spaces around it: Han, CJK marks, full-width."""
    return _WIDE.match(character) is not None


def one_line(text: str) -> str:
    """Return ``text`` with runs of white space as one space, none at the edges."""
    return _WHITE.sub(" ", text).strip()


def glue(white: str, before: str, after: str) -> str:
    """Return what stands for the run of white space ``white`` between two characters.

    A run with a line break comes from the pretty-printer: nothing where a neighbour
    is wide, one space between Latin letters. Any other run is one space.
    """
    if ("\n" in white or "\r" in white) and (wide(before) or wide(after)):
        return ""
    return " "


def folded(text: str) -> str:
    """Return ``text`` with every run of white space replaced by its :func:`glue`."""
    text = text.strip()
    return _WHITE.sub(lambda m: glue(m[0], text[m.start() - 1], text[m.end()]), text)
