"""The editors' part of a block: its spellings, what it is glued to, and prose about editors."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.editors import find_editors, find_plain_editors


@pytest.mark.parametrize(
    ("block", "names", "left"),
    [
        pytest.param("责任编辑：方若水", ("方若水",), "", id="plain"),
        pytest.param("责任编辑：方若水#", ("方若水",), "", id="end mark"),
        pytest.param("责任编辑：方若水 ＃◇", ("方若水",), "", id="end marks behind a blank"),
        pytest.param("责任编辑：方若水@", ("方若水",), "", id="another end mark"),
        pytest.param("责任编辑：方若水￥", ("方若水",), "", id="the mark of a foreign keyboard"),
        pytest.param("责任编辑：方若水3", ("方若水",), "", id="a shift key missed"),
        pytest.param("责任编辑：方若水·", ("方若水",), "", id="a point behind"),
        pytest.param("责任编辑： 方若水 #", ("方若水",), "", id="blanks around"),
        pytest.param("责任编辑:方若水", ("方若水",), "", id="half-width colon"),
        pytest.param("责任编辑；方若水", ("方若水",), "", id="semicolon"),
        pytest.param("责任编辑﹕方若水", ("方若水",), "", id="small colon"),
        pytest.param("责任编辑／方若水", ("方若水",), "", id="slash"),
        pytest.param("责任编辑 方若水", ("方若水",), "", id="blank for colon"),
        pytest.param("责任编辑方若水#", ("方若水",), "", id="nothing for colon"),
        pytest.param("责任编剧：方若水", ("方若水",), "", id="编剧"),
        pytest.param("责任编缉：方若水", ("方若水",), "", id="编缉"),
        pytest.param("责任编叩；方若水", ("方若水",), "", id="编叩"),
        pytest.param("责任编辑·：方若水", ("方若水",), "", id="a point before the colon"),
        pytest.param("责任编辑过：方若水", ("方若水",), "", id="编辑过"),
        pytest.param("责任人编辑：方若水", ("方若水",), "", id="责任人"),
        pytest.param("责编：方若水", ("方若水",), "", id="责编"),
        pytest.param("責任編輯：方若水#", ("方若水",), "", id="traditional script"),
        pytest.param("责任年纪：方若水 ＃", ("方若水",), "", id="another word by the same keys"),
        pytest.param("责任 编辑：方若水", ("方若水",), "", id="a blank in the label"),
        pytest.param("责 任 编 辑：方若水", ("方若水",), "", id="a label spaced out"),
        pytest.param("责任编辑：：方若水", ("方若水",), "", id="two colons"),
        pytest.param("责任编辑:：方若水", ("方若水",), "", id="two colons of two kinds"),
        pytest.param("任编辑：方若水#", ("方若水",), "", id="责 missing"),
        pytest.param("贵任编辑：方若水#", ("方若水",), "", id="贵 for 责"),
        pytest.param("责任编辑？：方若水", ("方若水",), "", id="a question mark"),
        pytest.param("责任编辑辑：方若水", ("方若水",), "", id="辑 doubled"),
        pytest.param("责任滨江：方若水", ("方若水",), "", id="滨江"),
        pytest.param("责任滨江方若水#", ("方若水",), "", id="滨江 without a colon"),
        pytest.param(
            "渡轮制作组\n任编辑：方若水#", ("方若水",), "渡轮制作组", id="misspelt on a second line"
        ),
        pytest.param("责任编辑：林妍图片", ("林妍",), "图片", id="a word behind a known name"),
        pytest.param("责任编辑：林妍图", ("林妍",), "图", id="a character behind a known name"),
        pytest.param(
            "责任编辑：叶紫微渡轮周一复航。",
            ("叶紫微",),
            "渡轮周一复航。",
            id="a sentence behind a known name",
        ),
        pytest.param(
            "责任编辑：方若水图为松石湾渡轮", ("方若水",), "图为松石湾渡轮", id="a caption behind"
        ),
        pytest.param("责任编辑：欧阳小满", ("欧阳小满",), "", id="four characters"),
        pytest.param("责任编辑：责任编辑：方若水", ("方若水",), "", id="doubled"),
        pytest.param("责任编辑：方若水、陆小满", ("方若水", "陆小满"), "", id="two by 、"),
        pytest.param("责任编辑：方若水/陆小满#", ("方若水", "陆小满"), "", id="two by a slash"),
        pytest.param("责任编辑：方若水 陆小满", ("方若水", "陆小满"), "", id="two by a blank"),
        pytest.param("责任编辑：方若水和陆小满", ("方若水", "陆小满"), "", id="two by 和"),
        pytest.param("责任编辑：方 言", ("方言",), "", id="a blank within the name"),
        pytest.param("责任编辑：方若 水", ("方若水",), "", id="a blank late in the name"),
        pytest.param("责任编辑：Joan Fisher", ("Joan Fisher",), "", id="Latin letters"),
        pytest.param("本文责任编辑：方若水", ("方若水",), "", id="of this article"),
        pytest.param("责任编辑：方若水 岸汀", ("方若水", "岸汀"), "", id="a pen name by a blank"),
        pytest.param(
            "责任编辑：岸汀 陆小满 方言#", ("岸汀", "陆小满", "方言"), "", id="three by blanks"
        ),
        pytest.param("责任编辑：方若水；陆小满", ("方若水", "陆小满"), "", id="two by ；"),
        pytest.param("责任编辑：方若水.陆小满", ("方若水", "陆小满"), "", id="two by a full stop"),
        pytest.param("责任编辑：方若水|陆小满", ("方若水", "陆小满"), "", id="two by a bar"),
        *(
            pytest.param(f"责任编辑{mark}方若水", ("方若水",), "", id=f"the mark {mark}")
            for mark in ["、", "，", "。", "-", "—", "=", "︓", "’：", "》：", "人："]
        ),
        pytest.param("责任辑：方若水", ("方若水",), "", id="编 missing"),
        pytest.param("责编／方若水", ("方若水",), "", id="责编 and a slash"),
        pytest.param("责任编辑：【方若水】", ("方若水",), "", id="a name in brackets"),
        pytest.param("（责任编辑：方若水", ("方若水",), "", id="never closed"),
        pytest.param("责任编辑：方 若 水", ("方若水",), "", id="a name spaced out"),
        pytest.param("责任编辑：方若\n水", ("方若水",), "", id="a name on two lines"),
        pytest.param("责任编辑：方若水 ; 陆小满", ("方若水", "陆小满"), "", id="two by ;"),
        pytest.param("责任编辑：方若水与陆小满", ("方若水", "陆小满"), "", id="two by 与"),
        pytest.param(
            "渡轮复航。责任编辑方若水", ("方若水",), "渡轮复航。", id="no colon behind a sentence"
        ),
        pytest.param(
            "责任编辑：方若水图：渡轮", ("方若水",), "图：渡轮", id="a label of a picture behind"
        ),
        pytest.param("责任编辑：方若水，原文链接", ("方若水",), "原文链接", id="words behind ，"),
        pytest.param("责任编辑：方言 图：渡轮", ("方言",), "图：渡轮", id="a label behind a blank"),
        pytest.param("责任编辑：岸汀图说：渡轮", ("岸汀",), "图说：渡轮", id="a pen name, a label"),
        pytest.param("责任编辑：方若水 待续", ("方若水",), "待续", id="to be continued"),
        pytest.param("责任编辑：方若水；关注我们", ("方若水",), "关注我们", id="text behind ；"),
        pytest.param("责任编辑：海岛编辑部", ("海岛编辑部",), "", id="a body"),
        pytest.param("责任编辑：渡轮公司燃油税假期#", (), "", id="a slip of the keyboard"),
        pytest.param(
            "（作者：陆小满／责任编辑：方若水）", ("方若水",), "（作者：陆小满）", id="behind ／"
        ),
        pytest.param("责任编辑：", (), "", id="nobody"),
        pytest.param("（责任编辑：方若水）", ("方若水",), "", id="in parentheses"),
        pytest.param("责任编辑：方若水）", ("方若水",), "", id="a spare parenthesis"),
        pytest.param(
            "文字整理：陆小满；责任编辑：方若水#", ("方若水",), "文字整理：陆小满", id="behind ；"
        ),
        pytest.param(
            "文字整理：陆小满，责任编辑：方若水", ("方若水",), "文字整理：陆小满", id="behind ，"
        ),
        pytest.param("译者：陆小满、责任编辑：方若水", ("方若水",), "译者：陆小满", id="behind 、"),
        pytest.param(
            "整理：陆小满 责任编辑：方若水", ("方若水",), "整理：陆小满", id="behind a blank"
        ),
        pytest.param(
            "《海岛》制作组\n责任编辑：方若水#", ("方若水",), "《海岛》制作组", id="a line break"
        ),
        pytest.param(
            "听新闻：\n责任编辑：方若水#", ("方若水",), "听新闻：", id="a label on the line above"
        ),
        pytest.param(
            "文字整理：陆小满；\n责任编辑：方若水",
            ("方若水",),
            "文字整理：陆小满",
            id="； and a break",
        ),
        pytest.param(
            "（来源：海岛网；责任编辑：方若水）",
            ("方若水",),
            "（来源：海岛网）",
            id="within another's parentheses",
        ),
        pytest.param(
            "渡轮复航了。”责任编辑：方若水#", ("方若水",), "渡轮复航了。”", id="behind prose"
        ),
        pytest.param(
            "https://a.b/c责任编辑：方若水", ("方若水",), "https://a.b/c", id="behind an address"
        ),
        pytest.param(
            "责任编辑：方若水关注我们脸书主页",
            ("方若水",),
            "关注我们脸书主页",
            id="before other text",
        ),
        pytest.param(
            "责任编辑：方若水\n关注我们", ("方若水",), "\n关注我们", id="before another line"
        ),
        pytest.param(
            "责任编辑：方若水；复核：陆小满",
            ("方若水",),
            "复核：陆小满",
            id="before another credit",
        ),
        pytest.param(
            "责任编辑：方若水、校对：陆小满", ("方若水",), "校对：陆小满", id="before a label"
        ),
        pytest.param("责编 方若水", ("方若水",), "", id="责编 and a blank"),
        pytest.param("本文责任编辑方若水", ("方若水",), "", id="本文 without a colon"),
        pytest.param("责任编辑：“方若水”", ("方若水",), "", id="quotation marks"),
        *(
            pytest.param(f"责任编辑 方若水{more}", ("方若水",), left, id=f"no colon before {left}")
            for more, left in (
                (" #（未完待续）", "（未完待续）"),
                ("（转自海岛网）", "（转自海岛网）"),
                ("；校对：陆小满", "校对：陆小满"),
            )
        ),
        pytest.param(
            "责任编辑：欧文·费舍关注我们",
            ("欧文·费舍",),
            "关注我们",
            id="a word behind a foreign name",
        ),
    ],
)
def test_editors(block: str, names: tuple[str, ...], left: str) -> None:
    found = find_editors(block)
    assert found is not None
    assert found.names == names
    assert block[: found.start] + block[found.end :] == left


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("", id="nothing"),
        pytest.param("他是海岛台责任编辑。", id="an office in prose"),
        pytest.param("她担任教材责任编辑期间，渡轮停航。", id="a time in prose"),
        pytest.param("HITV责任编辑方若水表示，渡轮复航。", id="a person in prose"),
        pytest.param("由专人负责任编辑：渡轮时刻表", id="负责任 in prose"),
        pytest.param("总编辑方若水说，渡轮复航。", id="another office"),
        pytest.param("编辑：方若水", id="no 责任"),
        pytest.param("文字整理：方若水#", id="another credit"),
        pytest.param("责任校对：方若水#", id="who reads the proofs"),
        pytest.param("责任单位：海岛", id="a body that is liable"),
        pytest.param("他现任编辑：方若水说渡轮复航。", id="任编辑 in prose"),
        pytest.param("这是船长的责任：方若水说。", id="责任 in prose"),
        pytest.param("责任编辑：渡轮公司燃油税假期，船票照旧", id="no name, a sentence"),
        pytest.param("责任编辑，方若水是作者。", id="a comma within a sentence"),
        pytest.param("他是海岛日报责任编辑方若水", id="no colon within a sentence"),
        pytest.param("责任编辑方若水（左）说，渡轮复航。", id="brackets within a sentence"),
    ],
)
def test_no_editors(block: str) -> None:
    assert find_editors(block) is None


@pytest.mark.parametrize(
    ("block", "names", "left"),
    [
        pytest.param("编辑：方若水", ("方若水",), "", id="alone"),
        pytest.param("（编辑：方若水、陆小满）", ("方若水", "陆小满"), "", id="in parentheses"),
        pytest.param("渡轮复航了。\n编辑：方若水#", ("方若水",), "渡轮复航了。", id="a last line"),
    ],
)
def test_plain_editors(block: str, names: tuple[str, ...], left: str) -> None:
    found = find_plain_editors(block)
    assert found is not None
    assert (found.names, block[: found.start] + block[found.end :]) == (names, left)


@pytest.mark.parametrize(
    "block",
    [
        pytest.param("撰文：方若水\n编辑：陆小满\n制作：海岛组", id="among a film's credits"),
        pytest.param("编辑：渡轮公司宣布，船票照旧。", id="a sentence"),
        pytest.param("他是编辑：方若水。", id="in prose"),
        pytest.param("总编辑：方若水", id="another office"),
    ],
)
def test_no_plain_editors(block: str) -> None:
    assert find_plain_editors(block) is None


@given(st.text(alphabet="责任编辑剧：；:（）() \n#◇方若水陆小满、和，。Aa1关注我们", max_size=80))
def test_any_text_is_safe(text: str) -> None:
    found = find_editors(text)
    if found:
        assert 0 <= found.start < found.end <= len(text)
        assert all(name and name in text.replace(" ", "") for name in found.names)


@pytest.mark.parametrize(
    "unit", ["责", "责任编辑", "责任编辑：", "（", "方、", "A ", " ", "#", "责任编辑：方若水、"]
)
def test_long_runs_take_no_time(unit: str) -> None:
    long = unit * (1_000_000 // len(unit))
    began = time.process_time()
    find_editors(long)
    find_editors("责任编辑：" + long)
    find_editors(long + "海岛渡轮公司")
    assert find_editors(long + "\n责任编辑：方若水")
    assert time.process_time() - began < 5  # seconds; 0.3 here
