"""Cuts what is not article text from the blocks of a body.

These are end marks, advertisements added by hand, old URLs, and damaged or foreign markup that the
page shows as text. Credits are cut in ``credits``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from crawler.formats.epoch.dateline import find_dateline
from crawler.formats.epoch.markup import Leaf
from crawler.formats.epoch.script import simplified

# A set for ``rstrip``: a pattern would take quadratic time on a long run.
_END_MARKS: Final = "#＃◇◆@＠*＊♢◊ \n"
# End marks between the last sentence and a note that more follows: ``……。#（未完待续）`` (16 pages).
_MARKS_BEFORE_NOTE: Final = re.compile(
    r"(?<=[^\s#＃◇◆@＠*＊♢◊])[ ]{0,3}[#＃◇◆@＠*＊♢◊][#＃◇◆@＠*＊♢◊ ]{0,8}(?=[（(\[【]?(?:未完|待[续續]|完|全文完)[^\n]{0,12}\Z)"
)
_TAIL_LENGTH: Final = 40  # the end of a line, where these marks are searched
_AFTER_THE_END: Final = 12
"""Maximum number of lines of credits and promotion after the end mark, notes apart; the longest known
tail has 9."""
_CREDIT_LENGTH: Final = 80
_PROMOTION_LENGTH: Final = 200
_LABEL_LENGTH: Final = 60
_SENTENCE: Final = re.compile("[。！？；]")
_SENTENCE_ENDS: Final = tuple("。！？…”）")
_CREDIT: Final = re.compile(
    r"[（(\[【—–\-－─*※◎●\s]*(?:"
    r"本文(?:只|仅|不|未|刊|转|首发|为|系|由|原载|编译|作者|经|获|曾|将)|(?:此|全)文|以上(?:内容|文章)?(?:只|仅|不)|转[自载]|(?:文章|资料|图片|新闻|稿件)?来源|责任|文字整理|整理|译[者自]|翻译|编译|"
    r"作者[:：]|撰[文稿]|[文图][:：／/]|记者|摄影|策划|制作|监制|主持|《[^《》\n]{1,30}》.{0,6}(?:制作|节目)组|大纪元(?:首发|原创|编辑部|新闻|\d{4}年)|(?:英文)?大纪元.{0,4}记者|"
    r"[（(]?(?:未完|待续|完\b|全文完|接下|中央社|新唐人|美国之音|自由亚洲|希望之声|明慧网)|根?据.{0,40}(?:整理|录音|编译)|"
    r"版权|©|未经.{0,8}许可|下接|附[:：]|[二〇零○一九\d]{4}\s*年\s*[一二三\d十]{1,3}\s*月\s*[一二三四五六七八九\d十]{1,4}\s*日?\W*\Z|[\w《》·]{2,30}(?:制作组|编辑部|研究组|节目组)\W*\Z)"
)
# Credits of any length: about the author, or where the original was published.
_LONG_CREDIT: Final = re.compile(
    r"[（(\[【*※◎●\s]*(?:作者(?:简[介历]|介绍)|关于作者|本文作者.{0,30}(?:简[介历]|档案)|(?:英文)?原文.{0,120}(?:刊[登载于]|发表))"
)
# Notes and sources: the heading, the rule above them, and each entry.
_NOTE: Final = re.compile(
    r"\W*(?:主要|附)?(?:注释|注解|附注|备注|尾注|脚注|参考(?:资料|文献|书目|文章|来源))\W*\Z|\W?注\d{0,2}\W{0,2}[:：]"
    r"|[—=－─_-]{3,}\Z|[\[（(【]?\d{1,2}(?:[\]）)】]|[.．、](?!\d))"
)
_DIVIDER: Final = re.compile(r"[*＊ ]{3,}")
_PROMOTION: Final = re.compile(
    # case-sensitive, so that the search can skip to the first characters of these words
    "关注我们|欢迎|订阅|点赞|按赞|点[击阅选]|请点|脸书|推特|更多|完整(?:访问|版|影片|视频|内容)|收[看听]|观[看赏]"
    "|会员|投稿|爆料|每周为您|最新消息|系列文章|下载|音频|听新闻|捐[款助]|大纪元网|新书"
)
_LATIN: Final = re.compile("[A-Za-z]")
_LATIN_PROMOTION: Final = re.compile(
    r"facebook|telegram|https?://|\w\.(?:com|org)\b", re.IGNORECASE
)

# Older pages have this URL in white before and after the text (363 and 2,310 pages), on a separate
# line or directly next to the first or last word. Within a line it is text.
_OLD_URL: Final = re.compile(
    r"(?:[（(\[]\s?(?:https?://(?:www\.)?|www\.)(?:epochtimes|dajiyuan)\.com/?(?:gb/?)?\s?[)）\]][^\S\n]?)++",
    re.IGNORECASE,
)
_LINE_END: Final = re.compile(r"[#＃◇◆@＠*]*+(?:\n|\Z)")

# Markdown links that the mirror's owner added by hand before the dateline (4 pages).
_ADS_AT_HEAD: Final = re.compile(
    r"(?:[\s|#*>•-]*\[[^\]]{0,300}\]\(\s*https?://[^)\s]{1,2000}\s*\))+[\s|#]*"
)
_LINK_TEXT: Final = r"\[(?:!\[[^\[\]\n]{0,100}\]\([^()\s]{1,300}\)|[^\[\]\n]){0,300}\]"
_LINK: Final = rf"{_LINK_TEXT}\(\s*(?:https?://|ok\?|\.{{0,2}}/)[^)\s]{{0,2000}}\s*\)"
_OWN_LINK: Final = (
    rf"{_LINK_TEXT}\(\s*https?://\d{{1,3}}(?:\.\d{{1,3}}){{3}}[:/][^)\s]{{0,2000}}\s*\)"
)
# A link after the marks of a heading, or a link to a bare IP address alone on its line.
_AD_LINE: Final = re.compile(
    rf"(?:-{{3,9}}\s)?#{{1,6}}[ \t|*]*[^\[\]\n#]{{0,20}}{_LINK}(?:[ \t|*#]*{_LINK})*[ \t|*]*(?:-{{3,9}})?"
    rf"|^[ \t|*>•-]*(?:{_OWN_LINK}[ \t|*]*)+$",
    re.MULTILINE,
)

_SHORTCODES: Final = "caption|gallery|embed|video|audio|playlist|youtube|vimeo|iframe|code"
_TAGS: Final = (
    "a|p|b|i|u|em|strong|span|div|center|cetner|br|hr|font|img|h[1-6]|iframe|script|embed|object"
)
_FORMATTING: Final = "a|p|b|i|u|em|strong|span|div|center|font|h[1-6]"
_BOARD_CODES: Final = "b|i|u|url|img|quote|size|color|font|align|center"
_DAMAGED: Final = re.compile(
    r"<!?-{2,}[^<>\n]{0,80}?-{2,}>"
    r"|^\[\[ ?\d{1,3} ?\]\]$"
    rf"|\[(?P<code>{_BOARD_CODES})(?:=[^\[\]\n]{{0,300}})?\](?=[^\[\]\n]{{0,500}}\[/(?P=code)\])"
    rf"|</(?:{_FORMATTING})>|<br ?/?>"
    rf"|\[/?(?:{_SHORTCODES})\]|\[/[a-z]+(?:_[a-z]+)*\]|\[/?[a-z]+(?:_[a-z\d]+)+\]"
    r"|\[[a-z][a-z\d_-]{2,30}\s+[a-z][a-z\d_-]{0,29}=[^\[\]\n]{0,500}\]"
    rf"|<(?:{_TAGS})\s[^<>\n=]{{1,30}}=[^<>\n]{{0,500}}>"
    rf"|^<(?:{_TAGS}|cen|cent|cente)$"
    r"|\A[^<>\n]{0,200}?(?:wp-image-\d|\w=[\"”″])[^<>\n]{0,100}/?>"
    r"|(?:^|(?<=[。！？”’）)\s]))href=\S{1,300}$"
    r"|\A[（(）)\[\]【】〔〕<>]\Z",
    re.MULTILINE,
)
_ESCAPED: Final = re.compile(
    rf"(<(?P<tag>(?:{_FORMATTING})(?=>)|(?:{_TAGS})(?=\s[^<>\n=]{{1,30}}=))[^<>\n]{{0,500}}>)[^<>\n]{{0,500}}(</(?P=tag)>)"
)

_STRAY_SIGNS: Final = ("<", ">", "[", "=", ".com")  # "=" is found faster than "href="


def may_have_strays(leaves: Sequence[Leaf]) -> bool:
    """Return whether the text may have markup, old URLs or advertisements; most pages have none."""
    texts = [leaf.text for leaf in leaves]
    whole = "\n".join(texts)
    return any(map(whole.__contains__, _STRAY_SIGNS)) or 1 in map(len, texts)


def cut_old_urls(leaves: Sequence[Leaf]) -> None:
    """Cut the newspaper's old URL at the beginning and the end of lines."""
    for leaf in leaves:
        text = leaf.text
        if ".com" in text:
            spans = (found.span() for found in _OLD_URL.finditer(text))
            at_edges = (span for span in spans if _is_at_an_edge(text, *span))
            leaf.cut_all(at_edges, "cuts.old address")


def _is_at_an_edge(text: str, start: int, end: int) -> bool:
    """Return whether ``text[start:end]`` begins a line, or ends one (end marks may follow)."""
    begins = start == 0 or text[start - 1] == "\n"
    return begins or _LINE_END.match(text, end) is not None


def cut_damaged_markup(leaves: Sequence[Leaf]) -> None:
    """Cut shortcodes, escaped or damaged markup, and a bracket alone in its block."""
    for leaf in leaves:
        text = leaf.text
        if "<" in text or ">" in text or "[" in text or "href=" in text or len(text) == 1:
            pairs = list(_ESCAPED.finditer(leaf.text))
            leaf.cut_all([pair.span(part) for pair in pairs for part in (1, 3)], "cuts.markup")
            leaf.cut_all((found.span() for found in _DAMAGED.finditer(leaf.text)), "cuts.markup")


def cut_ads_at_head(blocks: Sequence[Leaf]) -> None:
    """Cut Markdown links before the dateline; ``blocks`` are the first ones of the page."""
    for leaf in blocks:
        dateline = find_dateline(leaf.text)
        end = dateline.start if dateline else len(leaf.text)
        if "](" in leaf.text[:end] and (found := _ADS_AT_HEAD.match(leaf.text, 0, end)):
            leaf.cut(*found.span(), "cuts.advertisement")
        if dateline:
            return


def cut_ad_lines(leaves: Sequence[Leaf]) -> None:
    """Cut the Markdown links that the mirror's owner added between the lines of an article."""
    for leaf in leaves:
        if "](" in leaf.text:
            spans = (found.span() for found in _AD_LINE.finditer(leaf.text))
            leaf.cut_all(spans, "cuts.advertisement")


def cut_end_marks(leaves: Sequence[Leaf]) -> None:
    """Cut ``#``, ``◇`` and similar marks at the end of the text, even before credits and promotion.

    Before other short lines, only marks directly after a sentence are cut.
    """
    lines = 0
    line = ""
    certain = True
    for leaf in reversed(leaves):
        if line and _DIVIDER.fullmatch(leaf.text) and _NOTE.match(line):
            continue
        end = len(leaf.text)
        while end > 0:
            shown = len(leaf.text[:end].rstrip(_END_MARKS))
            if shown < end and (certain or leaf.text[:shown].endswith(_SENTENCE_ENDS)):
                leaf.cut(shown, end, "cuts.end mark")
            line = leaf.text[:shown].rpartition("\n")[2]
            if found := _marks_before_note(line):
                start = shown - len(line)
                leaf.cut(start + found.start(), start + found.end(), "cuts.end mark")
                return
            lines += _NOTE.match(line) is None
            follows = not line or _follows_the_end(line)
            certain = certain and follows
            if lines > _AFTER_THE_END or not (follows or _is_label(line)):
                return
            end = shown - len(line) - 1


def _marks_before_note(line: str) -> re.Match[str] | None:
    """Find the end mark between the last sentence of a line and a note that more follows."""
    if "完" not in line and "待" not in line:  # nearly every line
        return None
    return _MARKS_BEFORE_NOTE.search(line, max(len(line) - _TAIL_LENGTH, 0))


def _is_label(line: str) -> bool:
    """Return whether a line is short and has no sentence, as ``视频：灯塔重新点亮``."""
    return len(line) <= _LABEL_LENGTH and not _SENTENCE.search(line)


def _follows_the_end(line: str) -> bool:
    """Return whether a line is a credit, a note or promotion, which can follow the end of an article."""
    line = simplified(line)
    if (len(line) <= _CREDIT_LENGTH and _CREDIT.match(line)) or _LONG_CREDIT.match(line):
        return True
    if len(line) > _PROMOTION_LENGTH:
        return False
    if _NOTE.match(line) or _PROMOTION.search(line):
        return True
    return _LATIN.search(line) is not None and _LATIN_PROMOTION.search(line) is not None
