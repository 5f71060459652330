"""Known places, from which reporters write.

Three of ten reporters' bylines have a place directly after the name
(``大纪元记者李言台湾台北报导``), so the list in ``places.txt`` decides where the name ends.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def words_in(file: str) -> list[str]:
    """Return the words of one of the package's lists, without its comments."""
    text = files(__package__).joinpath(file).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return [word for line in lines for word in line.split()]


_WORDS: Final = words_in("places.txt")
PLACES: Final = frozenset(word.lstrip("~") for word in _WORDS)
NAMESAKES: Final = frozenset(word[1:] for word in _WORDS if word.startswith("~"))
"""Small places that are also people's names, such as 金山; the list marks them with ``~``."""

ONLY_PLACES: Final = PLACES - NAMESAKES

MAX_PLACE: Final = max(map(len, PLACES))

PLACE_ENDS: Final = frozenset("镇州市县区乡村省郡府岛滩湾港山谷河湖桥堡城角海溪泉岭口岗坡屯邦峡")
"""Last characters of places that are not in the list: 青石镇, 松石湾."""

_DISTRICT_ENDS: Final = "镇市县区郡"


def is_district(text: str) -> bool:
    """Return whether ``text`` can only be a place: no name of three characters has this last one."""
    return len(text) > len("石镇") and text[-1] in _DISTRICT_ENDS


def is_place(text: str) -> bool:
    """Return whether ``text`` is a known place, or two of them: a region and a city in it."""
    return text in PLACES or any(
        text[:cut] in PLACES and text[cut:] in PLACES for cut in range(2, len(text) - 1)
    )
