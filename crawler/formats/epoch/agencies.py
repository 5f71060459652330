"""Patterns for the agencies, job titles and newsrooms in bylines."""

from __future__ import annotations

import re
from typing import Final

from crawler.formats.epoch.names import HAN, POINT, SURNAMES

_SELF: Final = (
    "(?:英文|中文|法文|德文|日文|韩文|国际|海外)?"
    "(?:大纪元|的纪元|大记元|大纪年|大纪[园源原员]|大大纪元|(?<![一-鿿])大纪(?=[者记]))"
    "(?:时报|新闻网|新闻集团|周报|周刊|网站|网)?"
)
_WIRE: Final = (
    "中央社|法新社|美联社|路透社|共同社|韩联社|新华社|中新社|德新社|德通社|合众国际社|俄新社|塔斯社|时事社"
    "|埃菲社|安莎社|彭博社|中评社"
)
WIRE: Final = re.compile(_WIRE)
"""News agencies. Their dispatches name a place and often no person: ``美联社华盛顿电``."""

AGENCY: Final = re.compile(
    f"《{_SELF}》|{_SELF}(?:英文版|中文版|英文|中文)?"
    "|《?新纪元(?:周刊)?》?|新唐人(?:亚太)?(?:电视台|电视)?(?:热点互动|世事关心|侃侃而谈)?|NTD(?:TV)?|希望之声(?:国际)?(?:广播)?(?:电台)?"
    "|自由亚洲(?:电台)?|美国之音|法国国际广播电台|法广|德国之声|英国广播公司|明慧(?:网|记者站|(?=记者|通讯员))"
    f"|正见网|看中国|动态网|追查国际|人民报|中广|{_WIRE}"
    "|自由时报|中国时报|联合报(?![导道])|苹果日报|世界日报|星岛日报|明报|(?:The )?Epoch Times|(?i:(?:EMG|Epoch) Inspired(?: Staff)?)|本[报刊网台社]",
)
"""Organizations that report, including misspellings of the newspaper's own name."""

OFFICE: Final = re.compile(
    "(?<!公民)(?<!战地)(?<!外国)(?:记者|记[^者、，／/]{1,3}者(?!记者)|纪者|大纪?者)+者?(?![站团会组室部协])|专栏作[家者]|专栏撰稿人|作家|作者|评论[员人]|时评人|撰稿[人员]"
    "|通讯员|特派员|研究员|分析师|主笔|副?主编|总编辑?|(?<!责任)编辑(?![部组室])|实习生|(?:编译者?|翻译|译者)[:：]?(?![报综整改导稿兼撰和组部])(?=[:：]?\\s*\\w)",
)
"""Job titles of writers. The name follows the title and rarely precedes it."""

_OTHER_NAME: Final = rf"{HAN}{{1,6}}[{POINT}]|\s?[A-Z]"
LEARNED: Final = re.compile(
    "(?:学者|专家|媒体人|[论评学]家|教授|讲师|博士|律师|[医药]师|医生|牧师|[所院会校社部]长|主任|总裁|议员|研究员|官员|大使|主席|[上中少]校|[上中少]?将军?)"
    rf"(?=[{''.join(sorted(SURNAMES))}]|{_OTHER_NAME})"
    rf"|(?:》|研究[所院]|大学|学院|基金会|智库|协会|[师长员官家者人卿监席]|顾问|总统|首相|总理|大臣|特使|董事|院士|导演|秘书|司令)(?={_OTHER_NAME})"
    rf"|(?<={HAN})(?=[A-Z][A-Za-z.'’-]+(?: [A-Za-z.'’-]+){{1,4}} ?撰)"
)
"""A writer's profession or institution directly before the name: ``海岛大学教授李言撰文``."""

NEWSROOM: Final = re.compile(
    "[^、，,/／]{0,20}?(?:记者站|分社|新闻(?:中心|[部组社])|编辑部|[编翻]译组|[工制]作组|专题[部组]|报[导道]组)"
)
"""A newsroom and the text before it, which is a known or unknown place and never a person."""

_DEPARTMENT: Final = re.compile(
    "据|由|根据|来自"
    "|(?:专题|专辑|新闻|国际|英文|中文|财经|体育|文化|副刊|地方|采访|要闻|社会|政治|军事|调查|视频|影视|评论)(?:[部组版]|频道)|专题|专栏(?!作)|国会|白宫|财经|军事"
    "|(?:新闻|时事|财经|时政)分析"
    "|高级|资深|首席|特(?:约|派(?!员))|专任|实习(?!生)|自由|独立|常驻|驻|本地|当地|[\\d一二三四五六七八九十]+[年月日]|[Bb][Yy] |[\\s:：]",
)


def department(text: str) -> int:
    """Return the length of the department, rank or preposition that ``text`` starts with, or 0."""
    found = _DEPARTMENT.match(text)
    return found.end() if found else 0
