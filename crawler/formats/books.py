"""The mirror's catalogue of books: one Markdown table of titles and links to their files.

| 书名 | 下载 | 下载 | 下载 |
| --- | --- | --- | --- |
| 《青屿纪事》 | [TXT格式](files/a.txt) | [PDF格式](files/a.pdf) | - |
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import TypedDict
from urllib.parse import urljoin, urlsplit

from crawler.exceptions import PageMalformed, PageNotText
from crawler.text import one_line, visible
from crawler.urls import UnusableURL, canonical

_CELL_END = re.compile(r"(?<!\\)\|")
_DELIMITER = re.compile(r"\s*\|?(?:\s*:?-+:?\s*\|)*\s*:?-+:?\s*\|?\s*")
_LINK = re.compile(
    r"\[([^\[\]]*+)\]"
    r"\(\s*+(?:<([^<>]*+)>|((?:[^()\s]|\([^()\s]*+\))++))(?:\s++(?:\"[^\"]*+\"|'[^']*+'))?\s*+\)"
)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_TITLE = re.compile(r"《([^《》]+)》")
_HEAD = "书名"
_ON_GITHUB = re.compile(r"(https://github\.com/[^/]+/[^/]+)/blob/")


class Download(TypedDict):
    """One file of a book; ``format`` is the catalogue's word (``TXT``), or None without one."""

    format: str | None
    url: str


class Book(TypedDict):
    """One title of the catalogue."""

    title: str
    downloads: list[Download]


def read_catalogue(body: bytes, page: str) -> list[Book]:
    """Return the books of a catalogue, each title once, in order.

    A title without links has no downloads. A row without a title is skipped.

    Args:
        body: the content of the catalogue's page.
        page: URL of the page, to which links are relative; on GitHub they lead to raw files.

    Raises:
        PageNotText: the page is not UTF-8.
        PageMalformed: the page has no table of books.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise PageNotText(f"not UTF-8 at byte {exc.start}") from exc
    base = _ON_GITHUB.sub(r"\1/raw/", page)
    books: dict[str, list[Download]] = {}
    for title, *cells in _rows(visible(text).splitlines()):
        if name := _plain(title):
            downloads = books.setdefault(_bare(name), [])
            downloads += [one for one in _downloads(cells, base) if one not in downloads]
    if not books:
        raise PageMalformed(f"no table of books whose first column is {_HEAD!r}")
    return [Book(title=title, downloads=downloads) for title, downloads in books.items()]


def _rows(lines: list[str]) -> Iterator[list[str]]:
    """Yield the cells of each row of the tables whose first column is 书名."""
    inside = False
    for number, line in enumerate(lines):
        cells = _cells(line)
        delimited = number + 1 < len(lines) and _DELIMITER.fullmatch(lines[number + 1])
        if delimited and len(cells) > 1:
            inside = "".join(_plain(cells[0]).split()) == _HEAD
        elif not _CELL_END.search(line):
            inside = False
        elif inside and not _DELIMITER.fullmatch(line):
            yield cells


def _cells(line: str) -> list[str]:
    """Return the cells of a row; the pipes at its ends are optional."""
    cells = _CELL_END.split(line.strip())
    if len(cells) > 1 and not cells[0].strip():
        del cells[0]
    if len(cells) > 1 and not cells[-1].strip():
        del cells[-1]
    return [cell.replace("\\|", "|") for cell in cells]


def _downloads(cells: list[str], base: str) -> Iterator[Download]:
    for match in _LINK.finditer("|".join(cells)):
        if url := _absolute(_unescaped(match[2] or match[3] or ""), base):
            label = _plain(match[1]).removesuffix("格式").strip()
            yield Download(format=label or None, url=url)


def _absolute(href: str, base: str) -> str | None:
    """Return the URL of a file; None for an anchor or an unusable URL."""
    if not href or href.startswith("#"):
        return None
    joined = urljoin(base, href)
    if urlsplit(base).scheme == "file" == urlsplit(joined).scheme:
        return joined
    try:
        url = canonical(href, base)
    except UnusableURL:
        return None
    return url if url.startswith("http") else None


def _plain(cell: str) -> str:
    """Return a cell's text without links, emphasis and escapes."""
    text = _LINK.sub(lambda match: match[1], cell)
    text = re.sub(r"(?<!\\)(?:\*+|`+|<[^<>]*>)", "", text)
    return one_line(html.unescape(_unescaped(text)))


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _bare(title: str) -> str:
    """Return a title without《》around all of it."""
    match = _TITLE.fullmatch(title)
    return match[1].strip() if match else title
