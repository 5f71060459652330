"""Characters and white space: what a reader sees."""

from __future__ import annotations

import re
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.radicals import IDEOGRAPHS
from crawler.text import decoded_entities, folded, glue, one_line, visible, wide


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("海岛", "海岛"),
        ("海\u200b岛", "海岛"),
        ("\ufeff海岛", "海岛"),
        ("海\u200e岛\u202c", "海岛"),
        ("auto\u00admatic", "automatic"),
        ("a\u200c\u200db", "ab"),
        ("海\x00\x08\x0b\x1f\x7f\x81岛", "海岛"),
        ("Owen\x92s \x93lamp\x94\x85", "Owen’s “lamp”…"),
        ("密苏⾥州的⻋站⺁", "密苏里州的车站厂"),
        ("\u2e80\ue000", "\u2e80\ue000"),
        ("海\u0600\ufff9\U000e0041岛", "海岛"),
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
    hidden = [one for one in seen if unicodedata.category(one) in ("Cc", "Cf")]
    assert not set(hidden) - set("\t\n\r")


def test_all_that_is_visible_is_in_nfc() -> None:
    """Each character of the plane alone, and each pair that NFC joins, though most texts are not looked at."""
    every = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    assert [one for one in every if not unicodedata.is_normalized("NFC", visible(one))] == []
    parts = (unicodedata.decomposition(one) for one in every)
    pairs = [part.split() for part in parts if part and part[0] != "<" and " " in part]
    joined = ["".join(chr(int(code, 16)) for code in pair) for pair in pairs]
    assert [pair for pair in joined if not unicodedata.is_normalized("NFC", visible(pair))] == []
    assert len(joined) > 900


def test_nothing_invisible_or_mistaken_stays() -> None:
    """Each character of the plane alone: most texts are not looked at closely."""
    every = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    hidden = [one for one in every if unicodedata.category(one) in ("Cc", "Cf")]
    wrong = [*hidden, *IDEOGRAPHS]
    assert [one for one in wrong if visible(one) == one] == ["\t", "\n", "\r"]


def test_no_control_or_format_character_is_visible() -> None:
    """All of Unicode, as far as this Python knows it."""
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    hidden = [one for one in every if unicodedata.category(one) in ("Cc", "Cf")]
    seen = {one for one in hidden if visible(one) == one}
    assert seen == set("\t\n\r")
    assert len(hidden) > 200


def test_radicals_become_ideographs() -> None:
    """Of the 329 that have one; NFKC agrees on those that it knows."""
    radicals = [chr(code) for code in range(0x2E80, 0x2FE0) if unicodedata.name(chr(code), "")]
    changed = [radical for radical in radicals if visible(radical) != radical]
    assert len(changed) == len(radicals) - 1
    for radical in radicals:
        known = unicodedata.normalize("NFKC", radical)
        assert known in (radical, visible(radical))


def test_marks_without_end_are_bounded() -> None:
    """As Unicode's stream-safe format does; 400 KB of them took a minute."""
    began = time.process_time()
    seen = visible("a" + "\u0301\u0316" * 100_000)
    assert time.process_time() - began < 5
    runs = re.findall("[\u0300-\u034e]+", seen)
    assert max(map(len, runs)) == 30
    assert "\u034f" not in visible("a" + "\u0301" * 20 + "b" * 20_000)


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("海&#8203;岛", "海岛"),
        ("海&shy;岛&zwj;", "海岛"),
        ("Owen&#146;s", "Owen’s"),
        ("e&#769;", "é"),
        ("&#x2fa5;", "里"),
        ("&lt;b&gt; &amp; &quot;&#60;&#39;", "&lt;b&gt; &amp; &quot;&#60;&#39;"),
        ("海&nbsp;岛&#10;", "海&nbsp;岛&#10;"),
        ("&amp;#8203;", "&amp;#8203;"),
        ('<a href="?a=1&copy=2&lang=3">', '<a href="?a=1&copy=2&lang=3">'),
        ("&unknown; & &#; &#99999999;", "&unknown; & &#; \ufffd"),
        ("海\u2fa5", "海\u2fa5"),
    ],
)
def test_decoded_entities(markup: str, expected: str) -> None:
    assert decoded_entities(markup) == expected


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
    # but what closes joins what is before, what opens what is behind
    ("Harbor\n  , May (\n pdf\n )\n .", "Harbor, May (pdf)."),
    ("50\n %\n !", "50%!"),
    # a quotation mark is Latin or Chinese as what it holds
    ("he said\n  “Yes”\n  and left", "he said “Yes” and left"),
    ("他说\n  “好”\n  ABC", "他说“好”ABC"),
    ("see\n “好”", "see“好”"),
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
    ("text", "expected"),
    [("海\na", ""), ("a\n海", ""), ("a\nb", " "), ("海 岛", " "), ("a\r)", "")],
)
def test_glue(text: str, expected: str) -> None:
    assert glue(text, 1, 2) == expected


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
