"""Splits an article's page into its template's parts: title, body and the original's URL.

The mirror's generator writes one form, but copies of its pages deviate from it. Editors and
converters change white space, line ends, heading levels, rules and labels, and hosts insert
comments, pixels and ads between the parts. So each part is found on its own, not by its neighbours.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

from crawler.exceptions import PageMalformed
from crawler.formats.epoch.headings import first_heading, without_unseen, words
from crawler.formats.epoch.links import MAX_URL
from crawler.formats.epoch.paths import LANGUAGES
from crawler.formats.pages import Original
from crawler.text import visible

_BODY_ID = "artbody"
_USUAL_BODY = re.compile(r"""<div\b[^<>]{0,400}?\sid=["']artbody["']""")
_ID_BEFORE = re.compile(r"""(?<![\w-])id\s*=\s*(?:["'`“”‘’\\]|&quot;)*+\s*\Z""", re.IGNORECASE)
_ID_CHARACTER = re.compile(r"[\w-]")
_ID_WINDOW = 64
_ID_TRIES = 5
# From a tag's "<" over whole attributes. A quoted value may contain ">" and "<".
_TAG_SO_FAR = re.compile(
    r"""<[a-z][\w:-]*+(?:\s++|/|[^\s"'<>/=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+""",
    re.IGNORECASE,
)
_TAG_TRIES = 20

_LABEL = re.compile(r"原\s?文\s?(?:[链鏈连連]\s?[接结結]|[网網][址页頁]|[地位]址)")
_LABEL_TRIES = 20
_REGION = 4 * MAX_URL
# Characters between the body and a label: a rule, heading or bold marks of the label.
_RULES = " \t\n\u00a0\u3000#＃*_-~`["
_GAP = 60
"""Letters and digits allowed between a label and its URL; more belong to a text that quotes a page."""
_TEXT_AFTER = 500
"""Letters and digits allowed after the URL, or before one without a label."""

# A scheme may be misspelt, doubled or missing. A URL inside of another does not count.
_HOST_BEFORE = re.compile(
    r"(?:(?:\A|[^\w@%=&./-]|\bhref=|_(?=https?:))(?:[a-z]{2,6}[:：]?/{1,4}){0,2}"
    r"|(?:\A|[^\w@%=&./:-])//)(?:[\w-]+\.)*\Z",
    re.IGNORECASE | re.ASCII,
)
_USUAL_HOST = "：https://www."
_HOST_WINDOW = 80
_ARTICLE_PATH = (
    r"/+(?:(?:amp|djy)/+)?(gb|b5)/+(?:amp/+)?(\d{1,4})/+(\d{1,2})/+(\d{1,2})/+"
    r"(n\d{1,12})(?:\.[sx]?h[a-z]{0,4}|\.(?:md|php|aspx?|amp)|htm){0,2}(?![a-z\d]|[-._][a-z\d])"
)
_ARTICLE = re.compile(
    rf"(?:epochtimes|dajiyuan)\.com\.?(?::\d{{1,5}})?{_ARTICLE_PATH}", re.IGNORECASE | re.ASCII
)
_USUAL_END = re.compile(
    r"(?:（需翻墙）)?：https://www\.epochtimes\.com/(gb|b5)/(\d\d?)/(\d\d?)/(\d\d?)/(n\d{1,12})\.htm\s*\Z",
    re.ASCII,
)
# A path without a host, directly after a label.
_HOSTLESS = re.compile(
    rf"\W{{0,60}}?{_ARTICLE_PATH.replace('+', '*', 1)}", re.IGNORECASE | re.ASCII
)
_WHOLE_URL = re.compile(r"""[^\s<>()\[\]"'（）]*+""")
_CENTURY = 2000


class Template(NamedTuple):
    """The parts of an article's page.

    Attributes:
        title: text of the first heading line.
        lead: the content before the body.
        body: from the body's start tag to the line with the original's URL.
        original: the original article on the newspaper's site.
    """

    title: str
    lead: str
    body: str
    original: Original


def take_apart(text: str) -> Template:
    """Split an article's page into its parts.

    Raises:
        PageMalformed: it has no title, no body, or no URL of an article.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = visible(text)
    start = _body_start(text)
    if start is None:
        raise PageMalformed(f"no element with the id {_BODY_ID!r}")
    title = first_heading(text[:start])
    if title is None:
        raise PageMalformed("no title: there is no heading line before the body")
    end, original = _tail(text, start)
    return Template(title, text[:start], text[start:end], original)


def _body_start(text: str) -> int | None:
    """Return the offset of the body's start tag, or None."""
    if usual := _USUAL_BODY.search(text):
        return usual.start()
    lowered = re.sub(_BODY_ID, _BODY_ID, text, flags=re.IGNORECASE)
    at = -1
    for _ in range(_ID_TRIES):
        at = lowered.find(_BODY_ID, at + 1)
        if at < 0:
            return None
        after = at + len(_BODY_ID)
        named = _ID_BEFORE.search(text[max(0, at - _ID_WINDOW) : at])
        if named and not _ID_CHARACTER.match(text, after):
            start = _tag_start(text, at)
            if start is not None:
                return start
    return None


def _tag_start(text: str, at: int) -> int | None:
    """Return the offset of the tag with an attribute at ``at``, or None."""
    start = at
    for _ in range(_TAG_TRIES):
        start = text.rfind("<", 0, start)
        if start < 0:
            return None
        so_far = _TAG_SO_FAR.match(text, start, at + _ID_WINDOW)
        if so_far and so_far.end() >= at - _ID_WINDOW and ">" not in text[so_far.end() : at]:
            return start
    return None


def _tail(text: str, start: int) -> tuple[int, Original]:
    """Return where the body's text ends, and the original.

    The search begins at the end, because an article may quote a mirror's page.

    Raises:
        PageMalformed: there is no line with the URL of an article.
    """
    labels = []
    at = len(text)
    for _ in range(_LABEL_TRIES):
        at = text.rfind("原", start, at)
        if at < 0:
            break
        if label := _LABEL.match(text, at):
            if usual := _USUAL_END.match(text, label.end()):
                return len(text[:at].rstrip(_RULES)), _original(usual)
            labels.append(label)
            if found := _article_in(text, label.end(), gap=_GAP):
                _check_rest(text, found[1])
                return len(text[:at].rstrip(_RULES)), found[0]
    unlabelled = _unlabelled(text, start)
    if unlabelled is not None:
        return unlabelled
    if labels:
        rest = " ".join(text[labels[0].end() : labels[0].end() + 200].split())
        raise PageMalformed(f"no URL of an article after {labels[0][0]}: {rest[:100]!r}")
    raise PageMalformed("no line with 原文链接 or the URL of an article at the end")


def _unlabelled(text: str, start: int) -> tuple[int, Original] | None:
    """Find a URL after the body, with any text before it on its line."""
    at = max(text.rfind(host, start) for host in ("epochtimes.com", "dajiyuan.com"))
    line = text.rfind("\n", start, at) + 1 if at >= 0 else 0
    closed = max(text.rfind(f"</{tag}>", start, at) for tag in ("div", "section", "article"))
    if not start < closed < at:
        return None
    line = max(line, text.index(">", closed) + 1)
    found = _article_in(text, line, gap=_TEXT_AFTER)
    if found is None:
        return None
    _check_rest(text, found[1])
    return line, found[0]


def _check_rest(text: str, end: int) -> None:
    """Refuse a page with text after the original's URL, which is then a quoted one."""
    rest = text[end:]
    if rest.strip() and len(words(without_unseen(rest))) > _TEXT_AFTER:
        raise PageMalformed("there is text after the original's URL")


def _article_in(text: str, start: int, *, gap: int) -> tuple[Original, int] | None:
    """Return the original of the first article's URL after ``start``, and where the URL ends.

    Args:
        text: the page.
        start: offset of the first character to search.
        gap: number of letters and digits allowed before the URL.

    Raises:
        PageMalformed: it is too long, or its date does not exist.
    """
    region = text[start : start + _REGION]
    if found := _first_article(region):
        if found.start() > gap and len(words(region[: found.start()])) > gap:
            return None
        whole = _WHOLE_URL.match(region, found.start())
        end = whole.end() if whole else found.end()
        length = end - found.start()
        if length > MAX_URL:
            raise PageMalformed(
                f"the original's URL has {length} characters; at most {MAX_URL} are allowed"
            )
        return _original(found), start + end
    # the URL may be escaped, percent-encoded, in full-width characters, or broken across lines
    folded = re.sub(r"\\(?=[./:_~-])", "", unescape(unquote(region))).replace("\\", "/")
    found = _first_article(re.sub(r"\s+", "", unicodedata.normalize("NFKC", folded)))
    if found is None and gap == _GAP:
        found = _HOSTLESS.match(region)
    if found is None or len(words(found.string[: found.start()])) > gap:
        return None
    return _original(found), start + len(region)


def _first_article(region: str) -> re.Match[str] | None:
    for match in _ARTICLE.finditer(region):
        before = region[max(0, match.start() - _HOST_WINDOW) : match.start()]
        if before.endswith(_USUAL_HOST) or _HOST_BEFORE.search(before):
            return match
    return None


def _original(match: re.Match[str]) -> Original:
    edition, year, month, day, article = map(str.lower, match.groups())
    full = int(year) + (_CENTURY if len(year) <= 2 else 0)  # noqa: PLR2004 (/gb/1/… is 2001)
    try:
        when = date(full, int(month), int(day))
    except ValueError as exc:
        raise PageMalformed(f"no such day in the original's URL: {match[0]}") from exc
    if not 0 <= when.year - _CENTURY < 100:  # noqa: PLR2004
        raise PageMalformed(f"no such year in the original's URL: {match[0]}")
    path = f"{edition}/{when.year - _CENTURY}/{when.month}/{when.day}/{article}.htm"
    url = f"https://www.epochtimes.com/{path}"
    return Original(url, LANGUAGES[edition], when, article)
