"""Datelines: where they stand, and which day they name."""

from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.dateline import date_of, find_dateline, publication_date

URL_DATE = date(2022, 3, 31)
BEHIND = "海岛渡轮周一复航。"


@pytest.mark.parametrize(
    ("block", "text", "behind"),
    [
        pytest.param(
            f"【大纪元2022年03月31日讯】{BEHIND}", "大纪元2022年03月31日讯", BEHIND, id="plain"
        ),
        pytest.param("【大纪元2022年3月1日讯】", "大纪元2022年3月1日讯", "", id="alone, unpadded"),
        pytest.param(
            f"【大纪元2022年3月1日】{BEHIND}", "大纪元2022年3月1日", BEHIND, id="without 讯"
        ),
        pytest.param(f"【大纪元4月6日讯】{BEHIND}", "大纪元4月6日讯", BEHIND, id="without year"),
        pytest.param("【大纪元2月1日电】", "大纪元2月1日电", "", id="电 for 讯"),
        pytest.param("【香港大纪元4月6日讯】", "香港大纪元4月6日讯", "", id="an edition"),
        pytest.param("【据大纪元4月6日讯】", "据大纪元4月6日讯", "", id="据 before"),
        pytest.param("【大纪元3月9日报导】", "大纪元3月9日报导", "", id="报导 for 讯"),
        pytest.param(
            "【大纪元2022年05月11日松石湾讯】", "大纪元2022年05月11日松石湾讯", "", id="with place"
        ),
        pytest.param("【2022年01月05日讯】", "2022年01月05日讯", "", id="agency missing"),
        pytest.param("【海岛社2月1日电】", "海岛社2月1日电", "", id="another agency"),
        pytest.param("【大纪元，讯】", "大纪元，讯", "", id="date missing"),
        pytest.param("【大纪元2016年11月】", "大纪元2016年11月", "", id="day missing"),
        pytest.param(
            "【大纪元2022年0 3月31日讯】", "大纪元2022年0 3月31日讯", "", id="blank in the month"
        ),
        pytest.param(
            "【大纪元20 22年3月1日讯】", "大纪元20 22年3月1日讯", "", id="blank in the year"
        ),
        pytest.param("【大记元2022年3月1日讯】", "大记元2022年3月1日讯", "", id="agency misspelt"),
        pytest.param("[大纪元2022年3月1日讯]", "大纪元2022年3月1日讯", "", id="square brackets"),
        pytest.param(
            "【大纪元2022年3月1日讯]文", "大纪元2022年3月1日讯", "文", id="mixed brackets"
        ),
        pytest.param("【大纪元4月2日讯】】", "大纪元4月2日讯", "", id="closing bracket doubled"),
        pytest.param(
            "大纪元2022年12月09日讯】（记者", "大纪元2022年12月09日讯", "（记者", id="opening lost"
        ),
        pytest.param(
            "【大纪元2022年12月05日讯（大纪元记者方若水报导）",
            "大纪元2022年12月05日讯",
            "（大纪元记者方若水报导）",
            id="closing lost",
        ),
        pytest.param(
            "大纪元2022年12月05日讯（大纪元记者方若水报导）",
            "大纪元2022年12月05日讯",
            "（大纪元记者方若水报导）",
            id="both lost",
        ),
        pytest.param(
            "（大纪元2022年12月05日讯）文", "大纪元2022年12月05日讯", "文", id="parentheses instead"
        ),
    ],
)
def test_dateline_at_the_head(block: str, text: str, behind: str) -> None:
    found = find_dateline(block)
    assert found is not None
    assert (found.text, block[found.end :], found.start) == (text, behind, 0)


@pytest.mark.parametrize(
    ("before", "start"),
    [
        pytest.param("谜", 0, id="a stray character belongs to it"),
        pytest.param("台湾台北", 0, id="places belong to it"),
        pytest.param("松石湾", 0, id="a place that no list knows"),
        pytest.param("海岛一瞥\n松石湾", 5, id="a place on a second line"),
        pytest.param("渡轮复航", 4, id="words before it stay text"),
        pytest.param("。", 0, id="a stray mark belongs to it"),
        pytest.param("“", 0, id="a stray quotation mark, too"),
        pytest.param("(http://www.epochtimes.com)", 0, id="the old address belongs to it"),
        pytest.param("(http://www.epochtimes.com)\n", 0, id="the old address on a line of its own"),
        pytest.param("海岛一瞥\n", 5, id="a line of text before it"),
        pytest.param(
            "[🔥 海岛电台](http://203.0.113.7:10000/) " * 3, 108, id="hand-added links before it"
        ),
    ],
)
def test_what_stands_before(before: str, start: int) -> None:
    found = find_dateline(f"{before}【大纪元2022年03月31日讯】{BEHIND}")
    assert found is not None
    assert (found.start, found.text) == (start, "大纪元2022年03月31日讯")


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("", id="nothing"),
        pytest.param(BEHIND, id="prose"),
        pytest.param("【大纪元专访】船长方以宁", id="a label"),
        pytest.param("【大纪元记者方若水特稿】海岛", id="a byline in such brackets"),
        pytest.param("3月31日，海岛渡轮复航，电讯畅通。", id="prose with a date"),
        pytest.param(
            "海" * 100 + "，正如【大纪元2022年03月31日讯】所说", id="quoted in the middle of prose"
        ),
        pytest.param("报上写着“【大纪元2022年03月31日讯】”。", id="quoted in short prose"),
        pytest.param("【方若水3月1日在码头】海岛", id="a label with a date"),
        pytest.param("大纪元2022年03月31日报导，渡轮复航。", id="prose that begins like one"),
    ],
)
def test_no_dateline(block: str) -> None:
    assert find_dateline(block) is None


def test_the_first_of_two_counts() -> None:
    found = find_dateline("【大纪元2022年3月1日讯】文\n【大纪元2022年3月9日讯】")
    assert found is not None
    assert found.text == "大纪元2022年3月1日讯"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("大纪元2022年03月31日讯", date(2022, 3, 31), id="plain"),
        pytest.param("大纪元2022年3月1日", date(2022, 3, 1), id="without 讯"),
        pytest.param("大纪元2022年0 3月31日讯", date(2022, 3, 31), id="blank in the month"),
        pytest.param("大纪元20 22年3月 1日讯", date(2022, 3, 1), id="blanks in year and day"),
        pytest.param("大纪元2022年04月03讯", date(2022, 4, 3), id="日 missing"),
        pytest.param("大纪元2022年12日24日讯", date(2022, 12, 24), id="日 for 月"),
        pytest.param("大纪元4月6日讯", date(2022, 4, 6), id="year of the address"),
        pytest.param("大纪元12月31日讯", date(2021, 12, 31), id="nearest year is the one before"),
        pytest.param("大纪元202年4月6日讯", date(2022, 4, 6), id="year torn"),
        pytest.param("大纪元二〇二二年四月十六日讯", date(2022, 4, 16), id="numbers in Han"),
        pytest.param("大纪元四月廿八日讯", date(2022, 4, 28), id="twenties in Han"),
        pytest.param("大纪元2022年11月31日讯", None, id="day does not exist"),
        pytest.param("大纪元2022年13月1日讯", None, id="month does not exist"),
        pytest.param("大纪元2022年24日12日讯", None, id="neither can be the month"),
        pytest.param("大纪元2月2日05月2日", None, id="two days"),
        pytest.param("大纪元2016年11月", None, id="day missing"),
        pytest.param("大纪元2月29日讯", None, id="leap day near no leap year"),
        pytest.param("大纪元，讯", None, id="no date"),
        *(
            pytest.param(f"大纪元{day}讯", date(2022, 4, 6), id=day)
            for day in ("2022-04-06", "2022.4.6", "2022/4/6日")
        ),
    ],
)
def test_date_of(text: str, expected: date | None) -> None:
    assert date_of(text, URL_DATE) == expected


def test_a_year_may_begin_between() -> None:
    assert date_of("大纪元1月1日讯", date(2003, 12, 31)) == date(2004, 1, 1)
    assert date_of("大纪元2月29日讯", date(2004, 2, 28)) == date(2004, 2, 29)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("大纪元2022年03月31日讯", (URL_DATE, "dateline"), id="the same day"),
        pytest.param("大纪元2022年04月01日讯", (date(2022, 4, 1), "dateline"), id="the day after"),
        pytest.param("大纪元2022年06月09日讯", (date(2022, 6, 9), "dateline"), id="70 days after"),
        pytest.param("大纪元2022年06月10日讯", (URL_DATE, "url"), id="71 days: a republication"),
        pytest.param(
            "大纪元2022年03月30日讯", (date(2022, 3, 30), "dateline"), id="the day before"
        ),
        pytest.param(
            "大纪元2022年03月29日讯", (URL_DATE, "url"), id="two days before: a typing error"
        ),
        pytest.param("大纪元2019年03月31日讯", (URL_DATE, "url"), id="another year"),
        pytest.param("大纪元2022年11月31日讯", (URL_DATE, "url"), id="no such day"),
        pytest.param(None, (URL_DATE, "url"), id="no dateline"),
    ],
)
def test_publication_date(text: str | None, expected: tuple[date, str]) -> None:
    assert publication_date(text, URL_DATE) == expected


@given(st.text(alphabet="【】[]（）大纪元年月日讯电0123 9\n海。http:/", max_size=120))
def test_any_text_is_safe(text: str) -> None:
    found = find_dateline(text)
    if found:
        assert 0 <= found.start < found.end <= len(text)
        assert found.text in text
        publication_date(found.text, URL_DATE)


@pytest.mark.parametrize(
    "unit", ["【", "】", "【大纪元", "大纪元2022年", "【大纪元1月", "[大纪元日", "1 "]
)
def test_long_runs_take_no_time(unit: str) -> None:
    began = time.process_time()
    find_dateline(unit * (1_000_000 // len(unit)))
    date_of(unit * 10_000, URL_DATE)
    assert time.process_time() - began < 1  # seconds; 0.02 here
