"""Who a byline names: ``英文大纪元记者Tom Ozimek报导／高杉编译`` has an author and a translator.

A byline is a row of items with marks between them. An item has, all of it optional, an agency and
an office, a name, a place and a verb, glued together in this order; a verb also counts for the items
before it that have none. What is left of an item when all that is known is taken off is a name if it
can be one; else the item names nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, Literal

from crawler.formats.epoch.names import (
    COMPOUND_SURNAMES,
    SURNAMES,
    generation_of,
    is_han_name,
    is_latin_name,
    is_surname_led,
    plain_name,
)
from crawler.formats.epoch.places import LONGEST, NAMESAKES, PLACES

Deed = Literal["write", "translate", "other"]

LONGEST_BYLINE: Final = 300
"""No byline is longer; a longer text is an editor's note, or a bracket that never closes."""


@dataclass(frozen=True, slots=True)
class People:
    """The people of one credit, each list in order of appearance, without repetition."""

    authors: tuple[str, ...] = ()
    translators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a byline: whom it names and what they did.

    ``group`` counts the slashes before it. ``bare`` items hold nothing but a verb.
    """

    names: tuple[str, ...]
    deed: Deed | None
    group: int
    bare: bool = False


_SELF = (
    "(?:英文|中文|法文|德文|日文|韩文|国际|海外)?"
    "(?:大纪元|的纪元|大记元|大纪年|大纪[园源原员]|大大纪元|(?<![一-鿿])大纪(?=[者记]))"
    "(?:时报|新闻网|新闻集团|周报|周刊|网站|网)?"
)
AGENCY: Final = re.compile(
    f"《{_SELF}》|{_SELF}(?:英文版|中文版|英文|中文)?"
    "|《?新纪元(?:周刊)?》?|新唐人(?:亚太)?(?:电视台|电视)?(?:热点互动|世事关心)?|NTD(?:TV)?|希望之声(?:国际)?(?:广播)?(?:电台)?"
    "|自由亚洲(?:电台)?|美国之音|法国国际广播电台|法广|德国之声|英国广播公司|明慧(?:网|记者站|(?=记者|通讯员))"
    "|正见网|看中国|动态网|追查国际|中央社|法新社|美联社|路透社|共同社|韩联社|新华社|中新社|中广|中评社"
    "|自由时报|中国时报|联合报|苹果日报|世界日报|星岛日报|明报|(?:The )?Epoch Times|本[报刊网台社]",
)
"""Bodies that report, the newspaper's own name in its misspellings among them."""

OFFICE: Final = re.compile(
    "(?<!公民)(?<!战地)(?<!外国)(?:记者|记[^者、，／/]{1,3}者(?!记者)|纪者|大纪?者)+(?![站团会组室部协])|专栏作[家者]|专栏撰稿人|作家|作者|评论[员人]|时评人|撰稿[人员]"
    "|通讯员|研究员|分析师|主笔|副?主编|总编辑?|编辑(?![部组室])|实习生|(?:编译者?|翻译|译者)[:：]?(?![报综整改导稿兼撰和])(?=.)",
)
"""Nouns for those who write; the name stands behind them, seldom before."""

_BEFORE_NAME: Final = re.compile(
    "据|由|根据|来自"
    "|(?:专题|专辑|新闻|国际|英文|中文|财经|体育|文化|副刊|地方|采访|要闻|社会|政治|军事|调查)[部组版]|专题|国会|白宫|财经|军事"
    "|高级|资深|首席|特[约派]|专任|实习|自由|独立|常驻|驻|本地|当地|[\\d一二三四五六七八九十]+[年月日]|[Bb][Yy] |[\\s:：]",
)
_LABEL: Final = re.compile(
    r"(?:撰文|图文|文图|文字|文稿|供稿|作者|记者|采访|报导|编译|翻译|译者|摄影|整理|文|图|译|摄)\s*[:：]\s*(?=.)",
)
_WRITE: Final = (
    "报导 报道 报答 报到 报倒 报异 导报 报导版 撰文 撰写 撰稿 编导 整理 特稿 专稿 专电 外电 日电 电 采访 专访 访谈 综述 编写 改写 采写 "
    "供稿 执笔 口述 编撰 报 特写 述评 评述 评论 综合报 采访报 编译报 论坛报导"
).split()
_TRANSLATE: Final = "编译 翻译 特译 同声翻译 摘译 口译 编译改写 编译综合 综合编译 译".split()
_OTHER: Final = "摄影 拍摄 制图 绘图 主持 剪辑 制作 录像 图".split()
_FILLER: Final = (
    "综合 独家 现场 联合 连线 特别 深度 追踪 跟踪 实地 即时 滚动 文字 新闻 调查 分析 图文 视频 电话 专题 快讯 发自 来自 "
    "首都 首府 DC D.C. 日讯 消息 社论 记者站 分社 新闻中心 新闻部 新闻组 新闻社 编辑部 编译组 翻译组 "
    "工作组 制作组 专题部 专题组 报道组 报导组 报社 电视台 电台 广播电台 团队 地区 大学 机场 广场 医院 法院 校园 会场 车站 总部 领馆 领事馆 大使馆 记者"
).split()
_NEWSROOM: Final = re.compile(
    "[^、，,/／]{0,20}?(?:记者站|分社|新闻(?:中心|[部组社])|编辑部|[编翻]译组|[工制]作组|专题[部组]|报[导道]组)"
)
"""A newsroom and what stands before it: its place, known or not, and never a person."""
_AND_OTHERS: Final = ["等人", *(f"等{verb}" for verb in (*_WRITE, *_TRANSLATE, "综合", "联合"))]
_TAIL: Final = PLACES.union(_WRITE, _TRANSLATE, _OTHER, _FILLER, _AND_OTHERS) - {
    "译",
    "图",
    "报",
    "电",
}
_SIGNPOSTS: Final = PLACES.union(_WRITE, _TRANSLATE, ["综合", "根据"]) - {"译", "报", "电"}
_LAST: Final = frozenset({"电", "报", "讯", "等"})
"""Words of one character: they count at the very end only, else they would eat names."""
_BEHIND_PLACE: Final = frozenset("市州县省郡区镇前外")
_BEFORE_PLACE: Final = frozenset("于在自从")
"""Characters that count beside a place only: people are called 杨州, 李自."""

_LOOSE: Final = frozenset(" 、，,。.；;：:（）()【】[]—-*#\"“”'")
_DAY: Final = re.compile(r"[\d〇○零一二三四五六七八九十廿]{1,4} ?[年月日号]|\d+")
_REACH: Final = max(LONGEST, 8)
_WRITING: Final = re.compile("|".join(sorted(_WRITE, key=len, reverse=True)))
_NOT_WRITING: Final = re.compile("摄影|拍摄|制图|绘图|主持|剪辑|制作|录像|图$|摄$")
_BARE: Final = re.compile(
    "(?:{})*".format(
        "|".join(sorted([*_WRITE, *_TRANSLATE, *_OTHER, "综合", "文字", "文", "摄"], key=len)[::-1])
    ),
)
_LATIN_RUN: Final = re.compile(r"[A-Za-zÀ-ž][A-Za-zÀ-ž.'’‘` -]*")
_SLASH: Final = re.compile(r"[/／∕╱⁄⧸⟋｜|；;\\＼╲﹨丿ノ]")
# A blank alone parts a report from its translation: ``Tom Ozimek报导 李言编译``.
_ROLE_BLANK: Final = re.compile(r"(?<=报[导道]|撰文) +(?=\S{2,8} ?(?:编译|翻译)$)")
_COMMA: Final = re.compile(
    r"[、，,﹐﹑､&＆]|(?<=[A-Za-zÀ-ž.]) ?[和与及] ?|[和与及] ?(?=[A-Z])|(?<= )and(?= )",
)
_AND: Final = re.compile("[和与及暨 ]")
_TORN_VERB: Final = re.compile("报(.{2,8})导$")
_SECOND_SPELLING: Final = re.compile(
    r"[（(\[［【〔﹝][^（）()\[\]［］【】〔〕﹝﹞]{0,80}[）)\]］】〕﹞]",
)
_TEXT_AND_PICTURE: Final = re.compile(r"文\s*(?=[/／][^/／]{2,12}图$)")
_PICTURE_CREDIT: Final = re.compile(r"(?<=.{2})[ ，,、；;]*(?:图|摄影|摄)\s*[/／:：].*$")
_SOURCE: Final = re.compile(
    rf"(?<=[译写理])自[^、，,／/]*|(?<=.)(?:根据|据)(?:{AGENCY.pattern})(?=[^、，,／/]*报[导道])"
)
"""What a report stands on: ``李言编译自美联社``, ``李言据路透社报导``."""
_LINKING: Final = re.compile("的(?=采访|专访|综合|报[导道]|编译|访谈)")
_LONG_NAME: Final = 4
_JOINT_REACH: Final = 24
"""Characters within which the "and" behind a first name stands, its place included."""


@lru_cache(maxsize=8192)
def people(byline_text: str) -> People:
    """Read who wrote and who translated from the text of a byline.

    Translators are those named as 编译 or 翻译 beside another who wrote or reported (a newsroom
    counts); who 编译报导 alone is an author. Newsrooms, programmes and whatever cannot be told to
    be a person's name are left out.
    """
    items = _with_deeds(_items(byline_text[:LONGEST_BYLINE]))
    authors: list[str] = []
    translators: list[str] = []
    for i, item in enumerate(items):
        if item.deed == "other" or _dangles(items, i):
            continue
        behind_writer = item.deed == "translate" and _has_writer(items, i)
        (translators if behind_writer else authors).extend(item.names)
    unique = tuple(dict.fromkeys(authors))
    return People(unique, tuple(n for n in dict.fromkeys(translators) if n not in unique))


def _items(text: str) -> list[_Item]:
    """Split a byline at its marks: a slash divides groups, a comma or an "and" divides items."""
    text = _ROLE_BLANK.sub("／", _LINKING.sub("", _SOURCE.sub("", text)))
    text = _TEXT_AND_PICTURE.sub("撰文", _PICTURE_CREDIT.sub("", _SECOND_SPELLING.sub("", text)))
    found: list[_Item] = []
    for group, part in enumerate(_SLASH.split(text)):
        for piece in map(str.strip, _COMMA.split(part)):
            generation = generation_of(piece)
            joins = bool(generation and found and found[-1].names)
            if joins:
                last = found.pop()
                joined = f"{last.names[-1]}, {generation}"
                found.append(replace(last, names=(*last.names[:-1], joined)))
            rest = piece[len(generation) :].strip() if joins else piece
            if rest:
                found.append(_item(rest, group))
    return found


def names_alone(byline_text: str) -> bool:
    """Tell whether a byline that ends in no verb holds nothing but offices, names and places.

    ``大纪元记者李言、王立台北`` does; a heading about a reporter does not.
    """
    text = _SECOND_SPELLING.sub("", byline_text[:LONGEST_BYLINE])
    pieces = (piece.strip() for part in _SLASH.split(text) for piece in _COMMA.split(part))
    return all(map(_is_name_alone, filter(None, pieces)))


def _is_name_alone(piece: str) -> bool:
    rest = _without_agency(piece)
    office = OFFICE.search(rest)
    behind = _without_agency(rest[office.end() :]) if office else rest
    names, tail = _names(behind)
    return 0 in _tail_starts(tail) if names else bool(office and _name_before(rest[: office.end()]))


def _with_deeds(items: list[_Item]) -> list[_Item]:
    """Give each item without a verb the verb that follows in its group, or alone in the next."""
    done: list[_Item] = []
    carried: Deed | None = None
    group = -1
    for item in reversed(items):
        if (item.group != group and not (done and done[-1].bare and done[-1].group == group)) or (
            item.group != group and item.group == 0 and item.bare
        ):
            carried = None
        group = item.group
        carried = item.deed or carried
        done.append(replace(item, deed=carried))
    return done[::-1]


def _has_writer(items: list[_Item], at: int) -> bool:
    """Tell whether beside the translating item ``at`` somebody else wrote or reported."""
    before = any(i.deed != "translate" and not i.bare for i in items[:at])
    group = items[at].group
    return before or any(i.names and i.deed == "write" and i.group > group for i in items[at + 1 :])


def _dangles(items: list[_Item], at: int) -> bool:
    """Tell whether an item stands behind a slash, after a finished report, without saying what for.

    ``Tom Ozimek报导／李言`` lacks a word: whoever is named there is most likely the translator, but
    the page does not say so.
    """
    item = items[at]
    return item.deed is None and any(i.deed == "write" and i.group < item.group for i in items[:at])


def _item(text: str, group: int) -> _Item:
    """Read one item: names, and the deed told by verb, label or office."""
    if _BARE.fullmatch(text):
        return _Item((), _deed(text), group, bare=True)
    label = _LABEL.match(text)
    deed = _deed(label.group()) if label else None
    rest = _without_agency(text[label.end() :] if label else _mended(text))
    offices = list(OFFICE.finditer(rest))
    if not offices:
        names, tail = _names(_NEWSROOM.sub("", rest, count=1))
        return _Item(names, _deed(tail) or deed, group)
    end = len(rest)
    for office in reversed(offices):
        names, tail = _names(_without_agency(rest[office.end() : end]))
        if names:
            return _Item(names, _deed(tail + rest[end:]) or _deed(office.group()) or deed, group)
        end = office.start()
    told = _deed(rest[offices[-1].end() :]) or _deed(offices[-1].group()) or deed
    return _Item(_name_before(rest[:end]), told, group)


def _name_before(text: str) -> tuple[str, ...]:
    """Find a name that stands before its office: ``大纪元李言记者台北报导``."""
    names, _ = _names(_without_agency(text))
    return tuple(n for n in names if is_surname_led(n))


def _deed(text: str) -> Deed | None:
    """Tell what a verb, a label or an office says that somebody did."""
    if "译" in text:
        return "translate"
    if _WRITING.search(text):
        return "write"
    return "other" if _NOT_WRITING.search(text) else None


def _mended(text: str) -> str:
    """Mend a verb that is torn apart by the place: ``报台湾台北导``."""
    torn = _TORN_VERB.search(text)
    if torn and 0 in _tail_starts(torn[1]):
        return f"{text[: torn.start()]}{torn[1]}报导"
    return text


def _without_agency(text: str) -> str:
    """Take agency, department and rank off the head of an item, and a place before an agency."""
    text = text.strip(" :：")
    while True:
        agency = AGENCY.search(text, 0, 24)
        if agency and (agency.start() == 0 or 0 in _tail_starts(text[: agency.start()])):
            text = text[agency.end() :].lstrip(" :：")
            if text[:1] == "记" and "者" not in text[:6]:
                text = text[1:]
            continue
        before = _BEFORE_NAME.match(text)
        if not before or before.end() == len(text):
            return text
        text = text[before.end() :]


@lru_cache(maxsize=512)
def _names(body: str) -> tuple[tuple[str, ...], str]:
    """Find the names at the head of ``body``, and what stands behind them."""
    body = body.lstrip(" :：了的是").rstrip()
    found = _latin_name(body) or _han_name(body)
    if found:
        return (found[0],), found[1]
    for joint in _AND.finditer(body, 0, _JOINT_REACH):
        left = _han_name(body[: joint.start()])
        if not left:  # looked at first: a row of joints would be split in every way there is
            continue
        names, tail = _names(body[joint.end() :])
        if names and is_surname_led(names[0]):
            return (left[0], *names), tail
    return (), body


def _latin_name(body: str) -> tuple[str, str] | None:
    """Find a name in Latin letters at the head, or one in Han whose Latin spelling follows."""
    run = _LATIN_RUN.search(body)
    if not run:
        return None
    head = plain_name(body[: run.start()])
    if head:
        second = is_latin_name(run.group().strip(" -")) and is_han_name(head)
        return (head, body[run.end() :]) if second and is_surname_led(head) else None
    name = run.group().strip(" -'")
    return (name, body[run.end() :]) if is_latin_name(name) else None


def _han_name(body: str) -> tuple[str, str] | None:
    """Find a name in Han: the shortest head of ``body`` that leaves only a known tail.

    One character more belongs to it where that leaves fewer words: ``李明海南加州`` is 李明海 in
    南加州, not 李明 in 海南 and 加州.
    """
    cuts = _tail_starts(body)
    for cut, words in cuts.items():
        name = plain_name(body[:cut])
        if not name:
            return _name_like_place(body, cuts)
        if is_han_name(name) and not _run_together(name):
            longer = body[: cut + 1]
            if cuts.get(cut + 1, words) < words and is_surname_led(longer) and is_han_name(longer):
                return longer, body[cut + 1 :]
            return name, body[cut:]
    return _before_known_word(body)


def _name_like_place(body: str, cuts: dict[int, int]) -> tuple[str, str] | None:
    """Read as a name a place that is also borne by people, where no other name is there: 金山."""
    for cut in (3, 2):
        if body[:cut] in NAMESAKES and cut in cuts and is_surname_led(body[:cut]):
            return body[:cut], body[cut:]
    return None


def _before_known_word(body: str) -> tuple[str, str] | None:
    """Cut a name off where a place or verb begins behind it, though what follows is not known.

    A surname must lead: ``李言日本某地报导``, ``李言综合包报导``.
    """
    for cut in (2, 3):
        known = any(body[cut:end] in _SIGNPOSTS for end in range(cut + 2, cut + _REACH))
        if known and is_surname_led(body[:cut]) and is_han_name(body[:cut]):
            return body[:cut], body[cut:]
    return None


def _run_together(name: str) -> bool:
    """Tell whether four characters may be a name and something glued to it that is not known.

    Four are one name behind a surname of two characters, or where no surname leads (pen names,
    foreign names); ``李言某地`` would be a guess.
    """
    return (
        len(name) == _LONG_NAME
        and name[0] in SURNAMES
        and name[:2] not in COMPOUND_SURNAMES
        and "·" not in name
    )


def _tail_starts(text: str) -> dict[int, int]:
    """Find where ``text`` can be cut so that all behind the cut is place, date, verb or filler.

    Returns:
        The cuts, ascending, each with the number of words behind it.
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
                behind = words[j]
                if behind is None and j < size and text[j] in _BEHIND_PLACE:
                    behind = words[j + 1]
                if behind is not None:
                    words[i], place[i] = behind + 1, text[i:j] in PLACES
                    break
    return {i: count for i, count in enumerate(words[: size + 1]) if count is not None}
