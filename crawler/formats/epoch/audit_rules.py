"""What an audit can check because it knows the Epoch Times: names, datelines and URLs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Any, Final

from crawler.formats.base import AuditRules
from crawler.formats.epoch.paths import LANGUAGES, day_of
from crawler.formats.epoch.places import MAX_PLACE, PLACES

WINDOW = (-1, 70)
"""Ordinary range of days from the date in the URL to the dateline."""

PERSON_HAN, EDITOR_HAN, EDITOR_LONG = 5, 4, 30
"""Maximum of ordinary names: Han characters of a person's and an editor's, and characters of an
editor's."""

_HAN = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_NAME_PARTS = re.compile("[·‧・•．.\\s-]")
_VERB = re.compile(
    "报导|报道|采访|编译|翻译|综合|撰文|撰写|撰稿|专题|摄影|连线|整理|专电|编导|供稿|主持|口述|发自"
)
_OFFICE = re.compile(
    "记者|特约|作家|专栏|主编|资深|大纪元|新唐人|中央社|评论员|教授|作者|编辑|原文|英文|新闻"
)
_NEWSROOM = re.compile(
    "记者站|新闻中心|制作组|编辑部|网友|通讯社|报社|电视台|节目|Staff|Team|Newsroom|Contributor",
    re.IGNORECASE,
)
_NAME_MARK = re.compile(r"[^\w\s·‧・•．.'’\-]|_")
_EDITOR_MARK = re.compile(r"[^\w·‧\s]|_")
_DATELINE = re.compile(r"大纪元(\d{4}年)?\d{1,2}月\d{1,2}日讯?")
_TEXT_LEFT = re.compile(
    r"(?m)^[（(]?责任编辑\s*[：:；]|^【大纪元\d{4}年|article content (?:begin|end)"
)
Found = tuple[str, str]


def oddities(record: Mapping[str, Any]) -> Iterator[Found]:
    """Yield (name, value) for each oddity in ``record``; ``NAMES`` describes the names."""
    for rule in (_people, _editors, _dates, _left_in_text):
        yield from rule(record)


def _people(record: Mapping[str, Any]) -> Iterator[Found]:
    for key, prefix in (("authors", "author"), ("translators", "translator")):
        for person in record.get(key) or []:
            name = person.get("name") or ""
            for rule, (_, odd) in _PERSON.items():
                if odd(name):
                    yield f"{prefix}_{rule}", name


def _too_long(name: str) -> bool:
    return max(len(_HAN.findall(part)) for part in _NAME_PARTS.split(name)) > PERSON_HAN


def _too_short(name: str) -> bool:
    return len(name.strip()) <= 1


def _has_place(name: str) -> bool:
    """Return whether ``name`` contains a known place; some places are also parts of names."""
    return any(
        name[start:end] in PLACES
        for start in range(len(name) - 1)
        for end in range(start + 2, min(start + MAX_PLACE, len(name)) + 1)
    )


_PERSON: dict[str, tuple[str, Callable[[str], object]]] = {
    "long": (f"of more than {PERSON_HAN} Han characters", _too_long),
    "short": ("of one character", _too_short),
    "place": ("that contains a place", _has_place),
    "verb": ("that contains a verb of reporting", _VERB.search),
    "office": ("that contains an office or a newspaper", _OFFICE.search),
    "newsroom": ("that is a newsroom or programme", _NEWSROOM.search),
    "marks": ("with punctuation", _NAME_MARK.search),
    "digits": ("with digits", re.compile(r"\d").search),
}
"""Rules about the name of a person: what is odd, and the test."""


def _editors(record: Mapping[str, Any]) -> Iterator[Found]:
    for name in record.get("editors") or []:
        if _EDITOR_MARK.search(name):
            yield "editor_marks", name
        if re.search(r"\d", name):
            yield "editor_digits", name
        if len(_HAN.findall(name)) > EDITOR_HAN or len(name) > EDITOR_LONG:
            yield "editor_long", name
        if re.search("编辑|责任|整理|译者|记者|来源", name):
            yield "editor_office", name


def _dates(record: Mapping[str, Any]) -> Iterator[Found]:
    published, dateline = record.get("date_published"), record.get("dateline")
    if dateline:
        usual = _DATELINE.fullmatch(dateline)
        if usual is None:
            yield "dateline_unusual", dateline
        elif usual[1] is None:
            yield "dateline_without_year", dateline
    if dateline and record.get("date_source") == "url":
        yield "dateline_not_used", dateline
    url = str(record.get("url"))
    day = day_of(url)
    if day is None:
        yield "url_unusual", url
        return
    try:
        days = (date.fromisoformat(published or "") - day).days
    except ValueError:
        yield "date_invalid", f"{published} for {url}"
        return
    if not WINDOW[0] <= days <= WINDOW[1]:
        yield "date_outside_window", f"{published} is {days:+d} days from {url}"


def _left_in_text(record: Mapping[str, Any]) -> Iterator[Found]:
    if match := _TEXT_LEFT.search(record.get("content_text") or ""):
        yield "text_left", match[0]


def contradictions(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the URL of an article says against other keys."""
    url = str(record.get("url"))
    day = day_of(url)
    if day is None:
        return
    edition, *_, page = url.split("/")[3:]
    if (page, LANGUAGES[edition]) != (f"{record.get('id')}.htm", record.get("language")):
        yield "url has another id or language"
    with suppress(ValueError):  # the schema reports it
        days = (date.fromisoformat(str(record.get("date_published"))) - day).days
        usual = WINDOW if record.get("date_source") == "dateline" else (0, 0)
        if not usual[0] <= days <= usual[1]:
            yield f"date_published is {days} days after the date in url"


NAMES: Final = {
    **{
        f"{who}_{rule}": f"{who} {what}"
        for who in ("author", "translator")
        for rule, (what, _) in _PERSON.items()
    },
    "date_invalid": "invalid date",
    "date_outside_window": f"date not {WINDOW[0]} to {WINDOW[1]} days from the address's",
    "dateline_not_used": "dateline whose date was not used",
    "dateline_unusual": "dateline that is not 大纪元YYYY年MM月DD日讯",
    "dateline_without_year": "dateline that names no year, as they did until 2010",
    "editor_digits": "editor with digits",
    "editor_long": f"editor of more than {EDITOR_HAN} Han or {EDITOR_LONG} characters",
    "editor_marks": "editor with punctuation",
    "editor_office": "editor that contains an office",
    "text_left": "dateline, editor line or mark of the page left in the text",
    "url_unusual": "URL that is not the newspaper's",
}
"""Description of each oddity, by its stable name."""

RULES: Final = AuditRules(NAMES, oddities, contradictions)
