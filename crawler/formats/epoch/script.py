"""Converts credits between traditional and simplified characters.

Pages of ``/b5/`` have traditional characters. The words of the rules, places and surnames exist only
in simplified characters. So a credit is converted before it is parsed, and names are returned as the
page spells them. Each character is converted to exactly one, so positions stay the same.
"""

from __future__ import annotations

import re
from typing import Final

_PAIRS: Final = (
    "業业壟垄絳绛茲兹專专叢丛東东絲丝兩两嚴严個个臨临為为爲为麗丽舉举義义烏乌樂乐喬乔習习鄉乡書书買买爭争亞亚產产親亲從从侖仑倉仓儀仪們们眾众會会偉伟傳传倫伦俠侠僑侨儂侬儲储"
    "蘭兰關关興兴養养內内岡冈寫写軍军農农馮冯沖冲況况淨净減减鳳凤凱凯擊击劉刘剛刚別别劍剑劇剧辦办務务動动勞劳勢势勳勋區区醫医華华協协單单盧卢臥卧衛卫廳厅歷历"
    "曆历厲厉廈厦縣县參参雙双發发敘叙葉叶號号呂吕啟启啓启吳吴員员嘯啸團团園园圍围國国圖图場场堅坚壇坛塢坞墾垦壯壮聲声處处備备頭头獎奖奧奥婦妇媽妈婁娄嬌娇娛娱孫孙"
    "學学寶宝實实寵宠審审宮宫寬宽賓宾對对尋寻導导壽寿將将爾尔塵尘堯尧層层屬属嶼屿歲岁崗岗峴岘嵐岚島岛峽峡鞏巩帥帅師师廣广慶庆廬庐庫库應应廟庙龐庞開开張张彌弥"
    "強强歸归當当錄录徹彻憶忆態态總总戀恋恆恒悅悦戰战戶户執执揚扬撫抚護护報报撥拨撾挝搗捣撣掸攝摄敵敌數数齋斋斷断無无舊旧時时晉晋曉晓術术雜杂權权條条來来楊杨"
    "楓枫梟枭標标欄栏樹树樣样欒栾橋桥檜桧夢梦檢检樓楼櫚榈檳槟橫横櫻樱歡欢歐欧畢毕匯汇彙汇漢汉湯汤滬沪瀉泻澤泽濟济滸浒濃浓濤涛漣涟澀涩漁渔溫温灣湾滾滚滿满濱滨"
    "灘滩濰潍滅灭燈灯靈灵災灾燦灿點点煙烟熱热愛爱爺爷狀状猶犹獨独獅狮獄狱獵猎獻献瑪玛環环現现瑤瑶電电畫画鹽盐監监蓋盖矯矫磯矶禱祷禍祸祿禄稅税窩窝竇窦筆笔簡简"
    "紐纽粵粤紅红約约級级紀纪純纯納纳縱纵紙纸紡纺線线練练組组織织終终紹绍繹绎經经結结繪绘給给絡络絕绝統统緒绪續续繩绳維维綿绵綜综綠绿緬缅緱缑編编緣缘繆缪羅罗聶聂"
    "聯联肅肃膽胆朧胧腳脚脫脱臉脸騰腾藝艺節节蕪芜蘆芦蒼苍蘇苏荊荆榮荣蔭荫藥药萊莱蓮莲獲获瑩莹鶯莺營营蕭萧薩萨蔣蒋藍蓝藺蔺蠻蛮見见觀观覓觅視视覺觉計计認认討讨"
    "讓让訓训議议訊讯記记講讲訥讷許许論论諷讽設设訪访證证評评識识訴诉詞词譯译試试詩诗話话誕诞詢询詳详語语誤误說说誦诵請请諸诸諾诺讀读誰谁調调談谈諶谌諜谍謊谎"
    "謂谓謎谜謝谢謠谣譚谭譙谯貝贝貞贞貢贡財财責责賢贤貴贵費费賀贺賈贾資资賦赋賭赌賴赖賽赛贊赞讚赞贛赣趙赵蹤踪車车軒轩轉转輪轮軼轶輕轻載载輔辅輝辉輯辑轅辕轄辖"
    "辭辞辯辩邊边遼辽達达過过邁迈運运進进連连遲迟選选遜逊遞递遺遗鄧邓鄔邬郵邮鄒邹鄰邻鄭郑酈郦鄲郸釋释鑑鉴鑾銮針针釗钊釵钗鍾钟鐘钟欽钦鈞钧鉤钩鈕钮錢钱鑽钻鐵铁"
    "鈴铃鉉铉銅铜銘铭錚铮銀银鋒锋錫锡鑼锣錦锦鍵键鎮镇鎔镕鐮镰長长門门閃闪閆闫問问閒闲間间閔闵聞闻閩闽閣阁閱阅閻阎闕阙闞阚隊队陽阳陰阴陣阵際际陸陆陳陈陝陕隨随"
    "隱隐難难靂雳霧雾靜静韃鞑韋韦韓韩韜韬韻韵頁页頂顶項项順顺須须顧顾頓顿頌颂預预領领頗颇頸颈頻频題题顏颜顛颠風风飛飞饒饶館馆馬马駁驳駐驻驛驿駱骆驗验駿骏騷骚"
    "魚鱼魯鲁鮑鲍鮮鲜鳥鸟雞鸡鴣鸪鴻鸿鵬鹏鶴鹤鷓鹧鷹鹰麥麦黃黄齊齐齡龄龍龙龔龚龜龟臺台後后裡里裏里於于餘余雲云採采週周徵征製制係系萬万與与麼么禮礼體体據据機机"
    "瀋沈黨党適适勝胜種种聽听傑杰並并劃划價价祕秘峯峰薦荐遊游鬥斗豐丰幾几誌志確确佔占昇升僅仅樸朴籤签簽签戲戏寧宁豬猪濕湿灑洒聰聪聖圣歎叹隻只術术歲岁廠厂壩坝壢坜"
    "億亿側侧債债創创壞坏牆墙複复復复嶺岭幣币莊庄異异懷怀託托構构檔档瓊琼離离網网蘋苹觸触訂订該该負负賞赏遷迁鬱郁鏈链饑饥範范鄺邝賁贲薊蓟噸吨註注極极臘腊棲栖兒儿築筑"
)
_SIMPLE: Final = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_TABLE: Final = str.maketrans(_SIMPLE)
_TRADITIONAL: Final = re.compile(f"[{''.join(_SIMPLE)}]")


def simplified(text: str) -> str:
    """Return ``text`` in simplified characters, with the same length."""
    return text.translate(_TABLE) if _TRADITIONAL.search(text) else text


def as_written(name: str, text: str) -> str:
    """Return the part of ``text`` that is ``name`` in ``simplified(text)``, ignoring blanks."""
    plain = simplified(text)
    at = plain.find(name)
    if at < 0:
        name, plain, text = ("".join(form.split()) for form in (name, plain, text))
        at = plain.find(name)
    return text[at : at + len(name)] if at >= 0 else name
