"""One article, and the mirror's file for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from mirrorkit.pretty import escaped, mirrored

if TYPE_CHECKING:
    import datetime as dt

NEWSPAPER = "https://www.epochtimes.com/gb"
"""Where the originals live: canonical addresses and tag links begin with it."""

PICTURES = "https://i.epochtimes.com/assets/uploads"
"""Where the pictures live."""

PIXEL_HOST = "http://gfw-breaker.win"
"""Host of the tracking pixel that pages fetched since October 2022 end with."""

_TAG = re.compile(r"\[\[([^\[\]|]+)(?:\|([^\[\]|]+))?\]\]")
_BLOCK = re.compile(
    r"<(?:p|h[1-6]|div|figure|table|[uo]l|blockquote|center|!--|/)(?=[\s>/]|-|$)",
)
_BEGIN = "<!-- article content begin -->"
_END = "<!-- article content end -->"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture with its caption.

    Attributes:
        name: file name without size and suffix; the URL is built from it and the date.
        caption: HTML of the caption, with the credit in brackets at its end.
        wrapped: the caption of a lead image is in a ``<p>`` (4 % of the leads).
        size: suffix that the newspaper adds to the name of a scaled picture.
        suffix: file type.
        address: the whole URL, if it is not built from name and date.
    """

    name: str
    caption: str
    wrapped: bool = False
    size: str = "-600x400"
    suffix: str = "jpg"
    address: str | None = None

    def url(self, date: dt.date, *, scaled: bool = True) -> str:
        """Return the picture's address, in the month's folder of ``date``."""
        if self.address is not None:
            return self.address
        size = self.size if scaled else ""
        return f"{PICTURES}/{date:%Y/%m}/{self.name}{size}.{self.suffix}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleSpec:
    """The content of an article, from which its page is built.

    Texts are the newspaper's HTML with ``<a>`` and ``<h2>``; ``[[word]]`` and
    ``[[word|tag]]`` are links to a tag. A block that does not start with a block
    element becomes a paragraph.

    Attributes:
        id: ``n`` and digits.
        title: as listed; the page's first line.
        date: day in the canonical address.
        blocks: the body, without dateline and editor.
        dateline: the whole text with its brackets; None for the usual one of ``published``;
            empty for none.
        published: day in the usual dateline; None for ``date``.
        byline: text after the dateline, with its brackets.
        editor: the whole last line; empty for none.
        after_editor: blocks after the editor.
        lead: the lead image.
        column: the page's body has the class ``column`` (no lead, no advertisement).
        pixel: the page ends with a tracking pixel.
        truncated: the copy ends before the article does: no editor, no end mark.
        label: addition to 原文链接; empty on older pages.
        headline: the ``alt`` of the lead image, if it differs from the title.
    """

    id: str
    title: str
    date: dt.date
    blocks: tuple[str, ...] = ("海边的小镇今天没有新闻，只有好天气。",)
    dateline: str | None = None
    published: dt.date | None = None
    byline: str = ""
    editor: str = "责任编辑：方笛#"
    after_editor: tuple[str, ...] = ()
    lead: Picture | None = None
    column: bool = False
    pixel: bool = False
    truncated: bool = False
    label: str = "（需翻墙）"
    headline: str | None = None

    @property
    def url(self) -> str:
        """The canonical address: month and day without zeros, the year's last two digits."""
        day = self.date
        return f"{NEWSPAPER}/{day.year % 100}/{day.month}/{day.day}/{self.id}.htm"

    @property
    def dateline_text(self) -> str:
        """The dateline as printed."""
        if self.dateline is not None:
            return self.dateline
        return f"【大纪元{self.published or self.date:%Y年%m月%d日}讯】"


def tag_link(word: str, tag: str | None = None) -> str:
    """Return a link from ``word`` to the newspaper's page of ``tag`` (None for ``word``)."""
    return f'<a href="{NEWSPAPER}/tag/{quote(tag or word)}.html">{word}</a>'


def figure(picture: Picture, date: dt.date, number: int) -> str:
    """Return a picture in a body with a caption, linked to its full size."""
    return (
        f'<figure id="attachment_{number}" class="wp-caption aligncenter" style="width: 600px"'
        f' aria-describedby="caption-attachment-{number}">'
        f'<a href="{picture.url(date, scaled=False)}" target="_blank">'
        f'<img alt="" class="size-large wp-image-{number}" src="{picture.url(date)}"/></a>'
        f'<figcaption id="caption-attachment-{number}" class="wp-caption-text">'
        f"{picture.caption}</figcaption></figure>"
    )


def article_page(spec: ArticleSpec, section: str, repository: str = "epoch-news") -> str:
    """Return the mirror's file for an article in one of its sections."""
    pixel = ""
    if spec.pixel:
        source = f"{PIXEL_HOST}/{repository}/pages/{section}/{spec.id}.md"
        pixel = f"<img src='{source}' width='0px' height='0px'/>"
    content = _lead(spec) + _body(spec)
    return frame(spec.title, content, spec.url, label=spec.label, pixel=pixel)


def frame(title: str, content: str, url: str, *, label: str = "", pixel: str = "") -> str:
    """Return a whole file around the HTML of an article, without a final newline."""
    article_id = url.rpartition("/")[2].removesuffix(".htm")
    below = f"{pixel}\n\n---" if pixel else "---"
    return (
        f"### {title}\n\n---\n\n{navigation(article_id)}\n\n\n{content}\n\n\n"
        f"{below}\n\n原文链接{label}：{url}"
    )


def navigation(article_id: str) -> str:
    """Return the line of links that every article page has."""
    links = (
        ("首页", "../../../.."),
        ("评论", "../../../../../epoch-comment"),
        ("专题", "../../../../../epoch-special"),
        ("禁闻", "../../../../../epoch-news"),
        ("禁书", "../../../../../books"),
        ("翻墙", "https://github.com/gfw-breaker/nogfw/blob/master/README.md"),
    )
    joined = " &nbsp;|&nbsp; ".join(f"[{label}]({to}?{article_id})" for label, to in links)
    return f"#### {joined}"


def _lead(spec: ArticleSpec) -> str:
    if spec.lead is None:
        return ""
    alt = escaped(spec.headline or spec.title).replace('"', "&quot;")
    image = (
        f'<img alt="{alt}" class="attachment-djy_600_400 size-djy_600_400 wp-post-image"'
        f' src="{spec.lead.url(spec.date)}"/>'
    )
    caption = _with_tags(spec.lead.caption)
    inside = f"<p>{caption}</p>" if spec.lead.wrapped else caption
    below = mirrored(f'<div class="caption">{inside}</div>')
    return f"<div>{image}\n{below}</div><hr/>"


def _body(spec: ArticleSpec) -> str:
    kind = "column" if spec.column else "post_content"
    blocks = [_BEGIN, *_opening(spec), *(_block(text) for text in spec.blocks[1:])]
    if not spec.truncated:
        blocks += [_block(text) for text in (spec.editor, *spec.after_editor) if text]
        blocks.append(_END)
    if not (spec.truncated or spec.column):
        blocks.append('<div id="below_article_ad"></div>')
    inside = "\n".join(blocks)
    return mirrored(f'<div class="{kind}" id="artbody" itemprop="articleBody">{inside}</div>')


def _opening(spec: ArticleSpec) -> list[str]:
    """Return the first block with dateline and byline joined to it, or before it."""
    header = spec.dateline_text + spec.byline
    first = spec.blocks[0] if spec.blocks else ""
    if not header or not first:
        return [_block(text) for text in (header, first) if text]
    if _BLOCK.match(first):
        return [_block(header), _block(first)]
    return [_block(header + first)]


def _block(text: str) -> str:
    linked = _with_tags(text)
    return linked if _BLOCK.match(linked) else f"<p>{linked}</p>"


def _with_tags(text: str) -> str:
    return _TAG.sub(lambda found: tag_link(found[1], found[2]), text)
