"""The format of another mirror, of an invented weekly, as another package would provide it.

Its paths and pages differ from those of the Epoch Times mirrors: sections have no folders, and the
index of one is the home page itself; ids are plain numbers; each article has one copy, whatever
sections list it; and URLs are as the weekly wrote them, including relative ones.

    README.md            section "all": the newest entries, and a pager
    indexes/N.md         its archive pages of three entries
    best.md              section "best", where the home page links to it
    articles/NUMBER.md   an article
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from crawler.exceptions import PageMalformed, PageNotText
from crawler.formats.base import AuditRules, Published, Rendering
from crawler.formats.pages import ArticlePage, Copy, Entry, Home, Index, Label, Original
from crawler.formats.rendered_site import content_of, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

# ruff: noqa: ARG002 - the protocol's signatures

ALL, BEST = "all", "best"
UNSUPPORTED_KEYS = frozenset({"links"})
"""Links of the weekly are relative to its own site, and a site that renders them changes that."""

_INDEX = re.compile(r"indexes/([1-9]\d*)\.md")
_ARTICLE = re.compile(r"articles/(\d{1,9})\.md")
_ENTRY = re.compile(r"^\* \[(.*)\]\(/articles/(\d{1,9})\.md\)$", re.MULTILINE)
_PAGER = re.compile(r"\[(\d+)\]\(/indexes/\1\.md\)")
_PAGE = re.compile(r"# (.+)\n> (\d+-\d\d-\d\d) (.*) (\S+/a/(\d+))\n\n(.*)\n~~\n\Z", re.DOTALL)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")


class Names(NamedTuple):
    """Authors and translators."""

    authors: tuple[str, ...]
    translators: tuple[str, ...] = ()


class WeeklyFormat:
    """A mirror of the weekly."""

    home = "README.md"
    parts: tuple[str, ...] = ("README.md", "best.md", "indexes", "articles")
    sections_folder = None
    entries_per_page = 3
    id_pattern = r"^\d{1,9}$"
    url_pattern = r"^https://weekly\.example/a/\d{1,9}$"
    sample_sections: tuple[str, ...] = (ALL, BEST)
    canonical_urls = False

    def index_path(self, section: str, page: int | None = None) -> str:
        if section == BEST:
            return "best.md"
        return self.home if page is None else f"indexes/{page}.md"

    def index_at(self, path: str) -> tuple[str, int | None] | None:
        if path in (self.home, "best.md"):
            return (BEST if path == "best.md" else ALL), None
        match = _INDEX.fullmatch(path)
        return (ALL, int(match[1])) if match else None

    def article_path(self, section: str, article: str) -> str:
        return f"articles/{article}.md"

    def copy_at(self, path: str) -> Copy | None:
        match = _ARTICLE.fullmatch(path)
        return Copy("", match[1]) if match else None

    def is_section_id(self, text: str) -> bool:
        return text in (ALL, BEST)

    def is_article_id(self, text: str) -> bool:
        return text.isascii() and text.isdecimal() and len(text) < 10

    def id_order(self, article: str) -> int:
        return int(article)

    def read_home(self, body: bytes, bases: Sequence[str] = ()) -> Home:
        text = _text(body)
        labels = [Label("全部", ALL)] if _ENTRY.search(text) else []
        if "(/best.md)" in text:
            labels.append(Label("精选", BEST))
        return Home(tuple(labels))

    def read_index(self, body: bytes, section: str, bases: Sequence[str] = ()) -> Index:
        text = _text(body)
        found = _ENTRY.findall(text)
        entries = {article: Entry(article, title) for title, article in found}
        pages = [int(number) for number in _PAGER.findall(text)]
        return Index(None, tuple(entries.values()), len(found), max(pages, default=0))

    def is_whole(self, index: Index, page: int | None) -> bool:
        return index.last_page > 0 or (page is None and bool(index.entries))

    def read_article(self, body: bytes) -> ArticlePage:
        if note := os.environ.get("WEEKLY_READERS"):
            (Path(note) / str(os.getpid())).touch()
        match = _PAGE.fullmatch(_text(body))
        if not match:
            raise PageMalformed("no article of the weekly")
        title, day, byline, url, article, text = match.groups()
        original = Original(url, "zh-Hans", date.fromisoformat(day), article)
        page = ArticlePage(title=title, original=original, byline=byline)
        page.content_text = _LINK.sub(r"\2", text)
        page.content_html = f"<p>{page.content_text}</p>"
        for mark, words, address in _LINK.findall(text):
            if mark:
                page.images.append(
                    {"url": address, "full_url": None, "caption": words or None, "credit": None}
                )
            else:
                page.links.append({"url": address, "text": words})
        return page

    def rendering(self, path: str) -> Rendering | None:
        article = self.copy_at(path) is not None
        markdown = _article_markdown if article else _list_markdown
        return Rendering(markdown, r"~~\s*$" if article else r"第\d+天", UNSUPPORTED_KEYS)

    def column(self, title: str) -> str | None:
        head, colon, _ = title.partition("：")
        return head if colon else None

    def published(self, page: ArticlePage) -> Published:
        return Published(page.original.published, "url")

    def writers(self, page: ArticlePage, section_ids: Iterable[str]) -> Names:
        return Names(tuple((page.byline or "").split("、")))

    def split_caption(self, caption: str) -> tuple[str | None, str | None]:
        return caption, None

    def audit_rules(self) -> AuditRules:
        return AuditRules({"title_loud": "title that shouts"}, _oddities, _contradictions)


class PrintedFormat(WeeklyFormat):
    """The same mirror, which no web site renders."""

    def rendering(self, path: str) -> None:
        return None


def _oddities(record: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if str(record["title"]).endswith("！"):
        yield "title_loud", record["title"]


def _contradictions(record: Mapping[str, Any]) -> Iterator[str]:
    if str(record.get("url")).rpartition("/")[2] != record.get("id"):
        yield "url has another id"


def _list_markdown(page: str, *, base: str, path: str) -> str:
    """Return the Markdown of a rendered list: its entries, and its links to other lists."""
    lines = []
    for link in content_of(page).iter("a"):
        target = f"/{urljoin(base, link.get('href')).removeprefix(base)}"
        mark = "* " if link.getparent().tag == "li" else ""
        lines.append(f"{mark}[{text_of(link)}]({target})")
    return "\n".join([*lines, ""])


def _article_markdown(page: str, *, base: str, path: str) -> str:
    """Return the Markdown of a rendered article, without its links."""
    root = content_of(page)
    for image in list(root.iter("img")):
        image.tail = f"![{image.get('alt')}]({image.get('src')}){image.tail or ''}"
        image.drop_tree()
    title, quote, *paragraphs = (text_of(block).strip() for block in root)
    text = "\n\n".join(paragraphs)
    return f"# {title}\n> {' '.join(quote.split())}\n\n{text}\n"


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as exc:
        raise PageNotText(str(exc)) from exc
