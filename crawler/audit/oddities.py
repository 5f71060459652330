"""Rules that find values in a record that look wrong.

An oddity is not an error. Some values are correct, such as a long transliterated name, but each
oddity is worth a look at its page. An extraction rule that starts to fail shows up here first.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from crawler.formats.epoch.paths import day_of
from crawler.formats.epoch.places import LONGEST, PLACES

WINDOW = (-1, 70)
"""Ordinary range of days from the date in the URL to the dateline."""

SHORT, LONG = 40, 40_000
"""Ordinary range of an article's length in characters; the average is 1,200."""

PERSON_HAN, EDITOR_HAN, EDITOR_LONG = 5, 4, 30
"""Maximum of ordinary names: Han characters of a person's and an editor's, and characters of an
editor's."""

BYLINE_LONG, CREDIT_LONG, COLUMN_LONG, TAG_LONG = 60, 100, 12, 30
"""Maximum of ordinary lengths in characters."""

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
_TAG_ODD = re.compile(r"%[0-9A-Fa-f]{2}|[<>/\\?#&]|\.html?|^\s|\s$|\s\s")
_TEXT_LEFT = re.compile(
    r"(?m)^[（(]?责任编辑\s*[：:；]|^【大纪元\d{4}年|article content (?:begin|end)"
)
_MARKUP_LEFT = re.compile(
    r"</?(?:ok|p|div|br|span|ok href|figure|strong)\b[^>]{0,200}>|&(?:nbsp|amp|lt|gt);"
)
_ACTIVE = re.compile(
    r"<(?:script|style|iframe|object|embed|form|ok|link|meta|svg)\b|<[^>]*\son\w+\s*=|javascript:",
    re.IGNORECASE,
)

Found = tuple[str, str]


def oddities(record: Mapping[str, Any]) -> Iterator[Found]:
    """Yield (name, value) for each oddity in ``record``; ``NAMES`` describes the names."""
    for rule in _RULES:
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
        for end in range(start + 2, min(start + LONGEST, len(name)) + 1)
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
        days = (dt.date.fromisoformat(published or "") - day).days
    except ValueError:
        yield "date_invalid", f"{published} for {url}"
        return
    if not WINDOW[0] <= days <= WINDOW[1]:
        yield "date_outside_window", f"{published} is {days:+d} days from {url}"


def _byline(record: Mapping[str, Any]) -> Iterator[Found]:
    byline = record.get("byline")
    if not byline:
        return
    if not record.get("authors") and not record.get("translators"):
        yield "byline_without_person", byline
    if len(byline) > BYLINE_LONG:
        yield "byline_long", byline
    if len(re.findall("[（(]", byline)) != len(re.findall("[）)]", byline)):
        yield "byline_brackets", byline


def _captions(record: Mapping[str, Any]) -> Iterator[Found]:
    for caption, credit in captions(record):
        if not credit:
            yield "caption_without_credit", caption or ""
        elif len(credit) > CREDIT_LONG or re.search(r"[（(〈][^）)〉]*$|^[^（(〈]*[）)〉]", credit):
            yield "credit_unusual", credit


def captions(record: Mapping[str, Any]) -> Iterator[tuple[str | None, str | None]]:
    """Yield (caption, credit) of the lead and of every image that has either."""
    shown = [(record.get("image_caption"), record.get("image_credit"))]
    shown += [(image.get("caption"), image.get("credit")) for image in record.get("images") or []]
    yield from (pair for pair in shown if any(pair))


def _addresses(record: Mapping[str, Any]) -> Iterator[Found]:
    images = [record["image"]] if record.get("image") else []
    images += [str(image.get("url")) for image in record.get("images") or []]
    for image in images:
        if not image.startswith(("http://", "https://")) or not urlsplit(image).hostname:
            yield "image_without_address", image
    for link in record.get("links") or []:
        if not str(link.get("url")).startswith(("http://", "https://", "mailto:")):
            yield "link_unusual", str(link.get("url"))
    if record.get("videos") and not record.get("has_video"):
        yield "video_denied", record["videos"][0]


def _labels(record: Mapping[str, Any]) -> Iterator[Found]:
    title, column = record.get("title") or "", record.get("column")
    if title != title.strip() or re.search(r"\s\s|[\x00-\x1f\u200b]", title):
        yield "title_unusual", title
    if column is not None and (
        not column or len(column) > COLUMN_LONG or re.search("[【】]", column)
    ):
        yield "column_unusual", column
    for tag in record.get("tags") or []:
        if not tag or len(tag) > TAG_LONG or _TAG_ODD.search(tag):
            yield "tag_unusual", tag
    sections = record.get("sections") or []
    if not sections:
        yield "sections_none", str(record.get("id"))
    for section in sections:
        if not section.get("name") or section["name"] == section.get("id"):
            yield "section_unnamed", str(section.get("id"))


def _text(record: Mapping[str, Any]) -> Iterator[Found]:
    text, html = record.get("content_text") or "", record.get("content_html") or ""
    identity = str(record.get("id"))
    if not text:
        yield "text_empty", identity
    elif len(text) < SHORT:
        yield "text_short", text
    elif len(text) > LONG:
        yield "text_long", f"{identity}: {len(text)} characters"
    if record.get("truncated"):
        yield "truncated", identity
    for name, rule, where in (
        ("text_left", _TEXT_LEFT, text),
        ("text_markup", _MARKUP_LEFT, text),
        ("html_active", _ACTIVE, html),
    ):
        if match := rule.search(where):
            yield name, match[0]
    if hashlib.sha256(text.encode()).hexdigest() != record.get("content_sha256"):
        yield "sha256_wrong", identity


_RULES = (_people, _editors, _dates, _byline, _captions, _addresses, _labels, _text)

NAMES: dict[str, str] = {
    **{
        f"{who}_{rule}": f"{who} {what}"
        for who in ("author", "translator")
        for rule, (what, _) in _PERSON.items()
    },
    "byline_brackets": "byline with unbalanced brackets",
    "byline_long": f"byline of more than {BYLINE_LONG} characters",
    "byline_without_person": "byline without an author or translator",
    "caption_without_credit": "caption without a credit",
    "column_unusual": "column that is long or empty, or contains brackets",
    "credit_unusual": "credit that is long or has unbalanced brackets",
    "date_invalid": "invalid date",
    "date_outside_window": f"date not {WINDOW[0]} to {WINDOW[1]} days from the address's",
    "dateline_not_used": "dateline whose date was not used",
    "dateline_unusual": "dateline that is not 大纪元YYYY年MM月DD日讯",
    "dateline_without_year": "dateline that names no year, as they did until 2010",
    "editor_digits": "editor with digits",
    "editor_long": f"editor of more than {EDITOR_HAN} Han or {EDITOR_LONG} characters",
    "editor_marks": "editor with punctuation",
    "editor_office": "editor that contains an office",
    "html_active": "content_html with something that runs, loads, or is not HTML",
    "image_without_address": "image without an http address",
    "link_unusual": "link that is neither http(s) nor mailto",
    "section_unnamed": "section without a name of its own",
    "sections_none": "article without a section",
    "sha256_wrong": "content_sha256 that does not match the text",
    "tag_unusual": "tag that is long or looks like an address",
    "text_empty": "no text",
    "text_left": "dateline, editor line or mark of the page left in the text",
    "text_long": f"text of more than {LONG:,} characters",
    "text_markup": "markup left in the text",
    "text_short": f"text of fewer than {SHORT} characters",
    "title_unusual": "title with leading, trailing or repeated blanks, or control characters",
    "truncated": "truncated copy in the mirror",
    "url_unusual": "URL that is not the newspaper's",
    "video_denied": "videos although has_video is not true",
}
"""Description of each oddity, by its stable name."""
