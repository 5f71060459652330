"""The roles of the people in a byline: verbs, their misspellings, and labels with the same meaning."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal

Role = Literal["write", "translate", "other"]

WRITE: Final = (
    "报导 报道 报答 报到 报倒 报异 导报 报导版 撰文 撰写 撰稿 编导 整理 特稿 专稿 专电 外电 日电 电 采访 专访 电访 访问 访谈 综述 编写 改写 采写 "
    "整编 综整 汇编 采编 编辑 发稿 时评 "
    "供稿 投稿 来稿 执笔 口述 笔录 记录 编撰 改编 报 特写 纪实 述评 评述 评论 综合报 简报 播报 采访报 编译报 论坛报导"
).split()
TRANSLATE: Final = "编译 翻译 特译 同声翻译 摘译 口译 编译改写 编译综合 综合编译 译".split()
OTHER: Final = "摄影 拍摄 制图 绘图 主持 剪辑 制作 录像 图".split()
FILLER: Final = (
    "综合 独家 现场 联合 连线 特别 深度 追踪 跟踪 实地 即时 滚动 实时 实况 直击 目击 跟进 探访 走访 "
    "随访 随行 前线 一线 录音 多方 汇整 汇总 后续 文字 新闻 调查 分析 图文 视频 电话 专题 快讯 发自 来自 "
    "首都 首府 DC D.C. 日讯 消息 社论 记者站 分社 新闻中心 新闻部 新闻组 新闻社 编辑部 编译组 翻译组 "
    "直播 第一时间 法庭 社区 财经 体育 图片 影音 跨国 两地 共同 合作 协同 全程 街头 线上 海上 灾区 山区 市区 郊区 选区 小区 乡村 "
    "系列 工作组 制作组 专题部 专题组 报道组 报导组 报社 电视台 电台 广播电台 团队 地区 "
    "大学 机场 广场 医院 法院 校园 会场 车站 总部 领馆 领事馆 大使馆 记者"
).split()
"""Words between a name and its verb."""

_WRITING: Final = re.compile("|".join(["作者", *sorted(WRITE, key=len, reverse=True)]))
_NOT_WRITING: Final = re.compile("摄影|拍摄|制图|绘图|主持|剪辑|制作|录像|(?<!西雅)图$|摄$")
_BARE: Final = re.compile(
    "(?:{})*".format(
        "|".join(sorted([*WRITE, *TRANSLATE, *OTHER, "综合", "文字", "文", "摄"], key=len)[::-1])
    ),
)
_END: Final = r"(?=\s*[。.]?\s*(?:$|[、，,／/∕╱｜|；;]))"
_CORRECTIONS: Final = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"[。，]$", ""),
        (r"(?<=[元社台刊])记着", "记者"),
        # 综合 and 采访 are misspelled with characters of the same sound
        (r"(?:总[合和]|[综宗纵棕粽][和何核]|[宗纵棕粽]合)(?=报|编|采|整|外)|综(?=报)", "综合"),
        (r"(?:采[防纺方仿坊]|[彩踩]访)(?=报|整|撰)", "采访"),
        (rf"编[议绎驿泽](?=报|综|整|{_END})", "编译"),
        (rf"报[告的岛刀寻到倒异答]{_END}", "报导"),
        # the issue of a magazine, and the kind of text
        (
            r"^\s*《?[^，,：:、\n（(《》]{0,8}(?:周刊|周报|月刊|杂志)》?\s*第?\s*\d{1,5}\s*期\s*[，,：:、/／]?\s*",
            "",
        ),
        (
            r"^[^｜|：:，,、／/\s]{0,6}(?:分析|报[导道]|评论|专题|专访|特稿|观察|快讯|直击|调查|人物|看点|综述|时评|追踪|独家|访谈|焦点|解读|述评)\s*(?:[｜|]|[：:](?=.{0,8}记者))\s*(?=.)",
            "",
        ),
        (r"(?<=报[导道])之?[一二三四五六七八九十\d]{1,3}$", ""),
        (r"^本文(?=作者)|(?<=作者)[为是系](?=..)|[，,、；;\s]+[图照]片由.{2,12}提供$", ""),
        # titles and degrees of names in Latin letters
        (r"\b(?:Dr|Prof|Mr|Mrs|Ms)\. ?(?=[A-Z])", ""),
        (r"(?<=[a-z.])[,， ]\s*(?:Ph\.? ?D|M\.?D|J\.?D|MBA|Esq|DDS)(?![A-Za-z])\.?", ""),
        # contributors and editors are not writers
        (
            r"[、，,；;／/\s]+[^、，,；;／/]{2,16}(?:对[此本]文.{0,4}贡献|协助|审校|校对|审[核稿]|校[订阅])$",
            "",
        ),
        (r"[\s、，,；;／/]*责(?:任编辑|编)\s*[：:].*$", ""),
        (r"(?<=[^\s编])\s*撰(?=\s*(?:[／/∕╱，,、；;｜|]|$))", "撰文"),
        # the writer also took the pictures: ``记者李言文／图``
        (
            r"(?<=[^\s／/：:])\s*(?:文[／/、·‧]?图|文[／/、并兼和及]?摄影|图[／/、·‧]?文|[／/]\s*文|\s文)$",
            "撰文",
        ),
        # a book's writer and translator: ``Owen Fisher著，陆小满译``
        (r"著(?=\s*[，,、／/；;]|\s)|(?<!撰)文\s*(?=[/／][^/／]{2,12}译$)", "撰文"),
        (
            r"(?<=[，,、／/∕╱｜|；;\s])([^，,、／/∕╱｜|；;\s]{2,12}|[A-Z][^，,、／/∕╱｜|；;]{3,30})(?<![编翻特摘口综])\s?译$",
            r"\1编译",
        ),
        (r"[（(]([^（）()]{2,8}(?:编译|翻译))[）)]$", r"／\1"),
        # a single translator: ``记者李言译``
        (r"(?<=[^编翻特摘口综、，,／/][^编翻特摘口综、，,／/])译$", "编译"),
        # a translator directly after the report: ``Owen Fisher报导陆小满编译``
        (
            r"(?<=报[导道]|撰[文写稿])(?=(?:大纪元记者|记者)?[^、，,／/\s]{2,4}(?:(?:综合)?编译(?:综合|改写)?|翻译)$)(?!综合|采访|整理|联合|[和与及])",
            "／",
        ),
        (r"(?<=报[导道]|撰文)(?=\s*(?:编译|翻译)(?!组)[^、，,／/\s]{2,4}$)", "／"),
    )
)


@lru_cache(maxsize=4096)
def corrected(byline_text: str) -> str:
    """Correct the usual misspellings of verbs in a byline.

    The issue of a magazine, the kind of text and the editor are removed.
    """
    for pattern, replacement in _CORRECTIONS:
        byline_text = pattern.sub(replacement, byline_text)
    return byline_text


def role_of(text: str) -> Role | None:
    """Return the role that a verb, a label or a title means, or None if it means none."""
    if "译" in text:
        return "translate"
    if _WRITING.search(text):
        return "write"
    return "other" if _NOT_WRITING.search(text) else None


def is_bare(text: str) -> bool:
    """Return whether ``text`` consists of verbs only."""
    return bool(_BARE.fullmatch(text))
