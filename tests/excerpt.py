"""Builds a small mirror from a real one: some of its articles, with their entries."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

    from corpus import Corpus

#: Rare features of real pages that a site's renderer may treat differently.
ODDITIES: Final = {
    name: re.compile(pattern)
    for name, pattern in {
        "a header before the article": r"<!-- article content begin -->\s*\S",
        "no end mark": r"(?s)\A(?!.*<!-- article content end -->)",
        "something behind the end mark": r"<!-- article content end -->\s*<(?!/div)",
        "a blank line in the body": r'(?s)id="artbody".*\n\n.*</div>\n\n',
        "two bodies": r'(?s)id="artbody".*id="artbody"',
        "no link to a tag": r"(?s)\A(?!.*/gb/tag/)",
        "a comma in the title": r"\A### .*,",
        "Markdown in the title": r"\A### .*[*|~$&]",
        "a space at the title's edge": r"\A### (?:\s|.*\s\n)",
        "no dateline": r"(?s)\A(?!.*【(?:大纪元|\d))",
        "a dateline without a year": r"【大纪元\d{1,2}月",
        "the old address line": r"\(http://www\.(?:epochtimes|dajiyuan)\.com\)",
        "a table": r"<table",
        "a list": r"<li",
        "a list in a list": r"(?s)<li[^>]*>(?:(?!</li>).)*<li",
        "a heading in a paragraph": r"(?s)<p>(?:(?!</p>).)*<h[34]",
        "a paragraph in a paragraph": r"(?s)<p>(?:(?!</p>).)*<p>",
        "fonts": r"<font",
        "a real link": r"<a\s[^>]*href",
        "an anchor": r"<(?:a|ok) name=",
        "an older caption": r"wp-caption",
        "a figure": r"<figure",
        "a lead image": r"wp-post-image",
        "a picture of the site's own": r'src="/',
        "a quotation": r"<blockquote",
        "a post": r"twitter-tweet|instagram-media",
        "a player": r"<(?:audio|video|embed|object)",
        "a player's trace": r"<center>\s*</center>|video_fit_container",
        "centered text": r"<center>\s*[^<\s]",
        "a preformatted block": r"<pre",
        "a form": r"<form",
        "an aside": r"<aside",
        "styles": r"<style",
        "noscript": r"<noscript",
        "ruby, sub, sup": r"<(?:ruby|su[bp])\b",
        "a great heading": r"<h1",
        "an escaped tag": r"&lt;[a-z]",
        "an escaped quote in an address": r'href="\\',
        "a broken tag": r"<cetner>|<o:p|<st1",
        "a control character": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]",
        "a carriage return": r"\r",
        "a line separator": r"[\u2028\u2029]",
        "characters without width": r"[\u200b-\u200f\u202a-\u202e\ufeff\u2060\u00ad]",
        "an ideographic space": r"\u3000",
        "characters beyond the plane": r"[\U00010000-\U0010ffff]",
        "backquotes or backslashes": r"[`\\]",
        "brackets as Markdown writes links": r"\]\(http",
        "page tools": r"gtx-trans|popupMenu|jfk-bubble|related-posts",
        "read more": r"阅读更多[:：]",
        "the shorter label": r"原文链接：",
        "no editor": r"(?s)\A(?!.*责任编辑)",
        "a glued editor": r"[；，、。]\s*责任编辑",
        "very long": r"(?s)\A.{60000}",
        "very short": r"(?s)\A.{,1000}\Z",
    }.items()
}


def odd(corpus: Corpus, count: int, *, every: int) -> list[str]:
    """Return ids of ``count`` articles, cycling through the kinds of oddities.

    Args:
        corpus: the real mirror.
        count: how many; fewer if the mirror has fewer.
        every: examine only one in this many pages.
    """
    kinds: dict[str, list[str]] = defaultdict(list)
    for path, text in corpus.pages(every=every):
        for kind, pattern in ODDITIES.items():
            if len(kinds[kind]) < count and pattern.search(text):
                kinds[kind].append(PurePosixPath(path).stem)
    turns = (found[turn] for turn in range(count) for found in kinds.values() if turn < len(found))
    return list(dict.fromkeys(turns))[:count]


def spread(corpus: Corpus, count: int) -> list[str]:
    """Return ids of ``count`` articles from all sections of the mirror."""
    ids = list(dict.fromkeys(PurePosixPath(path).stem for path in corpus.paths()))
    return ids[:: len(ids) // count][:count]


def excerpt(corpus: Corpus, into: Path, ids: list[str]) -> None:
    """Write a mirror with only these articles, in all their sections, in their original order."""
    entries: dict[str, list[str]] = defaultdict(list)
    heads: dict[str, str] = {}
    wanted = re.compile(rf"^#### \[.*/pages/\w+/(?:{'|'.join(ids)})\.md.*$", re.MULTILINE)
    for path, text in corpus.pages(under="indexes/"):
        place = PurePosixPath(path)
        if place.suffix == ".md":
            section = place.parent.name
            entries[section] += wanted.findall(text)
            if place.name == "README.md":
                heads[section] = text.partition("#### [")[0]
    for section, lines in entries.items():
        # an archive page and the section's index may list the same article
        once = {line.partition("/pages/")[2].partition("?")[0]: line for line in lines}
        pager = "\n---\n#### 第 [ [1](./1.md) ] 页\n"
        _write(
            into / "indexes" / section / "README.md",
            heads[section] + "\n".join(once.values()) + "\n" + pager,
        )
    for path, text in corpus.pages():
        if PurePosixPath(path).stem in ids:
            _write(into / path, text)
    _write(into / "README.md", corpus.read("README.md"))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
