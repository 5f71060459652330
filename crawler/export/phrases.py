"""Splits text for the full-text index: each character is a word, except in Latin words and numbers.

FTS5's tokenizers treat a run of Han characters as one word, or need three characters for a match.
With each character as a word, a search is exact for a phrase of any length. Punctuation and line
breaks are words too: a search for 台湾中国 does not find 台湾、中国.
"""

from __future__ import annotations

import re

WORD_CHARACTERS = "0-9A-Za-zÀ-ÖØ-öø-ʯͰ-ԯḀ-ῼ"
"""Characters that form longer words: a character class for ``re`` and for SQL's ``glob``."""

SPACE = "␣"
"""Replaces a space, except between two Latin words, where the tokenizer splits."""

BREAK = "␤"
"""Replaces a line break."""

TAB = "␉"
"""Replaces a tab; a feed's text has no other white space."""

TOKENIZER = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'"
"""FTS5's tokenizer: folds case, keeps accents, and drops only white space."""

_LONE_SPACE = re.compile(rf"(?<![{WORD_CHARACTERS}]) | (?![{WORD_CHARACTERS}])")
_WORDS = re.compile(rf"[{WORD_CHARACTERS}]+|[^{WORD_CHARACTERS} ]")


def words(text: str) -> str:
    """Return ``text`` with spaces between the words of the index."""
    text = text.replace("\n", BREAK).replace("\t", TAB)
    return " ".join(_WORDS.findall(_LONE_SPACE.sub(SPACE, text)))
