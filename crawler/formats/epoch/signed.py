"""Lines of their own that sign an article: ``作者：李言``, ``文／李言``, ``译者：王立``.

The newspaper's special pages carry them in the header or behind the text where there is no byline.
The same words name who wrote a paper, a book or a letter that the article cites, or painted a picture
that it shows: those are told by where they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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
_OTHER = rf"[\s，,；;、]+(?:图[片文]?|绘图|插图|摄影?|来源|出处|整理|审校|校对|编辑){_MARK}[^：:﹕︰]{{2,40}}"
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
# Credits behind a source: ``（文章来源：路透社／翻译：李言）``, ``文章来源：海岛之声记者李言综合编译``.
_SOURCE: Final = re.compile(
    r"[\s（(]*(?:文章|本文|资料|新闻|原文|稿件)?来源\s*[：:﹕︰][^／/╱∕，,；;、|｜\n]{0,30}?"
    r"(?:[\s／/╱∕，,；;、|｜]+(?:(?:翻译|编译|译者|中译)\s*[：:﹕︰／/]\s*(?P<labelled>[^：:（）()]{2,20}?)"
    r"|(?P<translators>[^：:（）()\s]{2,20}?)\s*(?:编译|翻译))"
    r"|[\s／/，,]*(?:特约)?记者\s*[：:﹕]?\s*(?P<reporters>[^：:（）()\s]{2,20}?)(?:综合|采访|编译|翻译|报[导道])*)"
    r"[\s）)#＃◇◆*@。]*"
)
_WRITER_LINE: Final = re.compile(r"[\s（(【\[◎●◆◇▲■*]*(?:本文)?原?作者\s*[：:﹕︰/／]")
_CITED: Final = re.compile(
    r"论文|期刊|书名|题[目名]|标题|刊[名载]|出版|DOI|获奖|油画|国画|水墨|水彩|壁画|画[作名]|绘画|雕塑|馆藏|收藏|布面|来信|信件|公开信|家书"
)
_WORK: Final = re.compile(r"[^《》\n]{0,8}《[^《》\n]{1,60}》[^《》\n]{0,8}")
_REFERENCES: Final = re.compile(r"\s*(?:参考|引用|引文|文献|注释|附录|延伸阅读|附[：:])")
_HEAD_BLOCKS: Final = 4
_LAST_BLOCKS: Final = 8
_REFERENCE_BLOCKS: Final = 6
_MOST_WRITERS: Final = 2
_SIGNATURE_LENGTH: Final = 60
_LIFE_BLOCKS: Final = 3
_BETWEEN: Final = re.compile(r"[、，,；;/／&＆\n]|\band\b")
_LONGEST: Final = 80
_AROUND: Final = 200


def signature_lines(texts: Sequence[str]) -> list[str]:
    """Return the lines that may sign the article.

    Args:
        texts: the blocks of the page's text, in order.

    Left out are 作者 lines far from either end, in a list of works, and beside words that tell of a
    cited paper, a picture or a letter.
    """
    life = [text for text in texts[-_LIFE_BLOCKS:] if _tells_a_life(text)]
    blocks = [text for text in texts if len(text) <= _SIGNATURE_LENGTH or "\n" in text]
    short = [line for text in blocks for line in text.split("\n") if len(line) <= _SIGNATURE_LENGTH]
    if not any(map(_WRITER_LINE.match, short)):  # most pages
        return short + life
    found = [
        (number, line, before)
        for number, text in enumerate(texts)
        for line, before in _short_lines(text, texts[number - 1] if number else "")
    ]
    writers = {line for _, line, _ in found if _WRITER_LINE.match(line)}
    lines = [
        line
        for number, line, before in found
        if line not in writers
        or (len(writers) <= _MOST_WRITERS and _signs(texts, number, line, before))
    ]
    return lines + life


def _short_lines(text: str, block_before: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a block that are short enough to be a signature, and what is before each."""
    before = block_before.rpartition("\n")[2]
    for line in text.split("\n"):
        if len(line) <= _SIGNATURE_LENGTH:
            yield line, before
        before = line


def _signs(texts: Sequence[str], number: int, line: str, before: str) -> bool:
    """Tell whether a 作者 line signs the article, not a work that it cites or shows."""
    first = number < _HEAD_BLOCKS
    if not first and number < len(texts) - _LAST_BLOCKS:
        return False
    around = texts[number] if len(texts[number]) <= _AROUND else line
    if _CITED.search(around) or (len(before) <= _SIGNATURE_LENGTH and _CITED.search(before)):
        return False
    if first:
        return True
    above = texts[max(number - _REFERENCE_BLOCKS, 0) : number]
    return not _WORK.fullmatch(before) and not any(map(_REFERENCES.match, above))


def _tells_a_life(text: str) -> bool:
    """Tell whether a block signs the article and goes on: ``作者：李言，经济学者，现居海岛。…``."""
    return len(text) > _SIGNATURE_LENGTH and text.startswith(("作者", "撰文", "本文作者"))


def signed(line: str) -> People | None:
    """Read a line that only signs the article.

    Args:
        line: one line of a block, or a whole block.

    Returns:
        Its people, or ``None`` where it is no such line or names nobody.
    """
    if "来源" in line and len(line) <= _LONGEST and (source := _SOURCE.fullmatch(line)):
        translators = _people(source["labelled"] or source["translators"] or "")
        found = People(_people(source["reporters"] or ""), translators)
        return found if found != People() else None
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
