"""Text as the full-text index has it: every character a word, but Latin words and numbers whole.

FTS5's tokenizers take a run of Han for one word, or need three characters for a match. Where
each character stands by itself, a search for a phrase is exact at any length. Punctuation and
line breaks are words too: a search for 台湾中国 does not find 台湾、中国.
"""

from __future__ import annotations

import re

WORD_CHARACTERS = "0-9A-Za-zÀ-ÖØ-öø-ʯͰ-ԯḀ-ῼ"
"""Characters that make up words of more than one: a class for ``re`` and for SQL's ``glob``."""

SPACE = "␣"
"""Stands for a space, but for one between two words, which the tokenizer sees."""

BREAK = "␤"
"""Stands for a line break."""

TAB = "␉"
"""Stands for a tab; a feed's text has no other white space."""

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'"
"""FTS5's tokenizer: folds case, keeps accents, and drops nothing but white space."""

_LONE_SPACE = re.compile(rf"(?<![{WORD_CHARACTERS}]) | (?![{WORD_CHARACTERS}])")
_WORDS = re.compile(rf"[{WORD_CHARACTERS}]+|[^{WORD_CHARACTERS} ]")


def words(text: str) -> str:
    """Return ``text`` with a space between every two words of the index."""
    text = text.replace("\n", BREAK).replace("\t", TAB)
    return " ".join(_WORDS.findall(_LONE_SPACE.sub(SPACE, text)))
