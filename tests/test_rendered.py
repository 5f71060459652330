"""Rendered pages read like the mirror's own files; without a browser."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from crawling import ROOT
from mirrorkit import ABSOLUTE_AD, RELATIVE_AD, ArticleSpec, MirrorBuilder, article_page
from standin import CAMO, NOT_FOUND, TOO_LONG, TOO_MANY, UNICORN, WHOA, Renderer, camo

from crawler.exceptions import PageError, PageMalformed, PageMissing, PageUnreachable
from crawler.formats.epoch.article import read_article
from crawler.formats.epoch.home import read_home
from crawler.formats.epoch.index import read_index
from crawler.formats.epoch.paths import copy_of, section_of
from crawler.formats.epoch.rendered import (
    UNSUPPORTED_KEYS,
    article_markdown,
    home_markdown,
    index_markdown,
)
from crawler.formats.pages import ArticlePage
from crawler.formats.rendered_site import error_status

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from corpus import Corpus

BASE = "https://github.com/owner/mirror/blob/master/"
SAMPLE = ROOT / "sample"
ARTICLES = sorted(SAMPLE.glob("pages/*/*.md"))
INDEXES = sorted(SAMPLE.glob("indexes/*/*.md"))
PATH = "pages/ncid900101/n15000001.md"

#: Fields of an article's page that the sanitizer does not change.
SEEN = tuple(
    field.name
    for field in dataclasses.fields(ArticlePage)
    if field.name not in {*UNSUPPORTED_KEYS, "player", "unusable_urls"}
)
#: Share of real pages that must have the same text.
EQUAL_SHARE = 0.995


def page(content: str, title: str = "海岛灯塔重新点亮", number: str = "n15000001") -> str:
    """Return an article page of the mirror with this HTML as its body."""
    return (
        f"### {title}\n\n---\n\n#### [首页](../../../..?{number}) &nbsp;|&nbsp; "
        f"[评论](../../../../../epoch-comment?{number})\n\n\n"
        f'<div class="post_content" id="artbody" itemprop="articleBody">\n'
        f" <!-- article content begin -->\n{content}\n <!-- article content end -->\n</div>\n\n\n"
        f"---\n\n原文链接（需翻墙）：https://www.epochtimes.com/gb/23/9/22/{number}.htm"
    )


def spec(number: str) -> ArticleSpec:
    """Return an article for the mirror's builder."""
    return ArticleSpec(id=number, title=f"灯塔{number}", date=dt.date(2023, 9, 22))


def rendered(markdown: str, path: str = PATH, **how: object) -> str:
    """Return the site's document for a file."""
    article = Renderer(**how).rich_text(markdown, path)  # type: ignore[arg-type]
    return f"<!DOCTYPE html><html><body><main>{article}</main></body></html>"


def through(markdown: str, path: str = PATH, **how: object) -> ArticlePage:
    """Return an article as read from the site's rendering."""
    return read_article(article_markdown(rendered(markdown, path, **how), base=BASE, path=path))


def differing(raw: str, path: str) -> list[str]:
    """Return the fields that differ after rendering."""
    ours, theirs = read_article(raw), through(raw, path)
    return [name for name in SEEN if seen(ours, name) != seen(theirs, name)]


def seen(page: ArticlePage, name: str) -> object:
    """Return a field's value without the picture that an image links to: links are not seen."""
    if name == "images":
        return [{**image, "full_url": None} for image in page.images]
    return getattr(page, name)


# -- the sample, and real pages ----------------------------------------------------------------


@pytest.mark.parametrize("canonical", [True, False])
def test_articles_read_the_same(canonical: bool) -> None:
    """All keys except the unsupported ones, on every page of the sample."""
    for file in ARTICLES:
        raw, path = file.read_text("utf-8"), str(file.relative_to(SAMPLE))
        ours, theirs = read_article(raw), through(raw, path, canonical=canonical)
        for name in SEEN:
            assert seen(theirs, name) == seen(ours, name), (path, name)


def test_unsupported_keys_cannot_be_seen() -> None:
    """Each unsupported key has a value in a raw page and none in a rendered one."""
    raw = page(
        '<p>\n <ok href="https://www.epochtimes.com/gb/tag/%E6%B5%B7.html">\n  海\n </ok>\n'
        ' 与\n <ok href="https://example.org/">\n  岸\n </ok>\n'
        ' <ok href="https://youtu.be/abcdefghijk">\n  影\n </ok>\n</p>\n'
        '<div class="video_fit_container">\n</div>'
    )
    ours, theirs = read_article(raw), through(raw)
    assert (ours.tags, ours.player, ours.truncated) == (["海"], True, False)
    assert len(ours.links) == len(ours.videos) == 1
    assert (theirs.tags, theirs.links, theirs.videos, theirs.player) == ([], [], [], False)
    assert theirs.truncated
    assert "<a " in ours.content_html
    assert "<a " not in theirs.content_html
    assert theirs.content_text == ours.content_text == "海与岸影"


def test_index_pages_are_restored_exactly() -> None:
    """Index and archive pages are equal, and the home page except for blanks."""
    for file in INDEXES:
        raw, path = file.read_text("utf-8"), str(file.relative_to(SAMPLE))
        assert index_markdown(rendered(raw, path), base=BASE, path=path) == raw, path
    raw = (SAMPLE / "README.md").read_text("utf-8")
    markdown = home_markdown(rendered(raw, "README.md"), base=BASE)
    assert markdown.split() == raw.split()
    assert read_home(markdown) == read_home(raw)


@pytest.mark.parametrize("ad", [ABSOLUTE_AD, RELATIVE_AD])
def test_advertisements_are_not_entries(tmp_path: Path, ad: str) -> None:
    """Whether their URL is absolute, or relative and broken."""
    mirror = MirrorBuilder.simple("ncid1")
    for number in range(40):
        mirror.publish(spec(f"n150000{number:02}"), "ncid1")
    mirror.write(tmp_path)
    path = "indexes/ncid1/README.md"
    raw = (tmp_path / path).read_text("utf-8")
    lines = raw.split("\n")
    lines.insert(5, f"#### {ad.format(stamp='10021200')}")
    raw = "\n".join(lines)
    index = read_index(index_markdown(rendered(raw, path), base=BASE, path=path), "ncid1")
    assert index == read_index(raw, "ncid1")
    assert len(index.entries) == 30


def test_links_to_another_repository_stay_absolute() -> None:
    """The home page links to sister mirrors, which must not become sections."""
    raw = (
        "## 海岛新闻\n\n#### [灯塔](indexes/ncid1/README.md?10021200) &nbsp;| &nbsp; "
        "[姊妹](https://github.com/other/repo/blob/master/indexes/ncid2/README.md?10021200)\n"
    )
    home = read_home(home_markdown(rendered(raw, "README.md"), base=BASE))
    assert [label.section for label in home.labels] == ["ncid1"]


def test_a_notice_that_the_mirror_has_moved_is_recognized() -> None:
    """On the home page and in a section's index."""
    raw = "### 感谢您的持续关注，该项目已迁移至 [new/news](https://github.com/new/news)\n"
    assert (
        read_home(home_markdown(rendered(raw), base=BASE)).moved_to == "https://github.com/new/news"
    )
    path = "indexes/ncid1/README.md"
    moved = read_index(index_markdown(rendered(raw, path), base=BASE, path=path), "ncid1")
    assert moved.moved_to == "https://github.com/new/news"


@pytest.mark.parametrize("name", ["news", "comment", "special"])
def test_real_pages_read_the_same(corpus: Callable[[str], Corpus], name: str) -> None:
    """A few hundred pages of each mirror: title and URL of all, the text of nearly all."""
    pages = [
        (path, text)
        for path, text in corpus(name).pages(every={"news": 60, "comment": 5, "special": 4}[name])
        if copy_of(path)
    ]
    unequal: dict[str, list[str]] = {}
    for path, raw in pages:
        for field in differing(raw, path):
            unequal.setdefault(field, []).append(path)
    assert len(pages) >= 200
    assert not {"title", "original", "dateline", "byline"} & set(unequal), unequal
    for field, paths in unequal.items():
        assert len(paths) <= len(pages) * (1 - EQUAL_SHARE), (field, len(pages), paths)


# -- what the site does to a page, undone ------------------------------------------------------


def test_blank_lines_in_a_paragraph() -> None:
    """They end a block of HTML, and Markdown turns the rest into paragraphs."""
    raw = page(
        "<p>\n 第一段\n\n还是第一段\n <ok href='https://a.example/'>\n  链接\n </ok>\n 末尾\n</p>"
        "\n<p>\n 第二段\n</p>"
    )
    assert through(raw).content_text == read_article(raw).content_text
    assert through(raw).content_text == "第一段还是第一段链接末尾\n\n第二段"


def test_blank_lines_in_the_lead_images_caption() -> None:
    """The same applies above the body."""
    lead = (
        '<div><img alt="x" class="wp-post-image" src="https://i.epochtimes.com/a.jpg"/>\n'
        '<div class="caption">\n 灯塔夜景。\n\n（海风社提供）\n</div></div><hr/>'
    )
    raw = page("<p>\n 正文\n</p>").replace(
        '<div class="post_content"', lead + '<div class="post_content"'
    )
    ours, theirs = read_article(raw), through(raw)
    assert ours.caption == theirs.caption == "灯塔夜景。（海风社提供）"
    assert ours.image == theirs.image == "https://i.epochtimes.com/a.jpg"


@pytest.mark.parametrize(
    "title",
    [
        "*ST灯塔停牌",
        "*注*灯塔与**双灯**",
        "价格在3~5元与8~9元之间",
        "甲 & 乙 渔港",
        "“#一句话”征文",
        "两  个  空格",
        "全宽　空格",
        "北岸|南岸电讯",
        "售价$3与$5",
    ],
)
def test_titles_with_marks_of_markdown(title: str) -> None:
    """All marks in real titles, including the tildes of strikethrough."""
    raw = page("<p>\n 正文\n</p>", title=title)
    assert through(raw).title == read_article(raw).title


def test_a_page_header_stays_out_of_the_text() -> None:
    """The comment at its end is removed, so it is recognized by its form."""
    raw = page("<p>\n 正文\n</p>").replace(
        " <!-- article content begin -->",
        ' <div class="whitebg">\n <div class="column">\n <div class="arttop">\n'
        '  <h1 class="title">\n   第二个标题\n  </h1>\n  <div>\n   作者：林岸\n  </div>\n'
        '  <img src="https://i.epochtimes.com/top.jpg"/>\n </div>\n </div>\n'
        " <!-- article content begin -->",
    )
    ours, theirs = read_article(raw), through(raw)
    assert ours.content_text == theirs.content_text == "正文"
    assert ours.image == theirs.image == "https://i.epochtimes.com/top.jpg"
    assert ours.lines == theirs.lines


def test_a_box_behind_the_article_stays_out_of_the_text() -> None:
    """It has recommendations of other articles."""
    box = (
        '<div class="recommend_title">\n 阅读更多:\n</div>\n<div>\n <ul>\n  <li>\n   别的文章\n'
        "  </li>\n </ul>\n</div>\n</div>"
    )
    raw = page("<p>\n 正文\n</p>").replace("\n</div>\n\n\n---", f"\n{box}\n\n\n---")
    assert "别的文章" in raw
    assert through(raw).content_text == read_article(raw).content_text == "正文"


def test_figures_of_old_pages_keep_their_captions() -> None:
    """They are ``div`` elements without their class, recognized by their identifier."""
    raw = page(
        '<div class="wp-caption" id="attachment_123">\n <img src="https://i.epochtimes.com/a.jpg"/>'
        '\n <p class="wp-caption-text">\n  渔港。（海风社）\n </p>\n</div>\n<p>\n 正文\n</p>'
    )
    ours, theirs = read_article(raw), through(raw)
    assert ours.content_text == theirs.content_text == "正文"
    assert ours.images == theirs.images
    assert ours.images[0]["caption"] == "渔港。"


def test_the_address_of_a_removed_player_is_not_text() -> None:
    """It is the fallback text of the player."""
    raw = page(
        "<p>\n 录像如下：\n</p>\n<div>\n <video>\n  <source src='https://a.example/v.mp4'/>\n"
        "  <ok href='https://a.example/v.mp4'>\n   https://a.example/v.mp4\n  </ok>\n </video>\n"
        "</div>\n<p>\n 正文\n</p>"
    )
    assert through(raw).content_text == read_article(raw).content_text == "录像如下：\n\n正文"


def test_an_unclosed_link_loses_nothing() -> None:
    """In footnotes of old pages it extends to the end, across the last rule and line."""
    raw = page('<p>\n <a name="_Toc1">\n 引言\n</p>\n<p>\n 正文\n</p>')
    ours, theirs = read_article(raw), through(raw)
    assert ours.original == theirs.original
    assert ours.content_text == theirs.content_text == "引言\n\n正文"


@pytest.mark.parametrize(
    "source",
    [
        "https://i.epochtimes.com/assets/uploads/2023/09/a-600x400.jpg",
        "http://img.theepochtimes.com/a b/c.jpg?x=1&y=2",
        "https://i.epochtimes.com/图.jpg",
        "//www.minghui.org/a.jpg",
        "/i6/803071830--ss.jpg",
    ],
)
@pytest.mark.parametrize("canonical", [True, False])
def test_pictures_get_their_own_address_again(source: str, canonical: bool) -> None:
    """From either of the two places where the proxy keeps it."""
    raw = page(f'<p>\n <img src="{source}"/>\n</p>')
    html = rendered(raw, canonical=canonical)
    if source.startswith("http"):
        assert f'src="{CAMO}' in html
        assert ("data-canonical-src" in html) is canonical
    assert through(raw, canonical=canonical).images == read_article(raw).images != []


def test_the_proxy_is_asked_for_the_original_first() -> None:
    """The proxy's URL need not contain it."""
    html = rendered(page('<p>\n <img src="https://a.example/a.jpg"/>\n</p>'))
    markdown = article_markdown(html.replace(camo("https://a.example/a.jpg"), f"{CAMO}/0123"))
    assert [image["url"] for image in read_article(markdown).images] == ["https://a.example/a.jpg"]


def test_an_undecodable_camo_address_is_kept() -> None:
    """A proxy's URL is better than failing the page."""
    broken = f"{CAMO}/0123/ff00ff00ff00ff00ff"
    html = rendered(page('<p>\n <img src="https://a.example/a.jpg"/>\n</p>'), canonical=False)
    markdown = article_markdown(html.replace(camo("https://a.example/a.jpg"), broken))
    assert [image["url"] for image in read_article(markdown).images] == [broken]


def test_the_tracking_pixel_is_left_out() -> None:
    """It belongs to the mirror, not to the article."""
    pixel = "<img src='http://pixel.example/pages/ncid1/n1.md' width='0px' height='0px'/>"
    raw = page("<p>\n 正文\n</p>").replace("</div>\n\n\n---", f"</div>\n\n\n{pixel}\n\n---")
    assert "pixel.example" in raw
    assert "pixel.example" not in article_markdown(rendered(raw))
    assert through(raw).image is None


def test_the_outer_template_equals_the_mirrors() -> None:
    """Character by character around the content."""
    template = re.compile(
        r"### (?P<title>.*?)\n\n---\n\n(?P<nav>#### \[首页\].*?)\n\n(?P<content>.*?)\n\n"
        r"---\n\n原文链接(?:（需翻墙）)?：(?P<url>\S+)",
        re.DOTALL,
    )
    for label in ("原文链接（需翻墙）：", "原文链接："):
        raw = page("<p>\n 正文\n</p>").replace("原文链接（需翻墙）：", label)
        found = template.fullmatch(article_markdown(rendered(raw)))
        assert found
        assert '<div id="artbody"' in found["content"]
        assert label in found.string


# -- pages that are not the mirror's -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "error", "reason", "status"),
    [
        (WHOA, PageUnreachable, "rate_limited", 429),
        (TOO_MANY, PageUnreachable, "rate_limited", 429),
        (UNICORN, PageUnreachable, "unavailable", 503),
        (TOO_LONG, PageUnreachable, "unavailable", 503),
        (NOT_FOUND, PageMissing, "missing", 404),
        (
            "<article class='markdown-section'><h1>404 - Not found</h1></article>",
            PageMissing,
            "missing",
            None,
        ),
        ("<html><body><p>Something else</p></body></html>", PageMalformed, "malformed", None),
        ("", PageMalformed, "malformed", None),
        ("\x00", PageMalformed, "malformed", None),
        ("<article class='markdown-body'></article>", PageMalformed, "malformed", None),
    ],
)
@pytest.mark.parametrize("reader", [home_markdown, index_markdown, article_markdown])
def test_error_pages_are_recognized(
    reader: Callable[[str], str],
    document: str,
    error: type[PageError],
    reason: str,
    status: int | None,
) -> None:
    """For every kind of request; other pages get no status."""
    with pytest.raises(error) as raised:
        reader(document)
    assert raised.value.reason == reason
    assert error_status(document) == status


def test_an_article_about_an_error_page_is_an_article() -> None:
    """Its wording alone does not make it an error page."""
    raw = page("<p>\n 网站显示：Too many requests，“Page not found”，Whoa there!\n</p>")
    assert through(raw).content_text == read_article(raw).content_text
    assert error_status(rendered(raw)) is None


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        (lambda raw: raw.partition("---\n\n原文")[0], "ends before the original's URL"),
        (lambda raw: raw.replace('id="artbody"', 'id="other"'), "is not an article"),
        (lambda raw: raw.replace("首页", "别处"), "is not an article"),
        (lambda raw: raw.replace("### ", "##### "), "does not begin with a title"),
        (lambda _: "#### [条目](../../pages/ncid1/n1.md)", "does not begin with a title"),
    ],
)
def test_a_page_that_is_not_an_article_is_malformed(
    damage: Callable[[str], str], what: str
) -> None:
    """Above all a truncated page."""
    with pytest.raises(PageMalformed, match=what):
        article_markdown(rendered(damage(page("<p>\n 正文\n</p>"))))


def test_a_built_article_survives() -> None:
    """With lead image, figures and tags, as built by the mirror's builder."""
    raw = article_page(spec("n15000009"), "ncid1", repository="epoch-news")
    assert differing(raw, "pages/ncid1/n15000009.md") == []
    assert section_of("pages/ncid1/n15000009.md") is None
