"""Where a byline's reporters write from: the places that are glued to their names.

Three of ten reporters' bylines join a place to the name without any mark
(``大纪元记者李言台湾台北报导``), so the list in ``places.txt`` decides where the name ends.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def _read() -> tuple[frozenset[str], frozenset[str]]:
    """Read the list: all places, and those marked ``~``, which people are called, too."""
    text = files(__package__).joinpath("places.txt").read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    words = [word for line in lines for word in line.split()]
    namesakes = frozenset(word[1:] for word in words if word.startswith("~"))
    return frozenset(word.lstrip("~") for word in words), namesakes


PLACES, NAMESAKES = _read()
"""Every place; and the small ones that are also people's names, like 金山."""

LONGEST: Final = max(map(len, PLACES))

PLACE_ENDS: Final = frozenset("镇州市县区乡村省郡府岛滩湾港山谷河湖桥堡城角海溪泉岭口岗坡屯邦峡")
"""Last characters of places that no list knows: 青石镇, 松石湾."""


_DISTRICT_ENDS: Final = "镇市县区郡"


def is_district(text: str) -> bool:
    """Tell whether ``text`` can only be a place, by a last character that ends no name of three."""
    return len(text) > len("石镇") and text[-1] in _DISTRICT_ENDS


def is_place(text: str) -> bool:
    """Tell whether ``text`` is a known place, or two of which the second lies in the first."""
    return text in PLACES or any(
        text[:cut] in PLACES and text[cut:] in PLACES for cut in range(2, len(text) - 1)
    )
