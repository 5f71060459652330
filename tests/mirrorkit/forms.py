"""Regular expressions that match the whole files of a mirror."""

from __future__ import annotations

import re

ARTICLE_PAGE = re.compile(
    r"### (?P<title>[^\n]+)\n\n---\n\n(?P<nav>#### \[首页\][^\n]*)\n\n\n"
    r"(?P<content><div.*?</div>)\n\n\n"
    r"(?:(?P<pixel><img src='[^']*' width='0px' height='0px'/>)\n\n)?---\n\n"
    r"原文链接(?P<label>（需翻墙）)?："
    r"(?P<url>https://www\.epochtimes\.com/gb/\d{1,2}/\d{1,2}/\d{1,2}/(?P<id>n\d+)\.htm)\s*",
    re.DOTALL,
)
"""An article: a title, navigation, the content in one or two ``<div>``, the original's address."""

CONTENT = re.compile(
    r"(?:<div><img alt=\"[^\"]*\" class=\"[^\"]*wp-post-image\" src=\"[^\"]*\"/>\n"
    r"<div class=\"caption\">\n(?P<caption>.*?)\n</div></div><hr/>)?"
    r"(?P<body><div (?:class=\"[a-z_]+\" )?id=\"artbody\" itemprop=\"articleBody\">\n.*\n</div>)",
    re.DOTALL,
)
"""An article's content: a lead image or none, and the body."""

_ENTRY = r"#### \[[^\n]*\]\(\.\./\.\./pages/(?P=section)/n\d+\.md%s\) \n"
_PAGER = r"\[(\d+)\]\(\./\d+\.md%s\)(?: / \[\d+\]\(\./\d+\.md%s\))*"

ARCHIVE_PAGE = re.compile(
    r"### (?P<heading>[^\n]+)\n---\n(?=#### [^\n]*/pages/(?P<section>[a-z]+\d+)/)"
    rf"(?P<entries>(?:{_ENTRY % ''}){{1,30}})"
    rf"\n---\n#### 第 \[ (?P<pager>{_PAGER % ('', '')}) \] 页\n",
)
"""An archive page: heading, entries, pager, no cache-buster anywhere."""

SECTION_INDEX = re.compile(
    r"### (?P<heading>[^\n]+)\n---\n(?=#### [^\n]*/pages/(?P<section>[a-z]+\d+)/)"
    rf"(?P<entries>(?=[^\n]*\?(?P<stamp>\d{{8}})\) \n)(?:{_ENTRY % '[?](?P=stamp)'}){{1,3}}"
    r"(?P<ad>#### \[[^\n]*\]\([^\n]*\)\n)?"
    rf"(?:{_ENTRY % '[?](?P=stamp)'}){{0,27}})"
    rf"\n---\n#### 第 \[ (?P<pager>{_PAGER % ('[?](?P=stamp)', '[?](?P=stamp)')}) \] 页\n",
)
"""A section's own index: the same with a cache-buster on every link, and an advertisement."""

HOME_PAGE = re.compile(
    r"## (?P<heading>[^\n]+)\n\n"
    r"(?:#### (?:[^\n\[]+ &nbsp;>&nbsp; )?\[[^\n\]]+\]\([^\n]+\?\d{8}\) *\n{1,2})+",
)
"""The home page: lines of links to sections' indexes, and perhaps to another mirror."""
