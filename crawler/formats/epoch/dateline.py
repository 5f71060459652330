"""Finds the dateline ``【大纪元2023年09月23日讯】`` and reads its date.

Measured on 132,101 pages: 99.8 % of the news pages have it in the plain form. The rest lack the
year (2,044 pages of 2001 to 2008), the agency, a bracket or 讯, or have spaces within the digits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from crawler.formats.epoch.places import PLACE_ENDS, is_place

EARLIEST_DAYS: Final = -1
LATEST_DAYS: Final = 70
"""A dateline is accepted from one day before to this many days after the date in the URL.

Measured on 132,101 pages: dates outside this range are republications or typing errors.
"""

_OPEN: Final = "【〖[［〔"
_CLOSE: Final = r"】〗\]］〕"
_AGENCY: Final = "(?:大?大[纪紀记][元无园源原年]|的纪元|纪元)"
_DAY: Final = r"\d[\d ]*年[\d ]*\d ?[月日][\d ]*\d ?日?"
_DAY_ALONE: Final = r"(?<!\d)\d\d?月\d\d?日"
_PLAIN: Final = re.compile(r"【(大纪元\d{4}年\d\d?月\d\d?日讯)】")
_ADDRESS: Final = r"[（(]?\s*https?://[\w./-]{1,80}\s*[）)]?"
_STRAY: Final = re.compile(rf"(?:{_ADDRESS}|[\W_])*")
_FORMS: Final = tuple(
    re.compile(form)
    for form in (
        # both brackets, of any kind; agency and date, or a date with 讯
        rf"[{_OPEN}]\s*(?P<text>(?:据|[一-鿿]{{2}})?{_AGENCY}[^【】\n]{{0,40}}?|[^【】\n]{{0,8}}(?:{_DAY}|{_DAY_ALONE})[^【】\n\d]{{0,8}}[讯电訊電]\s*)[{_CLOSE}]+",
        # without the closing bracket
        rf"【\s*(?P<text>{_AGENCY}[^【】（(\n]{{0,30}}?日 ?[讯电訊電]|{_AGENCY}[^【】（(\n]{{0,30}}?日)(?![讯电訊電])",
        # without the opening bracket
        rf"(?:(?<=\n)|(?<![^\W_]))(?P<text>{_AGENCY}[^【】（(\n]{{0,30}}?(?:日|[讯电訊電])\s*)】+",
        # without brackets, or in parentheses: the full date, followed by a byline or nothing
        rf"(?:(?<=\n)|^)\s*[（(]?(?P<text>{_AGENCY}{_DAY}[^【】（()\n\d]{{0,6}}[讯訊])(?:[）)]|(?=\s*[（(\n]|$))",
    )
)
_SAYS_WHEN: Final = re.compile(r"\d ?[年月]|[讯电訊電] ?$")
_DATE: Final = re.compile(
    r"(?:(?P<year>\d+)年?)??(?<!\d)(?P<month>\d{1,2})月(?P<day>\d{1,2})(?:[日号]|(?!\d))",
)
_NUMERIC: Final = re.compile(r"(\d{4})[-./](\d{1,2})[-./](\d{1,2})日?")
_MONTH_AS_DAY: Final = re.compile(r"(?P<year>\d{4})年(?P<month>\d{1,2})日(?P<day>\d{1,2})日")
_YEAR_BEFORE: Final = re.compile(
    r"(?P<year>\d+)年(?P<month>\d{1,2})月(?P<day>\d{1,2})(?:[日号]|(?!\d))"
)
_HAN_NUMBER: Final = re.compile("[〇○零一二三四五六七八九十廿卅]+(?=[年月日号])")
_HAN_DIGITS: Final = dict(zip("〇○零一二三四五六七八九", "000123456789", strict=True))
_TENS: Final = {"廿": "二十", "卅": "三十"}
_QUOTES: Final = ("“", "‘", "「", "『")
_MAX_LENGTH: Final = 80
_MAX_PLACE: Final = 4
_HEAD: Final = 80
_SEARCHED: Final = 3000
_YEAR_DIGITS: Final = 4


class Dateline(NamedTuple):
    """A dateline and its place in its block.

    Attributes:
        text: the text inside the brackets, as written, even if a bracket is missing.
        start: index where the dateline begins, including stray marks, an old URL or a place before
            it; other words before it are not included.
        end: index after the dateline, including a doubled closing bracket.
    """

    text: str
    start: int
    end: int


def find_dateline(text: str) -> Dateline | None:
    """Find the dateline in a block.

    It is at the beginning of the block or of a line in it. Only a stray letter, a place, an old URL or
    advertisement links added by hand may precede it. One quoted within prose is not a dateline.
    """
    plain = _PLAIN.match(text)
    if plain:
        return Dateline(plain[1], 0, plain.end())
    if "元" not in text and "日" not in text and "讯" not in text:
        return None
    found = min((m for m in map(_finder(text), _FORMS) if m), key=re.Match.start, default=None)
    if not found:
        return None
    lead = _STRAY.match(text, 0, found.start())
    start = 0 if lead and lead.end() == found.start() else _with_place(text, found.start())
    return Dateline(found["text"].strip(), start, found.end())


def _with_place(text: str, start: int) -> int:
    """Return the start of the place or stray character directly before the dateline."""
    line = text.rfind("\n", 0, start) + 1
    before = text[line:start].strip(" ，,：:、。")
    stray = len(before) == 1 or is_place(before)
    unknown = 1 < len(before) <= _MAX_PLACE and before[-1] in PLACE_ENDS
    return line if stray or (unknown and before.isalpha()) else start


@lru_cache(maxsize=1024)
def date_of(dateline_text: str, url_date: date) -> date | None:
    """Read the date in a dateline.

    Args:
        dateline_text: the text inside the dateline's brackets.
        url_date: the date in the article's URL. If the dateline has no year of four digits, the
            result is the matching day nearest to this date.

    Returns:
        The date, or ``None`` if the dateline has none, more than one, or one that does not exist.
    """
    digits = _HAN_NUMBER.sub(_digits, "".join(dateline_text[:_MAX_LENGTH].split()))
    digits = _NUMERIC.sub(r"\1年\2月\3日", digits)
    found = list(_YEAR_BEFORE.finditer(digits)) or list(_MONTH_AS_DAY.finditer(digits))
    found = found or list(_DATE.finditer(digits))
    if len(found) != 1 or len(re.findall("月", digits)) > 1:
        return None
    year, month, day = found[0]["year"] or "", int(found[0]["month"]), int(found[0]["day"])
    if len(year) == _YEAR_DIGITS:
        return _day(int(year), month, day)
    near = (_day(url_date.year + step, month, day) for step in (-1, 0, 1))
    return min((d for d in near if d), key=lambda d: abs(d - url_date), default=None)


def publication_date(
    dateline_text: str | None,
    url_date: date,
) -> tuple[date, Literal["dateline", "url"]]:
    """Return the dateline's date if it is near the URL's date, else the URL's date."""
    day = date_of(dateline_text, url_date) if dateline_text else None
    if day and EARLIEST_DAYS <= (day - url_date).days <= LATEST_DAYS:
        return day, "dateline"
    return url_date, "url"


def _finder(text: str) -> Callable[[re.Pattern[str]], re.Match[str] | None]:
    def first(form: re.Pattern[str]) -> re.Match[str] | None:
        for match in form.finditer(text, 0, _SEARCHED):
            if _SAYS_WHEN.search(match["text"]) and _is_at_start(text, match.start()):
                return match
        return None

    return first


def _is_at_start(text: str, at: int) -> bool:
    before = text[:at]
    if before.rstrip(_OPEN).endswith(_QUOTES) and _STRAY.fullmatch(before) is None:
        return False
    return at <= _HEAD or before.endswith("\n") or "http" in before


def _digits(number: re.Match[str]) -> str:
    """Convert a number in Chinese characters to digits: 二〇〇二, 十二, 三十一, 廿八."""
    han = "".join(_TENS.get(c, c) for c in number.group())
    tens, ten, units = han.partition("十")
    if ten:
        han = (tens or "一") + (units or "〇")
    return "".join(_HAN_DIGITS.get(c, "") for c in han)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
