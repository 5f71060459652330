"""The heading that a page begins with, in whatever way Markdown or HTML writes one."""

from __future__ import annotations

import re

from crawler.text import one_line

MAX_NAME = 200
"""Characters of a section's name; a longer one is refused."""

_PLAIN = re.compile(r"\s*+#{1,6}[ \t]++([^\s#*_`<&\[][^\n<&\[]*)\n")
_MARKED = re.compile(r"^[^\S\n]*+(?:[>*+•·\\-]++[^\S\n]*+)*+[#＃﹟]++\s*+([^\n]++)", re.MULTILINE)
_UNDERLINED = re.compile(
    r"^[^\S\n]*+([^\s#<\[][^\n]*)\n[^\S\n]*+(?:={2,}+|-{2,}+)[^\S\n]*+$", re.MULTILINE
)
_HTML = re.compile(
    r"<h([1-6])\b[^<>]*+>([^<]*+(?:<(?!/?h[1-6]\b)[^<]*+){0,20})</h\1", re.IGNORECASE
)
_LINKED = re.compile(r"^[^\w\n\[]*+\[([^\[\]\n]++)\]\([^()\s]*?/n\d++\.[^()\s]*+\)", re.MULTILINE)
_INLINE_TAG = re.compile(
    r"</?(?:b|i|u|em|strong|span|font|mark|small|big|code|a|ok)\b[^<>]*+>", re.IGNORECASE
)
_TAG = re.compile(r"</?[a-z][^<>]*+>", re.IGNORECASE)
_DOCUMENT = re.compile(r"<(?:!doctype|html|body)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\]\s?\(|https?://", re.IGNORECASE)
_PAGER = re.compile(r"第\W*页")
_REPEATED_MARK = re.compile(r"[#＃﹟]++\s++")
_SPACE_ENTITY = re.compile(
    r"&(?:nbsp|e[mn]sp|thinsp|zwnj|#160|#x0*a0|#819[45]|#12288|#x0*3000);", re.IGNORECASE
)
_EMPHASIS = ("***", "**", "__", "`")
_NO_WORD = re.compile(r"<[^<>]*+>|!?\[[^\[\]]*+\]\([^()\s]*+\)|[^\w\[<!]++|[\[<!_]")


def first_heading(text: str, *, behind_text: bool = True) -> str | None:
    """Return the text of the first heading in ``text``, None without one.

    A heading that holds a link is navigation, a pager or an advertisement.

    Args:
        text: a page up to where its heading may stand, with line feeds as line ends.
        behind_text: whether plain text may stand before the heading.
    """
    if (plain := _PLAIN.match(text)) and _is_heading(plain[1]):
        return cleaned(plain[1])
    text = without_comments(text)
    lines = _TAG.sub("\n", _INLINE_TAG.sub("", text))
    marked = next((one for one in _MARKED.finditer(lines) if _is_heading(one[1])), None)
    if marked:
        if not behind_text and words(lines[: marked.start()]):
            return None
        return cleaned(marked[1])
    if _DOCUMENT.search(text):  # an error page of a host, whatever it says
        return None
    html = (cleaned(_TAG.sub("", one[2])) for one in _HTML.finditer(text))
    if title := next(filter(_is_heading, html), None):
        return title
    other = _UNDERLINED.search(lines) or _LINKED.search(lines) if behind_text else None
    return cleaned(other[1]) if other and words(other[1]) else None


def _is_heading(text: str) -> bool:
    return bool(words(text)) and not _ADDRESS.search(text) and not _PAGER.match(text)


def cleaned(text: str) -> str:
    """Return a heading's text without Markdown's marks around it, on one line."""
    text = one_line(_SPACE_ENTITY.sub(" ", text))
    if repeated := _REPEATED_MARK.match(text):
        text = text[repeated.end() :]
    closed = text.rstrip("#＃")
    if closed != text and closed[-1:].isspace():
        text = closed.rstrip()
    for mark in _EMPHASIS:
        if len(text) > 2 * len(mark) and text.startswith(mark) and text.endswith(mark):
            return text[len(mark) : -len(mark)].strip()
        if text.endswith(mark) and text.count(mark) == 1:  # opened before the heading's marks
            return text.removesuffix(mark).rstrip()
    return text


def without_comments(text: str) -> str:
    """Return ``text`` without HTML comments that are closed."""
    kept, at = [], 0
    while (start := text.find("<!--", at)) >= 0 and (end := text.find("-->", start)) >= 0:
        kept.append(text[at:start])
        at = end + 3
    return "".join(kept) + text[at:]


def words(text: str) -> str:
    """Return the letters and digits of ``text`` that a reader sees outside links."""
    return _NO_WORD.sub("", without_comments(text))
