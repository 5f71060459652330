"""Checks that no text of a page is lost, duplicated, moved or added.

An independent reading of a page to compare a record with. It shares no code with the
extractor and parses with lexbor, the HTML5 parser of selectolax, instead of
lxml. It knows as little as possible: the page's lines, and from the record's raw values
(``dateline``, ``byline``, ``editors``) what may be missing, each at its place. All else
except white space, captions of figures and known junk must be in
``content_text``, in the same order and number, and nothing else may be.

:func:`compare` returns the differences for one page, an empty list if there are none.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from parting import parted
from selectolax.lexbor import LexborHTMLParser

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from selectolax.lexbor import LexborNode

_BRACKETS = 4
"""Characters that may surround a caption's credit: brackets, a full stop."""

_NEAR = 12
"""Number of characters that identify a position in a text."""

SNIPPET = 60
"""Maximum length of a difference in the report."""


@dataclass(frozen=True)
class Difference:
    """One difference between a page and its record.

    Attributes:
        kind: ``missing`` from the record, ``extra`` in it, ``moved`` there, or ``left``:
            something that the record's text should not hold by its own rules.
        reason: what it seems to be: ``text`` that the page has, a ``caption``, ``byline``, ...;
            ``unknown`` where the page has no such text in one piece.
        text: its beginning.
        length: characters, white space not counted.
    """

    kind: str
    reason: str
    text: str
    length: int


def compare(page: str, record: Mapping[str, Any]) -> list[Difference]:
    """Return the differences between ``record`` and the text of ``page``, in order.

    Args:
        page: the page's raw text, in the mirror's Markdown form.
        record: the article made from it, by the keys of the feed contract.
    """
    reading = _with_loose_captions(read(page), record)
    expected = characters("".join(kept_lines(reading.lines, record)))
    found = characters(record["content_text"] or "")
    if expected == found:
        return []
    return _name_all(list(parted(expected, found)), reading, record)


def compare_html(page: str, record: Mapping[str, Any]) -> list[Difference]:
    """Return differences of ``content_html`` from ``content_text``, and of captions from the page."""
    reading = read(page)
    root = LexborHTMLParser(f"<div id=html>{record['content_html'] or ''}</div>")
    html = _Lines()
    _walk(root.css_first("#html"), html)
    differences = []
    for expected, found in (
        (record["content_text"] or "", "".join(html.text)),
        _captions(_with_loose_captions(reading, record), html.captions),
    ):
        places = parted(characters(expected), characters(found))
        differences += _name_all(list(places), reading, record)
    return differences


def _captions(reading: Reading, shown: list[str]) -> tuple[str, str]:
    """Return the page's captions and those of the HTML, each as one text.

    Where the page has some that stand in no figure, the order is not told.
    """
    captions = [characters(caption) for caption in shown]
    if "".join(reading.captions) == "".join(captions):
        return "", ""
    return "".join(sorted(reading.captions)), "".join(sorted(captions))


def left(record: Mapping[str, Any]) -> list[Difference]:
    """Return text in ``content_text`` that the contract forbids."""
    text = record["content_text"] or ""
    rules = (
        ("control", r"[^\n\t\S ]|[\x00-\x08\x0b-\x1f\x7f-\x9f]"),
        ("zero_width", "[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]"),
        ("editor", r"(?m)^[（(]?\s*责任编辑\s*[：:；]"),
        ("dateline", r"\A.{0,40}【大纪元\d{4}年\d{1,2}月\d{1,2}日讯】"),
        ("mark", r"[#＃◇◆@＠*♢◊]\s*\Z"),
        ("space", r"(?m)^ | $|  "),
        ("blank_lines", r"\n{3}|\A\n|\n\Z"),
        ("not_nfc", r"\A(?=.)" if not unicodedata.is_normalized("NFC", text) else r"(?!)"),
    )
    return [
        Difference("left", name, _snippet(text[max(0, match.start() - 10) : match.end() + 20]), 1)
        for name, rule in rules
        if (match := re.search(rule, text, re.DOTALL if name == "mark" else 0))
    ]


# --- characters -----------------------------------------------------------------------

_INVISIBLE = {
    code: None
    for code in (*range(0x10000), *range(0xE0000, 0xE1000))
    if (category := unicodedata.category(chr(code)))[0] == "Z" or category in ("Cc", "Cf")
}


_RADICALS = {
    **{code: unicodedata.normalize("NFKC", chr(code)) for code in range(0x2F00, 0x2FD6)},
    # those of the other block that real pages have; Unicode has no compatibility form of them
    **dict(zip(map(ord, "⺝⺠⻄⻓⻰"), "月民西长龙", strict=True)),
}
_WINDOWS = {code: bytes([code]).decode("cp1252", "ignore") for code in range(0x80, 0xA0)}


def characters(text: str) -> str:
    """Return the visible characters of ``text``: NFC, no white space, no control characters.

    Radicals count as the ideographs that they stand for, and C1 control characters as the
    Windows characters that browsers show.
    """
    shown = text.translate(_WINDOWS).translate(_RADICALS).translate(_INVISIBLE)
    return unicodedata.normalize("NFC", shown)


# --- the page's lines -----------------------------------------------------------------

BEGIN = "<!-- article content begin -->"
END = "<!-- article content end -->"
_BODY = re.compile(r"""<div\b[^>]*\bid=["']artbody["']""")
_ORIGINAL = "\n---\n\n原文链接"

_BREAKS = frozenset(
    re.findall(
        r"\w+",
        "p div h1 h2 h3 h4 h5 h6 li ul ol dl dt dd table tbody thead tr td th caption blockquote "
        "figure figcaption center hr br pre form section article aside header footer audio video "
        "address fieldset details summary main nav",
    )
)
_UNSEEN = frozenset(
    re.findall(
        r"\w+",
        "script style template title head iframe object audio video noscript noembed textarea "
        "select",
    )
)
_JUNK_IDS = ("gtx-trans", "gtx-anchor", "popupMenu", "related-posts", "related_posts")
_JUNK_CLASSES = ("related-posts", "related_posts", "relate_post")


@dataclass
class Reading:
    """A page's body: its visible lines and, separately, the captions of its figures."""

    lines: list[str]
    captions: list[str]


class _Lines:
    """Collects text, a new line at each block's edge; keeps the captions apart."""

    def __init__(self) -> None:
        self.text = [""]
        self.captions: list[str] = []
        self.ended = False

    def add(self, text: str) -> None:
        if not self.ended:
            self.text[-1] += text

    def new_line(self) -> None:
        if self.text[-1]:
            self.text.append("")

    def comment(self, source: str) -> None:
        if source == BEGIN and not self.ended:
            self.text = [""]
            self.captions = []
        elif source == END:
            self.ended = True


def read(page: str) -> Reading:
    """Return the lines of the page's first ``#artbody`` between its begin and end marks."""
    found = _BODY.search(page)
    if found is None:
        return Reading([], [])
    end = page.rfind(_ORIGINAL)
    root = LexborHTMLParser(page[found.start() : end if end > 0 else None])
    lines = _Lines()
    _walk(root.css_first("#artbody"), lines)
    return Reading(
        [line for line in map(characters, lines.text) if line],
        [caption for caption in map(characters, lines.captions) if caption],
    )


def _walk(node: LexborNode | None, lines: _Lines) -> None:
    # Not recursive, because pages nest arbitrarily deep. None on the stack ends a block.
    stack: list[LexborNode | None] = [*_children(node)] if node is not None else []
    while stack:
        node_or_end = stack.pop()
        if node_or_end is None:
            lines.new_line()
        elif node_or_end.is_text_node:
            lines.add(node_or_end.text_content or "")
        elif node_or_end.is_comment_node:
            lines.comment((node_or_end.html or "").strip())
        elif not _enter(node_or_end, lines):
            continue
        else:
            if node_or_end.tag in _BREAKS:
                lines.new_line()
                stack.append(None)
            stack.extend(_children(node_or_end))


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.last_child
    while child is not None:
        yield child
        child = child.prev


def _enter(node: LexborNode, lines: _Lines) -> bool:
    """Return whether to read the text of ``node``; collect a caption separately."""
    if node.tag in _UNSEEN or _is_junk(node):
        return False
    if node.tag == "figcaption" or "bn12" in (node.attributes.get("class") or "").split():
        if not lines.ended:
            lines.captions.append(node.text(deep=True))
        lines.new_line()
        return False
    return True


def _is_junk(node: LexborNode) -> bool:
    attributes = node.attributes
    if not attributes:
        return False
    identity = (attributes.get("id") or "").strip()
    classes = (attributes.get("class") or "").split()
    return identity.startswith(_JUNK_IDS) or any(name.startswith(_JUNK_CLASSES) for name in classes)


# --- what may be missing --------------------------------------------------------------

_ADDRESS = re.compile(r"[（(]https?://(?:www\.)?(?:epochtimes|dajiyuan)\.com/?[）)]\Z")
_AD = re.compile(r"#{2,6}(?:\[[^\[\]]*\]\(https?://[^()]*\)\|?(?:&nbsp;)?\|?)+")
_MARKS = "#＃◇◆@＠*♢◊"
_TYPED_MARKS = "3￥"
"""Characters of the keys next to #: an end mark on an editor line, text elsewhere (8 pages)."""

_NO_EDITOR = re.compile(rf"责任编辑[：:][{_MARKS}]*")
_SEPARATORS = "；;，,、：:／/·。.﹕"
_GLUED_MARKS = re.compile(rf"[{_MARKS}]+(?=[（(\[【]?(?:未完|待续|完|全文完)[^\n]{{0,12}}\Z)")
"""An end mark between the last sentence and a note that more follows."""
_TAIL = 40
"""Maximum number of lines of credits, notes and promotion after an end mark."""

_RELATED = re.compile(r"[\W_]*相关文章[\W_]*")
_DATED = re.compile(r".*[（(]\d+/\d+/\d{4}[）)]", re.DOTALL)
_DATE = re.compile(r"[（(]\d+/\d+/\d{4}[）)]")
_OPINION = re.compile("[◆◇]我的意见")
_TORN = re.compile(
    r"<--ads-->|\[/?djy_post_video\]|<cen(?:ter)?\Z|(?:<a)?href=[^<>]*>(?:[◆◇]我的意见|https?:[^<>]*)?"
    r"|”class=”[^<>]*/>"
)
"""Shortcodes, and pieces of tags that their editor tore."""
_PLACEHOLDER = re.compile(r"\[\[\d+\]\]")
"""Where a picture stood, on pages of 2012 to 2015."""
_BRACKET = re.compile(r"[（(）)\[\]【】〔〕<>]")

_HEAD = 12
"""Number of lines searched for a dateline; the deepest one known is in the eighth block."""


def kept_lines(lines: list[str], record: Mapping[str, Any]) -> list[str]:
    """Return ``lines`` without the parts that the contract moves to other keys."""
    lines = _without_tools([_TORN.sub("", _ADDRESS.sub("", line)) for line in lines])
    lines = _without_head(lines, record)
    editors = [characters(name) for name in record["editors"] or []]
    lines = [_without_editors(line, editors) for line in lines]
    return _without_end_marks(lines, characters(record["content_text"] or ""))


def _without_tools(lines: list[str]) -> list[str]:
    """Leave out the site's list of related articles, its link to a form, a bracket alone."""
    kept = []
    in_list = False
    for line, following in pairwise([*lines, ""]):
        # the date of an entry may stand on the next line
        dated = _DATED.fullmatch(line) or _DATE.match(following)
        in_list = bool(_RELATED.fullmatch(line) or (in_list and dated))
        if not (
            in_list or any(rule.fullmatch(line) for rule in (_OPINION, _BRACKET, _PLACEHOLDER))
        ):
            kept.append(line)
    return kept


def _with_loose_captions(reading: Reading, record: Mapping[str, Any]) -> Reading:
    """Count as captions the lines that the record has as those of an image."""
    pairs = [
        (characters(image["caption"] or ""), characters(image["credit"] or ""))
        for image in record.get("images") or []
        if image["credit"]
    ]
    loose = [
        line
        for line in reading.lines
        if any(
            line.startswith(caption)
            and credit in line[len(caption) :]
            and len(line) <= len(caption + credit) + _BRACKETS
            for caption, credit in pairs
        )
    ]
    lines = [line for line in reading.lines if line not in loose]
    return Reading(lines, reading.captions + loose)


def _without_head(lines: list[str], record: Mapping[str, Any]) -> list[str]:
    # a duplicate closing bracket belongs to the first one (10 pages), as does a stop behind it (2)
    lines = list(lines)
    dateline, byline = characters(record["dateline"] or ""), characters(record["byline"] or "")
    at, place = 0, 0
    if dateline:
        found = _find(lines, rf"[【\[]?{re.escape(dateline)}[】\]）)]*", at, place)
        if found:
            at, place = found
            before = _AD.sub("", lines[at][:place])
            lines[at] = (before if len(before) > 1 else "") + lines[at][place:]
            place = min(place, len(lines[at]))
    if byline:
        _find(lines, rf"[（(【〔﹝\[]{re.escape(byline)}[）)】〕﹞\]：:，,、。；;]*", at, 0)
    return lines


def _find(lines: list[str], pattern: str, at: int, place: int) -> tuple[int, int] | None:
    """Cut the first match of ``pattern`` from line ``at`` on; return its line and place."""
    rule = re.compile(pattern)
    for number in range(at, min(len(lines), at + _HEAD)):
        match = rule.search(lines[number], place if number == at else 0)
        if match:
            lines[number] = lines[number][: match.start()] + lines[number][match.end() :]
            return number, match.start()
    return None


def _without_editors(line: str, editors: list[str]) -> str:
    """Cut 责任编辑, in any spelling, with the names that the record has, from ``line``."""
    if _NO_EDITOR.fullmatch(line):
        return ""
    if "编" not in line or not any(name in line for name in editors):
        return line
    names = "|".join(map(re.escape, sorted(editors, key=len, reverse=True)))
    between = f"[{re.escape(_SEPARATORS)}]"
    rule = (
        rf"(?P<open>[（(]?){between}*责.{{0,2}}编.?.?{between}*(?:责任编辑{between}*)*"
        rf"(?:{names})(?:{between}*(?:{names}))*(?:[{_TYPED_MARKS}]\Z)?"
        rf"[{re.escape(_SEPARATORS + _MARKS)}]*(?P<close>[）)]?)[{_MARKS}]*"
    )
    return re.sub(rule, _brackets_kept, line)


def _brackets_kept(match: re.Match[str]) -> str:
    # A pair of brackets around nothing else is cut too; half a pair is kept.
    return "" if match["open"] and match["close"] else match["open"] + match["close"]


def _without_end_marks(lines: list[str], found: str) -> list[str]:
    lines = list(lines)
    for number in range(max(0, len(lines) - _TAIL), len(lines)):
        lines[number] = _GLUED_MARKS.sub("", lines[number])
    for number in range(max(0, len(lines) - _TAIL), len(lines) - 1):
        shown = lines[number].rstrip(_MARKS)
        behind = next((line for line in lines[number + 1 :] if line.strip(_MARKS)), "")
        # only where credits follow: that they do is the record's to say, the place is not
        before = shown or next(filter(None, (x.rstrip(_MARKS) for x in lines[number::-1])), "")
        if before[-_NEAR:] + behind[:_NEAR].rstrip(_MARKS) in found:
            lines[number] = shown
    while lines:
        lines[-1] = lines[-1].rstrip(_MARKS)
        if lines[-1]:
            break
        lines.pop()
    return lines


# --- naming a difference --------------------------------------------------------------


def _name_all(
    places: list[tuple[str, str]], reading: Reading, record: Mapping[str, Any]
) -> list[Difference]:
    missing = [text for text, _ in places if text]
    extra = [text for _, text in places if text]
    moved = {text for text in missing if text in extra}
    differences = []
    for lost, added in places:
        for kind, text in (("missing", lost), ("extra", added)):
            if text in moved and kind == "extra":
                continue
            if text:
                named = "moved" if text in moved else kind
                reason = _reason(text, reading, record)
                differences.append(Difference(named, reason, _snippet(text), len(text)))
    return differences


def _reason(text: str, reading: Reading, record: Mapping[str, Any]) -> str:
    head = {
        "dateline": f"【{characters(record['dateline'] or '')}】",
        "byline": f"（{characters(record['byline'] or '')}）",
    }
    seems = {
        "end_mark": not text.strip(_MARKS),
        "punctuation": not text.strip(_SEPARATORS + _MARKS + "（）()"),
        "editor": "责任编" in text or "责编" in text,
        "caption": any(_is_much_of(text, caption) for caption in reading.captions),
        **{name: record[name] and _is_much_of(text, raw) for name, raw in head.items()},
        "old_address": "www.epochtimes.com)" in text or "www.dajiyuan.com)" in text,
        "text": text in "".join(reading.lines),
    }
    return next((name for name, true in seems.items() if true), "unknown")


def _is_much_of(text: str, whole: str) -> bool:
    return whole in text or (text in whole and len(text) * 2 > len(whole))


def _snippet(text: str) -> str:
    return text if len(text) <= SNIPPET else text[: SNIPPET - 1] + "…"
