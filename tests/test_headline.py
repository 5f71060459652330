"""What a title says besides its news: the column and, in commentaries, the author."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.formats.epoch.headline import column, title_author


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
    assert title_author(title) == expected


@given(st.text(alphabet="【】方若水分析：: 海岛·国社\n", max_size=40))
def test_any_title_is_safe(title: str) -> None:
    for value in (column(title), title_author(title)):
        assert value is None or (value and value == value.strip())
