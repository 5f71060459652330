"""Finds the links of a list page, in any form of Markdown or HTML.

A link is found by its URL and not by the marks around it: entries may be bold, numbered, bulleted,
two on a line, in angle brackets, in HTML, or after a date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape
from typing import NamedTuple
from urllib.parse import unquote

from crawler.formats.epoch.headings import cleaned, without_comments
from crawler.formats.epoch.paths import HOME, article_path, copy_of, index_path
from crawler.formats.pages import Copy
from crawler.text import visible
from crawler.urls import mirror_path

MAX_URL = 2048
"""Characters. Longer URLs are refused."""

_TOKEN = re.compile(r"""[^\s()（）<>\[\]{}"'`“”‘’|，。、；：]++""")
_OF_A_MIRROR = re.compile(r"(?:pages|indexes)[/\\%]|\.(?:md|html)|\A\./\d{1,7}\Z", re.IGNORECASE)
_BEFORE_URL = re.compile(r"(?:href|src)=|:", re.IGNORECASE)
_TAG_NAME = re.compile(r"""<([a-z]+)\b(?:"[^"]*+"|'[^']*+'|[^"'>])*+["']?\Z""", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\]\s{0,8}+[(（]\s{0,8}+<?\s{0,8}+\Z")
_ANCHOR_TEXT = re.compile(
    r"""["']?(?:"[^"]*+"|'[^']*+'|[^<>"'])*+>((?:[^<]++|<(?!/(?:a|ok)\b))*+)""", re.IGNORECASE
)
_DEFINED = re.compile(r"\[([^\[\]\n]{1,200}+)\]:\s{0,8}+<?\Z")
_REFERENCE = re.compile(r"\[([^\[\]\n]++)\]\s?\[([^\[\]\n]{1,200}+)\]")
_TAG = re.compile(r"<[^<>]*+>|!\[[^\[\]]*+\]\([^()\s]*+\)")
_LINE_MARKS = " \t\u00a0\u3000#＃*_<>[]()［］（）{}+•·|:：-–—,，.。、;；\"'`"
_WINDOW = 2048
"""How many characters around a URL are searched for the link's text."""

_GITHUB = re.compile(
    r"(?:www\.)?github\.com(?::443)?/([^/]+/[^/]+)/(?:blob|raw|tree|edit|blame)/(?:refs/heads/)?[^/]+/+",
    re.IGNORECASE,
)
_GITHUB_RAW = re.compile(
    r"raw\.githubusercontent\.com(?::443)?/([^/]+/[^/]+)/(?:refs/heads/)?[^/]+/+", re.IGNORECASE
)
_ARTICLE = re.compile(
    r"(?:\.{1,2}/++)*+pages/++([^/]++)/++(n[0-9]++)(?:\.(?:md|markdown|html?))?[/.,;!]*+(?:&.*)?",
    re.IGNORECASE,
)
_INDEX = re.compile(
    r"indexes/(?:([^/]+)/(readme|0*+[1-9][0-9]{0,6}+)(?:\.(?:md|markdown|html?))?"
    r"|(?!readme\Z)([\w-]+))",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)


class ListLink(NamedTuple):
    """A link from a list page to a page of a mirror.

    Attributes:
        text: the link's visible text.
        url: the URL as written.
        line: offset of the line with the URL.
        end: offset of the URL's end.
        in_heading: whether it is a Markdown link on a heading line.
    """

    text: str
    url: str
    line: int
    end: int
    in_heading: bool


def unified(text: str) -> str:
    """Return a list page with line feeds only, and without invisible characters and comments."""
    return without_comments(visible(text.replace("\r\n", "\n").replace("\r", "\n")))


def links(text: str) -> Iterator[ListLink]:
    """Yield the links to a mirror's pages, in order, without images such as tracking pixels."""
    last = line = 0
    references: dict[str, str] | None = None
    for match in _TOKEN.finditer(text):
        if _OF_A_MIRROR.search(match[0]) is None:
            continue
        prefix = _BEFORE_URL.match(match[0])
        start = match.start() + (prefix.end() if prefix else 0)
        line = max(line, text.rfind("\n", max(line, last), start) + 1)
        before = text[max(last, start - _WINDOW) : start]
        tag = _TAG_NAME.match(before[before.rfind("<") :]) if "<" in before else None
        last = match.end()
        if tag and tag[1].lower() == "img":
            continue
        brackets = _IN_BRACKETS.search(before)
        if brackets:
            label = _bracketed(before, brackets.start())
        elif tag:
            label = _anchor_text(text, last)
        elif defined := _DEFINED.search(before):
            if references is None:
                references = {one[2]: one[1] for one in _REFERENCE.finditer(text)}
            label = references.get(defined[1], "" if defined[1].isdecimal() else defined[1])
        else:
            own = before[max(len(before) - (start - line), 0) :]
            label = _TAG.sub("", own).strip(_LINE_MARKS)
        in_heading = brackets is not None and text.startswith("#", line)
        yield ListLink(
            cleaned(_TAG.sub("", label)), match[0][start - match.start() :], line, last, in_heading
        )


def _anchor_text(text: str, start: int) -> str:
    """Return the text of an HTML link whose URL ends at ``start``, or the line if it is not closed."""
    anchor = _ANCHOR_TEXT.match(text, start, start + _WINDOW)
    if anchor is None:
        return ""
    closed = text.startswith("</", anchor.end())
    return unescape(anchor[1] if closed else anchor[1].lstrip().partition("\n")[0])


def _bracketed(before: str, end: int) -> str:
    """Return the text in brackets that close at ``end``, which may contain other, even unpaired ones."""
    depth, start, first = 0, None, None
    end = len(before[:end].rstrip())
    for at in range(end - 1, -1, -1):
        if before[at] == "\n":
            break
        if before[at] == "]":
            depth += 1
        elif before[at] == "[":
            first = at
            depth -= 1
            if depth < 0:
                start, depth = at, 0
    start = first if start is None else start
    return before[start + 1 : end] if start is not None else ""


def article_of(url: str, bases: Sequence[str]) -> Copy | None:
    """Return the copy of an article that a URL of any form leads to, or None.

    Args:
        url: relative, or absolute below one of ``bases``.
        bases: URLs below which the mirror's own pages are.
    """
    plain = _plain(url)
    within = _below(plain, bases)
    match = _ARTICLE.fullmatch(
        plain if within is None and not _SCHEME.match(plain) else within or ""
    )
    return copy_of(article_path(match[1], match[2].lower())) if match else None


def path_of(here: str, url: str, bases: Sequence[str]) -> str | None:
    """Return the path below the mirror's base that a URL on the page ``here`` leads to, or None."""
    plain = _plain(url)
    within = _below(plain, bases)
    path = mirror_path(here, plain) if within is None else mirror_path(HOME, within)
    index = _INDEX.fullmatch(path) if path else None
    if index is None:
        return path
    if index[3]:  # a folder, which hosts show with its README.md
        return index_path(index[3])
    return index_path(index[1], int(index[2]) if index[2].isdecimal() else None)


def _plain(url: str) -> str:
    """Return a URL without escapes, query and fragment, with slashes for backslashes."""
    return unquote(unescape(url)).replace("\\", "/").partition("#")[0].partition("?")[0]


def _below(url: str, bases: Sequence[str]) -> str | None:
    """Return the rest of an absolute URL after one of the mirror's bases, or None."""
    if not url.startswith("/") and not _SCHEME.match(url):
        return None
    for base in bases:
        host = _SCHEME.sub("", base, count=1).partition("/")[0]
        bare = _without_scheme(url if _SCHEME.match(url) else host + url)
        prefix = _without_scheme(base)
        if bare.lower().startswith(prefix.lower()):
            return bare[len(prefix) :]
    return None


def _without_scheme(url: str) -> str:
    """Return a URL without its scheme, and the same one for all of GitHub's URLs of a file."""
    bare = _SCHEME.sub("", url, count=1)
    github = _GITHUB.match(bare) or _GITHUB_RAW.match(bare)
    return f"github.com/{github[1]}/{bare[github.end() :]}" if github else bare
