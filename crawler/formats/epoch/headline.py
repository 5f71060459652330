"""Reads columns and authors from titles: ``【名家专栏】…`` has a column, ``李言：…`` an author."""

from __future__ import annotations

import re
from typing import Final

from crawler.formats.epoch.agencies import AGENCY
from crawler.formats.epoch.names import (
    HONORIFIC,
    is_full_name,
    is_han_name,
    is_latin_name,
    is_surname_led,
)
from crawler.formats.epoch.places import ONLY_PLACES, words_in
from crawler.formats.epoch.regulars import COLUMNISTS
from crawler.formats.epoch.script import as_written, simplified

_COLUMN: Final = re.compile(r"\s*【\s*([^】\s](?:[^】\n]{0,38}[^】\s])?)\s*】")
_PREFIX: Final = re.compile(r"([^：:﹕︰∶︓\n]{2,40}?)\s*[：:﹕︰∶︓]")
_HAN_NUMBER: Final = "[一二三四五六七八九十百]"
_NUMBER: Final = re.compile(
    rf"\s*(?:(?:[（(〔\[【]\s*之?(?:\d{{1,4}}|{_HAN_NUMBER}{{1,4}}|[上中下续完终]{{1,2}})(?:[-—～~至、／/之](?:\d{{1,3}}|{_HAN_NUMBER}{{1,3}}))?\s*[)）〕\]】]){{1,3}}"
    rf"|\d{{1,3}}(?:[-—～~／/]\d{{1,3}})?|(?:之|(?<=\s)){_HAN_NUMBER}{{1,3}})$"
)
"""The part's number after the names: ``李言（三）：``, ``李言 3：``."""
_BETWEEN: Final = re.compile(r"\s*[、，,／/＆&]\s*")
_SECOND_SPELLING: Final = re.compile(r"[（(][A-Za-z][A-Za-z .'’-]{2,40}[）)]")
_AND: Final = re.compile("[和与及]")
_LABEL: Final = re.compile(r"(?:[图文]\s*[／/]|(?:作者|撰文)\s*[／/]?)\s*(?=\S{2})")
_CONTRIBUTIONS: Final = re.compile(r"征文|特稿|^新纪元|^纪元专栏$|^专栏$|投[稿书]|来稿")
"""Columns that collect contributions. After any other, the name is just as often a guest's."""
_INTERVIEW: Final = re.compile(
    r"(?:专访|访谈录?|答记者问)[\s（(]{0,3}[\d一二三四五六七八九十上中下]{0,3}[\s)）]{0,3}$|接受.{0,8}(?:采访|专访|访问)"
)
"""Interviews with the person named first. The person before 专访 (``李言专访王立``) is an author."""
_MAX_AUTHORS: Final = 4
_MAX_TITLE: Final = 200
"""Number of characters that are read; the longest of 132,101 titles has 46."""
_SPACED_POINT: Final = re.compile(r" *([·‧•・]) *")


_LABELS: Final = frozenset(words_in("title_labels.txt"))
"""Labels that are not authors: kinds of text, organizations, quoted statesmen."""

_NO_PERSON: Final = re.compile(
    "专家|学者|分析|议员|官员|总统|总理|首相|主席|部长|州长|市长|司令|将军|大使|法官|警方|警告|调查|报告|民调|研究|峰会|会议|听证|论坛|访谈|专访|"
    "演讲|讲话|发言|声明|公告|宣言|公开信|中共|共产|中国|美国|日本|台湾|香港|大陆|北京|上海|美中|中美|两岸|国际|世界|全球|人权|民主|自由|革命|"
    "运动|历史|文化|经济|政治|军事|社会|政府|政权|政局|真相|谎言|危机|战争|主义|思想|教育|劳教|酷刑|迫害|特工|间谍|记者|读者|网友|夫妇|女子|男子|"
    "^[美英日俄韩德法澳加台港印欧中陆前原某各](?:[防财外]长|副卿|国务卿|立委|高[官管]|将领|首富|医[生师]|智库|各界|员工|业者|商会|检察|勋爵|"
    "府$)|(?:警长|公诉人|监事|战略师|现象|[诉法]庭)$|"
    "少女|当权者|特稿|点评|开讲|拾遗|[部院署局厅社报媒网党办刊村灾祸价债癌症疫罪毒]$|[渔牧灾饥全选]民$|[学协]会$|安理会|委员会|法院|电台|电视",
)
_NO_PEN_NAME: Final = re.compile(
    "[国省市县州区镇军队团组方站处校台会人们]$|表示|认为|关于|发现|[致从论看谈评驳答说访第]|^[问观给](?=..)|[上中下篇讲章回集期录谈一二三四五六七八九十]$|之.$",
)
_VERSE: Final = re.compile(
    "[诗词]$|[一二三四五六七八九十两几数]首$|歌词|对话|顺口溜|快板|相声|对联"
)
_NO_LATIN_PERSON: Final = re.compile(
    r"\b(?:House|White|Wall|Street|Affairs|Policy|Report|Review|Index|States?|United|National|World|Security|Freedom|Human|Rights|Chin(?:a|ese)|Lives|Act|Party|Court|Bank|Big|Black|New|Deep|Supreme|Fox|Twitter|Facebook|Google)\b"
)
_PEN_NAME_END: Final = tuple(
    "先生 居士 山人 散人 老人 道人 书生 堂主 斋主 一枭 主人 布衣 隐士 老师 来客 过客 闲人 野人 真人 行者 浪子 游子 樵夫 渔夫 老汉 老翁 侠客 楼主 庐主 阁主 "
    "草民 村夫 小子 小生".split()
)
_ADDRESSED: Final = re.compile(
    "^.(?:先生|女士|小姐|太太|博士|教授|律师|医[师生]|老师|牧师|校长|院长|主任)$"
)
"""A person whom the article is about, by surname and title. Pen names have more before 先生."""
_LONG_NAME: Final = 4
_SHORT_NAME: Final = 2
_LATIN_AUTHOR: Final = re.compile(r"\S+(?: \S+){1,3}")
_PEOPLE_WORDS: Final = frozenset(
    "证人 华人 友人 商人 女人 男人 老人 工人 军人 诗人 盲人 病人 犯人 路人 客人 主人 亲人 党人 国人 洋人 敌人 好人 坏人 名人 艺人 猎人 白人 黑人 狼人 "
    "新人 旧人 世人 众人 个人 本人 他人 别人 旁人 前人 后人 古人 今人 死人 活人 罪人 圣人 神人 巨人 小人 大人 佳人 美人 夫人 妇人 族人 港人 台人 汉人 藏人 "
    "农人 伟人 贤人 恩人 仇人 情人 爱人 法人 官人 仙人 真人 凡人 常人 强人 线人 举人 哲人 文人 牧人 超人 机人 人人 门人 义人 选人 候人 发言人 "
    "官网 外网 内网 上网 联网 法网 落网 电网 天网 情网 铁网 推网 全网 脱网 断网 封网 触网 入网 撒网 关网 管网 球网 民网".split()
)
"""Common words in 人 and 网, which also end pen names of two characters: 川人, 海网."""


def column(title: str) -> str | None:
    """Return the column of a title: the text of the leading ``【…】``."""
    match = _COLUMN.match(title)
    return match[1] if match else None


def title_authors(title: str, *, commentary: bool) -> tuple[str, ...]:
    """Return the authors at the beginning of a title: ``李言：…``, ``李言、王立（二）：…``.

    Args:
        title: the title.
        commentary: whether a section of commentaries lists the article. Two thirds of the titles
            there begin with authors, also after a column that collects contributions. Elsewhere
            the name is just as often a quoted person's, so only a known columnist counts.

    Returns:
        The names, including pen names; empty if the label is a kind of text, an organization, a
        state, an office or a phrase.
    """
    plain = simplified(title := title[:_MAX_TITLE])
    names = _title_authors(plain, commentary=commentary)
    return names if plain == title else tuple(as_written(name, title) for name in names)


def _title_authors(title: str, *, commentary: bool) -> tuple[str, ...]:
    rest = _without_contributions(title).lstrip()
    match = _PREFIX.match(rest)
    if not match or _INTERVIEW.search(rest):
        return ()
    label = _NUMBER.sub("", _SECOND_SPELLING.sub("", match[1]))
    label = _LABEL.sub("", label, count=1).removesuffix("等")
    names = tuple(map(_without_blanks, _split(label)))
    if len(names) > _MAX_AUTHORS or not all(names):
        return ()
    bare = tuple(HONORIFIC.sub("", name) for name in names)
    names = bare if set(bare) <= COLUMNISTS else names
    known = [name in COLUMNISTS for name in names]
    if not commentary and not any(known):
        return ()
    checked = zip(names, known, strict=True)
    return names if all(is_known or _is_author(name) for name, is_known in checked) else ()


def _without_contributions(title: str) -> str:
    """Return the title without a leading column that collects contributions.

    A known columnist's name may be in the brackets of a column: ``【陈思敏】：…`` (3 of 22,141 titles).
    """
    match = _COLUMN.match(title)
    if match is None:
        return title
    rest = title[match.end() :]
    if _CONTRIBUTIONS.search(match[1]):
        return rest
    return match[1] + rest if match[1] in COLUMNISTS and rest.startswith(("：", ":")) else title


def _split(label: str) -> list[str]:
    """Split a label at the marks between names; at a blank or "and" only between full names."""
    names = _BETWEEN.split(label)
    for parts in (label.split(), _AND.split(label)):
        if len(names) == 1 and len(parts) > 1 and all(map(is_full_name, parts)):
            return parts
    return names


def _without_blanks(name: str) -> str:
    """Return a name without the blanks between its characters (``李 言``) or around its points."""
    name = _SPACED_POINT.sub(r"\1", name.strip())
    spaced = " " in name and len(name) <= _LONG_NAME and not is_latin_name(name)
    return name.replace(" ", "") if spaced else name


def _is_author(name: str) -> bool:
    if is_latin_name(name):
        return bool(_LATIN_AUTHOR.fullmatch(name)) and not _NO_LATIN_PERSON.search(name)
    if name in _LABELS or name in ONLY_PLACES or AGENCY.fullmatch(name) or not is_han_name(name):
        return False
    return _is_person(name)


def _is_person(name: str) -> bool:
    """Return whether ``name`` begins with a surname or can be a short pen name."""
    if len(name) == _SHORT_NAME and name[1] in "人网":
        return name not in _PEOPLE_WORDS
    if _NO_PERSON.search(name) or _ADDRESSED.search(name):
        return False
    if is_surname_led(name):
        return True
    if len(name) == _LONG_NAME:
        return name.endswith(_PEN_NAME_END)
    return not _NO_PEN_NAME.search(name) and not _VERSE.search(name)
