"""Separates names from the text directly after them: ``李言台湾台北综合报导``.

A byline marks neither the end of a name nor the place after it. Known words (places, days, verbs) are
removed from the end. The rest at the beginning is a name if it can be one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from crawler.formats.epoch.names import (
    COMPOUND_SURNAMES,
    HAN,
    POINT,
    SURNAMES,
    is_full_name,
    is_han_name,
    is_latin_name,
    is_pointed_name,
    is_surname_led,
    plain_name,
)
from crawler.formats.epoch.places import (
    MAX_PLACE,
    NAMESAKES,
    ONLY_PLACES,
    PLACE_ENDS,
    PLACES,
    is_district,
    is_place,
)
from crawler.formats.epoch.reporting import FILLER, OTHER, TRANSLATE, WRITE

Names = tuple[tuple[str, ...], str]
"""Names, and the text after them."""

_AND_OTHERS: Final = [
    *(f"{more}{number}人" for more in ("", "等") for number in "一二两三四五六七八九十多数"),
    *(f"等{verb}" for verb in ("人", *WRITE, *TRANSLATE, "综合", "联合")),
]
_TAIL: Final = PLACES.union(WRITE, TRANSLATE, OTHER, FILLER, _AND_OTHERS) - {"译", "图", "报", "电"}
_SIGNPOSTS: Final = PLACES.union(WRITE, TRANSLATE, ["综合", "根据"]) - {"译", "报", "电"}
_LAST: Final = frozenset({"电", "报", "讯", "等"})
"""Words of one character. They count only at the very end; elsewhere they may be part of a name."""
_AFTER_PLACE: Final = frozenset("市州县省郡区镇前外")
_BEFORE_PLACE: Final = frozenset("于在自从")
"""Characters that count only next to a place; elsewhere they may be part of a name: 杨州, 李自."""
_CERTAIN_ENDS: Final = PLACE_ENDS - frozenset("堡邦海山溪屯坡角")
"""Last characters of places that no foreign family name ends in."""
_FAMILY_LENGTHS: Final = range(2, 4)
_PLACE_BEGINS: Final = frozenset("阿埃圣")
"""First characters of foreign places that are not the last character of a given name."""

_LOOSE: Final = frozenset(" 、，,。.．；;：:（）()【】[]—-－–*#\"“”'")
_DAY: Final = re.compile(r"[\d〇○零一二三四五六七八九十廿]{1,4} ?[年月日号]|\d+")
_REACH: Final = max(MAX_PLACE, 8)
_LATIN_RUN: Final = re.compile(r"[A-Za-zÀ-ž][A-Za-zÀ-ž.'’‘` -]*")
_JOINS: Final = "和与及暨"
_AND: Final = re.compile(f"[{_JOINS}]|(?<![A-Za-z.]) ")
_GROUP_ENDS: Final = "者们人组员生团队家友众"
"""Last characters of people without a name: 志愿者, 工作人员."""
_JOINT_REACH: Final = 24
"""Number of characters within which the "and" after a first name and its place is searched."""
_LONG_NAME: Final = 4
_RUN: Final = re.compile(f"{HAN}{{4,10}}")
"""A name directly followed by an unknown place or a second name."""
_LONG_SURNAMES: Final = COMPOUND_SURNAMES.union(
    "田中 田村 高桥 高木 高田 石川 石井 石田 石原 松本 松田 松井 松下 井上 金子 安藤 安倍 武田 和田 关口 谷口 山田 山本 山口 山下 "
    "山崎 水野 江口 池田 宫本 宫崎 平田 平野 林田 时田 古川 古田 吉田 吉川 吉村 冈田 木村 白石 黑田 秋山 原田 成田 盛田 北村 东山 "
    "南野 西村 西田 广田 柳田 竹内 竹田 相川 今井".split()
)
"""Surnames of four-character names: compound ones, and Japanese ones that begin like a Chinese one."""
_SOUNDS: Final = frozenset(
    "阿埃艾奥巴拜贝比彼伯博布查茨达戴丹道得德登迪蒂杜顿多厄恩尔法菲费芬佛弗夫福盖冈戈哥格根哈海汉赫霍基吉加贾杰卡凯坎康考柯科克肯库奎拉莱兰朗劳勒雷里利列林隆卢鲁伦罗洛"
    "马玛迈曼梅蒙米密莫默姆穆纳奈内尼涅努诺欧帕潘佩彭皮珀平普奇齐乔切琼萨塞桑瑟沙莎圣史斯苏索塔泰坦特腾提廷图托瓦万韦维威沃乌西希锡夏肖辛休逊雅亚扬耶伊因约泽扎詹兹佐"
)
"""Characters that transcribe the names of foreign places."""
_PLAIN_SOUNDS: Final = frozenset("尔斯克特姆夫兹弗厄茨瑟廷顿勒恩赫珀塞布普蒂努")
"""The ones of these that are rare in given names: two of them indicate a foreign place."""
_SHORTEST_SPELLED: Final = 3
_SECOND_SURNAMES: Final = frozenset(
    "李王张刘陈杨赵黄周吴徐孙朱胡郭梁宋郑谢韩唐冯董程曹袁邓许傅彭苏蒋蔡魏叶余潘杜钟汪姜范姚谭廖邹熊陆郝崔邱秦侯邵孟龚"
)
"""Surnames of second names that no mark precedes; few foreign places begin with them."""


@lru_cache(maxsize=4096)
def names_at_head(body: str) -> Names:
    """Find the names that ``body`` begins with, and the text after them."""
    body = body.lstrip(" :：了的是").rstrip()
    found = _latin_name(body) or _han_name(body) or _torn_name(body) or _joined_names(body)
    return found or _from_run(body) or _after_place(body) or ((), body)


def _joined_names(body: str) -> Names | None:
    """Find names joined by "and" or a blank, or a name before a blank and an unknown place."""
    for joint in _AND.finditer(body, 0, _JOINT_REACH):
        left = _any_han_name(body[: joint.start()])
        if not left:  # checked first: else a series of joints is split in every possible way
            continue
        names, tail = names_at_head(body[joint.end() :])
        if names and _is_another_name(names[0], joint.group()):
            return (*left[0], *names), tail
        place = joint.group() == " " or (names and is_district(names[0]))
        if place and is_surname_led(left[0][0]):
            return left[0], body[joint.end() :]
    return None


def _is_another_name(name: str, joint: str) -> bool:
    """Return whether ``name`` is not a place; after "and", it may be a longer pen name."""
    full = is_surname_led(name) or is_pointed_name(name)
    long = joint != " " and len(name) > len("海岛") and name[-1] not in _GROUP_ENDS
    return (full or long) and not _is_only_place(name)


def _is_only_place(name: str) -> bool:
    return is_district(name) or name in ONLY_PLACES


def _after_place(body: str) -> Names | None:
    """Find a name directly after a place: ``加州李言报导``."""
    ends = [end for end in range(2, min(_REACH, len(body))) if body[:end] in ONLY_PLACES]
    for end in reversed(ends):
        found = _any_han_name(body[end:])
        if found and is_surname_led(found[0][0]):
            return found
    return None


def is_tail(text: str) -> bool:
    """Return whether ``text`` contains only places, days, verbs and fillers."""
    return 0 in _tail_starts(text)


def _latin_name(body: str) -> Names | None:
    """Find a name in Latin letters at the beginning, or a Chinese one before its Latin spelling."""
    run = _LATIN_RUN.search(body)
    if not run:
        return None
    head = plain_name(body[: run.start()])
    if head:
        second = is_latin_name(run.group().strip(" -")) and is_han_name(head)
        whole = is_surname_led(head) or is_pointed_name(head)
        return ((head,), body[run.end() :]) if second and whole else None
    name = run.group().strip(" -'")
    return ((name,), body[run.end() :]) if is_latin_name(name) else None


def _any_han_name(body: str) -> Names | None:
    return _han_name(body) or _torn_name(body) or _from_run(body)


def _han_name(body: str) -> Names | None:
    """Find a Chinese name: the shortest beginning of ``body`` that only known words follow.

    The next character belongs to it as well if fewer words remain then: ``李明海南加州`` is 李明海
    in 南加州, not 李明 in 海南 and 加州.
    """
    cuts = _tail_starts(body)
    for cut, words in cuts.items():
        name = plain_name(body[:cut])
        if not name:
            return _name_like_place(body, cuts)
        if is_pointed_name(name) and name[-1] in _CERTAIN_ENDS:
            return _pointed_before_place(body, name)
        if is_han_name(name) and not _run_together(name):
            longer = body[: cut + 1]
            if cuts.get(cut + 1, words) < words and is_full_name(longer):
                return (longer,), body[cut + 1 :]
            return _without_place(body, name, body[cut:])
    return None


def _torn_name(body: str) -> Names | None:
    """Find a Chinese name that a place splits, or that unknown text follows after a known word."""
    head = _head(body)
    return (_split_name(head, body) or _before_known_word(body)) if head else None


def _head(body: str) -> str:
    """Return the text before the places, days, verbs and fillers at the end of ``body``."""
    return body[: next(iter(_tail_starts(body)))]


def _pointed_before_place(body: str, name: str) -> Names | None:
    """Find a foreign name before an unknown place of three characters: ``欧文·费舍青石镇``."""
    last = max(map(name.rfind, POINT)) + 1
    family = len(name) - last - len("青石镇")
    if family not in _FAMILY_LENGTHS:
        return None
    return (name[: last + family],), body[last + family :]


def _without_place(body: str, name: str, tail: str) -> Names:
    """Remove the place before a pen name: ``加州原野``."""
    if not is_surname_led(name) and (found := _after_place(body)):
        return found
    return (name,), tail


def _name_like_place(body: str, cuts: dict[int, int]) -> Names | None:
    """Read a place that is also a person's name (金山) as a name, if there is no other name."""
    for cut in (3, 2):
        if body[:cut] in NAMESAKES and cut in cuts and is_surname_led(body[:cut]):
            return (body[:cut],), body[cut:]
    return None


def _before_known_word(body: str) -> Names | None:
    """Find a name before a place or verb, even if unknown text follows that.

    The name has to begin with a surname: ``李言日本某地报导``, ``李言综合包报导``.
    """
    for cut in (2, 3):
        known = any(body[cut:end] in _SIGNPOSTS for end in range(cut + 2, cut + _REACH))
        if known and is_full_name(body[:cut]):
            return (body[:cut],), body[cut:]
    return None


def _split_name(head: str, body: str) -> Names | None:
    """Join a name that a place splits: ``李台湾台北言``."""
    if head[:1] not in SURNAMES or head[-1:] in PLACE_ENDS:
        return None
    for given in (2, 1):
        place = head[1:-given]
        name = head[:1] + head[-given:]
        if is_place(place) and not _SOUNDS.issuperset(place) and is_full_name(name):
            return (name,), body[len(head) :]
    return None


def _from_run(body: str) -> Names | None:
    """Find a name directly before an unknown place or a second name."""
    head = _head(body)
    if not _RUN.fullmatch(head):
        return None
    if len(head) == _LONG_NAME and head[-1] in "译编" and is_surname_led(head[:-1]):
        return (head[:-1],), body[len(head) - 1 :]
    long = head[:2] in _LONG_SURNAMES and len(head) > len("石川青山青镇")
    surname = 2 if long or head[:2] in COMPOUND_SURNAMES else 1
    if (spelled := _before_spelled_place(head, surname)) is not None:
        return (head[:spelled],), body[spelled:]
    if head[-1] in PLACE_ENDS:
        name = head[: surname + _given_before_place(head, surname)]
        known = (is_surname_led(name) or long) and is_han_name(name)
        return ((name,), body[len(name) :]) if known else None
    pairs = [(head[:cut].rstrip(_JOINS), head[cut:]) for cut in (surname + 1, surname + 2)]
    pairs = [pair for pair in pairs if _are_two_names(*pair)]
    return (pairs[0], body[len(head) :]) if len(pairs) == 1 else None


def _before_spelled_place(head: str, surname: int) -> int | None:
    """Return where the name of a transcribed foreign place begins: ``李言沃特福德``.

    The result is None if its first character may be the last one of the person's name.
    """
    start = len(head) - (head[-1] in PLACE_ENDS)
    while start > surname + 2 and head[start - 1] in _SOUNDS:
        start -= 1
    if start == surname + 2 and head[start - 1] in _PLAIN_SOUNDS:
        start -= 1
    place = head[start:]
    recognized = len(place) >= _SHORTEST_SPELLED and sum(map(_PLAIN_SOUNDS.__contains__, place)) > 1
    whole = start == surname + 2 and head[start - 1] not in _SOUNDS
    short = start == surname + 1
    known = is_full_name(head[:start])
    return start if recognized and known and (whole or short) else None


def _given_before_place(head: str, surname: int) -> int:
    """Return how many characters of ``head`` are the given name before an unknown place.

    These are two if three remain for the place (李小言青石镇), else one (李言青石镇). A repeated
    character is a given name (李言言石镇). If all of it may belong to a foreign place (李马维拉镇), the
    result is 0.
    """
    if head[surname] == head[surname + 1]:
        return 2
    short = len(head) < surname + 5 or head[surname + 1] in _PLACE_BEGINS
    if not short and _SOUNDS.issuperset(head[surname + 1 : -1]):
        return 0
    return 1 if short else 2


def _are_two_names(first: str, second: str) -> bool:
    return second[:1] in _SECOND_SURNAMES and is_full_name(first) and is_full_name(second)


def _run_together(name: str) -> bool:
    """Return whether four characters may be a name and unknown text directly after it.

    Four characters are one name if they begin with a surname of two characters or with no surname
    (pen names, foreign names). Splitting ``李言某地`` would be a guess.
    """
    return (
        len(name) == _LONG_NAME
        and name[0] in SURNAMES
        and name[:2] not in _LONG_SURNAMES
        and name[1] != "氏"
        and "·" not in name
    )


def _tail_starts(text: str) -> dict[int, int]:
    """Find the positions in ``text`` that only places, dates, verbs and fillers follow.

    Returns:
        The positions, ascending, each with the number of words after it.
    """
    size = len(text)
    words: list[int | None] = [*[None] * size, 0, None]
    place = [False] * (size + 1)
    for i in range(size - 1, -1, -1):
        day = _DAY.match(text, i)
        loose = text[i] in _LOOSE or (i == size - 1 and text[i] in _LAST)
        if loose or (text[i] in _BEFORE_PLACE and place[i + 1]):
            words[i] = words[i + 1]
        elif day:
            words[i] = words[day.end()]
        for j in range(min(size, i + _REACH), i + 1, -1):
            if text[i:j] in _TAIL:
                after = words[j]
                if after is None and j < size and text[j] in _AFTER_PLACE:
                    after = words[j + 1]
                if after is not None:
                    words[i], place[i] = after + 1, text[i:j] in PLACES
                    break
    return {i: count for i, count in enumerate(words[: size + 1]) if count is not None}
