"""Characters and white space: what a reader sees."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.text import folded, glue, one_line, visible, wide


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("海岛", "海岛"),
        ("海\u200b岛", "海岛"),
        ("\ufeff海岛", "海岛"),
        ("海\u200e岛\u202c", "海岛"),
        ("auto\u00admatic", "automatic"),
        ("a\u200c\u200db", "ab"),
        ("海\x00\x08\x0b\x1f\x7f\x92岛", "海岛"),
        ("a\tb\nc\rd", "a\tb\nc\rd"),
        ("a\u00a0b\u3000c", "a\u00a0b\u3000c"),
        ("e\u0301", "é"),
        ("\uac00", "\u1100\u1161"),
        ("ﬁ１", "ﬁ１"),
        ("😀\ufe0f", "😀\ufe0f"),
    ],
)
def test_visible(text: str, expected: str) -> None:
    assert visible(text) == unicodedata.normalize("NFC", expected)


@given(st.text(max_size=80))
def test_what_is_visible_stays(text: str) -> None:
    """Once done, done: no control, no character without width, in NFC."""
    seen = visible(text)
    assert visible(seen) == seen
    assert unicodedata.is_normalized("NFC", seen)
    assert not [one for one in seen if unicodedata.category(one) == "Cc" and one not in "\t\n\r"]
    assert not set(seen) & set("\u200b\u200c\u200d\u2060\ufeff\u00ad")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  海岛\n经济  ", "海岛 经济"),
        ("\u3000海岛\u00a0\u2028", "海岛"),
        ("a \u3000\t b", "a b"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_one_line(text: str, expected: str) -> None:
    assert one_line(text) == expected


@pytest.mark.parametrize("character", "海々〇、。「」！？（）／ａＡ１あア한“”‘’…—·‧•𠀀")
def test_wide(character: str) -> None:
    assert wide(character)


@pytest.mark.parametrize("character", "aA1,.!?()/-'\"é €&")
def test_not_wide(character: str) -> None:
    assert not wide(character)


FOLDED = [
    # a line break is the pretty-printer's: nothing where a neighbour is wide
    ("海\n  岛", "海岛"),
    ("海\n  island", "海island"),
    ("island\n  海", "island海"),
    ("green\n  island", "green island"),
    ("42\n  号", "42号"),
    ("Smith\n  、\n  Jones", "Smith、Jones"),
    ("（\n  Joshua\n  Philipp\n  ）", "（Joshua Philipp）"),
    ("he said\n  “", "he said“"),
    ("a\r\nb", "a b"),
    ("海\r岛", "海岛"),
    # other white space is the text's: one space
    ("海 岛", "海 岛"),
    ("海   岛", "海 岛"),
    ("海\u3000岛", "海 岛"),
    ("海\u00a0岛", "海 岛"),
    ("a\tb", "a b"),
    ("  海岛 ", "海岛"),
    ("\u3000海岛\u00a0", "海岛"),
    ("", ""),
    (" \n ", ""),
]


@pytest.mark.parametrize(("text", "expected"), FOLDED)
def test_folded(text: str, expected: str) -> None:
    assert folded(text) == expected


@given(st.text(alphabet="海a1、 \n\t\u3000", max_size=40))
def test_folding_loses_no_word(text: str) -> None:
    """Only white space goes, and what is folded stays."""
    result = folded(text)
    assert "".join(result.split()) == "".join(text.split())
    assert folded(result) == result
    assert "  " not in result
    assert "\n" not in result


@pytest.mark.parametrize(
    ("white", "before", "after", "expected"),
    [("\n", "海", "a", ""), ("\n", "a", "海", ""), ("\n", "a", "b", " "), (" ", "海", "岛", " ")],
)
def test_glue(white: str, before: str, after: str, expected: str) -> None:
    assert glue(white, before, after) == expected


MARKS = "\u0301\u0316\u0344\u0f73\u3099"


@given(st.text(alphabet=f"aé海か{MARKS}", max_size=200))
def test_no_character_carries_more_than_thirty_marks(text: str) -> None:
    """As Unicode's stream-safe format says, counted in the decomposed text; done once, done."""
    seen = visible(text)
    assert visible(seen) == seen
    classes = map(unicodedata.combining, unicodedata.normalize("NFD", seen))
    runs = "".join("m" if kind else " " for kind in classes).split()
    assert max(map(len, runs), default=0) <= 30
    decomposed = unicodedata.normalize("NFD", seen.replace("\u034f", ""))
    assert sorted(decomposed) == sorted(unicodedata.normalize("NFD", text))


def test_every_combining_mark_is_bounded() -> None:
    """Whatever its block; short runs stay as they are."""
    for code in range(0x110000):
        mark = chr(code)
        if unicodedata.combining(mark):
            assert "\u034f" in visible("x" + mark * 40), hex(code)
            assert "\u034f" not in visible("x" + mark * 10), hex(code)
