"""Rules that find values in a record that look wrong, whatever the mirror's format.

An oddity is not an error. Some values are correct, such as a long transliterated name, but each
oddity is worth a look at its page. An extraction rule that starts to fail shows up here first.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

SHORT, LONG = 40, 40_000
"""Ordinary range of an article's length in characters; the average is 1,200."""

BYLINE_LONG, CREDIT_LONG, COLUMN_LONG, TAG_LONG = 60, 100, 12, 30
"""Maximum of ordinary lengths in characters."""

_TAG_ODD = re.compile(r"%[0-9A-Fa-f]{2}|[<>/\\?#&]|\.html?|^\s|\s$|\s\s")
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
        ("text_markup", _MARKUP_LEFT, text),
        ("html_active", _ACTIVE, html),
    ):
        if match := rule.search(where):
            yield name, match[0]
    if hashlib.sha256(text.encode()).hexdigest() != record.get("content_sha256"):
        yield "sha256_wrong", identity


_RULES = (_byline, _captions, _addresses, _labels, _text)

NAMES: dict[str, str] = {
    "byline_brackets": "byline with unbalanced brackets",
    "byline_long": f"byline of more than {BYLINE_LONG} characters",
    "byline_without_person": "byline without an author or translator",
    "caption_without_credit": "caption without a credit",
    "column_unusual": "column that is long or empty, or contains brackets",
    "credit_unusual": "credit that is long or has unbalanced brackets",
    "html_active": "content_html with something that runs, loads, or is not HTML",
    "image_without_address": "image without an http address",
    "link_unusual": "link that is neither http(s) nor mailto",
    "section_unnamed": "section without a name of its own",
    "sections_none": "article without a section",
    "sha256_wrong": "content_sha256 that does not match the text",
    "tag_unusual": "tag that is long or looks like an address",
    "text_empty": "no text",
    "text_long": f"text of more than {LONG:,} characters",
    "text_markup": "markup left in the text",
    "text_short": f"text of fewer than {SHORT} characters",
    "title_unusual": "title with leading, trailing or repeated blanks, or control characters",
    "truncated": "truncated copy in the mirror",
    "video_denied": "videos although has_video is not true",
}
"""Description of each oddity, by its stable name."""
