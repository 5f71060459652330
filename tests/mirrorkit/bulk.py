"""Generates thousands to a million small articles quickly, for the bench.

It keeps only the sections' lists in memory, 45 bytes an entry. A seeded generator draws the invented sentences.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mirrorkit.builder import BETWEEN_UPDATES, FIRST_UPDATE
from mirrorkit.indexes import (
    PER_PAGE,
    Group,
    Row,
    Section,
    csv_line,
    home_page,
    index_page,
    page_count,
)
from mirrorkit.pages import ArticleSpec, Picture, article_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_PLACES = (
    "青屿",
    "白沙镇",
    "石桥村",
    "月湾",
    "松溪",
    "雁口",
    "芦苇荡",
    "西坡",
    "南埠",
    "鹿角岛",
    "云台",
    "柳堤",
)
_PEOPLE = (
    "陆小满",
    "周一禾",
    "何晚舟",
    "秦麦",
    "沈知夏",
    "罗青禾",
    "温以宁",
    "许望海",
    "程千帆",
    "叶扶桑",
)
_THINGS = (
    "面包",
    "渡船",
    "灯塔",
    "图书馆",
    "苹果园",
    "磨坊",
    "邮局",
    "音乐会",
    "风筝节",
    "自行车道",
    "鱼市",
    "温室",
)
_NEWS = (
    "今年第三次扩建",
    "迎来百年纪念",
    "换上新屋顶",
    "周末免费开放",
    "价格小幅回落",
    "提前一周完工",
)
_SENTENCES = (
    "{place}居民{person}说，{thing}的变化大家都看在眼里，孩子们尤其高兴。",
    "镇务会上周公布的数字显示，{thing}今年的来客比去年多了{number}人次。",
    "负责人{person}表示，下一步打算在{place}再添一处{thing}，钱由募捐而来。",
    "记者在{place}看到，{thing}门口排起了长队，队伍一直排到第{number}号路灯。",
    "{person}回忆，{number}天以前这里还是一片空地，如今{thing}已经成了{place}的一景。",
    "当地的老人说，{place}的{thing}已有{number}个年头，从来没有这样热闹过。",
)
_FIRST_ID = 15_000_001
_FIRST_DAY = dt.date(2021, 1, 1)
_PER_DAY = 90


@dataclass(frozen=True, slots=True)
class BulkMirror:
    """The contents of a mirror that ``large_mirror`` wrote.

    Attributes:
        articles: distinct ids.
        listings: pairs of section and id, as many as there are article files.
        index_pages: archive pages and sections' indexes.
        sections: ids in the order of the home page.
    """

    articles: int
    listings: int
    index_pages: int
    sections: tuple[str, ...]


def large_mirror(directory: Path, sections: int, articles: int, seed: int = 0) -> BulkMirror:
    """Write a mirror of small articles; one in four is listed in two or three sections.

    Args:
        directory: base of the mirror; created if it does not exist.
        sections: how many sections it has.
        articles: how many distinct ids it has.
        seed: the same seed gives the same bytes.
    """
    folders: set[str] = set()

    def write(path: str, data: bytes) -> None:
        folder = path.rpartition("/")[0]
        if folder not in folders:
            (directory / folder).mkdir(parents=True, exist_ok=True)
            folders.add(folder)
        (directory / path).write_bytes(data)

    return GrowingMirror(write, sections, seed).publish(articles)


class GrowingMirror:
    """A large mirror that grows; the caller writes its files."""

    def __init__(self, write: Callable[[str, bytes], None], sections: int, seed: int = 0) -> None:
        """Set up an empty mirror.

        Args:
            write: called with path and content of each file; a repeated path replaces it.
            sections: how many sections it has.
            seed: the same seed gives the same bytes.
        """
        self._write = write
        self._rng = random.Random(seed)
        described = [Section(f"ncid99{n:05d}", f"版面{n:02d}") for n in range(1, sections + 1)]
        self._listings = [_Listing(write, section) for section in described]
        self._articles = 0
        self._moment = FIRST_UPDATE

    def publish(self, articles: int) -> BulkMirror:
        """Write more articles and all changed lists; return the contents so far."""
        rng, sections = self._rng, len(self._listings)
        for row, page in _articles(rng, self._articles, articles):
            for place in rng.sample(range(sections), _copies(rng, sections)):
                self._listings[place].add(row, page)
        self._articles += articles
        stamp = f"{self._moment:%m%d%H%M}"
        self._moment += BETWEEN_UPDATES
        for listing in self._listings:
            listing.write_lists(stamp)
        described = tuple(listing.section for listing in self._listings)
        home = home_page("大纪元新闻", [Group("海岛新闻", described)], stamp)
        self._write("README.md", home.encode())
        return BulkMirror(
            self._articles,
            sum(listing.entries for listing in self._listings),
            sum(page_count(listing.entries) + 1 for listing in self._listings),
            tuple(section.id for section in described),
        )


_LONG = "渡船从青屿出发，经过三座灯塔，在海边的小镇停靠，然后返回。" * 18
"""With the lead image it lets no copy look thin, as most real ones do not."""


def _copies(rng: random.Random, sections: int) -> int:
    wanted = rng.choice((2, 2, 3)) if rng.random() < 1 / 4 else 1
    return min(wanted, sections)


def _articles(rng: random.Random, first: int, articles: int) -> Iterator[tuple[Row, bytes]]:
    """Yield row and page of each article, from a page template that is laid out once."""
    blank = ArticleSpec(
        id="⁂id⁂", title="⁂title⁂", date=_FIRST_DAY, blocks=("⁂text⁂", _LONG), dateline="",
        lead=Picture("ferry", "青屿的渡船（大纪元）"),
    )  # fmt: skip
    template = article_page(blank, "")
    for n in range(first, first + articles):
        spec = replace(
            blank,
            id=f"n{_FIRST_ID + n}",
            title=f"{rng.choice(_PLACES)}{rng.choice(_THINGS)}{rng.choice(_NEWS)} 第{n + 1}号消息",
            date=_FIRST_DAY + dt.timedelta(days=n // _PER_DAY),
            dateline=None,
        )
        byline = f"（大纪元记者{rng.choice(_PEOPLE)}报导）"
        text = spec.dateline_text + byline + "\n </p>\n <p>\n  ".join(_sentences(rng))
        page = (
            template.replace(blank.url, spec.url)
            .replace(blank.id, spec.id)
            .replace(blank.title, spec.title)
            .replace("⁂text⁂", text)
        )
        yield (spec.id, spec.title), page.encode()


def _sentences(rng: random.Random) -> Iterator[str]:
    for sentence in rng.sample(_SENTENCES, 4):
        yield sentence.format(
            place=rng.choice(_PLACES),
            person=rng.choice(_PEOPLE),
            thing=rng.choice(_THINGS),
            number=rng.randrange(11, 999),
        )


class _Listing:
    """One section: writes an archive page when it is full, and the last ones on request."""

    def __init__(self, write: Callable[[str, bytes], None], section: Section) -> None:
        self.section = section
        self.entries = 0
        self._write = write
        self._list = bytearray()
        self._last: deque[Row] = deque(maxlen=PER_PAGE)

    def add(self, row: Row, page: bytes) -> None:
        """Write a page and list it."""
        self._write(f"pages/{self.section.id}/{row[0]}.md", page)
        self._list += csv_line(row).encode()
        self._last.append(row)
        self.entries += 1
        if self.entries % PER_PAGE == 0:
            self._write_index(str(self.entries // PER_PAGE))

    def write_lists(self, stamp: str) -> None:
        """Write the last archive page, the section's index, and the list."""
        if self.entries % PER_PAGE or not self.entries:
            self._write_index(str(page_count(self.entries)))
        self._write_index("README", stamp)
        self._write(f"indexes/{self.section.id}.csv", bytes(self._list))

    def _write_index(self, name: str, stamp: str = "") -> None:
        number = page_count(self.entries)
        text = index_page(self.section, tuple(self._last), number, stamp=stamp)
        self._write(f"indexes/{self.section.id}/{name}.md", text.encode())
