"""What can be a person's name in the newspaper's credits.

Names are Han names of two to four characters (including pen names), foreign names in Han characters
with a point between their parts (``约书亚‧菲利普``), and names in Latin letters (``J.M. Phelps``).
Anything that could also be a newsroom, a programme or a label is not a name: no value is guessed.
"""

from __future__ import annotations

import re
from typing import Final

HAN: Final = r"[㐀-䶿一-鿿豈-﫿\U00020000-\U0003ffff]"
POINT: Final = "·‧•・∙⋅․．.﹒"

SURNAMES: Final = frozenset(
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎鲁韦昌马"
    "苗凤花方俞任袁柳鲍史唐费廉岑薛雷贺倪汤滕殷罗毕郝邬安常乐于时傅皮卞齐康伍余元卜顾孟平黄和穆萧尹姚邵湛"
    "汪祁毛禹狄米贝明臧计伏成戴谈宋茅庞熊纪舒屈项祝董梁杜阮蓝闵席季麻强贾路娄危江童颜郭梅盛林刁钟徐邱骆高"
    "夏蔡田樊胡凌霍虞万支柯管卢莫经房裘缪干解应宗丁宣邓郁单杭洪包诸左石崔吉钮龚程嵇邢裴陆荣翁荀羊惠甄曲"
    "封芮储靳汲邴糜松井段富巫乌焦巴弓牧山谷车侯宓蓬全郗班仰秋仲伊宫宁仇栾暴甘厉戎祖武符刘景詹束龙叶幸司韶"
    "黎薄印白怀蒲台从鄂索咸籍赖卓蔺屠蒙池乔阴胥能苍双闻莘党翟谭贡劳逄姬申扶堵冉宰郦雍桑桂濮牛寿通边扈燕冀"
    "浦尚农温别庄晏柴瞿阎充慕连茹习宦艾鱼容向古易慎戈廖庾终暨居衡步都耿满弘匡国文寇广禄阙东欧殳沃利蔚越夔"
    "隆师巩厍聂晁勾敖融冷訾辛阚那简饶空曾沙养鞠须丰巢关蒯相查后荆红游竺权逯盖益桓公涂岳帅缑亢况郈有琴"
    "肖闫付邸佟苑仝冼揭佘余官占代原门仉覃晋楚法汝鄢肇隋区辜占粘仁凃練练洛侬买揣税阳修赫卿迟展禾矫衣初"
    "逯闪皇尧舜苟郄尉楼谌逯甯妘谯图秘敬操柘"
)
COMPOUND_SURNAMES: Final = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 宇文 长孙 司徒 司空 夏侯 南宫 独孤 西门 呼延 闻人 百里 轩辕 "
    "端木 申屠 公羊 澹台 淳于 太叔 钟离 濮阳 万俟 赫连 拓跋 完颜 纳兰 第五 鲜于 亓官 左丘 东郭 东野 范姜 张简 "
    "叶赫 爱新".split()
)
"""Surnames of two characters, including the joined ones of Taiwan (范姜, 张简)."""

_HAN_NAME: Final = re.compile(rf"{HAN}{{2,4}}")
_POINTED_NAME: Final = re.compile(
    rf"(?=.{{3,20}}$)(?!.*[和与及]){HAN}{{1,8}}(?:[{POINT}]{HAN}{{1,8}}){{1,3}}"
)
_LATIN_NAME: Final = re.compile(
    r"[A-ZÀ-ÖØ-ÞĀ-Ž][A-Za-zÀ-ž.'’‘`-]*(?: [A-Za-zÀ-ž.'’‘`-]+){0,5}",
)
_NO_HAN_NAME: Final = re.compile(
    "记者|编辑|编译|翻译|报[导道纸社]|新闻|综合|采访|专[题栏访辑稿电]|电[台视子]|节目|制作|团队|小组|中心|[大新]纪元|^纪元|[时日早晚周邮]报|周刊|月刊|"
    "杂志|新唐人|希望之|^明慧|网[友络站民]|读者|听众|观众|本[报刊网台社]|主持|嘉宾|文字|整理|摄影|图[片表文]|视频|提供|来源|转[载自]|资料|"
    "协会|学会|大学|学院|研究|论坛|委员|政府|法院|公司|组织|联盟|机构|全球|国际|世界|系列|社论|特[约派稿]|作者|作家|评[论述]|专家|学者|"
    "媒体|通讯|快讯|简讯|讯$|分社|工作|栏目|内幕|[的等他她们您你]|民众|公民|^华人|[粤国英]语[组部台]|佚名|无名氏|学员|弟子|^一[位个名]|匿名|未知|不详|同上|同前|社区|当地|现场|时事|实事|世事|热点|互动|视点|看点|纵横|广角|关心$|"
    "[一二三四五六七八九十\\d]+[月日年期集]$",
)
"""Words in newsrooms, programmes and labels that no person's name contains."""

_NO_LATIN_NAME: Final = re.compile(
    r"['’]s\b|\b(?:The|Staff|Services?|Institutes?|News(?:room)?|Team|Press|Reuters|AFP|Editorial|Board|Foundation|Cent(?:er|re)|"
    r"Media|Network|Radio|TV|Television|Times|Epoch|NTD|University|Group|Association|Society|Project|"
    r"Inspired|Agency|Bureau|Company|Inc|Council|Committee|Department|Office|Post|Journal|Magazine|Daily|"
    r"Weekly|Today|Video|Photos?|Images?|Bloomberg|BBC|CNN|VOA|RFA|AP|DC|Health|Bright|America)\b",
    re.IGNORECASE,
)
HONORIFIC: Final = re.compile(r"(?:先生|女士|小姐|博士|教授|律师|医[师生]|牧师|老师|同学)$")
_GENERATION: Final = re.compile(r"(?:Jr|Sr|III?|IV)(?![A-Za-z])\.?")
BRACKETED: Final = re.compile(r"[（(\[［【〔﹝][^（）()\[\]［］【】〔〕﹝﹞]*[）)\]］】〕﹞]")
_LETTER: Final = re.compile(rf"[A-Za-z{POINT}]")
_SPACED_NAME: Final = re.compile(rf"{HAN} {HAN}{{1,2}}|{HAN}{{2}} {HAN}|{HAN} {HAN} {HAN}")
_AROUND: Final = " :：﹕︰,，、.。;；·*＊#＃◇◆@-—–_\"“”'\n\u3000"


def is_surname_led(name: str) -> bool:
    """Return whether ``name`` is a Chinese surname followed by a given name."""
    if name[:2] in COMPOUND_SURNAMES:
        return 3 <= len(name) <= 4  # noqa: PLR2004 - one or two characters after the surname
    return name[:1] in SURNAMES and 2 <= len(name) <= 3  # noqa: PLR2004 - the same


def is_pointed_name(name: str) -> bool:
    """Return whether ``name`` can be a foreign name in Han characters: ``约书亚‧菲利普``."""
    return bool(_POINTED_NAME.fullmatch(name)) and not _NO_HAN_NAME.search(name)


def is_han_name(name: str) -> bool:
    """Return whether ``name`` can be a person's name in Han characters, or a pen name."""
    return is_pointed_name(name) or (
        bool(_HAN_NAME.fullmatch(name))
        and name not in COMPOUND_SURNAMES
        and not _NO_HAN_NAME.search(name)
    )


def is_full_name(name: str) -> bool:
    """Return whether ``name`` is a Chinese surname and a given name, not a newsroom or a label."""
    return is_surname_led(name) and is_han_name(name)


def is_no_word(name: str) -> bool:
    """Return whether ``name`` is a full, a foreign or a Latin name; a pen name may be any word."""
    return is_surname_led(name) or is_pointed_name(name) or is_latin_name(name)


def is_latin_name(name: str) -> bool:
    """Return whether ``name`` can be a person's name in Latin letters, not an organization's or initials."""
    return (
        bool(_LATIN_NAME.fullmatch(name))
        and len(name) > 2  # noqa: PLR2004 - "Yu" alone is too short, "Al Bo" is a name
        and not _NO_LATIN_NAME.search(name)
        and not (name.isupper() and not re.search(r" |\.[A-Z]{3}", name))
    )


def is_name(name: str) -> bool:
    """Return whether ``name`` can be a person's name in either script."""
    return is_han_name(name) or is_latin_name(name)


def generation_of(text: str) -> str:
    """Return the generation that ``text``, after a Latin name and a comma, begins with: ``Jr.``."""
    match = _GENERATION.match(text)
    return match.group() if match else ""


def plain_name(text: str) -> str:
    """Remove marks, a second spelling in brackets and a title from around a name.

    ``约书亚‧菲利普（Joshua Philipp）`` keeps the first spelling. ``李 言`` loses its blank. A title is
    removed after a Chinese surname or a Latin name only, because 先生 can be part of a pen name.
    """
    bare = BRACKETED.sub("", text).strip(_AROUND)
    if _SPACED_NAME.fullmatch(bare):
        bare = bare.replace(" ", "")
    untitled = HONORIFIC.sub("", bare).rstrip()
    return untitled if is_surname_led(untitled) or _LETTER.search(untitled) else bare
