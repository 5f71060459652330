"""Finds the heading that a page begins with, in any form of Markdown or HTML."""

from __future__ import annotations

import re
from html import unescape

from crawler.text import one_line, visible

MAX_NAME = 200
"""Maximum length of a section's name; a longer one is rejected."""

_PLAIN = re.compile(r"\s*+#{1,6}[ \t]++([^\s#*_~`<&\[{\\][^\n<&\[{\\]*)\n")
# Marks of quotes and lists or a number may precede the marks; these may have backslashes.
_MARKED = re.compile(
    r"^(?:[^\w\n#＃﹟♯<\[]++|\d{1,3}[.、)])*+(?:\\?+[#＃﹟♯])++\s*+([^\n]++)", re.MULTILINE
)
_UNDERLINED = re.compile(
    r"^[^\S\n]*+([^\s#<\[][^\n]*)\n[^\S\n]*+(?:={2,}+|-{2,}+)[^\S\n]*+$", re.MULTILINE
)
_HTML = re.compile(
    r"<h([1-6])\b[^<>]*+>([^<]*+(?:<(?!/?h[1-6]\b)[^<]*+){0,20})</h\1", re.IGNORECASE
)
_UNCLOSED_HTML = re.compile(r"<h[1-6]\b[^<>]*+>\s*+([^<\n]++)\n", re.IGNORECASE)
_LINKED = re.compile(
    r"^[^\w\n\[]*+\[([^\[\]\n]++)\]\((?:#|[^()\s]*?/n\d++\.)[^()\s]*+\)", re.MULTILINE
)
# The first line, without a heading's marks; breaks, rules and formatting may precede it.
_UNMARKED = re.compile(
    r"(?:\s|<[bh]r\b[^<>]*+>|[-*_=]{3})*+(?:<(?:p|b|strong|center|font|span)\b[^<>]*+>\s*+)*+(?:\*\*|__)?+"
    r"([^\s#＃﹟♯<\[|>*+=!_-][^\n<\[]*+)(?:</[a-z]++>\s*?)*+\n",
    re.IGNORECASE,
)
_MARKDOWN_IMAGE = re.compile(r"!\[[^\[\]]*+\]\([^()\s]*+\)")
_UNSEEN = re.compile(r"<(style|script)\b[^<]*+(?:<(?!/\1)[^<]*+)*+</\1\s*+>", re.IGNORECASE)
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|center|section|article|header|main|h[1-6]|[bh]r|table|t[rdh]|[uo]l|li|pre)\b[^<>]*+>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[a-z][^<>]*+>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\]\s?\(|https?://", re.IGNORECASE)
_PAGER = re.compile(r"第\W*页")
_REPEATED_MARK = re.compile(r"(?:[#＃﹟]++\s++)++")
_CLOSING_MARKS = re.compile(r"(?:\s[#＃]+|#{2,})\Z")
_ANCHOR_NAME = re.compile(r"\s*\{#[\w-]{1,80}\}\Z|\\\Z")
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});|&nbsp", re.IGNORECASE)
_EMPHASIS = ("***", "**", "__", "~~", "`", "*", "_")
_NO_WORD = re.compile(r"<[^<>]*+>|!?\[[^\[\]]*+\]\([^()\s]*+\)|[^\w\[<!]++|[\[<!_]")


def first_heading(text: str, *, behind_text: bool = True) -> str | None:
    """Return the text of the first heading in ``text``, or None.

    A heading that contains a link is navigation, a pager or an advertisement.

    Args:
        text: the part of a page that may contain its heading, with line feeds as line ends.
        behind_text: whether plain text may precede the heading, and a line without any mark may be
            the heading.
    """
    if (plain := _PLAIN.match(text)) and _is_heading(plain[1]):
        return cleaned(plain[1])
    text = _MARKDOWN_IMAGE.sub("", without_unseen(text))
    lines = _decoded(_TAG.sub("", _BLOCK_TAG.sub("\n", text)))
    if marked := next((one for one in _MARKED.finditer(lines) if _is_heading(one[1])), None):
        if not behind_text and words(lines[: marked.start()]):
            return None
        return cleaned(marked[1])
    if not behind_text and _DOCUMENT.search(text):  # an error page of a host
        return None
    html = (cleaned(_TAG.sub("", one[2])) for one in _HTML.finditer(text))
    if title := next(filter(_is_heading, html), None):
        return title
    return _other_heading(text, lines, behind_text=behind_text)


def _other_heading(text: str, lines: str, *, behind_text: bool) -> str | None:
    """Return a heading in one of the rarer forms: underlined, unclosed, linked or unmarked."""
    found = _UNDERLINED.search(lines) or _UNCLOSED_HTML.search(text)
    if behind_text:
        found = found or _LINKED.search(lines) or _UNMARKED.match(text)
    elif found and words(found.string[: found.start()]):
        return None
    return cleaned(found[1]) if found and words(found[1]) else None


def _is_heading(text: str) -> bool:
    return bool(words(text)) and not _ADDRESS.search(text) and not _PAGER.match(text)


def cleaned(text: str) -> str:
    """Return a heading's text without Markdown's marks around it, on one line."""
    text = one_line(_decoded(text))
    if text.endswith(("\\", "}")):
        text = _ANCHOR_NAME.sub("", text)
    if repeated := _REPEATED_MARK.match(text):
        text = text[repeated.end() :]
    if text.endswith(("#", "＃")):
        text = _CLOSING_MARKS.sub("", text)
    for mark in _EMPHASIS:
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            text = text[len(mark) : -len(mark)].strip()
            break
        if len(mark) > 1 and text.endswith(mark) and text.count(mark) == 1:
            # the opening mark is before the heading's marks
            text = text.removesuffix(mark).rstrip()
            break
    return _ESCAPE.sub(r"\1", text) if "\\" in text else text


def _decoded(text: str) -> str:
    """Return text with its character references decoded."""
    if "&" not in text:
        return text
    return visible(_ENTITY.sub(lambda entity: unescape(entity[0]), text))


def without_comments(text: str) -> str:
    """Return ``text`` without closed HTML comments."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join(kept) + text[at:]


def without_unseen(text: str) -> str:
    """Return ``text`` without comments, styles and scripts."""
    return _UNSEEN.sub("", without_comments(text))


def words(text: str) -> str:
    """Return the letters and digits of ``text`` that a reader sees outside links."""
    return _NO_WORD.sub("", without_comments(text))
