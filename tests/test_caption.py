"""Captions and their credits."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.caption_credit import split_caption

SEEN = "渡轮驶入松石湾。"


@pytest.mark.parametrize(
    ("text", "caption", "credit"),
    [
        pytest.param(f"{SEEN}（方若水／大纪元）", SEEN, "方若水／大纪元", id="full width"),
        pytest.param(f"{SEEN}(Joan Fisher/AP)", SEEN, "Joan Fisher/AP", id="half width"),
        pytest.param(f"{SEEN} (Joan Fisher/AP)", SEEN, "Joan Fisher/AP", id="a blank before"),
        pytest.param(
            f"{SEEN}（Joan Fisher/AP)", SEEN, "Joan Fisher/AP", id="full opens, half closes"
        ),
        pytest.param(
            f"{SEEN}(Joan Fisher/AP）", SEEN, "Joan Fisher/AP", id="half opens, full closes"
        ),
        pytest.param(f"{SEEN}〈方若水／大纪元〉", SEEN, "方若水／大纪元", id="angles"),
        pytest.param(f"{SEEN}（《海岛》提供〉", SEEN, "《海岛》提供", id="an angle closes"),
        pytest.param(
            f"{SEEN}[Handout/Harbor/AFP]", SEEN, "Handout/Harbor/AFP", id="square brackets"
        ),
        pytest.param("（受访者提供）", None, "受访者提供", id="nothing but a credit"),
        pytest.param(f"{SEEN}（左图：大纪元）", SEEN, "左图：大纪元", id="of one of two pictures"),
        pytest.param(f"{SEEN}﹙方若水摄﹚", SEEN, "方若水摄", id="small brackets"),
        pytest.param(
            f"{SEEN}（Joan/AP）Getty Images 1210890259",
            SEEN,
            "Joan/AP",
            id="a number behind blanks",
        ),
        pytest.param(
            f"{SEEN}（Joan/AFP）AFP_32XY8Q2", SEEN, "Joan/AFP", id="a number with letters"
        ),
        pytest.param(f"{SEEN}（受访者提供）。", SEEN, "受访者提供", id="a full stop behind"),
        pytest.param(
            f"{SEEN}（方若水／大纪元）◇", SEEN, "方若水／大纪元", id="the article's end mark"
        ),
        pytest.param(
            f"{SEEN}（VCG via Getty Images△）", SEEN, "VCG via Getty Images", id="△ within"
        ),
        pytest.param(
            f"{SEEN}（VCG via Getty Images）△", SEEN, "VCG via Getty Images", id="△ behind"
        ),
        pytest.param(f"{SEEN}(STR/AFP) / China OUT", SEEN, "STR/AFP", id="a part behind a slash"),
        pytest.param(f"{SEEN}(STR/AFP)/Norway OUT", SEEN, "STR/AFP", id="a slash without blanks"),
        pytest.param(
            f"{SEEN}(STR / AFP) / China OUT)", SEEN, "STR / AFP", id="the part closes again"
        ),
        pytest.param(f"{SEEN}（网站）／大纪元）", SEEN, "网站", id="a full-width slash"),
        pytest.param(
            f"{SEEN}（Joan/Getty Images）GettyImages-1210890259",
            SEEN,
            "Joan/Getty Images",
            id="a number",
        ),
        pytest.param(
            f"{SEEN}（取自海岛县（Harbor County）纪录）",
            SEEN,
            "取自海岛县（Harbor County）纪录",
            id="nested",
        ),
        pytest.param(f"{SEEN}（（Joan/Getty Images））", SEEN, "Joan/Getty Images", id="doubled"),
        pytest.param(
            f"{SEEN}（【海岛】提供）", SEEN, "【海岛】提供", id="brackets at the head only"
        ),
        pytest.param(f"{SEEN}（〈海岛〉（刊））", SEEN, "〈海岛〉（刊）", id="two pairs in a pair"),
        pytest.param(f"{SEEN}(Harbor Ltd.)", SEEN, "Harbor Ltd.", id="an abbreviation"),
        pytest.param(f"{SEEN}（方若水/大纪元.）", SEEN, "方若水/大纪元", id="a stop behind Han"),
        pytest.param(f"{SEEN}（@Owen授权）", SEEN, "@Owen授权", id="an account"),
        pytest.param(f"{SEEN}（公有领域））", SEEN, "公有领域", id="closed twice"),
        pytest.param(f"{SEEN}（(Joan/AP)", SEEN, "Joan/AP", id="opened twice"),
        pytest.param("示意图(Pixabay.com)", "示意图", "Pixabay.com", id="a site"),
        pytest.param("海岛示意图（Joan Fisher）", "海岛示意图", "Joan Fisher", id="drawn by"),
        pytest.param(f"{SEEN}（Joan Fisher）", SEEN, "Joan Fisher", id="behind a sentence"),
        pytest.param("船长（Getty Images）", "船长", "Getty Images", id="an agency like a name"),
        pytest.param("渡轮（方若水提供，左）", "渡轮", "方若水提供，左", id="a place in a credit"),
        pytest.param(f"{SEEN}（网络图片", SEEN, "网络图片", id="never closed"),
        pytest.param(f"{SEEN}Joan/Getty Images）", SEEN, "Joan/Getty Images", id="never opened"),
        pytest.param(
            "船长方以宁（Owen）在码头。（方若水／大纪元）",
            "船长方以宁（Owen）在码头。",
            "方若水／大纪元",
            id="the last group counts",
        ),
        pytest.param(f"{SEEN}\n（方若水／大纪元）", SEEN, "方若水／大纪元", id="a line break"),
        pytest.param("渡轮（Island Ferry Co.）", "渡轮", "Island Ferry Co.", id="a company"),
    ],
)
def test_credit(text: str, caption: str | None, credit: str) -> None:
    assert split_caption(text) == (caption, credit)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SEEN, id="no brackets"),
        pytest.param("船长方以宁（Owen Fisher）在码头。", id="a name in the middle"),
        pytest.param("船长（左二）。图为渡轮公司资料图片。", id="text behind the group"),
        pytest.param("标本售价每件1元[32]", id="a footnote's number"),
        pytest.param("海岛一瞥（）", id="an empty pair"),
        pytest.param("船长方以宁（左）", id="where he stands"),
        pytest.param("船长方以宁（前排左二）", id="where in a row"),
        pytest.param("渡口的客人（由左至右）", id="in which order"),
        pytest.param("船长（左）与大副（中、右）", id="where two stand"),
        pytest.param("船长方以宁（Owen Fisher）", id="a name in Latin"),
        pytest.param("船长约翰‧菲舍尔（John D. Fisher Jr.）", id="a name with initials"),
        pytest.param("船长方以宁（Owen Fisher，右）", id="a name and where"),
        *(
            pytest.param(f"船长方以宁（{place}）", id=place)
            for place in (
                "左上",
                "右下角",
                "居中",
                "中间",
                "第一排左",
                "左二至左四",
                "后排左起第二",
                "左三戴帽者",
                "穿白衣者",
                "站立者",
                "左，方以宁",
                "方以宁，左",
                "由左至右：方以宁、林默然",
                "left",
                "second from left",
                "Joan Fisher, right",
                "R",
            )
        ),
        pytest.param("票价（单位：元）", id="a unit"),
        *(
            pytest.param(f"票价变化（{unit}）", id=unit)
            for unit in ("万元", "亿元新台币", "新台币元", "美元/吨", "億元", "1923年", "度电")
        ),
        *(
            pytest.param(f"渔场变化（{unit}）", id=unit)
            for unit in ("公顷", "平方公尺", "海里", "千瓦时", "摄氏度", "℃", "艘", "万吨／年")
        ),
        *(pytest.param(f"渡轮复航{number}", id=number) for number in ("（1）", "（2023）", "(12)")),
    ],
)
def test_no_credit(text: str) -> None:
    assert split_caption(text) == (text, None)


def test_nothing() -> None:
    assert split_caption(" \n ") == (None, None)


@given(st.text(alphabet="（）()〈〉[]/／△。 \n海岛AP1-GettyImages", max_size=80))
def test_any_text_is_safe(text: str) -> None:
    """Both parts come from the text, and the caption comes first."""
    caption, credit = split_caption(text)
    assert caption is None or text.strip().startswith(caption)
    assert credit is None or credit in text
    assert len(caption or "") + len(credit or "") <= len(text)


@pytest.mark.parametrize(
    "unit", ["（", "）", "()", "）（", "/", ")/", "△", "1", "Images", "[", "（A/"]
)
def test_long_runs_take_no_time(unit: str) -> None:
    long = unit * (1_000_000 // len(unit))
    began = time.process_time()
    split_caption(long)
    split_caption(f"{SEEN}（{long}")
    split_caption(f"{long}）")
    assert time.process_time() - began < 1  # seconds; 0.02 here
