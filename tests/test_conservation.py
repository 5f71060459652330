"""No text is lost, duplicated, moved or added between a page and its record.

The first tests check the checker itself: it must find known differences.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from conservation import Difference, compare, compare_html, left, read

from crawler.formats.epoch.article import read_article

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from corpus import Corpus

FIRST = "港口城市松石湾的轮渡昨天恢复通航，码头上聚集了数百人。"
SECOND = "船长方以宁说，头一班船载了六十二人，风浪比预报的小。"
THIRD = "渡船公司表示，下个月起加开夜间班次，票价不变。"
CAPTION = "松石湾码头的清晨。（沈知夏／大纪元）"

PAGE = f"""### 松石湾轮渡复航

---

#### [首页](../../../..?n15000001)


<div><img alt="松石湾轮渡复航" class="wp-post-image" src="https://i.epochtimes.com/a.jpg"/>
<div class="caption">
 题图说明。
</div></div><hr/><div class="post_content" id="artbody" itemprop="articleBody">
 <!-- article content begin -->
 <p>
  【大纪元2022年03月04日讯】（大纪元记者
  <ok href="https://www.epochtimes.com/gb/tag/a.html">
   方若水
  </ok>
  报导）{FIRST}
 </p>
 <p>
  <center>
  </center>
  {SECOND}
 </p>
 <figure class="wp-caption aligncenter">
  <ok href="https://i.epochtimes.com/b.jpg">
   <img alt="" src="https://i.epochtimes.com/b-600x400.jpg"/>
  </ok>
  <br/><figcaption class="wp-caption-text">
   {CAPTION}
  </figcaption><br/>
 </figure>
 <h4>
  夜间班次
 </h4>
 {THIRD}
 <div id="gtx-trans" style="position: absolute;">
  翻译
 </div>
 <p>
  文字整理：李洁思；责任编辑：高静#◇
 </p>
 <div class="related-posts" id="related-posts-MRP_all">
  Related Posts
 </div>
 <p>
  <font color="#ffffff">
   (http://www.dajiyuan.com)
  </font>
 </p>
 <!-- article content end -->
 <p>
  阅读更多
 </p>
</div>


---

原文链接（需翻墙）：https://www.epochtimes.com/gb/22/3/3/n15000001.htm"""

TEXT = f"{FIRST}\n\n{SECOND}\n\n夜间班次\n\n{THIRD}\n\n文字整理：李洁思"

HTML = (
    f"<p>{FIRST}</p><p>{SECOND}</p><figure><figcaption>{CAPTION}</figcaption></figure>"
    f"<h4>夜间班次</h4><p>{THIRD}</p><p>文字整理：李洁思</p>"
)

RECORD = {
    "dateline": "大纪元2022年03月04日讯",
    "byline": "大纪元记者方若水报导",
    "editors": ["高静"],
    "content_text": TEXT,
    "content_html": HTML,
}


def record(**changes: Any) -> dict[str, Any]:
    return RECORD | changes


def kinds(differences: Iterable[Difference]) -> list[tuple[str, str]]:
    return [(difference.kind, difference.reason) for difference in differences]


def test_a_faithful_record_holds_exactly() -> None:
    assert compare(PAGE, record()) == []
    assert compare_html(PAGE, record()) == []
    assert left(record()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(TEXT.replace(SECOND, ""), [("missing", "text")], id="lost line"),
        pytest.param(
            TEXT.replace("风浪比预报的小", ""), [("missing", "text")], id="lost half sentence"
        ),
        pytest.param(TEXT.replace("头", "", 1), [("missing", "text")], id="lost character"),
        pytest.param(TEXT.replace("。", "", 1), [("missing", "punctuation")], id="lost full stop"),
        pytest.param(TEXT.replace(SECOND, SECOND * 2), [("extra", "text")], id="doubled line"),
        pytest.param(f"{TEXT}\n\n{FIRST}", [("extra", "text")], id="doubled at the end"),
        pytest.param(
            f"{SECOND}\n\n{FIRST}\n\n夜间班次\n\n{THIRD}\n\n文字整理：李洁思",
            [("moved", "text")],
            id="swapped lines",
        ),
        pytest.param(
            TEXT.replace("夜间班次\n", f"{CAPTION}\n\n夜间班次\n"),
            [("extra", "caption")],
            id="caption in the text",
        ),
        pytest.param(
            f"【{RECORD['dateline']}】{TEXT}", [("extra", "dateline")], id="dateline in the text"
        ),
        pytest.param(
            f"（{RECORD['byline']}）{TEXT}", [("extra", "byline")], id="byline in the text"
        ),
        pytest.param(f"{TEXT}；责任编辑：高静", [("extra", "editor")], id="editor in the text"),
        pytest.param(
            TEXT.replace("文字整理：李洁思", ""), [("missing", "text")], id="what is glued to it"
        ),
        pytest.param(f"{TEXT}；", [("extra", "punctuation")], id="punctuation"),
        pytest.param(f"{TEXT}◇", [("extra", "end_mark")], id="end mark"),
        pytest.param(f"{TEXT}\n\nRelated Posts", [("extra", "unknown")], id="related posts"),
        pytest.param(f"{TEXT}\n\n阅读更多", [("extra", "unknown")], id="behind the end mark"),
        pytest.param(f"题图说明。\n\n{TEXT}", [("extra", "unknown")], id="lead caption"),
        pytest.param(
            f"{TEXT}\n\n(http://www.dajiyuan.com)", [("extra", "old_address")], id="old address"
        ),
        pytest.param("", [("missing", "text")], id="nothing"),
        pytest.param(None, [("missing", "text")], id="null"),
    ],
)
def test_the_checker_sees(text: str | None, expected: list[tuple[str, str]]) -> None:
    assert kinds(compare(PAGE, record(content_text=text))) == expected


def test_two_losses_are_two_differences() -> None:
    text = TEXT.replace("数百人", "").replace("票价不变", "")
    found = compare(PAGE, record(content_text=text))
    assert [(d.text, d.length) for d in found] == [("数百人", 3), ("票价不变", 4)]


def test_raw_values_excuse_only_text_at_their_place() -> None:
    """A missing sentence is reported even if a raw value elsewhere contains it."""
    assert kinds(compare(PAGE, record(dateline=None))) == [("missing", "text")]
    assert kinds(compare(PAGE, record(byline=None))) == [("missing", "text")]
    assert kinds(compare(PAGE, record(editors=[]))) == [("missing", "editor")]
    lost = record(byline="船长方以宁说", content_text=TEXT.replace("船长方以宁说", ""))
    assert ("missing", "text") in kinds(compare(PAGE, lost))


def test_white_space_and_invisible_characters_do_not_count() -> None:
    spaced = TEXT.replace("，", "，\u3000\n \u200b")
    assert compare(PAGE, record(content_text=spaced)) == []
    assert compare(PAGE.replace("码头", "码\x08\xad头"), record()) == []


def test_a_page_cut_short_is_read_to_its_end() -> None:
    page, _, rest = PAGE.partition(' <div id="gtx-trans"')
    footer = rest[rest.index("\n---") :]
    cut = TEXT[: TEXT.index("\n\n文字整理")]
    assert compare(page + footer, record(content_text=cut, editors=[])) == []


def test_text_before_the_begin_mark_is_a_header() -> None:
    page = PAGE.replace(
        " <!-- article content begin", "<h1>第二个标题</h1><!-- article content begin"
    )
    assert compare(page, record()) == []


def test_a_popup_around_the_article_itself_is_not_junk() -> None:
    """Some authors' paragraphs are inside the popup of a translation tool."""
    page = PAGE.replace("<h4>", '<div class="jfk-bubble gtx-bubble"><h4>').replace(
        "</h4>", "</h4></div>"
    )
    assert compare(page, record()) == []


def test_deep_nesting_does_not_stop_the_checker() -> None:
    page = PAGE.replace(SECOND, "<span>" * 5000 + SECOND + "</span>" * 5000)
    assert compare(page, record()) == []


@pytest.mark.parametrize(
    ("line", "editors", "rest"),
    [
        ("责任编辑：高静#", ["高静"], ""),
        ("责任编辑；高静 ＃◇", ["高静"], ""),
        ("责任编辑 高静", ["高静"], ""),
        ("责任编辑·：高静", ["高静"], ""),
        ("责任编叩；高静", ["高静"], ""),
        ("责任编辑：责任编辑：高静", ["高静"], ""),
        ("责任编辑：高静、林默然", ["高静", "林默然"], ""),
        ("责任编辑：高 静", ["高静"], ""),
        ("（责任编辑：高静）", ["高静"], ""),
        ("（来源：明日报；责任编辑：高静）", ["高静"], "（来源：明日报）"),
        ("译者：言纯，责任编辑：高静", ["高静"], "译者：言纯"),
        ("文字整理：李洁思责任编辑：高静", ["高静"], "文字整理：李洁思"),
        ("责任编辑：高静。关注我们", ["高静"], "关注我们"),
        ("他是责任编辑，高静的同事说", ["林默然"], "他是责任编辑，高静的同事说"),
    ],
)
def test_only_the_editor_is_cut_from_a_line(line: str, editors: list[str], rest: str) -> None:
    page = PAGE.replace("文字整理：李洁思；责任编辑：高静#◇", line)
    text = TEXT.replace("文字整理：李洁思", rest)
    assert compare(page, record(editors=editors, content_text=text)) == []


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (HTML.replace(f"<p>{SECOND}</p>", ""), [("missing", "text")]),
        (HTML.replace("h4", "figcaption"), [("missing", "text"), ("extra", "text")]),
        (HTML + f"<p>{FIRST}</p>", [("extra", "text")]),
        (HTML.replace("figcaption", "p"), [("extra", "caption"), ("missing", "caption")]),
        (HTML.replace("沈知夏", ""), [("missing", "unknown")]),
    ],
)
def test_html_that_differs_from_the_text_is_seen(
    html: str, expected: list[tuple[str, str]]
) -> None:
    assert kinds(compare_html(PAGE, record(content_html=html))) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("一\x08二", "control"),
        ("一\u200b二", "zero_width"),
        (f"{FIRST}\n\n责任编辑：高静", "editor"),
        (f"【大纪元2022年03月04日讯】{FIRST}", "dateline"),
        (f"{FIRST}\n\n◇", "mark"),
        (f"{FIRST}\n\n♢", "mark"),
        ("一  二", "space"),
        ("一\n\n\n二", "blank_lines"),
        ("\ufa1e", "not_nfc"),
    ],
)
def test_forbidden_text_is_seen(text: str, reason: str) -> None:
    assert reason in [d.reason for d in left(record(content_text=text))]


def test_captions_are_kept_apart() -> None:
    assert read(PAGE).captions == [CAPTION]


# --- real pages -----------------------------------------------------------------------

KEYS = ("dateline", "byline", "editors", "images", "content_text", "content_html")

EXACT = 0.999
"""Minimum share of pages without differences."""


def faults(pages: Iterable[tuple[str, str]]) -> Iterator[tuple[str, list[Difference]]]:
    """Yield (path, differences) of each page, for text, HTML and forbidden text."""
    for path, text in pages:
        page = read_article(text)
        made = {key: getattr(page, key) for key in KEYS}
        yield path, compare(text, made) + compare_html(text, made) + left(made)


def report(found: Iterable[tuple[str, list[Difference]]]) -> tuple[float, str]:
    """Return the share of pages without differences, and a table of the others' reasons."""
    pages, exact = 0, 0
    reasons: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], str] = {}
    for path, differences in found:
        pages += 1
        exact += not differences
        for reason in {(difference.kind, difference.reason) for difference in differences}:
            reasons[reason] += 1
        for difference in differences:
            reason = difference.kind, difference.reason
            examples.setdefault(reason, f"{path}: {difference.text}")
    lines = [f"{exact} of {pages} pages hold exactly"]
    lines += [
        f"{count:6} {' '.join(reason):24} {examples[reason]}"
        for reason, count in reasons.most_common()
    ]
    return exact / pages if pages else 0.0, "\n".join(lines)


@pytest.mark.parametrize("name", ["news", "comment", "special"])
@pytest.mark.parametrize(
    "every", [pytest.param(1, marks=pytest.mark.soak), 60], ids=["all", "every 60th"]
)
def test_real_pages_conserve_their_text(
    name: str, every: int, corpus: Callable[[str], Corpus]
) -> None:
    share, table = report(faults(corpus(name).pages(every=every)))
    print(table)
    assert share >= EXACT, table


def test_no_pages_is_not_success() -> None:
    assert report([])[0] == 0.0


def test_a_page_with_differences_lowers_the_share() -> None:
    lost = Difference("missing", "text", "风浪", 2)
    share, table = report([("pages/a/n1.md", []), ("pages/a/n2.md", [lost, lost])])
    assert share == 0.5
    assert table.splitlines()[1].split() == ["1", "missing", "text", "pages/a/n2.md:", "风浪"]
