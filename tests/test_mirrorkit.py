"""Built mirrors have the form of real ones."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from mirrorkit import (
    ABSOLUTE_AD,
    RELATIVE_AD,
    ArticleSpec,
    Group,
    GrowingMirror,
    Link,
    MirrorBuilder,
    Picture,
    Section,
    article_page,
    break_page,
    cut_page,
    drop_index,
    drop_page,
    empty_index,
    figure,
    large_mirror,
    move_away,
    tag_link,
)
from mirrorkit.builder import section_files
from mirrorkit.forms import ARCHIVE_PAGE, ARTICLE_PAGE, CONTENT, HOME_PAGE, SECTION_INDEX
from mirrorkit.indexes import csv_line, entries_of, index_page, page_count, pager
from mirrorkit.pages import frame
from mirrorkit.pretty import REPLACEMENTS, mirrored, prettify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from corpus import Corpus

DAY = dt.date(2023, 9, 4)
BREAD = Section("ncid900001", "面包", ad=ABSOLUTE_AD)
PLAIN = Section("nf900002", "港口")


def spec(number: int, **keys: object) -> ArticleSpec:
    """Return a small article with an id built from ``number``."""
    given = {"id": f"n{15_000_000 + number}", "title": f"第{number}炉面包出炉", "date": DAY}
    return ArticleSpec(**{**given, **keys})  # type: ignore[arg-type]


def rows(count: int) -> list[tuple[str, str]]:
    """Return this many rows of a list, oldest first."""
    return [(f"n{number}", f"标题{number}") for number in range(1, count + 1)]


def listed(page: str) -> list[int]:
    """Return the numbers of the entries of an index page, in its order."""
    return [int(number) for number in re.findall(r"/pages/[a-z0-9]+/n(\d+)\.md", page)]


# --- one article ------------------------------------------------------------------------------


def test_page_is_the_template_byte_for_byte() -> None:
    """A small page in full."""
    picture = Picture("id1-oven", "炉前的师傅。（顾小舟／大纪元）")
    article = spec(
        7,
        blocks=("新炉子[[面包]]好。",),
        byline="（大纪元记者顾小舟报导）",
        lead=picture,
        pixel=True,
    )
    assert article_page(article, "ncid900001") == (
        "### 第7炉面包出炉\n\n---\n\n"
        "#### [首页](../../../..?n15000007) &nbsp;|&nbsp; "
        "[评论](../../../../../epoch-comment?n15000007) &nbsp;|&nbsp; "
        "[专题](../../../../../epoch-special?n15000007) &nbsp;|&nbsp; "
        "[禁闻](../../../../../epoch-news?n15000007) &nbsp;|&nbsp; "
        "[禁书](../../../../../books?n15000007) &nbsp;|&nbsp; "
        "[翻墙](https://github.com/gfw-breaker/nogfw/blob/master/README.md?n15000007)\n\n\n"
        '<div><img alt="第7炉面包出炉" '
        'class="attachment-djy_600_400 size-djy_600_400 wp-post-image" '
        'src="https://i.epochtimes.com/assets/uploads/2023/09/id1-oven-600x400.jpg"/>\n'
        '<div class="caption">\n 炉前的师傅。（顾小舟／大纪元）\n</div></div><hr/>'
        '<div class="post_content" id="artbody" itemprop="articleBody">\n'
        " <!-- article content begin -->\n"
        " <p>\n  【大纪元2023年09月04日讯】（大纪元记者顾小舟报导）新炉子\n"
        '  <ok href="https://www.epochtimes.com/gb/tag/%E9%9D%A2%E5%8C%85.html">\n'
        "   面包\n  </ok>\n  好。\n </p>\n"
        " <p>\n  责任编辑：方笛#\n </p>\n"
        " <!-- article content end -->\n"
        ' <div id="below_article_ad">\n </div>\n</div>\n\n\n'
        "<img src='http://gfw-breaker.win/epoch-news/pages/ncid900001/n15000007.md'"
        " width='0px' height='0px'/>\n\n---\n\n"
        "原文链接（需翻墙）：https://www.epochtimes.com/gb/23/9/4/n15000007.htm"
    )


@pytest.mark.parametrize(
    ("keys", "inside", "outside"),
    [
        ({"dateline": ""}, "<p>\n  海边", "【大纪元"),
        ({"dateline": "【大纪元4月6日讯】"}, "【大纪元4月6日讯】海边", "2023年"),
        ({"published": dt.date(2023, 9, 5)}, "【大纪元2023年09月05日讯】", "09月04日"),
        ({"blocks": ("<h2>小标题</h2>",)}, "讯】\n </p>\n <h4>\n  小标题\n </h4>", "h2"),
        ({"column": True}, '<div class="column" id="artbody"', "below_article_ad"),
        ({"truncated": True}, "好天气。\n </p>\n</div>\n", "article content end"),
        ({"truncated": True}, "原文链接", "责任编辑"),
        ({"editor": ""}, "article content end", "责任编辑"),
        ({"label": ""}, "\n原文链接：https", "需翻墙"),
        ({"after_editor": ("关注我们",)}, "方笛#\n </p>\n <p>\n  关注我们\n </p>\n <!--", "<img"),
        (
            {"lead": Picture("a", "图（甲摄）", wrapped=True)},
            '<div class="caption">\n <p>\n  图（甲摄）\n </p>\n</div></div><hr/>',
            "width='0px'",
        ),
        ({"lead": Picture("a", "图"), "headline": "另一个标题"}, 'alt="另一个标题"', 'alt="第'),
        ({"blocks": ("<center></center>露在外面",)}, "</center>\n 露在外面\n", "<p>\n  露"),
        ({"date": dt.date(2001, 3, 5)}, "/gb/1/3/5/n15", "2023"),
    ],
)
def test_each_key_of_an_article(keys: dict[str, object], inside: str, outside: str) -> None:
    """What each key adds and removes."""
    page = article_page(spec(1, **keys), "ncid900001")
    assert inside in page
    assert outside not in page
    found = ARTICLE_PAGE.fullmatch(page)
    assert found
    assert CONTENT.fullmatch(found["content"])
    assert not page.endswith("\n")


def test_tag_links() -> None:
    """A tag may differ from the word that links to it."""
    assert tag_link("面包", "麵包") == (
        '<a href="https://www.epochtimes.com/gb/tag/%E9%BA%B5%E5%8C%85.html">面包</a>'
    )
    page = article_page(spec(1, blocks=("一[[甲|乙]]二",)), "nf1")
    assert "tag/%E4%B9%99.html" in page
    assert "甲\n  </ok>\n  二" in page


def test_figure_in_a_body() -> None:
    """A linked picture and its caption, with the line breaks that the mirror adds."""
    page = article_page(spec(1, blocks=(figure(Picture("id5-x", "图（乙摄）"), DAY, 5),)), "nf1")
    assert (
        ' <figure aria-describedby="caption-attachment-5" class="wp-caption aligncenter"'
        ' id="attachment_5" style="width: 600px">\n'
        '  <ok href="https://i.epochtimes.com/assets/uploads/2023/09/id5-x.jpg" target="_blank">\n'
        '   <img alt="" class="size-large wp-image-5"'
        ' src="https://i.epochtimes.com/assets/uploads/2023/09/id5-x-600x400.jpg"/>\n'
        "  </ok>\n"
        '  <br/><figcaption class="wp-caption-text" id="caption-attachment-5">\n'
        "   图（乙摄）\n  </figcaption><br/>\n </figure><br/>\n"
    ) in page


@pytest.mark.parametrize(
    ("html", "laid_out"),
    [
        ("<p>a<b>b</b>c</p>", "<p>\n a\n <b>\n  b\n </b>\n c\n</p>"),
        ("<p>\u3000a\u00a0</p>", "<p>\n a\n</p>"),
        ("<p>a<br>b</p>", "<p>\n a\n <br/>\n b\n</p>"),
        ("<p><p>a</p></p>", "<p>\n <p>\n  a\n </p>\n</p>"),
        ("<p>a", "<p>\n a\n</p>"),
        ("a</b>c", "a\nc"),
        ("<i><b>a</i>c", "<i>\n <b>\n  a\n </b>\n</i>\nc"),
        ("<p>1 &lt; 2 &amp; 3</p>", "<p>\n 1 &lt; 2 &amp; 3\n</p>"),
        ('<a z="1" href="?a&amp;b">x</a>', '<a href="?a&amp;b" z="1">\n x\n</a>'),
        ("<td v='{\"a\":1}'></td>", "<td v='{\"a\":1}'>\n</td>"),
        ("<!-- x -->", "<!-- x -->"),
    ],
)
def test_pretty_printer(html: str, laid_out: str) -> None:
    """One tag, text or comment a line, indented by one space per level."""
    assert prettify(html) == laid_out


# --- indexes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (29, 1), (30, 1), (31, 2), (60, 2), (61, 3), (92, 4)]
)
def test_thirty_entries_a_page(count: int, pages: int) -> None:
    """Page N has rows 30(N-1) to 30N, newest first; the last one has the last thirty."""
    files = dict(section_files(PLAIN, rows(count), "10020845"))
    names = [f"nf900002/{number}.md" for number in range(1, pages + 1)]
    assert list(files) == [*names, "nf900002/README.md", "nf900002.csv"]
    for number, name in enumerate(names[:-1], 1):
        assert listed(files[name]) == list(range(30 * number, 30 * (number - 1), -1))
    assert listed(files[names[-1]]) == list(range(count, max(0, count - 30), -1))


def test_last_page_overlaps_the_one_before() -> None:
    """With 61 rows the last page has one new row and 29 of the page before it."""
    last, before = entries_of(rows(61), 3), entries_of(rows(61), 2)
    assert len(set(last) & set(before)) == 29


def test_the_index_is_the_last_page_with_cache_busters() -> None:
    """Without cache-busters and advertisement the two files are the same."""
    files = dict(section_files(BREAD, rows(61), "10020845"))
    own = files["ncid900001/README.md"]
    assert own.count("?10020845)") == own.count("](") == 30 + 1 + 3
    without = own.replace(f"#### {ABSOLUTE_AD}\n".replace("{stamp}", "10020845"), "")
    assert without.replace("?10020845", "") == files["ncid900001/3.md"]
    assert all("?" not in files[f"ncid900001/{number}.md"] for number in (1, 2, 3))


@pytest.mark.parametrize("ad", [ABSOLUTE_AD, RELATIVE_AD])
def test_advertisement_follows_the_third_entry(ad: str) -> None:
    """Line 6 of a section's index, without the trailing space that entries have."""
    section = Section("nf1", "港口", ad=ad)
    lines = index_page(section, rows(5), 1, stamp="10020845").split("\n")
    assert lines[5] == f"#### {ad.replace('{stamp}', '10020845')}"
    assert [line.endswith(".md?10020845) ") for line in lines[2:8]] == [
        *[True] * 3,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("number", "reached"),
    [(1, [1]), (7, [7, 6, 5, 4, 3, 2, 1]), (8, [*range(8, 0, -1)]), (9, [*range(9, 1, -1)])],
)
def test_pager(number: int, reached: list[int]) -> None:
    """From N down to max(1, N-7), the page itself first."""
    links = " / ".join(f"[{page}](./{page}.md)" for page in reached)
    assert pager(number) == f"#### 第 [ {links} ] 页"


def test_title_in_an_index_ends_at_the_first_ascii_comma() -> None:
    """The list and the page have the whole title, unquoted."""
    row = ("n1", "面包店月入6,500枚铜币，仍不涨价")
    assert "#### [面包店月入6](../../pages/nf900002/n1.md) \n" in index_page(PLAIN, [row], 1)
    assert csv_line(row) == "n1,面包店月入6,500枚铜币，仍不涨价\n"


def test_home_page() -> None:
    """Lines of sections; one section is not linked, and one link leads out of the mirror."""
    hidden = Section("nf900003", "忘了", linked=False)
    away = Link("别处", "https://github.com/owner/epoch-special/blob/master/README.md")
    builder = MirrorBuilder((Group("岛", (BREAD, hidden, PLAIN)), Group("外", (away,))), "岛上新闻")
    home = dict(builder.files("10020845"))["README.md"]
    assert home == (
        "## 岛上新闻\n\n"
        "#### 岛 &nbsp;>&nbsp; [面包](indexes/ncid900001/README.md?10020845) &nbsp;| &nbsp; "
        "[港口](indexes/nf900002/README.md?10020845)\n\n"
        "#### 外 &nbsp;>&nbsp; [别处](https://github.com/owner/epoch-special/blob/master/"
        "README.md?10020845)  \n\n"
    )
    assert HOME_PAGE.fullmatch(home)


# --- a mirror that grows ----------------------------------------------------------------------


def test_an_update_without_news_changes_only_cache_busters(tmp_path: Path) -> None:
    """The home page and the sections' indexes change with every update."""
    builder = _written(tmp_path, 31)
    assert builder.write(tmp_path) == [
        "indexes/ncid900001/README.md",
        "indexes/nf900002/README.md",
        "README.md",
    ]
    assert builder.write(tmp_path, stamp="10021245") == []


def test_an_update_with_news_changes_only_what_it_must(tmp_path: Path) -> None:
    """New pages, the last archive page or a new one, indexes, and lists with new rows."""
    builder = _written(tmp_path, 29)
    builder.publish(spec(30), "ncid900001")
    changed = builder.write(tmp_path)
    assert "indexes/ncid900001/1.md" in changed
    builder.publish(spec(31), "ncid900001")
    assert builder.write(tmp_path) == [
        "pages/ncid900001/n15000031.md",
        "indexes/ncid900001/2.md",
        "indexes/ncid900001/README.md",
        "indexes/ncid900001.csv",
        "indexes/nf900002/README.md",
        "README.md",
    ]


def test_copies_may_differ(tmp_path: Path) -> None:
    """A section's copy can differ from the others."""
    builder = MirrorBuilder((Group("岛", (BREAD, PLAIN)),))
    edited = spec(1, title="改过的标题")
    builder.publish(spec(1), "ncid900001", "nf900002", copies={"nf900002": edited})
    builder.write(tmp_path)
    first = (tmp_path / "pages/ncid900001/n15000001.md").read_text(encoding="utf-8")
    second = (tmp_path / "pages/nf900002/n15000001.md").read_text(encoding="utf-8")
    assert first.replace("第1炉面包出炉", "改过的标题") == second
    assert "改过的标题" in (tmp_path / "indexes/nf900002.csv").read_text(encoding="utf-8")


def test_an_unknown_section_is_an_error() -> None:
    """A misspelt section is an error in the test that uses the builder."""
    with pytest.raises(KeyError, match="nf404"):
        MirrorBuilder.simple("nf1").publish(spec(1), "nf404")


# --- damage -----------------------------------------------------------------------------------


def test_drop_and_break_a_page(tmp_path: Path) -> None:
    """One is missing and the other does not fit the template; both remain listed."""
    _written(tmp_path, 2)
    drop_page(tmp_path, "ncid900001", "n15000001")
    break_page(tmp_path, "ncid900001", "n15000002")
    assert not (tmp_path / "pages/ncid900001/n15000001.md").exists()
    page = (tmp_path / "pages/ncid900001/n15000002.md").read_text(encoding="utf-8")
    assert not ARTICLE_PAGE.fullmatch(page)
    index = (tmp_path / "indexes/ncid900001/README.md").read_text(encoding="utf-8")
    assert listed(index) == [15000002, 15000001]


def test_cut_page(tmp_path: Path) -> None:
    """It still fits the template but lacks the end mark; cutting it again is an error."""
    _written(tmp_path, 1)
    cut_page(tmp_path, "ncid900001", "n15000001")
    page = (tmp_path / "pages/ncid900001/n15000001.md").read_text(encoding="utf-8")
    assert page == article_page(spec(1, truncated=True), "ncid900001")
    with pytest.raises(ValueError, match="no line of an editor"):
        cut_page(tmp_path, "ncid900001", "n15000001")


def test_drop_and_empty_indexes(tmp_path: Path) -> None:
    """An index can be missing, or exist without entries."""
    _written(tmp_path, 31)
    drop_index(tmp_path, "ncid900001", "1.md")
    drop_index(tmp_path, "nf900002")
    empty_index(tmp_path, "ncid900001")
    own = (tmp_path / "indexes/ncid900001/README.md").read_text(encoding="utf-8")
    assert own == (
        "### 面包\n---\n\n---\n#### 第 [ [2](./2.md?10020845) / [1](./1.md?10020845) ] 页\n"
    )
    assert not (tmp_path / "indexes/ncid900001/1.md").exists()
    assert not (tmp_path / "indexes/nf900002/README.md").exists()


def test_move_away(tmp_path: Path) -> None:
    """The home page, and optionally the sections' indexes, become notices; other files stay."""
    _written(tmp_path, 1)
    before = (tmp_path / "indexes/nf900002/README.md").read_bytes()
    move_away(tmp_path, "owner/new", sections=["ncid900001"])
    notice = "\n### 感谢您的持续关注，该项目已迁移至 [owner/new](https://github.com/owner/new)\n\n"
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == notice
    own = tmp_path / "indexes/ncid900001/README.md"
    assert own.read_text(encoding="utf-8") == notice
    assert (tmp_path / "indexes/nf900002/README.md").read_bytes() == before
    assert (tmp_path / "indexes/ncid900001/1.md").exists()


# --- many -------------------------------------------------------------------------------------


def test_a_large_mirror(tmp_path: Path) -> None:
    """Every file matches its form, lists, pages and counts agree, and a seed is reproducible."""
    made = large_mirror(tmp_path / "a", sections=3, articles=400, seed=7)
    files = _files(tmp_path / "a")
    pages = {name: text for name, text in files.items() if name.startswith("pages/")}
    assert len(pages) == made.listings
    assert len({name.rpartition("/")[2] for name in pages}) == made.articles == 400
    assert all(ARTICLE_PAGE.fullmatch(text) for text in pages.values())
    assert 80 < len(_several(pages)) < 120
    for section in made.sections:
        list_rows = _rows(files[f"indexes/{section}.csv"])
        described = Section(section, f"版面{section[-2:]}")
        for name, text in section_files(described, list_rows, "10020845"):
            assert files[f"indexes/{name}"] == text
    assert made.index_pages == sum(
        name.startswith("indexes/") and name.endswith(".md") for name in files
    )
    large_mirror(tmp_path / "b", sections=3, articles=400, seed=7)
    assert _files(tmp_path / "b") == files
    large_mirror(tmp_path / "c", sections=3, articles=400, seed=8)
    assert _files(tmp_path / "c") != files


def test_a_mirror_that_grows_equals_one_built_at_once() -> None:
    """Except for cache-busters of the sections' indexes and the home page."""
    step_by_step: dict[str, bytes] = {}
    at_once: dict[str, bytes] = {}
    growing = GrowingMirror(step_by_step.__setitem__, 3, seed=7)
    for articles in (250, 0, 16, 134):
        made = growing.publish(articles)
    assert GrowingMirror(at_once.__setitem__, 3, seed=7).publish(400) == made
    assert step_by_step.keys() == at_once.keys()
    differing = {name for name, data in at_once.items() if step_by_step[name] != data}
    assert differing == {name for name in at_once if name.endswith("README.md")}


# --- against real mirrors ---------------------------------------------------------------------


@pytest.mark.parametrize("name", ["news", "comment", "special"])
def test_real_indexes_are_rebuilt_from_their_lists(
    name: str, corpus: Callable[[str], Corpus]
) -> None:
    """Every index file of a real mirror, byte by byte, from its CSV alone."""
    files = dict(corpus(name).pages(under="indexes/"))
    lists = [path for path in files if path.endswith(".csv")]
    built: dict[str, str] = {}
    for path in lists:
        section, stamp = _section_of(path, files[path.replace(".csv", "/README.md")])
        made = section_files(section, _rows(files[path]), stamp)
        built |= {f"indexes/{name}": text for name, text in made}
    assert len(lists) > 1
    assert built == files


@pytest.mark.parametrize("name", ["news", "comment", "special"])
def test_real_indexes_have_the_forms(name: str, corpus: Callable[[str], Corpus]) -> None:
    """Real mirrors match the forms that the sample must match."""
    mirror = corpus(name)
    assert HOME_PAGE.fullmatch(mirror.read("README.md"))
    for path, text in mirror.pages(under="indexes/"):
        if path.endswith(".md"):
            form = SECTION_INDEX if path.endswith("README.md") else ARCHIVE_PAGE
            assert form.fullmatch(text), path


@pytest.mark.parametrize("name", ["news", "comment", "special"])
def test_real_pages_are_rebuilt_from_their_parts(
    name: str, corpus: Callable[[str], Corpus]
) -> None:
    """The frame of every 50th article, and its body formatted again."""
    seen = 0
    for path, page in corpus(name).pages(every=50):
        found = ARTICLE_PAGE.fullmatch(page)
        assert found, path
        content = CONTENT.fullmatch(found["content"])
        assert content, path
        parts = {"label": found["label"] or "", "pixel": found["pixel"] or ""}
        assert page == frame(found["title"], found["content"], found["url"], **parts), path
        assert mirrored(_unmirrored(content["body"])) == content["body"], path
        seen += 1
    assert seen > 20


def _unmirrored(body: str) -> str:
    """Undo those replacements of the mirror that change the structure."""
    for old, new in reversed(REPLACEMENTS):
        if "h2" not in old:
            body = body.replace(new, old)
    return body


def _section_of(path: str, own: str) -> tuple[Section, str]:
    """Return a real section as described by its index, and the index's cache-buster."""
    heading = own.split("\n", 1)[0].removeprefix("### ")
    stamp = re.findall(r"\.md\?(\d{8})\) \n", own)[0]
    ad = re.search(r"\n#### (\[[^\n]*\]\([^\n]*\))\n", own)
    described = ad[1].replace(stamp, "{stamp}") if ad else ""
    section_id = path.removeprefix("indexes/").removesuffix(".csv")
    return Section(section_id, heading, ad=described), stamp


def _rows(text: str) -> list[tuple[str, str]]:
    lines = text.split("\n")[:-1]
    return [(article_id, title) for article_id, _, title in (line.partition(",") for line in lines)]


def _written(directory: Path, count: int) -> MirrorBuilder:
    """Write a mirror with this many articles in the first section and one in the second."""
    builder = MirrorBuilder((Group("岛", (BREAD, PLAIN)),))
    for number in range(1, count + 1):
        builder.publish(spec(number), *["ncid900001", "nf900002"][: 2 if number == 1 else 1])
    builder.write(directory)
    return builder


def _files(directory: Path) -> dict[str, str]:
    return dict(sorted(_read(directory)))


def _read(directory: Path) -> Iterator[tuple[str, str]]:
    for path in directory.rglob("*"):
        if path.is_file():
            yield path.relative_to(directory).as_posix(), path.read_bytes().decode()


def _several(pages: dict[str, str]) -> set[str]:
    """Return the ids that are in more than one section."""
    names = [name.rpartition("/")[2] for name in pages]
    return {name for name in names if names.count(name) > 1}


def test_forms_tell_an_index_from_an_archive_page() -> None:
    """An archive page must not have a cache-buster, and an index must have one."""
    archive = index_page(BREAD, rows(5), 1)
    own = index_page(BREAD, rows(5), 1, stamp="10020845")
    assert ARCHIVE_PAGE.fullmatch(archive)
    assert SECTION_INDEX.fullmatch(own)
    assert not ARCHIVE_PAGE.fullmatch(own)
    assert not SECTION_INDEX.fullmatch(archive)
    assert not ARCHIVE_PAGE.fullmatch(archive.replace("n3.md", "n3.md?10020845"))
    assert page_count(5) == 1
