"""Bylines: what is one, and whom it names. All people here are invented."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.byline import (
    credited,
    find_byline,
    find_byline_of_line,
    find_note,
    find_split_byline,
    is_note,
)
from crawler.formats.epoch.people import People, people
from crawler.formats.epoch.places import NAMESAKES, PLACES
from crawler.formats.epoch.signed import signature_lines, signed

BEHIND = "海岛渡轮周一复航。"
REPORT = "大纪元记者方若水松石湾报导"


@pytest.mark.parametrize(
    ("block", "text", "behind"),
    [
        pytest.param(f"（{REPORT}）{BEHIND}", REPORT, BEHIND, id="full width"),
        pytest.param(f"({REPORT}){BEHIND}", REPORT, BEHIND, id="half width"),
        pytest.param(f" \u3000({REPORT}) {BEHIND}", REPORT, f" {BEHIND}", id="blanks around"),
        pytest.param(f"（{REPORT}){BEHIND}", REPORT, BEHIND, id="full opens, half closes"),
        pytest.param(f"({REPORT}）{BEHIND}", REPORT, BEHIND, id="half opens, full closes"),
        pytest.param(f"（{REPORT}】{BEHIND}", REPORT, BEHIND, id="closed by another kind"),
        pytest.param(f"﹝{REPORT}﹞{BEHIND}", REPORT, BEHIND, id="tortoise shells"),
        pytest.param(f"【{REPORT}】{BEHIND}", REPORT, BEHIND, id="the dateline's brackets"),
        pytest.param(f"（（{REPORT}））{BEHIND}", REPORT, BEHIND, id="doubled brackets"),
        pytest.param(
            "（大纪元记者欧文‧费舍（Owen Fisher）报导）文",
            "大纪元记者欧文‧费舍（Owen Fisher）报导",
            "文",
            id="nested",
        ),
        pytest.param(f"（{REPORT}海岛渡轮", REPORT, "海岛渡轮", id="never closed"),
        pytest.param(
            f"（{REPORT}渡轮（轮渡）复航", REPORT, "渡轮（轮渡）复航", id="another pair later"
        ),
        pytest.param(f"{REPORT}）{BEHIND}", REPORT, BEHIND, id="never opened"),
        pytest.param(
            "（（大纪元记者方若水）渡轮（轮渡）周一",
            "大纪元记者方若水",
            "渡轮（轮渡）周一",
            id="opened twice",
        ),
        pytest.param(
            f"（({REPORT}）渡轮（轮渡）周一）",
            REPORT,
            "渡轮（轮渡）周一）",
            id="opened twice, a stray closing one later",
        ),
        pytest.param(f"】（{REPORT}）文", REPORT, "文", id="behind the dateline's spare bracket"),
        pytest.param(f"（{REPORT}。）文", f"{REPORT}。", "文", id="full stop inside"),
    ],
)
def test_brackets(block: str, text: str, behind: str) -> None:
    found = find_byline(block)
    assert found is not None
    assert (found.text, block[found.end :]) == (text, behind)
    assert 0 <= found.start < found.end <= len(block)


def test_a_second_byline_right_behind_belongs_to_it() -> None:
    block = "（大纪元记者方若水报导）（大纪元记者方若水、陆小满报导）文"
    found = find_byline(block)
    assert found is not None
    assert (found.text, block[found.end :]) == ("大纪元记者方若水、陆小满报导", "文")


@pytest.mark.parametrize(
    ("block", "text", "behind"),
    [
        pytest.param(f"渡轮\n（{REPORT}）{BEHIND}", REPORT, f"渡轮\n{BEHIND}", id="second line"),
        pytest.param(f"（{REPORT}）渡轮\n{BEHIND}", REPORT, f"渡轮\n{BEHIND}", id="first line"),
    ],
)
def test_a_byline_may_head_the_second_line(block: str, text: str, behind: str) -> None:
    found = find_byline_of_line(block)
    assert found is not None
    assert (found.text, block[: found.start] + block[found.end :]) == (text, behind)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(f"渡轮\n（大纪元记者方若水摄影）{BEHIND}", id="a photographer"),
        pytest.param(f"渡轮\n码头\n（{REPORT}）{BEHIND}", id="a third line"),
    ],
)
def test_no_byline_heads_the_second_line(block: str) -> None:
    assert find_byline_of_line(block) is None


def test_a_byline_may_close_in_the_next_paragraph() -> None:
    found = find_split_byline("（大纪元记者方若水、", f"陆小满报导）{BEHIND}")
    assert found is not None
    assert found.text == "大纪元记者方若水、陆小满报导"


@pytest.mark.parametrize(
    ("text", "following"),
    [
        pytest.param(f"（{REPORT}）渡轮", BEHIND, id="closed at once"),
        pytest.param("（渡轮公司", "周一宣布复航）", id="no byline"),
        pytest.param(BEHIND, f"（{REPORT}）", id="opened in the second"),
    ],
)
def test_no_split_byline(text: str, following: str) -> None:
    assert find_split_byline(text, following) is None


@pytest.mark.parametrize(
    "inside",
    [
        "编者按：渡轮停航两年。",
        f"编者按：{'渡轮停航两年。' * 100}",
        "编按：（渡轮）停航两年。",
        "编者注：本文有删节。",
        "编者的话：渡轮停航两年。",
        "按：本文写于停航之前。",
        "接上文",
        "接前文",
        "续前",
        "上接第三版",
        "接上篇渡轮的来历（上）",
        *"一 十二 3 之三 三之二 上 下篇 续完 第二集 连载之三 3/5".split(),
        "上接：灯塔的来历",
    ],
)
@pytest.mark.parametrize("pair", ["（）", "()", "（)"])
def test_notes(inside: str, pair: str) -> None:
    block = f"{pair[0]}{inside}{pair[1]}{BEHIND}"
    found = find_note(block)
    assert found is not None
    assert (found.text, block[found.end :]) == (inside, BEHIND)
    assert is_note(inside)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("编者按：渡轮停航两年。", id="no parentheses"),
        pytest.param("【编者按】渡轮停航两年。", id="a heading"),
        pytest.param("（编者按）渡轮停航两年。", id="the note stands outside"),
        pytest.param("（编者按：渡轮停航两年。", id="never closed"),
        pytest.param("（作者按：写在前面。）", id="an author's note"),
        pytest.param("（转载自海岛网）", id="a source"),
        pytest.param("（2023年9月23日完整版）", id="a programme"),
        pytest.param("（中央社）", id="an agency"),
        pytest.param("（接上级通知，渡轮停航）", id="an order"),
        pytest.param("（承前启后）", id="a phrase"),
        pytest.param("（1998）", id="a year"),
        pytest.param("（上午）", id="a time of day"),
        pytest.param(f"（{REPORT}）", id="a byline"),
    ],
)
def test_no_note(block: str) -> None:
    assert find_note(block) is None


@pytest.mark.parametrize(
    "inside",
    [
        pytest.param("大纪元松石湾记者站报导", id="a newsroom"),
        pytest.param("大纪元综合报导", id="an agency with a verb"),
        pytest.param("大纪元讯", id="the newspaper's dispatch"),
        pytest.param("大纪元时报记者方若水／整理报导", id="a verb behind the slash"),
        pytest.param("大纪元专题部记者方若水、陆小满", id="a reporter without a verb"),
        pytest.param("记者方若水、陆小满", id="reporters without agency and verb"),
        pytest.param("中央社记者方若水东京二十二日专电", id="another agency's reporter"),
        pytest.param("希望之声记者方若水采访报导", id="a radio's reporter"),
        pytest.param("中央社台北十三日电", id="another agency's dispatch"),
        pytest.param("文／方若水", id="文 and a slash"),
        pytest.param("作者：方若水", id="作者 and a colon"),
        pytest.param("大纪元记者方若水、摄影：李言", id="a photographer's label behind"),
        pytest.param("撰文/方若水 编辑/李言", id="an editor's label behind"),
        pytest.param("Joan Fisher撰文／大纪元记者陆小满编译", id="a writer without an office"),
        pytest.param("大纪元记者方若水根据录音整理", id="compiled from a recording"),
        pytest.param("大纪元记者方若水报台湾台北导", id="a verb torn by a place"),
        pytest.param("大纪元记者方若水台北", id="a reporter and a place"),
        pytest.param("大纪元记者方若水综合报的", id="报导 misspelt"),
        pytest.param("大纪元记者方若水报告", id="报导 misspelt as a word"),
        pytest.param("大纪元记者方若水台湾台北导", id="报 missing"),
        pytest.param("大纪元记者方若水电访", id="by telephone"),
        pytest.param("新闻分析｜大纪元记者方若水", id="a kind of text before"),
        pytest.param("美联社松石湾电", id="another agency's dispatch from an unknown place"),
        pytest.param("新纪元周刊298期，记者方若水报导", id="a magazine's number and a reporter"),
        pytest.param("作者是方若水", id="作者是"),
        pytest.param("观云撰文", id="a pen name"),
        pytest.param("海岛周刊第305期，作者方若水", id="a magazine's number and a writer"),
        pytest.param("新纪元周刊，记者方若水", id="a magazine and a reporter"),
        pytest.param("英文大纪元评论员Owen Fisher撰文，陆小满译", id="译 alone"),
        pytest.param("Owen Fisher著／陆小满译", id="著"),
        pytest.param("方若水文／陆小满译", id="文 and 译"),
        pytest.param("EMG Inspired Staff撰文", id="a staff"),
        pytest.param("新唐人侃侃而谈第73期报导", id="an issue of a programme"),
        pytest.param("大纪元记者方若水编译自海岛邮报", id="compiled from a source"),
        pytest.param("大纪元记者方若水／台中", id="a place behind a slash"),
        pytest.param("松石湾记者站报导", id="a newsroom without its paper"),
        pytest.param("大纪元记者方若水台湾台北报導", id="導"),
        pytest.param("大纪元记者方若水专题报导之三", id="part of a series"),
        pytest.param("大纪元记者方若水文／陆小满图", id="文 and 图"),
        pytest.param("撰文◎方若水", id="◎"),
        pytest.param("译：陆小满", id="译"),
        pytest.param("采访、撰文：方若水", id="采访、撰文"),
        pytest.param("大纪元记者方若水采访实录", id="实录"),
    ],
)
def test_what_names_the_writers(inside: str) -> None:
    found = find_byline(f"（{inside}）{BEHIND}")
    assert found is not None
    assert found.text == inside


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("", id="nothing"),
        pytest.param(BEHIND, id="no bracket"),
        pytest.param("（）", id="an empty pair"),
        pytest.param("（一）海岛", id="a number"),
        pytest.param("（接上文）海岛", id="continued"),
        pytest.param("（续前）", id="continued, otherwise"),
        pytest.param("（编者按：本文由大纪元记者方若水报导）", id="an editor's note"),
        pytest.param("[按]为保护友人，姓名已隐去。", id="a short note"),
        pytest.param(f"（编者按：{'海' * 400}）", id="a long note"),
        pytest.param("(http://www.epochtimes.com)", id="an address"),
        pytest.param("（新唐人海岛新闻3月14日完整版）", id="a programme in full"),
        pytest.param("（新唐人电视台《海岛热点》节目）", id="a programme"),
        pytest.param("（转载自海岛网）", id="a source"),
        pytest.param("（本文转自28期【海岛周刊】）", id="a source with a number"),
        pytest.param("（新纪元周刊305期）", id="a magazine's number alone"),
        pytest.param("（音译）海岛", id="how a word is translated"),
        pytest.param("（或译松石港）海岛", id="another translation"),
        pytest.param("（方若水主导）海岛", id="who led"),
        pytest.param("（根据新唐人电视《海岛》节目整理）", id="compiled from a programme"),
        pytest.param("（系列报导）海岛", id="a kind of report"),
        pytest.param("（中央社）", id="an agency alone"),
        pytest.param("（海岛记者）", id="an office alone"),
        pytest.param("（大纪元记者方若水遇袭 议会谴责）", id="a heading about a reporter"),
        pytest.param("【大纪元记者方若水遇袭】", id="a heading in the dateline's brackets"),
        pytest.param("（公民记者方若水渡轮上失踪）", id="a reporter of nobody's"),
        pytest.param("（待续）", id="to be continued"),
        pytest.param("（松石湾讯）渡轮", id="a place's dispatch"),
        pytest.param("【海岛热线直播】周二", id="a programme in the dateline's brackets"),
        pytest.param("（渡轮公司）周一宣布，记者方若水报导了此事。", id="prose that begins so"),
        pytest.param("记者方若水松石湾报导／渡轮周一复航", id="outside of parentheses"),
        *(
            pytest.param(f"（{words}）渡轮", id=words)
            for words in (
                "《海岛》广播整理 《海岛》原著改编 海岛大学方面采访 海岛基金会全体撰稿 责任编辑 本报编辑 渡轮纪实 "
                "会议记录 史料汇编 早间播报 真人真事改编 读者来稿 海岛采访 完整采访 作者系海岛居民 作者为海岛大学教授"
            ).split()
        ),
    ],
)
def test_no_byline(block: str) -> None:
    assert find_byline(block) is None


def both(authors: str, translators: str = "") -> People:
    """Return the people that a test names, apart by semicolons."""
    return People(*(tuple(filter(None, names.split(";"))) for names in (authors, translators)))


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        pytest.param("大纪元记者方若水报导", both("方若水"), id="one"),
        pytest.param("大纪元记者方言综合报导", both("方言"), id="two characters"),
        pytest.param("大纪元记者欧阳小满报导", both("欧阳小满"), id="surname of two characters"),
        pytest.param("大纪元记者原野报导", both("原野"), id="pen name"),
        pytest.param("大纪元记者方若水、陆小满采访报导", both("方若水;陆小满"), id="two by 、"),
        pytest.param("大纪元记者方若水，陆小满报导", both("方若水;陆小满"), id="two by ，"),
        pytest.param("大纪元记者方若水和陆小满报导", both("方若水;陆小满"), id="two by 和"),
        pytest.param("大纪元记者方若水 陆小满报导", both("方若水;陆小满"), id="two by a blank"),
        pytest.param("大纪元记者方若水/陆小满报导", both("方若水;陆小满"), id="two by a slash"),
        pytest.param("大纪元记者方和平报导", both("方和平"), id="和 within a name"),
        pytest.param(
            "大纪元记者方若水、特约记者陆小满报导", both("方若水;陆小满"), id="two offices"
        ),
        pytest.param("大纪元记者方若水等综合报导", both("方若水"), id="and others"),
        pytest.param("大纪元记者方若水博士撰文", both("方若水"), id="a title behind"),
        pytest.param("大纪元记者方 言报导", both("方言"), id="a name spaced out"),
        # places
        pytest.param("大纪元记者方若水台湾台北报导", both("方若水"), id="two places"),
        pytest.param(
            "大纪元记者方若水 台湾台北报导", both("方若水"), id="a blank before the place"
        ),
        pytest.param("大纪元记者方言华盛顿DC报导", both("方言"), id="a place with Latin letters"),
        pytest.param("大纪元记者方若水美国首都华盛顿报导", both("方若水"), id="首都"),
        pytest.param("大纪元记者方若水纽约州报导", both("方若水"), id="a place and 州"),
        pytest.param("大纪元记者方若水发自纽约报导", both("方若水"), id="发自"),
        pytest.param(
            "大纪元记者方若水美国费城、陆小满台北报导", both("方若水;陆小满"), id="a place on each"
        ),
        pytest.param(
            "大纪元记者方若水日本某地报导", both("方若水"), id="an unknown place behind a known"
        ),
        pytest.param("大纪元多伦多记者方若水报导", both("方若水"), id="a place before the office"),
        pytest.param("香港大纪元记者方若水报导", both("方若水"), id="a place before the newspaper"),
        pytest.param("大纪元记者方若水报台湾台北导", both("方若水"), id="a place within the verb"),
        pytest.param("大纪元记者方台安报导", both("方台安"), id="a name with 台"),
        pytest.param("大纪元记者方南京报导", both("方南京"), id="a name that ends in a place"),
        pytest.param("大纪元记者方南京台北报导", both("方南京"), id="the same with a place"),
        pytest.param("大纪元记者方明海南加州报导", both("方明海"), id="a place across the border"),
        pytest.param(
            "大纪元记者欧阳海南报导", both("欧阳海南"), id="both characters of the surname"
        ),
        pytest.param("大纪元记者方涛州报导", both("方涛州"), id="a name that ends in 州"),
        pytest.param("大纪元记者方慕时报导", both("方慕时"), id="a name that ends in 时"),
        pytest.param("大纪元记者方柏年报导", both("方柏年"), id="a name that ends in 年"),
        pytest.param("大纪元记者方思文报导", both("方思文"), id="a name that ends in 文"),
        pytest.param("大纪元记者方明慧报导", both("方明慧"), id="a name that is an agency's too"),
        pytest.param("大纪元记者金山报导", both("金山"), id="a name that is a place too"),
        pytest.param("大纪元记者高雄报导", both(""), id="a place where the name is missing"),
        pytest.param("大纪元记者方若某地报导", both(""), id="an unknown place: nobody is guessed"),
        pytest.param(
            "大纪元记者方若水、陆小满、江晚舟三人采访报导",
            both("方若水;陆小满;江晚舟"),
            id="their number behind them",
        ),
        pytest.param("大纪元记者方若水等三人采访报导", both("方若水"), id="and others, counted"),
        pytest.param(
            "大纪元记者方若水和陆山海采访报导", both("方若水;陆山海"), id="和, and 海 at the end"
        ),
        pytest.param(
            "大纪元记者方若水与志愿者报导", both(""), id="people without a name behind 与"
        ),
        pytest.param(
            "大纪元记者方若水与茨仁卓玛报导", both("方若水;茨仁卓玛"), id="a Tibetan name behind 与"
        ),
        pytest.param(
            "大纪元记者欧文·费舍青石镇报导", both("欧文·费舍"), id="a place behind a foreign name"
        ),
        pytest.param(
            "大纪元记者欧文·费舍维多利亚港报导", both(""), id="a foreign place behind one"
        ),
        pytest.param(
            "大纪元记者山本一郎青石镇报导", both("山本一郎"), id="a place behind a Japanese name"
        ),
        pytest.param(
            "大纪元记者方若水和实习记者陆小满报导",
            both("方若水;陆小满"),
            id="another office behind 和",
        ),
        pytest.param("大纪元实习生方若水报导", both("方若水"), id="a trainee"),
        pytest.param("大纪元者方若水报导", both("方若水"), id="记 missing"),
        pytest.param("大纪元记者方若水综报导", both("方若水"), id="合 missing"),
        pytest.param("大纪元记者方若水－台北报导", both("方若水"), id="a full-width dash"),
        pytest.param("大纪元记者方若水．综合报导", both("方若水"), id="a full-width stop"),
        pytest.param(
            "大纪元记者方若水 海岛综合报导", both("方若水"), id="a blank and an unknown place"
        ),
        pytest.param(
            "大纪元记者方若水、陆小满 海岛报导",
            both("方若水;陆小满"),
            id="two, a blank and an unknown place",
        ),
        pytest.param("大纪元记者方若水文并摄影", both("方若水"), id="the writer photographed, too"),
        pytest.param(
            "大纪元记者方若水采访 陆小满撰稿", both("方若水;陆小满"), id="a blank between two roles"
        ),
        pytest.param(
            "口述：江晚舟 执笔：方若水", both("江晚舟;方若水"), id="a blank before a label"
        ),
        pytest.param("大纪元记者阮氏秋香报导", both("阮氏秋香"), id="a Vietnamese name"),
        pytest.param("大纪元记者阿依·买买提日本东京报导", both("阿依·买买提"), id="a Uyghur name"),
        pytest.param("明慧网通讯员涞水报导", both(""), id="a correspondent named by the place"),
        pytest.param(
            "英文大纪元通讯员Owen Fisher报导／陆小满编译",
            both("Owen Fisher", "陆小满"),
            id="a Latin correspondent",
        ),
        pytest.param(
            "大纪元专栏作家Owen Fisher撰文（陆小满编译）",
            both("Owen Fisher", "陆小满"),
            id="a translator in brackets",
        ),
        *(
            pytest.param(f"大纪元记者方若水{how}报导", both("方若水"), id=how)
            for how in "社区 山区 现场直播 法庭 财经 体育 跨国 共同".split()
        ),
        pytest.param(
            "Owen Fisher日本和歌山报导", both("Owen Fisher"), id="a place that begins with 和"
        ),
        pytest.param("大纪元记者林达福里林报导", both(""), id="a place begins within the name"),
        pytest.param("大纪元记者方若马维拉镇报导", both(""), id="which character ends the name"),
        pytest.param("明慧网通讯员方若水报导", both("方若水"), id="a correspondent named by name"),
        pytest.param(
            "欧文·费舍（Owen Fisher）和琼·费舍（Joan Fisher）撰文／陆小满编译",
            both("欧文·费舍;琼·费舍", "陆小满"),
            id="two by 和, foreign",
        ),
        pytest.param(
            "欧文·费舍 Owen Fisher撰文／陆小满编译",
            both("欧文·费舍", "陆小满"),
            id="a second spelling without brackets",
        ),
        pytest.param(
            "前海岛总统欧文·费舍撰文／陆小满编译", both("欧文·费舍", "陆小满"), id="a former office"
        ),
        pytest.param(
            "注册营养师Owen Fisher撰文／陆小满编译",
            both("Owen Fisher", "陆小满"),
            id="any office before a Latin name",
        ),
        pytest.param(
            "英文大纪元记者Owen Fisher报导——陆小满编译",
            both("Owen Fisher", "陆小满"),
            id="a dash between",
        ),
        pytest.param(
            "英文大纪元Owen Fisher 陆小满编译",
            both("Owen Fisher", "陆小满"),
            id="a blank between two scripts",
        ),
        # translators
        pytest.param(
            "英文大纪元记者Joan Fisher报导／陆小满编译", both("Joan Fisher", "陆小满"), id="／"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导/陆小满编译", both("Joan Fisher", "陆小满"), id="/"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导∕陆小满编译", both("Joan Fisher", "陆小满"), id="∕"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导╱陆小满编译", both("Joan Fisher", "陆小满"), id="╱"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导，陆小满编译", both("Joan Fisher", "陆小满"), id="，"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导、陆小满编译", both("Joan Fisher", "陆小满"), id="、"
        ),
        pytest.param(
            "英文大纪元专栏作家J.M. Fisher撰文／陆小满、方言编译",
            both("J.M. Fisher", "陆小满;方言"),
            id="two translators",
        ),
        pytest.param(
            "Joan Fisher撰文／大纪元记者陆小满编译",
            both("Joan Fisher", "陆小满"),
            id="a reporter behind",
        ),
        pytest.param(
            "Joan Fisher撰文／编译陆小满", both("Joan Fisher", "陆小满"), id="编译 before the name"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher／陆小满编译", both("Joan Fisher", "陆小满"), id="no verb"
        ),
        pytest.param(
            "英文大纪元资深记者Joan Fisher采访报导／陆小满同声翻译",
            both("Joan Fisher", "陆小满"),
            id="an interpreter",
        ),
        pytest.param("英文大纪元报导／记者陆小满编译", both("", "陆小满"), id="a newsroom wrote"),
        pytest.param("英文大纪元工作组报导／陆小满编译", both("", "陆小满"), id="a team wrote"),
        pytest.param("大纪元记者方若水编译报导", both("方若水"), id="who compiles alone writes"),
        pytest.param(
            "大纪元记者方若水、陆小满编译", both("方若水;陆小满"), id="who compile together"
        ),
        pytest.param("大纪元时报记者方若水／编译", both("方若水"), id="the verb behind a slash"),
        pytest.param("文／方若水编译", both("方若水"), id="文 names nobody"),
        pytest.param(
            "自由时报编译方若水／综合渥太华6日外电报导", both("方若水"), id="编译 as an office"
        ),
        pytest.param(
            "英文大纪元记者Joan Fisher报导／陆小满", both("Joan Fisher"), id="a word is missing"
        ),
        pytest.param("大纪元记者方若水报导／陆小满摄影", both("方若水"), id="no photographers"),
        pytest.param("文／方若水 图／陆小满", both("方若水"), id="no photographers, otherwise"),
        # names in other letters
        pytest.param(
            "英文大纪元记者Zoë D’Arcy-Finn报导", both("Zoë D’Arcy-Finn"), id="accents and marks"
        ),
        pytest.param(
            "大纪元记者Joan Fisher和Ann Low撰文", both("Joan Fisher;Ann Low"), id="和 between"
        ),
        pytest.param(
            "大纪元记者Joan Fisher and Ann Low撰文", both("Joan Fisher;Ann Low"), id="and"
        ),
        pytest.param("专栏作家Joan Fisher, Jr.撰文", both("Joan Fisher, Jr."), id="Jr."),
        pytest.param(
            "大纪元记者Joan Fisher 纽约报导", both("Joan Fisher"), id="a Han place behind"
        ),
        pytest.param(
            "大纪元记者欧文‧费舍（Owen Fisher）报导", both("欧文‧费舍"), id="two spellings"
        ),
        pytest.param("欧文·费舍撰文／陆小满编译", both("欧文·费舍", "陆小满"), id="a point within"),
        pytest.param(
            "英文大纪元Harbor News Service报导／陆小满编译", both("", "陆小满"), id="a service"
        ),
        pytest.param("Epoch Inspired Staff撰文／陆小满编译", both("", "陆小满"), id="a staff"),
        # offices, typing errors
        pytest.param(
            "英文大纪元国会高级记者Joan Fisher报导", both("Joan Fisher"), id="a long office"
        ),
        pytest.param("大纪元方若水综合报导", both("方若水"), id="no office"),
        *(
            pytest.param(
                f"英文大纪元记者Joan Fisher报导{mark}陆小满编译",
                both("Joan Fisher", "陆小满"),
                id=f"a lookalike of the slash: {mark!r}",
            )
            for mark in "/∕╱⁄⧸⟋｜|；＼╲﹨丿 "
        ),
        pytest.param("记者方若水编译自美联社报导", both("方若水"), id="compiled from a source"),
        pytest.param("方若水编译自法新社", both("方若水"), id="compiled from a source, no verb"),
        pytest.param("记者方若水据路透社报导", both("方若水"), id="standing on a source"),
        pytest.param("记者方若水根据路透社报导", both("方若水"), id="standing on a source, longer"),
        pytest.param("自由亚洲电台记者方若水的采访报导", both("方若水"), id="的 before the verb"),
        pytest.param("新唐人热点互动方若水报导", both("方若水"), id="a programme"),
        pytest.param("大纪元记者方若水雪州八打灵报导", both("方若水"), id="a far place"),
        pytest.param("大纪元记者方若水白宫前报导", both("方若水"), id="before a place"),
        pytest.param("大纪元记者方若水巴黎机场报导", both("方若水"), id="a part of a place"),
        pytest.param("大纪元方若水记者首尔报导", both("方若水"), id="the office behind the name"),
        pytest.param("大纪元记者方若水编译香港报导", both("方若水"), id="a verb before the place"),
        pytest.param("大纪元驻比利时记者编译报导", both(""), id="an office alone"),
        pytest.param("大纪元记方若水报导", both("方若水"), id="者 missing"),
        pytest.param("大纪者记者方若水报导", both("方若水"), id="元 is 者"),
        pytest.param("的纪元记者方若水报导", both("方若水"), id="大 is 的"),
        pytest.param("大纪元特约记者记者方若水报导", both("方若水"), id="记者 doubled"),
        pytest.param("大纪元记专题部者方若水报导", both("方若水"), id="记者 torn"),
        pytest.param("大纪元记者了方若水报导", both("方若水"), id="a spare 了"),
        pytest.param("大纪元记者方若水综合报", both("方若水"), id="导 missing"),
        pytest.param("大纪元记者方若水综合包报导", both("方若水"), id="a spare word in the verb"),
        pytest.param(
            "美国之音记者：方若水2006年7月18日华盛顿报导", both("方若水"), id="with a date"
        ),
        pytest.param("中央社记者方若水日内瓦一日专电", both("方若水"), id="with a day in Han"),
        # places that no list knows, verbs and names without a mark
        pytest.param("大纪元记者李言青石镇报导", both("李言"), id="a place by its end, short name"),
        pytest.param("大纪元记者方若水青石镇报导", both("方若水"), id="a place by its end"),
        pytest.param("大纪元记者李言言石镇报导", both("李言言"), id="a character twice"),
        pytest.param("大纪元记者李言石滩报导", both("李言"), id="a place of two characters"),
        pytest.param("大纪元记者欧阳小满青石岛报导", both("欧阳小满"), id="behind a long surname"),
        pytest.param("大纪元记者方若水普林斯特报导", both("方若水"), id="a place by its sounds"),
        pytest.param("大纪元记者李言斯特拉福德报导", both("李言"), id="sounds, a short name"),
        pytest.param("大纪元记者李言特拉斯堡报导", both("李言"), id="sounds and an end"),
        pytest.param("大纪元记者欧阳若水特伦斯布报导", both("欧阳若水"), id="a long surname"),
        pytest.param("大纪元记者方若兰普林斯特报导", both(""), id="a sound that may end the name"),
        pytest.param("大纪元记者李言阿罗瓦拉市报导", both("李言"), id="a foreign place"),
        pytest.param(
            "大纪元记者方若水松石滩、李言青石岛连线报导", both("方若水;李言"), id="two of them"
        ),
        pytest.param("大纪元记者欧阳青山报导", both("欧阳青山"), id="a name that ends in 山"),
        pytest.param("大纪元记者方若水总合报导", both("方若水"), id="总合"),
        pytest.param("大纪元记者方若水综和报导", both("方若水"), id="综和"),
        pytest.param("大纪元记者方若水电访报导", both("方若水"), id="电访"),
        pytest.param("大纪元记者方若水采仿报导", both("方若水"), id="采仿"),
        pytest.param("大纪元记者方若水综合报的", both("方若水"), id="报的"),
        pytest.param("大纪元记者方若水台湾台北导", both("方若水"), id="导 alone"),
        pytest.param("大纪元记者方若水 台湾台北 导", both("方若水"), id="导 alone behind a blank"),
        pytest.param("大纪元记者方台导", both("方台导"), id="a name that ends in 导"),
        pytest.param("大纪元记者李言王立报导", both("李言;王立"), id="two glued, short"),
        pytest.param("大纪元记者方若水陆小满报导", both("方若水;陆小满"), id="two glued"),
        pytest.param("大纪元记者加州方若水报导", both("方若水"), id="a place before the name"),
        pytest.param("大纪元记者加州方言报导", both("方言"), id="a place before a short name"),
        pytest.param("大纪元记者加州原野报导", both("原野"), id="a place before a pen name"),
        pytest.param("大纪元记者方台湾台北若水报导", both("方若水"), id="a name torn by places"),
        pytest.param("大纪元记者李台北言报导", both("李言"), id="a short name torn by a place"),
        pytest.param(
            "英文大纪元记者Owen Fisher报导陆小满编译",
            both("Owen Fisher", "陆小满"),
            id="a translator without a mark",
        ),
        pytest.param("新闻分析｜大纪元记者方若水", both("方若水"), id="a kind of text before"),
        pytest.param("新纪元周刊第298期，作者方若水", both("方若水"), id="a magazine's number"),
        pytest.param("方若水撰文，陆小满译", both("方若水", "陆小满"), id="译 alone"),
        pytest.param("Owen Fisher著／陆小满译", both("Owen Fisher", "陆小满"), id="著"),
        pytest.param("大纪元记者方若水译", both("方若水"), id="who translates alone"),
        pytest.param("大纪元记者方若水报导、责任编辑：江离", both("方若水"), id="no editors"),
        pytest.param("大纪元记者方若水／松石镇报导", both("方若水"), id="an unknown place, ／"),
        pytest.param("大纪元记者方若水、松石镇报导", both("方若水"), id="an unknown place, 、"),
        pytest.param("大纪元记者方若水 松石镇报导", both("方若水"), id="an unknown place, blank"),
        pytest.param(
            "大纪元记者方若水西雅图、李言旧金山报导", both("方若水;李言"), id="a place in 图"
        ),
        pytest.param("大纪元编译组方若水编译", both("方若水"), id="a team before the name"),
        pytest.param("大纪元记者方若水、摄影：李言", both("方若水"), id="a photographer's label"),
        *(
            pytest.param(f"大纪元记者方若水{verb}", both("方若水"), id=verb)
            for verb in (
                "直击报导 实时报导 跟进报导 随行报导 目击报导 录音整理 纪实 记录 改编 来稿 简报 文/图 文／图"
            ).split()
        ),
        pytest.param("大纪元记者方若水 文", both("方若水"), id="文 behind a blank"),
        pytest.param("方若水／文", both("方若水"), id="文 behind a slash"),
        pytest.param("大纪元记者者方若水报导", both("方若水"), id="者 doubled"),
        pytest.param("大纪元记着方若水报导", both("方若水"), id="者 is 着"),
        pytest.param("大纪元新闻分析方若水报导", both("方若水"), id="a kind of text as a desk"),
        pytest.param("大纪元记者方若水、摄影陆小满", both("方若水"), id="摄影 before a name"),
        *(
            pytest.param(f"海岛大学{title}方若水撰文", both("方若水"), id=title)
            for title in "教授 学者 律师 博士 院长".split()
        ),
        pytest.param("美国海军上校欧文·费舍撰文", both("欧文·费舍"), id="a rank"),
        pytest.param("前国会议员Owen Fisher撰文", both("Owen Fisher"), id="a member of parliament"),
        pytest.param("作者方若水，译者陆小满", both("方若水", "陆小满"), id="offices of both"),
        pytest.param("本文作者方若水", both("方若水"), id="本文作者"),
        pytest.param("Owen Fisher 撰 / 陆小满 译", both("Owen Fisher", "陆小满"), id="撰 and 译"),
        pytest.param(
            "英文大纪元记者Owen Fisher报导／陆小满编译、李言审校",
            both("Owen Fisher", "陆小满"),
            id="who checked it",
        ),
        pytest.param("记者方若水综合报导，陆小满对此文有贡献", both("方若水"), id="who helped"),
        pytest.param("By Owen Fisher", both("Owen Fisher"), id="By"),
        pytest.param("大纪元记者田中一郎东京报导", both("田中一郎"), id="a Japanese name"),
        pytest.param("大纪元记者方若水综合报导一", both("方若水"), id="a part's number"),
        *(
            pytest.param(f"大纪元记者方若水{verb}", both("方若水"), id=verb)
            for verb in "整编 综整报导 汇编 采编 编辑 时评 台北发稿".split()
        ),
        pytest.param(
            "大纪元记者李言和方若水报导", both("李言;方若水"), id="和 behind a short name"
        ),
        pytest.param(
            "大纪元记者李言与王立采访报导", both("李言;王立"), id="与 behind a short name"
        ),
        pytest.param(
            "大纪元记者李言和新唐人记者王立报导", both("李言;王立"), id="和 before another agency"
        ),
        pytest.param(
            "记者李言 新唐人记者王立报导", both("李言;王立"), id="a blank before an agency"
        ),
        pytest.param("大纪元记者李言译", both("李言"), id="who translates alone, short name"),
        pytest.param("特约记者李言多伦多译", both("李言"), id="译 behind a place"),
        pytest.param("大纪元时报记者关山报导", both("关山"), id="报 in the paper's name"),
        pytest.param("大纪元记者关山联合报导", both("关山"), id="a paper's name across words"),
        pytest.param("Owen Fisher撰写 陆小满综合编译", both("Owen Fisher", "陆小满"), id="撰写"),
        pytest.param("Owen Fisher报导李言编译改写", both("Owen Fisher", "李言"), id="编译改写"),
        pytest.param("Owen Fisher撰文编译李言", both("Owen Fisher", "李言"), id="编译 between"),
        pytest.param(
            "英文大纪元记者Owen Fisher，李言编译",
            both("Owen Fisher", "李言"),
            id="Latin letters write",
        ),
        pytest.param(
            "Owen Fisher撰文／编译大纪元记者李言",
            both("Owen Fisher", "李言"),
            id="编译 before 记者",
        ),
        pytest.param(
            "Owen Fisher撰文／编译：李言、王立",
            both("Owen Fisher", "李言;王立"),
            id="a label for two",
        ),
        pytest.param(
            "Owen Fisher撰文／观云编译。", both("Owen Fisher", "观云"), id="a full stop behind"
        ),
        pytest.param("J.M.FISHER报导", both("J.M.FISHER"), id="loud initials"),
        pytest.param("方若水教授撰文", both("方若水"), id="a title behind the name"),
        pytest.param(
            "记者方若水专访海岛大学教授陆小满报导", both("方若水"), id="who is interviewed"
        ),
        pytest.param("自由亚洲粤语组报导", both(""), id="a desk of a language"),
        # nobody
        pytest.param("美联社松石湾电", both(""), id="a dispatch's place"),
        pytest.param("中央社松石湾8日综合外电报导", both(""), id="a dispatch's place and day"),
        pytest.param("EMG INSPIRED STAFF撰文／陆小满编译", both("", "陆小满"), id="a loud staff"),
        pytest.param("大纪元松石湾记者站报导", both(""), id="a newsroom in an unknown place"),
        pytest.param("大纪元香港新闻中心报导", both(""), id="a news centre"),
        pytest.param("大纪元综合报导", both(""), id="the newspaper"),
        pytest.param("希望之声时事评述报导", both(""), id="a programme"),
        pytest.param("大纪元特约记者报导", both(""), id="a reporter without a name"),
        pytest.param("英文大纪元记者HITV报导", both(""), id="a station's letters"),
        pytest.param("英文大纪元记者Al报导", both(""), id="two letters"),
        pytest.param("主持人方若水", both(""), id="a host"),
        pytest.param("", both(""), id="nothing"),
    ],
)
def test_people(byline: str, expected: People) -> None:
    assert people(byline) == expected


def test_a_name_counts_once() -> None:
    assert people("大纪元记者方若水、方若水报导／方若水编译") == both("方若水")


@pytest.mark.parametrize(
    "place", ["台湾台北", "洛杉矶", "新加坡", "旧金山湾区", "美国华盛顿DC", "捷克布拉格"]
)
@pytest.mark.parametrize(
    "name", ["方言", "方若水", "李新安", "林台安", "高雄安", "张北辰", "王德国", "欧阳南"]
)
def test_every_place_behind_every_name(name: str, place: str) -> None:
    assert people(f"大纪元记者{name}{place}综合报导").authors == (name,)


def test_the_list_of_places_is_clean() -> None:
    """Two characters at least, nothing but Han and letters, small places marked as such known."""
    assert min(map(len, PLACES)) >= 2
    assert not [place for place in PLACES if not place.replace(".", "").isalnum()]
    assert NAMESAKES < PLACES


@pytest.mark.parametrize(
    "byline",
    [
        "文／Joan Fisher 编译／陆小满",
        "作者／Joan Fisher 编译／陆小满",
        "撰文／Joan Fisher 翻译／陆小满",
        "文：Joan Fisher 译：陆小满",
        "英文大纪元记者Joan Fisher报导／陆小满编译",
    ],
)
def test_labels_within_a_byline(byline: str) -> None:
    assert credited(byline) == both("Joan Fisher", "陆小满")


@pytest.mark.parametrize(
    ("byline", "expected"),
    [
        ("大紀元記者陳若水臺灣臺北報導", both("陳若水")),
        ("大紀元記者劉 青舊金山採訪報導", both("劉青")),
        ("英文大紀元記者Owen Fisher報導／陸小滿編譯", both("Owen Fisher", "陸小滿")),
        ("作者：歐陽青石 譯者：陸小滿", both("歐陽青石", "陸小滿")),
        ("大紀元香港新聞中心報導", both("")),
    ],
)
def test_traditional_characters(byline: str, expected: People) -> None:
    found = find_byline(f"（{byline}）海島渡輪週一復航。")
    assert found is not None
    assert found.text == byline
    assert credited(byline) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("作者：方若水", both("方若水"), id="作者"),
        pytest.param("作者﹕方若水", both("方若水"), id="small colon"),
        pytest.param("文／方若水", both("方若水"), id="文"),
        pytest.param("文/方若水", both("方若水"), id="half-width slash"),
        pytest.param("撰文：方若水、陆小满", both("方若水;陆小满"), id="two"),
        pytest.param("译者：陆小满", both("", "陆小满"), id="译者"),
        pytest.param("（作者：方若水）", both("方若水"), id="in parentheses"),
        pytest.param("作者：方若水（化名）", both("方若水"), id="a note behind"),
        pytest.param("作者：方若水，海岛大学", both("方若水"), id="where the writer belongs"),
        pytest.param("作者：Joan Fisher 译者：陆小满", both("Joan Fisher", "陆小满"), id="both"),
        pytest.param("文／方若水 图／陆小满", both("方若水"), id="no photographers"),
        pytest.param("作者：海边先生", both("海边先生"), id="先生 of a pen name"),
        pytest.param("作者：方若水教授", both("方若水"), id="a title"),
        pytest.param("作者：方若水#", both("方若水"), id="an end mark"),
        pytest.param("撰写：方若水", both("方若水"), id="撰写"),
        pytest.param("执笔：方若水", both("方若水"), id="执笔"),
        pytest.param(
            "作者：方若水，海岛经济学者，现居松石湾。" + "海" * 90,
            both("方若水"),
            id="a life behind",
        ),
        pytest.param("作者：方若水（学者）现居松石湾。", both("方若水"), id="a life behind a note"),
        *(
            pytest.param(f"{label}方若水", both("方若水"), id=label)
            for label in (
                "文.图／ 文‧图／ 图/文： 图与文／ 文、摄影／ 文字／ 采访撰文／ 采访、撰文／ 记者： 撰文／"
            ).split()
        ),
        pytest.param("作者 方若水", both("方若水"), id="作者 and a blank"),
        pytest.param("图/文 方若水", both("方若水"), id="图/文 and a blank"),
        pytest.param("作者：方若水 陆小满", both("方若水;陆小满"), id="two by a blank"),
        pytest.param("作者：方若水和陆小满", both("方若水;陆小满"), id="two by 和"),
        pytest.param("作者：方若水/澳洲", both("方若水"), id="where the writer lives"),
        pytest.param("作者：方若水 博士", both("方若水"), id="a title behind a blank"),
        *(
            pytest.param(f"{label}陆小满", both("", "陆小满"), id=label)
            for label in "中译： 英译： 翻译整理： 编译整理： 编译／".split()
        ),
        pytest.param("（译者陆小满、李言）", both("", "陆小满;李言"), id="no mark in parentheses"),
        pytest.param("（陆小满译）", both("", "陆小满"), id="译 behind in parentheses"),
        *(
            pytest.param(f"（{words}）", None, id=words)
            for words in "全文翻译 翻译有误 翻译成中文 译者有感 译者注 编译整理 大纪元编译".split()
        ),
        pytest.param("作者 序言", None, id="a heading"),
        pytest.param("作者：无名氏", None, id="a nameless writer"),
        pytest.param("作者：大陆学员", None, id="a group"),
        pytest.param("記者：陳若水", both("陳若水"), id="traditional characters"),
        pytest.param("作者：当然，渡轮周一复航。", None, id="a speaker's word"),
        pytest.param("作者简介：", None, id="about the writer"),
        pytest.param("作者：海岛大学", None, id="a body"),
        pytest.param("作者：渡轮公司宣布周一起复航，船票照旧。", None, id="a sentence"),
        pytest.param("文：好啊", None, id="a speaker"),
        pytest.param("记者：渡轮什么时候复航？", None, id="an interview"),
        pytest.param("文字整理：方若水", None, id="who typed it"),
        pytest.param(BEHIND, None, id="prose"),
        pytest.param("作者：" + "方" * 100, None, id="too long"),
        pytest.param("", None, id="nothing"),
        pytest.param("作者：海岛大学教授方若水", both("方若水"), id="an office before"),
        pytest.param(
            "作者：大纪元特约评论员方若水", both("方若水"), id="a newspaper's office before"
        ),
        pytest.param("作者：方若水 陆小满译", both("方若水", "陆小满"), id="译 behind"),
        pytest.param("作者：方若水 2023年9月22日于海岛", both("方若水"), id="a date behind"),
        pytest.param("作者︱方若水", both("方若水"), id="a vertical line"),
        pytest.param("原文作者：Owen Fisher", both("Owen Fisher"), id="原文作者"),
        pytest.param("作者简介：方若水，灯塔史学者，现居海岛。", both("方若水"), id="a biography"),
        pytest.param(
            "作者简介：欧文·费舍（Owen Fisher）是海岛学者。",
            both("欧文·费舍"),
            id="a biography in a sentence",
        ),
        pytest.param(
            "本文作者方若水（Fang Ruoshui）博士，是灯塔史学者。",
            both("方若水"),
            id="本文作者 without a mark",
        ),
        pytest.param("作者：吉林省长春市渡轮工人", None, id="a group of a place"),
        pytest.param("作者：一位不愿具名的学者", None, id="a nameless scholar"),
        pytest.param("作者简介：常年从事渡轮工作，写过书。", None, id="a life without a name"),
        pytest.param("本文作者常说，渡轮应当复航。", None, id="what the writer says"),
        pytest.param("文：我们采访方若水", None, id="a speaker names somebody"),
    ],
)
def test_signed(line: str, expected: People | None) -> None:
    assert signed(line) == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("（文章来源：海岛社／翻译：陆小满）", both("", "陆小满"), id="翻译 behind"),
        pytest.param("（文章来源：海岛社/陆小满编译）", both("", "陆小满"), id="编译 at the end"),
        pytest.param("文章来源：海岛之声记者方若水综合编译", both("方若水"), id="a reporter"),
        pytest.param(
            "文章来源：海岛网 记者：方若水", both("方若水"), id="a reporter behind a blank"
        ),
        pytest.param("自由亚洲电台记者方若水特别报导", None, id="自 of an agency"),
        pytest.param("译自海岛邮报，译者：陆小满", both("", "陆小满"), id="译自"),
        pytest.param("（转自海岛网，译者：陆小满）", both("", "陆小满"), id="转自"),
        pytest.param("（来源：海岛社，翻译有删节）", None, id="how it was translated"),
        pytest.param("资料来源：海岛网、云港网", None, id="sources alone"),
        pytest.param("（图片来源：海岛网）", None, id="a picture's source"),
        pytest.param("文章来源：海岛网：《灯塔的翻译》", None, id="a title in it"),
    ],
)
def test_source_lines(line: str, expected: People | None) -> None:
    assert signed(line) == expected


FILLED = ["海岛渡轮周一复航。"] * 12


@pytest.mark.parametrize(
    ("texts", "lines"),
    [
        pytest.param(["作者：方若水", *FILLED], ["作者：方若水"], id="at the head"),
        pytest.param([*FILLED, "作者：方若水"], ["作者：方若水"], id="at the end"),
        pytest.param([*FILLED, "作者：方若水", *FILLED], [], id="in the middle"),
        pytest.param(
            [*FILLED, "文 ◎ 方若水", *FILLED], ["文 ◎ 方若水"], id="文 in the middle of a dossier"
        ),
        pytest.param([*FILLED, "参考文献", "《海雾》", "作者：方若水"], [], id="references"),
        pytest.param([*FILLED, "《海雾》\n作者：方若水"], [], id="below a work"),
        pytest.param([*FILLED, "壁画《海雾》\n作者：方若水"], [], id="a painter"),
        pytest.param([*FILLED, "致海岛的公开信", "作者：方若水"], [], id="a letter's writer"),
        pytest.param(
            ["《海雾》\n作者：方若水", *FILLED], ["作者：方若水"], id="below the title at the head"
        ),
        pytest.param(["作者：方一", "作者：方二", "作者：方三"], [], id="a list of works"),
        pytest.param(
            [*FILLED, "记者：高兴吗", "记者：方便吗", "记者：时候到了", "作者：方若水"],
            ["作者：方若水"],
            id="below an interview",
        ),
        pytest.param(
            ["作者：方一", *FILLED, "作者：方二"], ["作者：方一", "作者：方二"], id="two writers"
        ),
    ],
)
def test_signature_lines(texts: list[str], lines: list[str]) -> None:
    found = [line for line in signature_lines(texts) if line.startswith(("作者", "文", "记者"))]
    assert found == lines


def test_many_signature_lines_take_no_time() -> None:
    long = "作者：方若水\n" * 100_000
    began = time.process_time()
    signature_lines([long] * 3)
    signature_lines(["作者：方若水"] * 100_000)
    assert time.process_time() - began < 5  # seconds; 0.3 here


BYLINE_LIKE = st.text(
    alphabet="（）()【】大纪元记者方若水台北报导编译／/、，和与 .Aa:：文作\n", max_size=80
)


@given(BYLINE_LIKE)
def test_any_text_is_safe(text: str) -> None:
    found = find_byline(text)
    if found:
        assert 0 <= found.start < found.end <= len(text)
        assert found.text in text
    for who in (people(text), signed(text) or People()):
        assert not set(who.authors) & set(who.translators)
        assert all(len(name) > 1 for name in (*who.authors, *who.translators))


@pytest.mark.parametrize(
    "unit", ["（", "）", "(（", "（大纪元记者", "记者", "报导", "方若水、", "A b", "／"]
)
def test_long_runs_take_no_time(unit: str) -> None:
    long = unit * (1_000_000 // len(unit))
    began = time.process_time()
    find_byline(long)
    find_byline_of_line("\n" + long)
    find_split_byline("（大纪元记者", long)
    find_split_byline(long, "报导）")
    find_byline("（大纪元记者" + long)
    people(long)
    people("大纪元记者" + long)
    signed(long)
    assert time.process_time() - began < 1  # seconds; 0.1 here
