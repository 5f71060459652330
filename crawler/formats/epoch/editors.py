"""Finds the editor line ``责任编辑：李言#`` at the end of an article.

Measured on 132,101 pages: 99.3 % of the news pages have it, in a dozen spellings. In 2,700 cases other
credits directly precede or follow it. It is rarely not last, and the word also occurs in prose.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from crawler.formats.epoch.names import COMPOUND_SURNAMES, HAN, SURNAMES, is_surname_led
from crawler.formats.epoch.regulars import EDITORS

_COLON: Final = "：:；;﹕︰∶︓"
_KEYWORD: Final = re.compile(
    # begins with the literal character, so that the search skips most of a long text
    rf"[责責](?<![负負].)(?:(?:\s?任?\s?[^\s{_COLON}]?[编編]\s?[辑輯缉剧叩]{{0,2}}[·•过？?》〉’'”]?[人员]?|.[编編][辑輯]|任[辑輯])\s*[{_COLON}]+\s*"
    r"|任?[编編][辑輯]?\s*[／/╱∕|｜]\s*"
    r"|(?<![A-Za-z\d].)(?:任[编編][辑輯]|[编編](?= ))(?:[、，,。.=～~\-–—]+ ?|\s*))(?:[（(【\[“‘](?=[^\s（(]{2,16}[）)】\]”’]))?",
)
_THIS_ARTICLE: Final = ("本文", "本版")
# Alone on a line, any two characters may be a misspelt 编辑; the first character may be missing.
_MISSPELT: Final = re.compile(
    rf"[ （(]*(?P<label>[责責]任(?![编編][辑輯]|单位|部门|主体|主任|医|护士|校对|审|记者|导演|人员|范围|制度)[^\s{_COLON}]{{2}}\s*[{_COLON}]"
    rf"|[责責] ?任 ?[编編] ?[辑輯]\s*[{_COLON}]|贵?任[编編][辑輯]\s*[{_COLON}]|责任滨江)[\s{_COLON}]*",
)
_PLAIN: Final = re.compile(rf"[ （(]*(?P<label>[编編][辑輯])\s*[{_COLON}]+\s*")
_OTHER_CREDITS: Final = re.compile("撰[文稿]|制作|剪辑|策划|主持|摄影|导[播演]|文案")
_NAME: Final = re.compile(
    rf"(?:{HAN} {HAN} {HAN}|{HAN} {HAN}{{1,2}}|{HAN}{{2}} {HAN}|{HAN}{{2}}\n{HAN}(?=[\s#＃◇◆*@]*\Z)"
    rf"|{HAN}{{1,8}}[·‧•]{HAN}{{1,8}}|{HAN}{{1,4}})(?!{HAN})"
    r"|[A-Z][A-Za-z.'’-]*(?: [A-Z][A-Za-z.'’-]*){0,3}",
)
_FIRST_WORD: Final = re.compile(f"{HAN}{{2,4}}(?= )")
_TWO_NAMES: Final = re.compile(rf"({HAN}{{2,3}})[和与及]({HAN}{{2,3}})(?!{HAN})")
_NAME_BEFORE_WORD: Final = re.compile(
    rf"(?:{HAN}{{1,8}}[·‧•])?{HAN}{{2,4}}?(?=关注|文字|图[文为说：:]|订阅|来源|转[自载]|本[文报]|图片|摄影|校对|译者|翻译|编译|复核|审[核校]|点[击阅]|支持|欢迎|更多"
    "|相关|声明|版权|制作|记者|作者|整理|联系|投稿|请|如[果有需]|大纪元|原文|责|主编|下载|收[听看]|观看)",
)
_USUAL_LENGTH: Final = 40
_MAX_LINES: Final = 20
_MAX_KEYWORDS: Final = 20
_MAX_NAMES: Final = 20
"""No real line has more; this bounds the time for a hostile one."""
_MAX_LAST: Final = 4
_PEN_NAME: Final = 3
"""Maximum length of an editor's name that does not begin with a surname."""
_LONG_NAME: Final = 4
_KNOWN_NAME: Final = re.compile("|".join(sorted(EDITORS, key=len, reverse=True)))
_BETWEEN: Final = re.compile(r"\s*[、/／,，&＆]\s*")
_ANOTHER: Final = re.compile(r"\s*[；;|｜.．]\s*| ")
"""A separator between two editors at the very end only; elsewhere other text follows it."""
_HAN_RUN: Final = re.compile(f"{HAN}+")
_NO_EDITOR: Final = frozenset("待续 未完 完结 全文 谢谢 转载 组图 视频".split())
_WHOLE_LINE: Final = re.compile(rf"{HAN}{{2,10}}")
_BODY: Final = re.compile("(?:编辑[部组室]|新闻[部组]|中心|记者站|报社|杂志社)$")
_LABEL_FOLLOWS: Final = re.compile(r"\s*[：:﹕︰∶]")
_WORD: Final = re.compile(r"\w")
_CLAUSE: Final = re.compile(r"[^\n。]{0,20}[，,。“”？！]")
_SLASHES: Final = "／/╱∕|｜"
_SENTENCE_ENDS: Final = tuple("。！？…”）#＃◇")
_JOINING: Final = " \n\u3000；;，,、：:/／"
_OPENING: Final = "（(﹝〔[［【"
_CLOSING: Final = "）)﹞〕]］】"
_TO_THE_END: Final = re.compile(
    r"[^\w\n（(﹝〔[［【）)﹞〕\]］】]{0,20}\d?[^\w\n（(﹝〔[［【）)﹞〕\]］】]{0,20}\Z"
)
# After names without a colon: a closing bracket, end marks, a last note, or another label.
_MORE_CREDITS: Final = re.compile(
    rf"\n|[）)﹞〕\]］】]|\s*[#＃◇◆*＊@＠]|\s*[（(【][^（）()【】\n]{{1,40}}[）)】]\W{{0,5}}(?:\n|\Z)|[；;，,、 ]+{HAN}{{1,6}}[：:]"
)
_MARKS: Final = re.compile(r"[ \u3000]*[#＃◇◆*＊@＠]+|")


@dataclass(frozen=True, slots=True)
class EditorLine:
    """An editor line and its place in its block.

    Attributes:
        names: the editors in order; empty if the line names none.
        start: index where the part begins, including the mark that joins it to the text before.
        end: index after the part, including end marks.
    """

    names: tuple[str, ...]
    start: int
    end: int


def find_editors(text: str) -> EditorLine | None:
    """Find the editor line in a block.

    Args:
        text: one of the article's last blocks. Text directly before the line (``文字整理：李言；``) or
            after it (``关注我们``) is not included.

    Returns:
        The editor line, or ``None`` if the text has no such line or only mentions an editor.
    """
    signs = "责" in text or "責" in text or "任编" in text or "任編" in text or "贵任" in text
    if not signs:  # most blocks
        return None
    # the same few editors sign the articles of a day
    return _find_known(text) if len(text) <= _USUAL_LENGTH else _find(text)


def _find(text: str) -> EditorLine | None:
    for line in _lines(text):
        misspelt = _MISSPELT.match(text, line)
        if misspelt and (found := _alone_on_line(text, misspelt)):
            return found
    keywords = deque(_KEYWORD.finditer(text), maxlen=_MAX_KEYWORDS)
    return next((part for keyword in keywords if (part := _read(text, keyword))), None)


_find_known = lru_cache(maxsize=1024)(_find)


def find_plain_editors(text: str) -> EditorLine | None:
    """Find a separate line ``编辑：李言``.

    Next to other credits, or on a page that has a 责任编辑, it names the editors of a film.
    """
    if _OTHER_CREDITS.search(text):
        return None
    for line in _lines(text):
        plain = _PLAIN.match(text, line)
        if plain and (found := _alone_on_line(text, plain)):
            return found
    return None


def find_names(text: str) -> EditorLine | None:
    """Read a block that contains only editors' names, below one with only the label."""
    names, end = _names(text, 0)
    known = all(name in EDITORS or is_surname_led(name) for name in names)
    alone = names and known and _TO_THE_END.match(text, end)
    return EditorLine(names, 0, len(text)) if alone else None


def find_separate_editors(text: str) -> EditorLine | None:
    """Find editors that are alone on a line, or at the end of a block after a complete sentence."""
    found = find_editors(text)
    if found is None or not found.names:
        return None
    before, at_end = text[: found.start], found.end == len(text)
    starts = not before or before[-1] == "\n" or text[found.start] == "\n"
    alone = starts and (at_end or "\n" in text[found.end - 1 : found.end + 1])
    return found if alone or (at_end and before.rstrip().endswith(_SENTENCE_ENDS)) else None


def _lines(text: str) -> list[int]:
    """Return where the first lines of a block begin; later ones are not credits."""
    starts = [0]
    while len(starts) < _MAX_LINES and (end := text.find("\n", starts[-1])) >= 0:
        starts.append(end + 1)
    return starts


def _alone_on_line(text: str, label: re.Match[str]) -> EditorLine | None:
    start = label.start("label")
    names, end = _names(text, label.end())
    return _with_edges(text, names, start, end) if _alone(text, start, names, end) else None


def _read(text: str, keyword: re.Match[str]) -> EditorLine | None:
    """Read the names after a keyword, which may be doubled."""
    at = keyword.end()
    if again := _KEYWORD.match(text, at):
        at = again.end()
    names, end = _names(text, at)
    mark = keyword.group().rstrip(_OPENING + " \n")[-1]
    marked = mark in _COLON + _SLASHES or at > keyword.end()
    if not names and marked and (whole := _whole_line(text, keyword.start(), at)):
        body = _BODY.search(whole.group())
        return _with_edges(text, (whole.group(),) if body else (), keyword.start(), whole.end())
    if not marked and not _alone(text, keyword.start(), names, end):
        return None
    if _in_prose(text, keyword.start(), end):
        return None
    if not names and text[at:].strip(" #＃◇◆*@。"):
        return None
    return _with_edges(text, names, keyword.start(), end)


def _whole_line(text: str, start: int, at: int) -> re.Match[str] | None:
    """Find the rest of a separate line that is not a person's name: an organization or an error."""
    if start > 0 and text[start - 1] != "\n":
        return None
    whole = _WHOLE_LINE.match(text, at)
    return whole if whole and _TO_THE_END.match(text, whole.end()) else None


def _in_prose(text: str, start: int, end: int) -> bool:
    """Return whether a keyword is within a sentence: a word before it, and a clause after it."""
    before = text[:start].rstrip()[-1:]
    return bool(_WORD.match(before) and _CLAUSE.match(text, end))


def _names(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """Read names and the marks between them, starting at ``at``."""
    names: list[str] = []
    end = at
    while len(names) < _MAX_NAMES:
        found = _name_at(text, at)
        if not found:
            break
        if names and not _is_editor(_unspaced(found.group())):
            break
        names.extend(map(_unspaced, found.groups() or [found.group()]))
        end = found.end()
        between = _BETWEEN.match(text, end)
        if between:
            at = between.end()
        elif (another := _ANOTHER.match(text, end)) and _last_editor(text, another.end()):
            at = another.end()
        else:
            break
    return tuple(names), end


def _name_at(text: str, at: int) -> re.Match[str] | None:
    """Find the name, or two joined by 和, at ``at``; the name of a known editor is not extended."""
    found = _TWO_NAMES.match(text, at) or _NAME.match(text, at) or _NAME_BEFORE_WORD.match(text, at)
    if found and _LABEL_FOLLOWS.match(text, found.end()):  # ``李言 图：渡轮``, ``李言图说：渡轮``
        return _NAME_BEFORE_WORD.match(text, at) or _FIRST_WORD.match(text, at)
    if found and not _may_run_on(found):
        return found
    return _KNOWN_NAME.match(text, at) or _NAME_BEFORE_WORD.match(text, at) or found


def _may_run_on(found: re.Match[str]) -> bool:
    """Return whether a name may be a shorter one with the beginning of another word."""
    name = found.group()
    if not name.isalpha():
        return len(name) - max(map(name.rfind, "·‧•")) > _LONG_NAME + 1
    if len(name) == _LONG_NAME - 1:
        return name[:-1] in EDITORS and name[-1] in "图注摄校"
    return len(name) == _LONG_NAME and name[:1] in SURNAMES and name[:2] not in COMPOUND_SURNAMES


def _unspaced(name: str) -> str:
    """Return a Chinese name without the spaces in it."""
    return name if name.isascii() or "·" in name else "".join(name.split())


def _last_editor(text: str, at: int) -> bool:
    """Return whether only a few editors, pen names included, follow from ``at`` on."""
    for _ in range(_MAX_LAST):
        name = _NAME.match(text, at)
        if not name or not _is_editor(name.group()):
            return False
        if _TO_THE_END.match(text, name.end()):
            return True
        another = _ANOTHER.match(text, name.end())
        if another is None:
            return False
        at = another.end()
    return False


def _is_editor(name: str) -> bool:
    """Return whether ``name`` may be an editor where other words are possible as well."""
    if name in _NO_EDITOR or (" " in name and not name.isascii()):
        return False
    return is_surname_led(name) or len(name) <= _PEN_NAME or not _HAN_RUN.fullmatch(name)


def _alone(text: str, start: int, names: tuple[str, ...], end: int) -> bool:
    """Return whether a keyword without a colon is a credit: only names are around it."""
    before = text[:start].rstrip(" \u3000").removesuffix("本文")
    first = not before or before[-1] in "\n；;。！？#＃◇◆）)" + _OPENING
    last = _TO_THE_END.match(text, end) or _MORE_CREDITS.match(text, end)
    return first and last is not None and bool(names)


def _with_edges(text: str, names: tuple[str, ...], start: int, end: int) -> EditorLine:
    """Extend the part over its brackets, the mark that joins it, and the marks after it."""
    if text[max(0, start - 2) : start] in _THIS_ARTICLE:
        start -= 2
    opened = text[start - 1 : start] in _OPENING and start > 0
    closed = text[end : end + 1] in _CLOSING and end < len(text)
    unclosed = opened and not text[end:].strip()
    if opened and (closed or unclosed):
        start, end = start - 1, end + closed
    elif closed and not any(mark in text[:start] for mark in _OPENING):
        end += 1
    start = _joined_start(text, start)
    last = _TO_THE_END.match(text, end) or _MARKS.match(text, end)
    end = last.end() if last else end
    if start == 0 or text[start - 1] == "\n":  # no text before: cut the joining mark after it
        while text[end : end + 1] in "；;，,、 " and end < len(text):
            end += 1
    return EditorLine(names, start, end)


def _joined_start(text: str, start: int) -> int:
    """Return where the white space and marks before ``start`` begin, without a colon on a line above."""
    blank = text[:start].rstrip(" \n\u3000")
    if blank.endswith(("：", ":")) and "\n" in text[len(blank) : start]:
        return len(blank)
    return len(blank.rstrip(_JOINING))
