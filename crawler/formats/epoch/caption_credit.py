"""An image's caption and its credit: ``广场。（李言／大纪元）``.

Measured on 83,000 captions of lead images: 99.7 % end with the credit in brackets. Half of the
brackets are full width, half are half width, 800 pairs are mixed, and some are nested or doubled.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from crawler.formats.epoch.script import simplified

_OPENING: Final = "（(〈[［〔﹝【﹙"
_CLOSING: Final = "）)〉]］〕﹞】﹚"
_BRACKET: Final = re.compile(f"[{re.escape(_OPENING + _CLOSING)}]")
_MARKS: Final = " \n\u3000△▲。．.，,、;；#＃◇◆*＊@"
_STOPS: Final = " \n\u3000△▲。．.，,、;；"
# A full stop after a Latin letter belongs to an abbreviation: ``Harbor Ltd.``
_ENDS: Final = re.compile(rf"(?:[{re.escape(_MARKS.replace('.', ''))}]|(?<![A-Za-z])\.)+\Z")
# What may follow the credit: ``/ China OUT``, or an agency's picture number.
_NUMBER: Final = (
    r"(?:[A-Za-z]*(?: ?Images?)?[-_ ]?\d{5,}|[A-Z]{2,8}[-_ ](?=[A-Z]*\d)[A-Z\d]{5,})[\w-]*"
)
_TAIL: Final = re.compile(
    rf"(?<=[）)〉\]］〕﹞】﹚])[\s△▲。.]*(?:[/／][^（(〈\[［〔﹝【﹙]{{1,80}}|{_NUMBER})[\s△▲。.）)]*\Z",
)
_MAX_LENGTH: Final = 400
_SPARE_CLOSINGS: Final = 3
_UNCLOSED: Final = re.compile(r"[（(〈](?P<credit>[^（）()〈〉。]{2,120})\Z")
_UNOPENED: Final = re.compile(
    r"(?<=[。！？”])\s*(?P<credit>[^（）()〈〉。！？”\s][^（）()〈〉。！？”\n]{1,80})[）)]\Z"
)
# A position in the picture, alone or with a name: （左）, （右二）, （Joan Fisher，中）.
_AT: Final = (
    r"(?=[^，,：:]*[左右上下前后中立坐穿戴持])(?:[由自从左右上下前后中居正间央排第起数边侧方图照片坐立站至到往和及与位人角处]"
    r"|[、，, ](?=[左右上下前后中])"
    r"|[一二三四五六七八九十\d]{1,2}|[穿戴持举]?[^左右（(，,、：:\s]{0,6}者)++"
    r"|(?i:(?:(?:from|far|second|third|top|bottom|front|back|\d(?:st|nd|rd|th)) )*(?:left|right|cent(?:er|re)|middle)(?: to right)?)|[LRC]"
)
_HAN_NAME: Final = r"(?!.*(?:大纪元|新唐人|明慧|提供|摄|图片|照片|网|社|资料))[㐀-鿿·‧]"
_PLACE: Final = re.compile(
    rf"(?:[A-Za-z][A-Za-z .'’·‧-]{{1,60}}[，,、 ]\s*|{_HAN_NAME}{{2,12}}[，,]\s*)?(?:{_AT})"
    rf"(?:[：:，,]\s*{_HAN_NAME}[㐀-鿿·‧、 ]{{1,60}})?"
)
_MEASURE: Final = (
    r"[十百千万亿]*(?:(?:人民币|新?台币|[美欧日港澳加韩英]?元|美金|英镑|日圆|港币|卢[布比])+|人次?|[名户家件宗例张票份次倍]|[辆艘架台]"
    r"|公?吨|[公千毫]?克|公斤|[平立]方(?:公里|公尺|英[尺里]|[厘分千]?米)|[公海英]里|[公英]尺|公分|[厘毫千]?米|公?顷|英?亩"
    r"|[毫公]?升|加仑|[兆千]?瓦(?:时)?|度电?|桶|股|点|[摄华]氏度|[℃℉%％‰]|小时|分钟|[年月日天岁秒])"
)
_UNIT: Final = re.compile(
    rf"单位\s*(?:[:：为是].*)?|[\d.,]*\s*{_MEASURE}(?:\s*[/／每]\s*{_MEASURE})?"
)
_LATIN_NAME: Final = re.compile(
    r"(?:(?:Dr|Mr|Mrs|Ms|Sir|St)\.? )?[A-ZÀ-Ý][\w.'’-]*(?: (?:[A-ZÀ-Ý][\w.'’-]*|d[aeiu]|d[eo]s|van|von|der|al|el|bin|la)){1,4}"
)
# Agencies, archives and similar sources, which look like names of people.
_SOURCE_WORD: Final = re.compile(
    r"Image|Photo|Getty|Stock|Press|News|Times|Reuters|Agency|Associated|AFP|AP\b|VOA|RFA|Media|Commons|Public|Domain|"
    r"Courtesy|Screenshot|Wiki|Google|Maps|Flickr|Twitter|Facebook|YouTube|University|Museum|Library|Archive|Gallery|House|"
    r"Department|Navy|Army|Force|Guard|Office|Institute|Foundation|Center|Centre|TV\b|Post\b|Journal|Studio|Film|Picture|"
    r"Creative|Street View|Earth|NASA|NOAA|Inc\b|Ltd\b|LLC\b|Co\b|Group|Company|Corp|Police|Sheriff|County|City|Government|"
    r"Ministry|Association|Society|Project|Network|Council|Committee|Airlines|Television|Daily|Weekly|Magazine|Online|Video",
    re.IGNORECASE,
)
_NAMED: Final = re.compile(r"[㐀-鿿·‧•](?<![图片照像画景影])\s?\Z")
_LETTER: Final = re.compile(r"[^\W\d_]")


def split_caption(text: str) -> tuple[str | None, str | None]:
    """Split a caption into its text and the picture's credit.

    Args:
        text: the caption, with white space folded; it may contain line breaks.

    Returns:
        The caption without the credit, and the credit; each is ``None`` if it is missing. The credit
        is the text of the last group of brackets. Only end marks, a part that begins with a slash
        (``/ China OUT``) or an agency's picture number may follow it.
    """
    text = text.strip()
    group = _last_group(text)
    if not group:
        return _without_opening(text)
    start, end = group
    if _is_not_credit(text[:start], text[start + 1 : end]):
        return text, None
    return _text(text[:start]), _credit(text[start + 1 : end])


def _is_not_credit(before: str, inside: str) -> bool:
    """Return whether brackets contain a position, a unit, or a name in Latin letters."""
    inside = simplified(inside.strip(_MARKS))
    if _is_place_or_unit(inside):
        return True
    is_name = _LATIN_NAME.fullmatch(inside) and not _SOURCE_WORD.search(inside)
    return bool(is_name and _NAMED.search(before))


@lru_cache(maxsize=1024)  # the same credits come again and again
def _is_place_or_unit(inside: str) -> bool:
    return bool(_PLACE.fullmatch(inside) or _UNIT.fullmatch(inside))


def _without_opening(text: str) -> tuple[str | None, str | None]:
    """Split a caption whose last bracket was never opened: ``广场。李言／大纪元）``."""
    unopened = _UNOPENED.search(text.rstrip(_MARKS))
    if not unopened:
        return text or None, None
    return _text(text[: unopened.start()]), _credit(unopened["credit"])


def _last_group(text: str) -> tuple[int, int] | None:
    """Find the opening and the closing bracket of the last group at the end of ``text``."""
    size = len(text.rstrip(_MARKS))
    for _ in range(_SPARE_CLOSINGS):
        if size and text[size - 1] in _CLOSING:
            start = _opening(text, size)
            if start is not None:
                return _checked(text, start, size - 1)
        tail = _TAIL.search(text, max(0, size - 160), len(text))
        if tail:
            start = _opening(text, tail.start())
            if start is not None:
                return _checked(text, start, tail.start() - 1)
        if not size or text[size - 1] not in _CLOSING:
            break
        size = len(text[: size - 1].rstrip(_MARKS))
    unclosed = _UNCLOSED.search(text, max(0, len(text) - 130))
    return (unclosed.start(), len(text)) if unclosed else None


def _checked(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Return the group, or None if it is empty or only a number."""
    return (start, end) if _LETTER.search(text, start + 1, end) else None


def _opening(text: str, end: int) -> int | None:
    """Find the opening bracket of the group that closes before ``end``; kinds may be mixed."""
    depth = 0
    floor = max(0, end - _MAX_LENGTH)
    for mark in reversed(list(_BRACKET.finditer(text, floor, end))):
        depth += 1 if mark.group() in _CLOSING else -1
        if depth == 0:
            return mark.start()
    return None


def _text(text: str) -> str | None:
    """Return the caption without a second opening bracket before the credit."""
    return text.rstrip(_OPENING + " \n").strip() or None


def _credit(inside: str) -> str | None:
    """Remove a second pair of brackets inside the first, and end marks."""
    inside = _without_ends(inside)
    while inside[-1:] in _CLOSING and inside and _opening(inside, len(inside)) == 0:
        inside = _without_ends(inside[1:-1])
    return inside or None


def _without_ends(text: str) -> str:
    """Remove leading stops and trailing end marks; a leading ``@`` is part of an account's name."""
    ended = text[-1:] in _MARKS  # searching for the first mark is slow
    return (_ENDS.sub("", text) if ended else text).lstrip(_STOPS)
