"""Leaves: runs of text that are folded, cut, and rendered as text and as HTML alike."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.markup import Container, Leaf, Run, render_html, render_text
from crawler.text import folded

STRONG = ("strong", "")
EM = ("em", "")
LINK = ("a", ' href="https://example.org/"')


def br() -> Run:
    return Run("\n", is_break=True)


def image() -> Run:
    return Run("", image='<img src="https://example.org/a.jpg" alt="">')


def leaf(
    *runs: Run | str, tag: str = "p", path: tuple[Container, ...] = (), caption: bool = False
) -> Leaf:
    made = Leaf(tag, path, runs=[Run(run) if isinstance(run, str) else run for run in runs])
    made.caption = caption
    made.fold()
    return made


FOLDED = [
    (["  海岛 "], "海岛"),
    (["海\n  岛"], "海岛"),
    (["大纪元记者\n  ", "李言", "\n  报导"], "大纪元记者李言报导"),
    (["green\n  ", "island"], "green island"),
    (["green ", " island"], "green island"),
    (["green", "island"], "greenisland"),
    (["海 ", "岛"], "海 岛"),
    (["a\n", " ", "\n海"], "a海"),
    (["海", " ", "岛"], "海 岛"),
    (["", "海", ""], "海"),
    (["\u3000", "海"], "海"),
    (["海", br(), "岛"], "海\n岛"),
    (["海", " ", br(), " ", "岛"], "海\n岛"),
    ([br(), "海", br()], "海"),
    (["海", br(), br(), "岛"], "海\n岛"),
    (["海", br(), " \n ", br(), "岛"], "海\n岛"),
    ([br()], ""),
    ([" "], ""),
    ([], ""),
    (["海 ", image(), " 岛"], "海 岛"),
    (["a Lamp,”\n", "The Times", "\n, 2016"], "a Lamp,” The Times, 2016"),
    (["他说“好”\n", "ABC"], "他说“好”ABC"),
    (["said\n", "“", "\n海"], "said“海"),
    (["said\n", "“", "\na", "”"], "said “a”"),
    (["said “\n", "yes", "\n”\nand left"], "said “yes” and left"),
    (["he said\n“", "yes”"], "he said “yes”"),
    (["他说“", "好", "”\nand left"], "他说“好”and left"),
]


@pytest.mark.parametrize(("runs", "expected"), FOLDED)
def test_fold(runs: list[Run | str], expected: str) -> None:
    folded_leaf = leaf(*runs)
    assert folded_leaf.text == expected
    assert "".join(run.text for run in folded_leaf.runs) == expected
    folded_leaf.fold()
    assert folded_leaf.text == expected


@given(st.lists(st.text(alphabet="海a、,“” \n\u3000", max_size=6), max_size=6))
def test_runs_fold_as_their_text_would(texts: list[str]) -> None:
    """Where one run ends and the next begins makes no difference."""
    assert leaf(*texts).text == folded("".join(texts))


@pytest.mark.parametrize(
    ("runs", "start", "end", "expected", "rendered"),
    [
        (["海岛新闻"], 1, 3, "海闻", "<p>海闻</p>"),
        (["海岛", Run("新", (STRONG,)), "闻"], 1, 3, "海闻", "<p>海闻</p>"),
        (["海", Run("岛新", (STRONG,)), "闻"], 2, 4, "海岛", "<p>海<strong>岛</strong></p>"),
        (["【讯】", br(), "海"], 0, 3, "海", "<p>海</p>"),
        (["【讯】 海"], 0, 3, "海", "<p>海</p>"),
        (["海", br(), "#"], 2, 3, "海", "<p>海</p>"),
        (["海"], 0, 1, "", ""),
        (["海"], 0, 0, "海", "<p>海</p>"),
    ],
)
def test_cut(runs: list[Run | str], start: int, end: int, expected: str, rendered: str) -> None:
    """The blanks that a cut leaves at an edge go with it."""
    cut_leaf = leaf(*runs)
    cut_leaf.cut(start, end, "test")
    assert cut_leaf.text == expected
    assert render_html([cut_leaf]) == rendered


def test_an_image_alone_is_not_empty() -> None:
    assert not leaf(image()).empty
    assert leaf(" ").empty
    assert leaf(br()).empty


HTML = [
    ([leaf("海 & <岛>")], "<p>海 &amp; &lt;岛&gt;</p>"),
    ([leaf("一"), leaf("二", tag="h4")], "<p>一</p><h4>二</h4>"),
    ([leaf("一"), leaf(""), leaf("二")], "<p>一</p><p>二</p>"),
    ([leaf("一", br(), "二")], "<p>一<br>二</p>"),
    ([leaf("见", Run("这里", (LINK,)), "。")],
     '<p>见<a href="https://example.org/">这里</a>。</p>'),
    ([leaf(Run("一", (STRONG,)), Run("二", (STRONG, EM)), Run("三", (EM,)))],
     "<p><strong>一<em>二</em></strong><em>三</em></p>"),
    ([leaf(Run("一", (STRONG,)), Run("二", (STRONG,)))], "<p><strong>一二</strong></p>"),
    ([leaf(Run("", (STRONG,)), "一")], "<p>一</p>"),
    ([leaf(image())], '<p><img src="https://example.org/a.jpg" alt=""></p>'),
    ([leaf(Run("一", (("script", ""),)))], "<p></p>"),
    ([leaf(Run("一", (("a", ' href="javascript:alert(1)" onclick="x"'),)))], "<p><a>一</a></p>"),
]  # fmt: skip


@pytest.mark.parametrize(("leaves", "expected"), HTML)
def test_render_html(leaves: list[Leaf], expected: str) -> None:
    assert render_html(leaves) == expected


def test_containers_are_opened_and_closed_once() -> None:
    """What two leaves share stays open between them; bare text of one container is broken."""
    quote, items, first, second = (Container(tag) for tag in ("blockquote", "ul", "li", "li"))
    leaves = [
        leaf("引", path=(quote,)),
        leaf("甲", tag="", path=(quote, items, first)),
        leaf("乙", tag="", path=(quote, items, first)),
        leaf("丙", tag="", path=(quote, items, second)),
        leaf("后"),
    ]
    assert render_html(leaves) == (
        "<blockquote><p>引</p><ul><li>甲<br>乙</li><li>丙</li></ul></blockquote><p>后</p>"
    )
    assert render_text(leaves) == "引\n\n甲\n\n乙\n\n丙\n\n后"


def test_a_table_is_lines_of_cells() -> None:
    table, body, one, two = (Container(tag) for tag in ("table", "tbody", "tr", "tr"))
    cells = [
        leaf(text, tag="", path=(table, body, row, Container("td")))
        for text, row in (("年", one), ("人", one), ("1990", two), ("42", two))
    ]
    assert render_text([leaf("前"), *cells, leaf("后")]) == "前\n\n年\t人\n1990\t42\n\n后"
    assert render_html(cells) == (
        "<table><tbody><tr><td>年</td><td>人</td></tr>"
        "<tr><td>1990</td><td>42</td></tr></tbody></table>"
    )


def test_an_empty_cell_keeps_its_place() -> None:
    table, one, two = (Container(tag) for tag in ("table", "tr", "tr"))
    cells = [
        leaf(text, tag="", path=(table, row, Container("td")))
        for text, row in (("", one), ("春", one), ("东塔", two), ("", two))
    ]
    cells[0].cell = cells[3].cell = True
    assert render_text(cells) == "\t春\n东塔\t"


@pytest.mark.parametrize(
    ("spans", "expected", "rendered"),
    [
        ([], "海岛新闻", "<p>海<strong>岛新</strong>闻</p>"),
        ([(0, 1), (2, 3)], "岛闻", "<p><strong>岛</strong>闻</p>"),
        ([(0, 4)], "", ""),
    ],
)
def test_cut_all(spans: list[tuple[int, int]], expected: str, rendered: str) -> None:
    cut_leaf = leaf("海", Run("岛新", (STRONG,)), "闻")
    cut_leaf.cut_all(spans, "test")
    assert cut_leaf.text == expected
    assert render_html([cut_leaf]) == rendered


@pytest.mark.parametrize("length", [4095, 4096, 4097, 10_000])
def test_a_long_text_of_references_is_whole(length: int) -> None:
    """The sanitizer meets it in pieces, and nobody sees where they join."""
    text = "&<>"[length % 3] * length
    assert render_html([leaf(text)]) == f"<p>{html.escape(text)}</p>"


def test_a_caption_is_shown_and_not_read() -> None:
    figure, caption = Container("figure"), Container("figcaption")
    leaves = [
        leaf(image(), tag="", path=(figure,)),
        leaf("图说", tag="", path=(figure, caption), caption=True),
        leaf("正文"),
    ]
    assert render_text(leaves) == "正文"
    assert "<figcaption>图说</figcaption></figure><p>正文</p>" in render_html(leaves)


@given(
    st.lists(
        st.lists(st.tuples(st.text(alphabet="海a<&> \n", max_size=5),
                           st.sampled_from([(), (STRONG,), (STRONG, EM), (EM,), (LINK,)])),
                 max_size=4),
        max_size=4,
    )
)  # fmt: skip
def test_text_and_html_cannot_disagree(
    blocks: list[list[tuple[str, tuple[tuple[str, str], ...]]]],
) -> None:
    leaves = [leaf(*(Run(text, marks) for text, marks in block)) for block in blocks]
    shown = re.sub(r"<[^>]*>", "", render_html(leaves).replace("</p>", "\n\n"))
    assert html.unescape(shown).strip() == render_text(leaves).strip()
