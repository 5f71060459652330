"""Reads separate lines that sign an article: ``作者：李言``, ``文／李言``, ``译者：王立``.

The newspaper's special pages have them in the header or after the text, if there is no byline. The
same words also credit a cited paper, book or letter, or a picture. Those lines are recognized by
their place and the words around them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from crawler.formats.epoch.names import (
    is_full_name,
    is_han_name,
    is_name,
    is_no_word,
    is_surname_led,
    plain_name,
)
from crawler.formats.epoch.people import People, people
from crawler.formats.epoch.places import ONLY_PLACES
from crawler.formats.epoch.script import simplified

_JOIN = "[、.．·‧•和与＆&／/]?"
_WRITER = (
    rf"(?:本文)?(?:(?:原文?)?作者|(?:采访{_JOIN})?撰[文稿写]|(?:特约)?记者|[编采]写|执笔"
    rf"|[图文]{_JOIN}[文图]|文{_JOIN}摄影|文字(?=\s*[／/╱∕|｜])|文)"
)
_TRANSLATOR = r"(?:[中英日法德]?文?翻译|[翻编]译整理|译者|编译|[中英]译|译)"
_MARK = r"\s*[：:﹕︰/／╱∕|｜︱◎]\s*"
# A blank may replace the mark before a full name: ``作者 李言``.
_BLANK_MARK: Final = re.compile(
    r"(?P<label>(?:本文)?作者|撰[文稿]|执笔|译者|翻译|编译|图[／/]文|文[／/]图)[ \u3000]+(?P<name>\S{2,4})"
)
# Credits of another kind on the same line: ``文／李言 图／王立``, ``作者：李言 来源：海岛网``.
_OTHER = rf"[\s，,；;、]+(?:图[片文]?|绘图|插图|摄影?|来源|出处|整理|审校|校对|编辑){_MARK}[^：:﹕︰]{{2,40}}"
_BEFORE = r"[\s（(【\[◎●◆◇▲■*]*"
_SIGNED: Final = re.compile(
    rf"{_BEFORE}(?:(?P<writer>{_WRITER})|(?P<translator>{_TRANSLATOR})){_MARK}(?P<names>[^：:﹕︰]{{2,60}}?)"
    rf"(?:[\s，,；;、]*(?P<second>{_TRANSLATOR}){_MARK}(?P<others>[^：:﹕︰]{{2,40}}?)"
    rf"|[\s，,；;、/／]+(?P<last>[^\s，,；;、/／：:﹕︰]{{2,12}}?)\s*[编翻]?译)?"
    rf"(?:[（(][^（）()]{{1,60}}[）)])?(?:{_OTHER})?(?:[\s，,]*\d{{4}}\s*[-/.年][^：:﹕︰]{{2,20}})?[\s）)】\]#＃◇◆*@。.]*",
)
_ABOUT = r"(?:(?:本文)?作者(?:简[介历]|介绍)?|关于作者)"
# A biography after the name: ``作者：李言，经济学者，现居海岛。``, ``作者简介：李言是经济学者。``
_BIOGRAPHY: Final = re.compile(
    rf"{_BEFORE}(?:(?:{_ABOUT}|撰文)\s*[：:﹕︰]\s*(?P<name>[^：:﹕︰，,。、（(\n]{{2,30}}?)\s*[，,（(：:﹕︰是为系]"
    r"|本文作者(?P<own>[^：:﹕︰，,。、（(\n]{2,30}?)\s*(?:博士|教授|[（(是为系]))"
)
# At the beginning, 作者 alone may introduce a book.
_NOTE_ON_WRITER: Final = re.compile(
    rf"{_BEFORE}(?:(?:本文)?作者(?:简[介历]|介绍)|关于作者|本文作者)"
)
# One character and a colon may also be a speaker of a dialogue: ``文：好啊``.
_SPEAKER: Final = re.compile(rf"{_BEFORE}(?:[文译]|(?:特约)?记者)\s*[：:﹕︰]")
_BODY: Final = re.compile(
    "(?:网|研究[所院]|工作室|[制作节目栏]组|[报通讯]社|电[视]?台|[学协]会|大学|学院|中心|公司|基金会|编辑部)$"
)
# Credits after a source: ``（文章来源：路透社／翻译：李言）``, ``文章来源：海岛之声记者李言综合编译``.
_SOURCE: Final = re.compile(
    r"[\s（(]*(?:(?:文章|本文|资料|新闻|原文|稿件)?来源\s*[：:﹕︰]|(?:转载?|[编翻]?译)自)[^／/╱∕，,；;、|｜\n]{0,30}?"
    r"(?:[\s／/╱∕，,；;、|｜]+(?:(?:翻译|编译|译者|中译)\s*[：:﹕︰／/]\s*(?P<labelled>[^：:（）()]{2,20}?)"
    r"|(?P<translators>[^：:（）()\s]{2,20}?)\s*(?:编译|翻译))"
    r"|[\s／/，,]*(?:特约)?记者\s*[：:﹕]?\s*(?P<reporters>[^：:（）()\s]{2,20}?)(?:综合|采访|编译|翻译|报[导道])*)"
    r"[\s）)#＃◇◆*@。]*"
)
# In parentheses a translator needs no mark: ``（译者王立）``, ``（王小立译）``.
_TRANSLATED: Final = re.compile(
    r"\s*[（(]\s*(?:(?:译者|(?:翻译|编译)(?=\s))\s*(?P<behind>[^：:（）()]{3,20}?)"
    r"|(?P<before>[^：:（）()]{3,20}?)(?<![编翻])\s*[编翻]?译)\s*[）)][\s#＃◇◆*@。]*"
)
# Each of these forms has one of these characters.
_SIGN: Final = re.compile("[者撰执執译譯：:﹕︰/／╱∕|｜︱◎]")
_LABEL_ABOVE: Final = re.compile(
    r"(?m)^((?:作者|撰文|[译譯]者|翻[译譯]|[编編][译譯])\s*[：:])\n(?=.{2,20}$)"
)
_WRITER_LINE: Final = re.compile(rf"{_BEFORE}(?:{_ABOUT}|原文?作者)\s*[：:﹕︰/／︱ \u3000]")
_REPORTER_LINE: Final = re.compile(rf"{_BEFORE}(?:特[约約])?[记記]者\s*[：:﹕︰/／]")
_LABELS: Final = ("作者", "记者", "記者", "撰文", "译", "譯")
"""Every line of the three forms above has one of these."""
_CITED: Final = re.compile(
    r"论文|期刊|书名|题[目名]|标题|刊[名载]|出版|DOI|获奖|油画|国画|水墨|水彩|壁画|画[作名]|绘画|雕塑|馆藏|收藏|布面|来信|信件|公开信|家书"
)
_WORK: Final = re.compile(r"[^《》\n]{0,8}《[^《》\n]{1,60}》[^《》\n]{0,8}")
_REFERENCES: Final = re.compile(r"\s*(?:参考|引用|引文|文献|注释|附录|延伸阅读|附[：:])")
_HEAD_BLOCKS: Final = 4
_LAST_BLOCKS: Final = 8
_REFERENCE_BLOCKS: Final = 6
_MAX_WRITERS: Final = 2
_SIGNATURE_LENGTH: Final = 60
_BIOGRAPHY_BLOCKS: Final = 3
_BETWEEN: Final = re.compile(r"[、，,；;/／&＆\n]|\band\b")
_JOINT: Final = re.compile("[和与及]|[ \u3000]+")
_MAX_LENGTH: Final = 80
_AROUND: Final = 200


def signature_lines(texts: Sequence[str]) -> list[str]:
    """Return the lines that may sign the article.

    Args:
        texts: the blocks of the page's text, in order.

    Lines with 作者 or 记者 are left out far from either end, in a list of works or an interview, and
    next to words for a cited paper, a picture or a letter.
    """
    first = (text for text in texts[:_BIOGRAPHY_BLOCKS] if _NOTE_ON_WRITER.match(text))
    edges = dict.fromkeys((*first, *texts[-_BIOGRAPHY_BLOCKS:]))
    biographies = [text for text in edges if _is_biography(text)]
    blocks = [text for text in texts if len(text) <= _SIGNATURE_LENGTH or "\n" in text]
    short = [line for text in blocks for line in text.split("\n") if len(line) <= _SIGNATURE_LENGTH]
    whole = "\n".join(blocks)
    if not any(map(whole.__contains__, _LABELS)):  # most pages
        return short + biographies
    forms = (_WRITER_LINE, _REPORTER_LINE)
    labelled = any("\n" in text and _LABEL_ABOVE.search(text) for text in blocks)
    if not labelled and not any(form.match(line) for form in forms for line in short):
        return short + biographies
    found = [
        (number, line, before)
        for number, text in enumerate(texts)
        for line, before in _short_lines(text, texts[number - 1] if number else "")
    ]
    kinds = [{line for _, line, _ in found if form.match(line)} for form in forms]
    many = {line for kind in kinds if len(kind) > _MAX_WRITERS for line in kind}
    placed = set().union(*kinds)
    lines = [
        line
        for number, line, before in found
        if line not in placed or (line not in many and _signs(texts, number, line, before))
    ]
    return lines + biographies


def _short_lines(text: str, block_before: str) -> Iterator[tuple[str, str]]:
    """Yield the lines of a block that are short enough to be a signature, with the line before each."""
    before = block_before.rpartition("\n")[2]
    for line in _LABEL_ABOVE.sub(r"\1", text).split("\n"):
        if len(line) <= _SIGNATURE_LENGTH:
            yield line, before
        before = line


def _signs(texts: Sequence[str], number: int, line: str, before: str) -> bool:
    """Return whether a line with 作者 signs the article, not a work that it cites or shows."""
    first = number < _HEAD_BLOCKS
    if not first and number < len(texts) - _LAST_BLOCKS:
        return False
    around = simplified(texts[number] if len(texts[number]) <= _AROUND else line)
    if _CITED.search(around) or (len(before) <= _SIGNATURE_LENGTH and _CITED.search(before)):
        return False
    if first:
        return True
    above = texts[max(number - _REFERENCE_BLOCKS, 0) : number]
    return not _WORK.fullmatch(before) and not any(map(_REFERENCES.match, above))


def _is_biography(text: str) -> bool:
    """Return whether a block is a signature with a biography: ``作者：李言，经济学者，现居海岛。…``."""
    return len(text) > _SIGNATURE_LENGTH and _BIOGRAPHY.match(text) is not None


def signed(line: str) -> People | None:
    """Return the people in a line that signs the article, or None if it is not such a line.

    Args:
        line: one line of a block, or a whole block.
    """
    if _SIGN.search(line) is None:
        return None
    plain = simplified(line)
    found = _signed(plain)
    return found if found is None or plain == line else found.as_written(line)


def _signed(line: str) -> People | None:
    sourced = len(line) <= _MAX_LENGTH and ("来源" in line or "自" in line)
    if sourced and (source := _SOURCE.fullmatch(line)):
        translators = _people(source["labelled"] or source["translators"] or "")
        found = People(_people(source["reporters"] or ""), translators)
        return found if found != People() else None
    if "译" in line and len(line) <= _MAX_LENGTH and (translated := _TRANSLATED.fullmatch(line)):
        return _translated(translated["behind"] or translated["before"])
    match = _SIGNED.fullmatch(_with_mark(line)) if len(line) <= _MAX_LENGTH else None
    first = _people(match["names"]) if match else ()
    if match and not first and not _SPEAKER.match(line):
        first = _behind_office(match["names"])
    if not match or not first:
        return _in_biography(line)
    if _SPEAKER.match(line) and not all(map(is_no_word, first)):
        return None
    others = _people(match["others"] or match["last"] or "")
    return People(first, others) if match["writer"] else People((), (*first, *others))


def _translated(text: str) -> People | None:
    names = _people(text)
    whole = all(is_surname_led(name) or not is_han_name(name) for name in names)
    return People((), names) if names and whole else None


def _with_mark(line: str) -> str:
    """Replace the blank between a label and a full name by a colon."""
    blank = _BLANK_MARK.fullmatch(line)
    if blank and is_full_name(blank["name"]):
        return f"{blank['label']}：{blank['name']}"
    return line


def _in_biography(line: str) -> People | None:
    """Return an author with a biography; pen names do not count, as prose may begin in the same way."""
    match = _BIOGRAPHY.match(line)
    if not match:
        return None
    name = plain_name(match["name"] or match["own"])
    return People((name,)) if is_no_word(name) else None


def _behind_office(text: str) -> tuple[str, ...]:
    """Return the full names behind an office: ``海岛大学教授李言``."""
    names = people(f"{text}撰文").authors
    whole = bool(names) and text.endswith(names[-1]) and all(map(is_no_word, names))
    return names if whole else ()


def _people(text: str) -> tuple[str, ...]:
    """Return the names of a list; empty if one of them is not a name.

    An organization or a place after a name is left out: ``李言，海岛大学``, ``李言/澳洲``.
    """
    pieces = [name for piece in _BETWEEN.split(text) if piece.strip() for name in _split(piece)]
    names = [piece for piece in pieces if not _BODY.search(piece) and piece not in ONLY_PLACES]
    return tuple(names) if names and names[0] == pieces[0] and all(map(is_name, names)) else ()


def _split(piece: str) -> list[str]:
    """Split full names at blanks and "and"."""
    names = _JOINT.split(piece.strip())
    whole = len(names) > 1 and all(map(is_full_name, names))
    return names if whole else [plain_name(piece)]
