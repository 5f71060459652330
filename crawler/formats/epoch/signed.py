"""Lines of their own that sign an article: ``作者：李言``, ``文／李言``, ``译者：王立``.

The newspaper's special pages carry them in the header or behind the text where there is no byline.
"""

from __future__ import annotations

import re
from typing import Final

from crawler.formats.epoch.names import (
    is_han_name,
    is_latin_name,
    is_name,
    is_surname_led,
    plain_name,
)
from crawler.formats.epoch.people import People

_WRITER = r"(?:本文)?(?:原?作者|撰[文稿写]|[编采]写|执笔|图、?文|文、?图|文)"
_TRANSLATOR = r"(?:中?文?翻译|译者|编译|译)"
_MARK = r"\s*[：:﹕︰/／╱∕|｜◎]\s*"
# Credits of another kind on the same line: ``文／李言 图／王立``, ``作者：李言 来源：海岛网``.
_OTHER = (
    rf"[\s，,；;、]+(?:图[片文]?|绘图|插图|摄影?|来源|出处|整理|审校|校对){_MARK}[^：:﹕︰]{{2,40}}"
)
_SIGNED: Final = re.compile(
    rf"[\s（(【\[◎●◆◇▲■*]*(?:(?P<writer>{_WRITER})|(?P<translator>{_TRANSLATOR})){_MARK}(?P<names>[^：:﹕︰]{{2,60}}?)"
    rf"(?:[\s，,；;、]*(?P<second>{_TRANSLATOR}){_MARK}(?P<others>[^：:﹕︰]{{2,40}}?))?"
    rf"(?:[（(][^（）()]{{1,60}}[）)])?(?:{_OTHER})?[\s）)】\]#＃◇◆*@。.]*",
)
# A life behind the name: ``作者：李言，经济学者，现居海岛。``
_LIFE: Final = re.compile(
    r"[\s（(【\[◎●◆◇▲■*]*(?:本文)?(?:作者|撰文)\s*[：:﹕︰]\s*(?P<name>[^：:﹕︰，,。、（(\n]{2,30}?)\s*[，,（(]"
)
# One character and a colon may also be a speaker of a dialogue: ``文：好啊``.
_SPEAKER: Final = re.compile(r"[\s（(【\[◎●◆◇▲■*]*[文译]\s*[：:﹕︰]")
_BODY: Final = re.compile(
    "(?:网|研究[所院]|工作室|[制作节目栏]组|[报通讯]社|电[视]?台|[学协]会|大学|学院|中心|公司|基金会|编辑部)$"
)
_BETWEEN: Final = re.compile(r"[、，,；;/／&＆\n]|\band\b")
_LONGEST: Final = 80


def signed(line: str) -> People | None:
    """Read a line that only signs the article.

    Args:
        line: one line of a block, or a whole block.

    Returns:
        Its people, or ``None`` where it is no such line or names nobody.
    """
    match = _SIGNED.fullmatch(line) if len(line) <= _LONGEST else None
    first = _people(match["names"]) if match else ()
    if not match or not first:
        return _with_life(line)
    if _SPEAKER.match(line) and any(map(_is_word, first)):
        return None
    others = _people(match["others"] or "")
    return People(first, others) if match["writer"] else People((), (*first, *others))


def _with_life(line: str) -> People | None:
    """Read an author whose life follows; a word is no name here, prose may begin so."""
    match = _LIFE.match(line)
    if not match:
        return None
    name = plain_name(match["name"])
    return People((name,)) if is_surname_led(name) or is_latin_name(name) else None


def _people(text: str) -> tuple[str, ...]:
    """Read a list of names; one that is no name makes the whole line none of ours.

    A body behind the names is where they belong: ``李言，海岛大学``.
    """
    pieces = [plain_name(piece) for piece in _BETWEEN.split(text) if piece.strip()]
    names = [piece for piece in pieces if not _BODY.search(piece)]
    return tuple(names) if names and names[0] == pieces[0] and all(map(is_name, names)) else ()


def _is_word(name: str) -> bool:
    """Tell whether a name of Han characters could as well be any word: no surname leads it."""
    return is_han_name(name) and "·" not in name and not is_surname_led(name)
