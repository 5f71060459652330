"""Reads people from bylines: ``英文大纪元记者Tom Ozimek报导／高杉编译`` has an author and a translator.

A byline is a sequence of items with marks between them. An item consists of an agency, a title, a
name, a place and a verb, in this order and without spaces; each of them is optional. A verb also
applies to the items before it that have none. After everything known is removed from an item, the
rest is a name if it can be one. Otherwise the item has no name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from crawler.formats.epoch.agencies import AGENCY, LEARNED, NEWSROOM, OFFICE, WIRE, department
from crawler.formats.epoch.glued import Names, is_tail, names_at_head
from crawler.formats.epoch.names import BRACKETED, generation_of, is_no_word, is_surname_led
from crawler.formats.epoch.places import is_district
from crawler.formats.epoch.reporting import Role, corrected, is_bare, role_of
from crawler.formats.epoch.script import as_written

MAX_BYLINE: Final = 300
"""Characters. A longer text is an editor's note, or has a bracket that is never closed."""


@dataclass(frozen=True, slots=True)
class People:
    """The people in one credit, in order of appearance, each once."""

    authors: tuple[str, ...] = ()
    translators: tuple[str, ...] = ()

    def as_written(self, text: str) -> People:
        """Return the people who were found in ``simplified(text)``, with their names as in ``text``."""
        groups = (self.authors, self.translators)
        return People(*(tuple(as_written(name, text) for name in names) for names in groups))


@dataclass(frozen=True, slots=True)
class _Item:
    """One item of a byline: its names and their role.

    ``group`` is the number of slashes before it. A ``bare`` item consists of a verb only.
    """

    names: tuple[str, ...]
    role: Role | None
    group: int
    bare: bool = False


_LABELS: Final = "(?:撰[文稿写]|图文|文图|文字|文稿|供稿|作者|记者|采访|口述|执笔|报导|编译|翻译|译者|摄影|整理|文|图|译|摄)"
_LABEL: Final = re.compile(rf"{_LABELS}\s*[:：]\s*(?=.)")
_SLASH: Final = re.compile(r"[/／∕╱⁄⧸⟋｜|；;\\＼╲﹨丿ノ]|——")
# Only a space separates two roles: ``Tom Ozimek报导 李言编译``, ``李言采访 王立撰文``.
_ROLE_BLANK: Final = re.compile(
    r"(?<=报[导道]|撰[文写稿]|采访|口述) +(?=\S{2,8} ?(?:(?:综合)?编译(?:综合|改写)?|翻译|撰[文写稿]|整理|执笔)$)"
    rf"|(?<=[A-Za-z.]) +(?=[一-鿿]{{2,4}}(?:编译|翻译)$)|(?<=.) +(?={_LABELS}\s*[:：])"
)
_COMMA: Final = re.compile(
    r"[、，,﹐﹑､&＆]|(?<=[A-Za-zÀ-ž.]) ?[和与及](?!歌山) ?|[和与及] ?(?=[A-Z])|(?<= )and(?= )"
    rf"|(?<=报[导道]|撰文)[和与及]|(?<=[一-鿿])(?:[和与及 ](?=(?:{AGENCY.pattern})[^、，/／]{{0,4}}记者)|[和与及](?=[^、，/／]{{0,4}}记者))",
)
_SPLIT_VERB: Final = re.compile("报([^报者]{2,8})导$")
_HALF_VERB: Final = re.compile("(?<![报编])导$")
_CORRESPONDENT: Final = "通讯员"
_MAX_PROFESSIONS: Final = 3
_PLACE_LENGTHS: Final = range(2, 8)
_DISPATCH: Final = re.compile(r"电$|外电|\d ?[日号]|[一二三四五六七八九十][日号]")
_TEXT_AND_PICTURE: Final = re.compile(r"文\s*(?=[/／][^/／]{2,12}图$)")
_PICTURE_CREDIT: Final = re.compile(
    r"(?<=.{2})[ ，,、；;]*(?:图片?|摄影|摄|视频|影片|录像)\s*[/／:：].*$|(?<=.{2})[ ，,、；;／/]+摄影[^、，,／/\s]{2,4}$"
)
_SOURCE: Final = re.compile(
    rf"(?<=[译写理])自[^、，,／/]*|(?<=.)(?:根据|据)(?:{AGENCY.pattern})(?=[^、，,／/]*报[导道])"
)
"""The source of a report: ``李言编译自美联社``, ``李言据路透社报导``."""
_LINKING: Final = re.compile("的(?=采访|专访|综合|报[导道]|编译|访谈)")


@lru_cache(maxsize=8192)
def people(byline_text: str) -> People:
    """Return the authors and translators of a byline.

    A person with 编译 or 翻译 is a translator if somebody else, or a newsroom, wrote or reported. A
    person with 编译报导 is an author if there is no other writer. Newsrooms, programmes and anything
    else that is not recognizable as a person's name are left out.
    """
    items = _with_roles(_items(corrected(byline_text[:MAX_BYLINE])))
    authors: list[str] = []
    translators: list[str] = []
    for i, item in enumerate(items):
        if item.role == "other" or _lacks_verb(items, i):
            continue
        is_translator = item.role == "translate" and _has_writer(items, i)
        (translators if is_translator else authors).extend(item.names)
    unique = tuple(dict.fromkeys(authors))
    return People(unique, tuple(n for n in dict.fromkeys(translators) if n not in unique))


def _items(text: str) -> list[_Item]:
    """Split a byline at its marks: slashes separate groups, commas and "and" separate items."""
    text = _ROLE_BLANK.sub("／", _LINKING.sub("", _SOURCE.sub("", text)))
    text = _TEXT_AND_PICTURE.sub("撰文", _PICTURE_CREDIT.sub("", BRACKETED.sub("", text)))
    found: list[_Item] = []
    for group, part in enumerate(_SLASH.split(text)):
        labelled: Role | None = None
        for piece in map(str.strip, _COMMA.split(part)):
            generation = generation_of(piece)
            joins = bool(generation and found and found[-1].names)
            if joins:
                last = found.pop()
                joined = f"{last.names[-1]}, {generation}"
                found.append(replace(last, names=(*last.names[:-1], joined)))
            rest = piece[len(generation) :].strip() if joins else piece
            if label := _LABEL.match(rest):
                labelled = role_of(label.group())
            if rest:
                item = _item(rest, group)
                found.append(replace(item, role=item.role or labelled))
    return found


def names_alone(byline_text: str) -> bool:
    """Return whether a byline without a verb at its end has only titles, names and places.

    ``大纪元记者李言、王立台北`` does. A heading about a reporter does not.
    """
    text = BRACKETED.sub("", corrected(byline_text[:MAX_BYLINE]))
    text = _PICTURE_CREDIT.sub("", text)
    pieces = (piece.strip() for part in _SLASH.split(text) for piece in _COMMA.split(part))
    return all(map(_is_name_alone, filter(None, pieces)))


def _is_name_alone(piece: str) -> bool:
    rest = _without_agency(piece)
    office = OFFICE.search(rest)
    names, tail = _named(_without_agency(rest[office.end() :]) if office else rest)
    if is_tail(rest):  # ``新纪元周刊，作者李言``, ``记者李言／台北``
        return True
    return is_tail(tail) if names else bool(office and _name_before(rest[: office.end()]))


def _with_roles(items: list[_Item]) -> list[_Item]:
    """Give each item without a verb the next verb of its group, or one alone in the next group."""
    done: list[_Item] = []
    carried: Role | None = None
    group = -1
    for item in reversed(items):
        if (item.group != group and not (done and done[-1].bare and done[-1].group == group)) or (
            item.group != group and item.group == 0 and item.bare
        ):
            carried = None
        group = item.group
        foreign = bool(item.names) and all(map(str.isascii, item.names))
        if item.role is None and foreign and carried == "translate" and not done[-1].bare:
            carried = "write"  # ``Tom Ozimek，李言编译``: the name in Latin letters is the writer's
        carried = item.role or carried
        done.append(replace(item, role=carried))
    return done[::-1]


def _has_writer(items: list[_Item], at: int) -> bool:
    """Return whether somebody other than the translators in item ``at`` wrote or reported."""
    before = any(i.role != "translate" and not i.bare for i in items[:at])
    group = items[at].group
    return before or any(i.names and i.role == "write" and i.group > group for i in items[at + 1 :])


def _lacks_verb(items: list[_Item], at: int) -> bool:
    """Return whether an item without a verb follows a slash and an item with one.

    In ``Tom Ozimek报导／李言`` a word is missing. The second person is most likely the translator, but
    the page does not say so.
    """
    item = items[at]
    return item.role is None and any(i.role == "write" and i.group < item.group for i in items[:at])


def _item(text: str, group: int) -> _Item:
    """Read one item: its names, and their role from a verb, a label or a title."""
    if is_bare(text):
        return _Item((), role_of(text), group, bare=True)
    label = _LABEL.match(text)
    role = role_of(label.group()) if label else None
    rest = _without_agency(text[label.end() :] if label else _with_whole_verb(text))
    offices = list(OFFICE.finditer(rest))
    if not offices:
        names, tail = _named(NEWSROOM.sub("", rest, count=1))
        names = tuple(name for name in names if not is_district(name))
        if WIRE.match(text) and _DISPATCH.search(text):  # the name is a place's
            names = ()
        return _Item(names, role_of(tail) or role, group)
    end = len(rest)
    for office in reversed(offices):
        names, tail = _named(_without_agency(rest[office.end() : end]))
        if office.group() == _CORRESPONDENT:  # most of them are named by their place only
            names = tuple(filter(is_no_word, names))
        if names:
            found = role_of(tail + rest[end:]) or role_of(office.group()) or role
            return _Item(names, found or _leading_role(text), group)
        end = office.start()
    found = role_of(rest[offices[-1].end() :]) or role_of(offices[-1].group()) or role
    return _Item(_name_before(rest[:end]), found, group)


def _leading_role(text: str) -> Role | None:
    """Return the role of a verb before the title: ``编译大纪元记者李言``."""
    return "translate" if text.startswith(("编译", "翻译")) else None


def _name_before(text: str) -> tuple[str, ...]:
    """Return the name before a title: ``大纪元李言记者台北报导``."""
    names, _ = names_at_head(_without_agency(text))
    return tuple(n for n in names if is_surname_led(n))


def _named(text: str) -> Names:
    """Return the names at the beginning, or after a profession: ``海岛大学教授李言``."""
    found = names_at_head(text)
    if any(map(is_surname_led, found[0])):
        return found
    learned = list(LEARNED.finditer(text))[: -_MAX_PROFESSIONS - 1 : -1]
    later = (names_at_head(text[profession.end() :]) for profession in learned)
    return next((names for names in later if names[0]), found)


def _with_whole_verb(text: str) -> str:
    """Restore a verb that a place splits, or that lacks its first half: ``报台湾台北导``, ``台北导``."""
    split = _SPLIT_VERB.search(text)
    if split and is_tail(split[1]):
        return f"{text[: split.start()]}{split[1]}报导"
    half = _HALF_VERB.search(text)
    if half and any(is_tail(text[-1 - length : -1].strip()) for length in _PLACE_LENGTHS):
        return f"{text[: half.start()]}报导"
    return text


def _without_agency(text: str) -> str:
    """Remove agency, department and rank at the beginning of an item, and a place before an agency."""
    text = text.strip(" :：")
    while True:
        agency = AGENCY.search(text, 0, 24)
        if agency and (agency.start() == 0 or is_tail(text[: agency.start()])):
            text = text[agency.end() :].lstrip(" :：")
            if text[:1] == "者" or (text[:1] == "记" and "者" not in text[:6]):
                text = text[1:]
            continue
        before = department(text)
        if before in (0, len(text)):
            return text
        text = text[before:]
