"""What a title says besides its news: ``【名家专栏】…`` has a column, ``李言：…`` an author."""

from __future__ import annotations

import re
from typing import Final

from crawler.formats.epoch.agencies import AGENCY
from crawler.formats.epoch.names import HAN, is_han_name, is_latin_name, is_surname_led
from crawler.formats.epoch.places import NAMESAKES, PLACES

_COLUMN: Final = re.compile(r"\s*【\s*([^】\s](?:[^】\n]{0,38}[^】\s])?)\s*】")
_PREFIX: Final = re.compile(
    rf"\s*({HAN}(?:[{HAN[1:-1]} ·‧•・.．]{{0,14}}{HAN})?|[A-Z][A-Za-z.'’-]*(?: [A-Z][A-Za-z.'’-]*){{1,3}})"
    r"\s*[：:﹕︰]"
)
_SPACED_POINT: Final = re.compile(r" *([·‧•・]) *")
_LABELS: Final = frozenset(
    (
        "分析 快讯 组图 专家 消息 视频 评论 社论 一线 连载 简讯 短讯 快评 时评 特稿 专稿 专访 访谈 独家 图片 图集 图解 图说 影片 直播 报告 民调 调查 "
        "研究 学者 外媒 陆媒 港媒 美媒 日媒 台媒 英媒 德媒 法媒 韩媒 俄媒 党媒 官媒 媒体 网文 网友 网民 网传 网络 白宫 北约 欧盟 联合国 美联储 高盛 "
        "汇丰 瑞银 穆迪 标普 世卫 世银 央行 回顾 前瞻 观察 观点 解读 解析 揭秘 曝光 内幕 传闻 传言 公告 声明 通告 启事 更正 编者 编按 按语 讨论 辩论 "
        "论坛 专题 专栏 专论 专辑 系列 特刊 特辑 选登 选载 转载 投稿 来稿 来信 读者 听众 观众 诗歌 诗词 散文 小说 杂文 随笔 漫画 幽默 笑话 史料 史话 "
        "书评 书摘 影评 乐评 新书 电子书 后记 前言 序言 序 跋 附 附录 附件 注 目录 结语 结论 引言 导言 导语 引子 总论 绪论 上篇 下篇 中篇 上 中 下 "
        "民众 市民 村民 居民 学生 家长 专家们 律师 医生 教授 博士 记者 作者 编辑 官员 议员 参议员 众议员 立委 部长 总统 总理 首相 州长 市长 主席 "
        "法官 检方 警方 军方 校方 院方 官方 中方 美方 日方 台方 港方 韩方 俄方 英方 中共 党 民进党 国民党 共和党 民主党 美军 共军 国军 陆军 海军 空军 联军 俄军 台军 红军 时报 明报 眉批 发现 新发现 中国人 台湾人 "
        "香港人 美国人 华人 侨胞 中国 美国 时事 热点 财经 军事 历史 文化 天下 看点 焦点 聚焦 要闻 头条 综述 述评 感想 感言 心得 反思 呼吁 倡议 建议 "
        "公开信 致辞 演讲 讲话 发言 证词 证言 自述 口述 回忆 回忆录 日记 书信 遗书 知情人 知情者 消息人士 目击者 爆料 举报 问答 问与答 答疑 释疑 "
        "明慧网 正见网 大纪元 新唐人 希望之声 自由时报 苹果日报 美国之音 追查国际 法轮功 法轮大法 川普 特朗普 拜登 奥巴马 布什 普京 普丁 蓬佩奥 彭斯 "
        "布林肯 佩洛西 耶伦 泽连斯基 达赖喇嘛 安倍 习近平 胡锦涛 江泽民 毛泽东 蔡英文 马英九 赖清德 "
        "温家宝 朱镕基 李克强 邓小平 赵紫阳 胡耀邦 曾庆红 周永康 薄熙来 王岐山 陈水扁 李登辉 宋楚瑜 吕秀莲 柯文哲 韩国瑜 董建华 曾荫权 梁振英 林郑月娥 李家超 "
        "布莱尔 鲍威尔 赖斯 希拉里 克林顿 切尼 拉姆斯菲尔德 麦凯恩 罗姆尼 桑德斯 贺锦丽 沙利文 默克尔 萨科齐 马克龙 朔尔茨 卡梅伦 小泉纯一郎 菅义伟 岸田文雄 "
        "金正日 金正恩 文在寅 尹锡悦 朴槿惠 卢武铉 李明博 杜鲁多 特鲁多 哈珀 霍华德 莫里森 内塔尼亚胡 萨达姆 卡扎菲 本拉登 马斯克 "
        "外电 通讯社 业界 智库 高层 民意 民调 网络投票 知情 亲历者 见证 战况 战局 战事 疫情 灾情 灾难 天灾 人祸 选情 选战 台海 南海 两会 俄乌 中医 西医 医师 医生 时评人 "
        "秘闻 秘辛 秘史 黑幕 史海 读史 传奇 传说 神话 寓言 故事 民谣 童谣 杂感 感悟 随感 随想 笔记 札记 手记 征文 投书 来函 预告 录像 录音 录影 茶馆 "
        "经济学人 华邮 纽时 路透 彭博 路透社 法新社 美联社 新华社 央视 人民日报 环时 真相 谎言 警示 提醒 预言 奇闻 轶事 天象 健康 养生 生活 "
        "文革 奥运 春节 元旦 中秋 端午 清明 国庆 五一 六四 七一 九一八 教师节 母亲节 父亲节 情人节 圣诞节 感恩节 红楼梦 三国演义 水浒 西游记 真善忍 一剪梅 "
        "老百姓 百姓 平民 公民 民运 农民 工人 农民工 访民 股民 网络水军 北漂 海归 退伍军人 福布斯"
    ).split(),
)
"""What stands in a name's place and is no person: kinds of text, bodies, quoted statesmen."""

_NO_PERSON: Final = re.compile(
    "专家|学者|分析|议员|官员|总统|总理|首相|主席|部长|州长|市长|司令|将军|大使|法官|警方|警告|调查|报告|民调|研究|峰会|会议|听证|论坛|访谈|专访|"
    "演讲|讲话|发言|声明|公告|宣言|公开信|中共|共产|中国|美国|日本|台湾|香港|大陆|北京|上海|美中|中美|两岸|国际|世界|全球|人权|民主|自由|革命|"
    "运动|历史|文化|经济|政治|军事|社会|政府|政权|政局|真相|谎言|危机|战争|主义|思想|教育|劳教|酷刑|迫害|特工|间谍|记者|读者|网友|夫妇|女子|男子|"
    "^[美英日俄韩德法澳加台港印欧中陆前原某各](?:[防财外]长|副卿|国务卿|立委|高[官管]|将领|首富|医[生师]|智库|各界|员工|业者|商会|检察|勋爵|"
    "府$)|(?:警长|公诉人|监事|战略师|现象|[诉法]庭)$|"
    "少女|当权者|特稿|点评|开讲|拾遗|[部院署局厅社报媒网党办刊村]$|[学协]会$|安理会|委员会|法院|电台|电视",
)
_NO_PEN_NAME: Final = re.compile(
    "[国省市县州区镇军队团组方站处校台会人们]$|表示|认为|关于|发现|[致从论看谈评观驳问答说访第]|[上中下篇讲章回集期一二三四五六七八九十]$|之.$",
)
_NO_LATIN_PERSON: Final = re.compile(
    r"\b(?:House|White|Wall|Street|Affairs|Policy|Report|Review|Index|States?|United|National|World|Security|Freedom|Human|Rights|Chin(?:a|ese))\b"
)
_PEN_NAME_END: Final = (
    "先生",
    "居士",
    "山人",
    "散人",
    "老人",
    "道人",
    "书生",
    "堂主",
    "斋主",
    "一枭",
    "主人",
    "布衣",
    "隐士",
    "老师",
)
_STATES: Final = PLACES - NAMESAKES
_LONG_NAME: Final = 4


def column(title: str) -> str | None:
    """Read the column from a title: the leading ``【…】``, taken literally, without brackets."""
    match = _COLUMN.match(title)
    return match[1] if match else None


def title_author(title: str) -> str | None:
    """Read the author whom a commentary's title begins with: ``李言：…``.

    Only the very head of the title counts, not what follows a column: there the name is the guest's
    as often as the author's. Two thirds of the commentaries' titles have it.

    Args:
        title: the title of an article in a section of commentaries.

    Returns:
        The name, pen names too; ``None`` where the label is a kind of text, a body, a state, an
        office or a phrase.
    """
    match = _PREFIX.match(title)
    if not match:
        return None
    name = _SPACED_POINT.sub(r"\1", match[1].strip())
    if is_latin_name(name):
        return None if _NO_LATIN_PERSON.search(name) else name
    if " " in name:
        name = name.replace(" ", "") if len(name) <= _LONG_NAME else name
    if name in _LABELS or name in _STATES or AGENCY.fullmatch(name) or not is_han_name(name):
        return None
    return name if _is_person(name) else None


def _is_person(name: str) -> bool:
    """Tell a name from a label: a surname leads, or it is a short pen name."""
    if _NO_PERSON.search(name):
        return False
    if is_surname_led(name):
        return True
    if len(name) == _LONG_NAME:
        return name.endswith(_PEN_NAME_END)
    return not _NO_PEN_NAME.search(name)
