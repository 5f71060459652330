"""What a title says besides its news: the column and, in commentaries, the author."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.headline import column, title_authors
from crawler.formats.epoch.names import is_han_name
from crawler.formats.epoch.regulars import COLUMNISTS


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("【名家专栏】海岛渡轮复航", "名家专栏", id="at the head"),
        pytest.param(" 【 名家专栏 】海岛", "名家专栏", id="blanks at its edges"),
        pytest.param("【海岛12·3】渡轮", "海岛12·3", id="taken literally"),
        pytest.param("【专栏】【海岛】渡轮", "专栏", id="the first of two"),
        pytest.param("海岛【组图】渡轮复航", None, id="not at the head"),
        pytest.param("【】渡轮", None, id="empty"),
        pytest.param("【 】渡轮", None, id="a blank"),
        pytest.param("【 海岛 纪事 】渡轮", "海岛 纪事", id="blanks within"),
        pytest.param("【渡轮复航", None, id="never closed"),
        pytest.param("海岛渡轮复航", None, id="none"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_column(title: str, expected: str | None) -> None:
    assert column(title) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("方若水：渡轮与海岛", "方若水", id="three characters"),
        pytest.param("方言：渡轮与海岛", "方言", id="two characters"),
        pytest.param("欧阳小满：渡轮", "欧阳小满", id="surname of two characters"),
        pytest.param("海边月：渡轮", "海边月", id="pen name"),
        pytest.param("五湖先生：渡轮", "五湖先生", id="pen name of four"),
        pytest.param("欧文·费舍：渡轮", "欧文·费舍", id="foreign name"),
        pytest.param("欧文 ·费舍：渡轮", "欧文·费舍", id="a blank beside the point"),
        pytest.param("Joan Fisher：渡轮", "Joan Fisher", id="Latin letters"),
        pytest.param("White House：渡轮", None, id="a house in Latin letters"),
        pytest.param("北岸隐士：渡轮", "北岸隐士", id="pen name of a hermit"),
        pytest.param("方若水： 渡轮", "方若水", id="blank behind the colon"),
        pytest.param("方 言：渡轮", "方言", id="a name spaced out"),
        pytest.param("方若水 ：渡轮", "方若水", id="blank before the colon"),
        pytest.param("方若水:渡轮", "方若水", id="half-width colon"),
        pytest.param("方立国：渡轮", "方立国", id="a name that ends in 国"),
        pytest.param("陆军：渡轮", None, id="a surname leads no name"),
        pytest.param("方军：渡轮", "方军", id="a name that ends in 军"),
        pytest.param("金山：渡轮", "金山", id="a name that is a place too"),
        *(
            pytest.param(f"{label}：渡轮", None, id=label)
            for label in (
                "分析 快讯 组图 专家 消息 视频 图片新闻 评论 社论 一线 连载 特稿 纪元特稿 时评 白宫 美国 台湾 台北市 "
                "美议员 中国人 渡轮公司 海岛法院 海岛村 春节 "
                "温家宝 法广 老百姓 前外交官 海岛大学 卫生部 时报 外媒 网友 知情人 九评之三 法学教授 历史的真实 "
                "新华社 东海论坛 大纪元编辑部 民调 港府 警方"
            ).split()
        ),
        pytest.param("【名家专栏】方若水：渡轮", None, id="behind a column"),
        pytest.param("渡轮复航 方若水：船票照旧", None, id="not at the head"),
        pytest.param("海岛渡轮复航", None, id="no colon"),
        pytest.param("《海岛》方若水：渡轮", None, id="behind a book"),
        pytest.param("：渡轮", None, id="nothing before the colon"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_title_author(title: str, expected: str | None) -> None:
    assert title_authors(title, commentary=True) == ((expected,) if expected else ())


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("川人：渡轮", "川人", id="pen name in 人"),
        pytest.param("海网：渡轮", "海网", id="pen name in 网"),
        pytest.param("同根、古金：渡轮", "同根;古金", id="two by 、"),
        pytest.param("方若水，陆小满：渡轮", "方若水;陆小满", id="two by ，"),
        pytest.param("方若水 陆小满：渡轮", "方若水;陆小满", id="two by a blank"),
        pytest.param("方若水（三）：渡轮", "方若水", id="a number in brackets"),
        pytest.param("方若水(12)：渡轮", "方若水", id="digits in brackets"),
        pytest.param("方若水（上）：渡轮", "方若水", id="a part in brackets"),
        pytest.param("方若水3：渡轮", "方若水", id="digits"),
        pytest.param("方若水之二：渡轮", "方若水", id="之二"),
        pytest.param("J.M. Fisher：渡轮", "J.M. Fisher", id="initials"),
        pytest.param("Zoë van der Fisher：渡轮", "Zoë van der Fisher", id="particles"),
        pytest.param("王友群：渡轮", "王友群", id="a columnist"),
        pytest.param("【王友群】：渡轮", "王友群", id="a columnist in brackets"),
        pytest.param("【渡轮访谈】：船票", "", id="a column with a colon"),
        pytest.param("方若水：松石湾专访陆小满", "方若水", id="an interviewer"),
        pytest.param("方若水：渡轮复航（专访）", "", id="an interviewed person"),
        pytest.param("方若水：渡轮复航专访（二）", "", id="an interviewed person, in parts"),
        pytest.param("方若水：接受海岛电台采访", "", id="an interviewed person, in words"),
        pytest.param("方若水、分析：渡轮", "", id="a name and a label"),
        pytest.param("方一、方二、方三、方四、方五：渡轮", "", id="a crowd"),
        *(
            pytest.param(f"【{name}】方若水：渡轮", "方若水", id=f"behind {name}")
            for name in "征文 海岛征文 特稿 纪元特稿 新纪元 新纪元周刊 纪元专栏".split()
        ),
        *(
            pytest.param(f"{label}：渡轮", "", id=label)
            for label in (
                "歌词 词三首 诗二首 对话 藏头诗 打油诗 顺口溜 古诗 证人 官网 时间 方法 林彪 鲁迅 孔子"
            ).split()
        ),
        pytest.param("Black Lives Matter：渡轮", "", id="a movement"),
        *(
            pytest.param(f"【{name}】观云：渡轮", "观云", id=f"a pen name behind {name}")
            for name in "征文 特稿 纪元特稿 新纪元 读者投书 来稿".split()
        ),
        pytest.param("歐陽青石：渡輪", "歐陽青石", id="traditional characters"),
        pytest.param("【徵文】觀雲：渡輪", "觀雲", id="traditional characters in the column"),
        pytest.param("組圖：渡輪", "", id="a label in traditional characters"),
        pytest.param("观云：渡轮", "观云", id="a pen name that begins as a verb"),
        pytest.param("观渡轮：船票", "", id="a verb"),
        *(
            pytest.param(f"方若水{number}：渡轮", "方若水", id=f"the number {number}")
            for number in ["（二之一）", "【二】", " 二", "(四)(五)", "1-3", "[2]"]
        ),
        pytest.param("欧文·费舍(Owen Fisher)：渡轮", "欧文·费舍", id="two spellings"),
        pytest.param("方若水∶渡轮", "方若水", id="a ratio for a colon"),
        pytest.param("方若水等：渡轮", "方若水", id="and others"),
        pytest.param("方若水和陆小满：渡轮", "方若水;陆小满", id="two by 和"),
        pytest.param("方若水与陆小满：渡轮", "方若水;陆小满", id="two by 与"),
        pytest.param("文／方若水：渡轮", "方若水", id="文 before"),
        pytest.param("作者方若水：渡轮", "方若水", id="作者 before"),
        *(
            pytest.param(f"{label}：渡轮", "", id=label)
            for label in (
                "满江红 西江月 沁园春 鹧鸪天 三字经 儿歌 最新 突发 实录 母亲 老兵 为什么 神韵 李教授 王女士 张医生"
            ).split()
        ),
        *(
            pytest.param(f"{subject}：渡轮", "", id=subject)
            for subject in "水灾 油价 车祸 渔民 悼念 台风 随想录".split()
        ),
    ],
)
def test_title_authors_of_commentaries(title: str, expected: str) -> None:
    assert title_authors(title, commentary=True) == tuple(filter(None, expected.split(";")))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        pytest.param("王友群：渡轮", ("王友群",), id="a columnist"),
        pytest.param("同根、古金：渡轮", ("同根", "古金"), id="a columnist and another"),
        pytest.param("周晓辉（二）：渡轮", ("周晓辉",), id="a number behind"),
        pytest.param("古风：渡轮", ("古风",), id="a word that a columnist is called"),
        pytest.param("【海岛访谈】程晓农：渡轮", (), id="behind a column"),
        pytest.param(
            "【纪元特稿】王友群：渡轮", ("王友群",), id="behind a column of contributions"
        ),
        pytest.param("方若水：渡轮", (), id="anyone else"),
        pytest.param("分析：渡轮", (), id="a label"),
        pytest.param("王友群博士：渡轮", ("王友群",), id="a columnist and a degree"),
        pytest.param("【王友群】：渡轮", ("王友群",), id="a columnist in brackets"),
    ],
)
def test_title_authors_elsewhere(title: str, expected: tuple[str, ...]) -> None:
    assert title_authors(title, commentary=False) == expected


def test_the_columnists_are_names() -> None:
    assert len(COLUMNISTS) > 200
    assert all(map(is_han_name, COLUMNISTS))


def test_the_labels_are_no_columnists() -> None:
    both = {name for name in COLUMNISTS if title_authors(f"{name}：渡轮", commentary=True) == ()}
    assert not both


@given(st.text(alphabet="【】方若水分析：: 海岛·国社\n", max_size=40))
def test_any_title_is_safe(title: str) -> None:
    for value in (column(title), *title_authors(title, commentary=True)):
        assert value is None or (value and value == value.strip())


@pytest.mark.parametrize("unit", ["方", "方、", "（一）", " ", "【", "专访（", "A "])
def test_long_titles_take_no_time(unit: str) -> None:
    long = unit * (1_000_000 // len(unit))
    began = time.process_time()
    column(long)
    title_authors(long, commentary=True)
    title_authors(f"方若水：{long}", commentary=True)
    assert time.process_time() - began < 1  # seconds; 0.1 here
