"""The bundled sample mirror is generated from its data, and has the form of a real mirror."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING

import pytest
from make_sample import SAMPLE, sample_builder
from mirrorkit.forms import ARCHIVE_PAGE, ARTICLE_PAGE, CONTENT, HOME_PAGE, SECTION_INDEX

if TYPE_CHECKING:
    from pathlib import Path

CASES = [
    ("ad with an address of its own", r"\n#### \[[^]]*\]\(http://[^)]*\?\d{8}\)\n"),
    ("ad with a relative address", r"\n#### \[[^]]*\]\(ok\?\d{8}\)\n"),
    ("home page leads to another mirror", r"^## [\s\S]*\(https://github\.com/[^)]*\)  \n\n$"),
    ("title with an ASCII comma", r"^### [^\n,]+,[^\n]+\n\n---"),
    ("column title", r"^### 【[^】]+】"),
    ("author in the title", r"^### (?!分析)\w{2,4}：[^\n]+\n\n---"),
    ("author in the title, a space before the colon", r"^### \w{2,4} ："),
    ("label in the title that is no person", r"^### 分析："),
    ("no lead image", r'\n\n\n<div class="(?:column|post_content)" id="artbody"'),
    ("lead image", r"\n\n\n<div><img alt=\""),
    ("lead caption in a paragraph", r'<div class="caption">\n <p>'),
    ("tag link in the lead caption", r'<div class="caption">\n[^\n]*\n <ok '),
    ("brackets of a credit mixed", r"\n {1,3}[^\n]*\([^\n()（）]*）\n *</(?:div|figcaption)>"),
    ("end mark behind a credit", r"）△\n</div></div>"),
    ("angle brackets around a credit", r"〈[^〉]*／大纪元〉"),
    ("column page", r'<div class="column" id="artbody"'),
    ("dateline without a year", r"【大纪元\d{1,2}月\d{1,2}日讯】"),
    ("dateline alone in its paragraph", r"<p>\n  【大纪元[^】]*】\n </p>"),
    ("dateline behind an old address line", r"\(http://www\.epochtimes\.com\)\n  <br/>\n  【"),
    ("byline split by a link", r"】（大纪元记者\n  <ok "),
    ("place behind the name, split by a link", r"】（大纪元记者\w+\n  <ok "),
    ("place glued to the name", r"（大纪元记者顾小舟台湾台北报导）"),
    ("several reporters", r"（大纪元记者\w+、\w+、\w+综合报导）"),
    ("translator behind the reporter", r"（英文大纪元记者[A-Z][^／]*报导／\w+编译）"),
    ("columnist and translator", r"（英文大纪元专栏作家[A-Z][^／]*撰文／\w+编译）"),
    ("reporter who compiles", r"（大纪元记者\w+编译报导）"),
    ("newsroom instead of a person", r"（大纪元青屿记者站报导）"),
    ("text outside a paragraph", r"\n <center>\n </center>\n [^ <\n]+"),
    ("text behind a player in a paragraph", r"\n  <center>\n  </center>\n  [^ <\n]+"),
    ("text straight in a div", r"\n <div>\n  <p>"),
    ("paragraph in a paragraph", r"\n <p>\n  <p>"),
    ("empty paragraph", r"<p>\n </p>"),
    ("truncated", r"，\n </p>\n</div>\n\n\n---"),
    ("figure with a caption", r"<figure [\s\S]*?<br/><figcaption [\s\S]*?（[^）]*）\n"),
    ("figure without ids, line break in its caption", r"<figure class=[\s\S]*?<br/>\n   （"),
    ("lead image again in the body", r"id15000312-snow-1-600x400[\s\S]*id15000312-snow-1-600x400"),
    ("h4", r"\n <h4>\n"),
    ("h3", r"\n <h3>\n"),
    ("heading made of bold text", r"<p>\n  <strong>\n   [^\n]*\n  </strong>\n </p>"),
    ("speaker in bold", r"<strong>\n   船长：\n  </strong>\n  "),
    ("YouTube video", r'<ok href="https://www\.youtube\.com/watch\?v=\w{11}">'),
    ("YouTube channel", r'<ok href="https://www\.youtube\.com/channel/'),
    ("video elsewhere", r'<ok href="https://www\.ganjingworld\.com/video/'),
    ("trace of a player", r'<div class="video_fit_container">\n </div>'),
    ("link elsewhere", r'<ok href="https://example\.org/papers/[^"]*" target="_blank">'),
    ("tracking parameter", r"\?utm_source=news&amp;id=12"),
    ("fragment of another page", r"https://example\.org/[^\"]*#photos"),
    ("link to a place on the page", r'<ok href="#_ftn1">'),
    ("anchor without address", r'<a name="_ftn1">\n   \[1\]\n  </ok>'),
    ("mail address", r'<ok href="mailto:'),
    ("another article", r'<ok href="https://www\.epochtimes\.com/gb/23/3/24/n15000329\.htm">'),
    ("table", r"\n <table"),
    ("list", r"\n <ul>\n  <li>"),
    ("numbered list", r"\n <ol>\n  <li>"),
    ("embedded post", r'<blockquote class="twitter-tweet">\n  <p dir="ltr" lang="en">'),
    ("lines in a paragraph", r"\n  <br/>\n  \S"),
    ("programme's line before the editor", r"》制作组\n </p>\n <p>\n  责任编辑"),
    ("author's note", r"<em>\n   作者简介："),
    ("editor glued to another credit", r"文字整理：\w+；责任编辑：\w+#"),
    ("editor in brackets", r"\n  （责任编辑：\w+）\n"),
    ("editor's word shortened", r"\n  责编：\w+#"),
    ("two editors", r"\n  责任编辑：\w+、\w+\n"),
    ("second kind of editor", r"；复核编辑："),
    ("end mark", r"责任编辑：\w+#\n"),
    ("end mark behind a space", r"责任编辑：\w+ #\n"),
    ("end mark behind a no-break space", "责任编辑：\\w+\u00a0#\n"),
    ("full-width end marks", r"责任编辑：\w+ ＃◇\n"),
    ("no end mark", r"责任编辑：\w+\n"),
    ("text behind the editor", r"责任编辑[^\n]*\n </p>\n <p>\n"),
    ("translate popup", r'<div id="gtx-trans"'),
    ("related posts", r'<div class="related-posts-MRP" id="related-posts-MRP_all">'),
    ("old address at the end", r"\(http://www\.dajiyuan\.com\)"),
    ("white text", r'<font color="#ffffff">'),
    ("pasted style", r'<span class="s1">'),
    ("tracking pixel", r"\n\n<img src='http://gfw-breaker\.win/epoch-news/pages/"),
    ("old label of the address", r"\n原文链接：https"),
    ("picture that is no JPEG", r'-600x400\.png"/>'),
]
"""Cases that the sample must contain, and patterns that find them in a file."""


@cache
def files() -> dict[str, str]:
    """Return path and text of every file of the sample."""
    paths = (path for path in SAMPLE.rglob("*") if path.is_file())
    return {path.relative_to(SAMPLE).as_posix(): path.read_bytes().decode() for path in paths}


def under(folder: str, ending: str = ".md") -> list[str]:
    """Return the paths in a folder of the sample."""
    return sorted(path for path in files() if path.startswith(folder) and path.endswith(ending))


def test_the_sample_is_generated_from_its_data(tmp_path: Path) -> None:
    """Generating it again gives the same files; if not, run ``python tests/make_sample.py``."""
    sample_builder().write(tmp_path)
    made = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert {path.relative_to(tmp_path).as_posix() for path in made} == set(files())
    for path in made:
        name = path.relative_to(tmp_path).as_posix()
        assert path.read_bytes() == files()[name].encode(), name


@pytest.mark.parametrize("path", under("pages/"))
def test_article_page(path: str) -> None:
    """Each page fits the template, is the article of its name, and is complete."""
    found = ARTICLE_PAGE.fullmatch(files()[path])
    assert found
    assert path.endswith(f"/{found['id']}.md")
    assert found["nav"].count(f"?{found['id']})") == 6
    assert CONTENT.fullmatch(found["content"])
    assert not files()[path].endswith("\n")


def test_index_pages() -> None:
    """Home page, indexes and archive pages have the forms of real ones."""
    assert HOME_PAGE.fullmatch(files()["README.md"])
    for path in under("indexes/"):
        form = SECTION_INDEX if path.endswith("README.md") else ARCHIVE_PAGE
        found = form.fullmatch(files()[path])
        assert found, path
        assert found["section"] == path.split("/")[1]


def test_listed_pages_exist_and_existing_pages_are_listed() -> None:
    """Home page, index pages, lists and articles agree."""
    pages, linked = set(under("pages/")), set()
    for path in under("indexes/"):
        linked |= {
            f"pages/{name}" for name in re.findall(r"\(\.\./\.\./pages/(\S+\.md)", files()[path])
        }
    in_lists = {
        f"pages/{path.split('/')[1].removesuffix('.csv')}/{line.partition(',')[0]}.md"
        for path in under("indexes/", ".csv")
        for line in files()[path].splitlines()
    }
    assert linked == pages == in_lists
    home = re.findall(r"\(indexes/(\w+)/README\.md\?\d{8}\)", files()["README.md"])
    assert home == list(
        dict.fromkeys(path.split("/")[1] for path in sorted(pages, key=_home_order))
    )


def _home_order(path: str) -> int:
    return files()["README.md"].index(path.split("/")[1])


def test_size() -> None:
    """Three sections or more, one of them with several archive pages, and shared articles."""
    sections = Counter(path.split("/")[1] for path in under("pages/"))
    copies = Counter(Counter(path.rpartition("/")[2] for path in under("pages/")).values())
    assert len(sections) >= 3
    assert max(sections.values()) > 60
    assert f"indexes/{sections.most_common(1)[0][0]}/3.md" in files()
    assert copies[2] >= 10
    assert copies[3] >= 3
    assert 75 <= sum(copies.values()) <= 100


def test_titles_are_distinct() -> None:
    """No two articles have the same title."""
    titles = {path.rpartition("/")[2]: files()[path].split("\n", 1)[0] for path in under("pages/")}
    assert len(set(titles.values())) == len(titles)


def test_copies_of_one_article_differ() -> None:
    """One article was edited between two updates."""
    first, second = (
        ARTICLE_PAGE.fullmatch(files()[f"pages/{section}/n15000334.md"])
        for section in ("ncid900101", "ncid900102")
    )
    assert first
    assert second
    assert first["title"] != second["title"]
    assert first["url"] == second["url"]


@pytest.mark.parametrize(("case", "pattern"), CASES, ids=[case for case, _ in CASES])
def test_the_sample_contains_the_case(case: str, pattern: str) -> None:
    """Each variation that a reader should handle is in at least one file."""
    assert any(re.search(pattern, text) for text in files().values()), case
