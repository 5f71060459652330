"""Feeds made of invented articles, and exports of them as tests read them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crawler.export.database import Database
from crawler.export.published import PublishedFeed
from crawler.export.sync import sync
from crawler.items import CONTRACT_VERSION, Article, as_record

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable

USUAL = Article(
    id="n15000001",
    url="https://www.epochtimes.com/gb/22/10/1/n15000001.htm",
    title="【港口】雁口港换上新灯",
    column="港口",
    language="zh-Hans",
    date_published="2022-10-02",
    date_source="dateline",
    authors=[{"name": "欧阳听雨"}],
    editors=["江离"],
    sections=[{"id": "ncid900101", "name": "港口新闻"}],
    tags=["灯塔", "雁口港"],
    has_video=False,
    content_text="雁口港昨晚点灯。\n\n鹿角岛、白沙镇都看得见。",
    content_html="<p>雁口港昨晚点灯。</p><p>鹿角岛、白沙镇都看得见。</p>",
    truncated=False,
    mirror="news",
    mirror_url="https://example.org/pages/ncid900101/n15000001.md",
    crawled_at="2026-11-01T06:00:00Z",
)


def article(**keys: Any) -> dict[str, Any]:
    """Return the record of an article that differs from the usual one in ``keys``."""
    record = as_record(replace(USUAL)) | keys
    digest = hashlib.sha256(record["content_text"].encode()).hexdigest()
    return {**record, "content_sha256": digest}


def articles(number: int, mirror: str = "news") -> list[dict[str, Any]]:
    """Return so many articles, each with a text of its own."""
    return [
        article(
            id=f"n{15000000 + n}",
            title=f"第{n}号灯塔点灯",
            date_published=f"2022-{n % 12 + 1:02}-03",
            content_text=f"这是第{n}号灯塔。\n\n" + "海面上的雾一直没有散。" * (n % 40),
            mirror=mirror,
        )
        for n in range(number)
    ]


def change(kind: str, record: dict[str, Any], seen_at: str, /, **keys: Any) -> dict[str, Any]:
    """Return the line of a change of ``record``, as it reads now."""
    now = None if kind == "vanished" else record
    return {
        "id": record["id"],
        "kind": kind,
        "seen_at": seen_at,
        "content_sha256": record["content_sha256"],
        "article": now,
        **keys,
    }


def listing(record: dict[str, Any], section: str) -> dict[str, Any]:
    """Return the line of a section that lists ``record``."""
    return {
        "id": record["id"],
        "section": section,
        "title": record["title"],
        "first_seen_at": "2026-11-01T05:59:00Z",
    }


def run(mirror: str = "news", **keys: Any) -> dict[str, Any]:
    """Return the line of a run."""
    start = "2026-11-01T05:58:00Z"
    return {"start": start, "mirror": mirror, "contract": CONTRACT_VERSION, **keys}


def append(directory: Path, name: str, records: Iterable[object]) -> Path:
    """Append lines to a file of the feed in ``directory``; return the feed's directory."""
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / f"{name}.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)
    return directory


def export(target: Path, *feeds: Path, html: bool = False) -> Counter[str]:
    """Bring ``target`` up to date with ``feeds``, within this process."""
    with Database(target, html=html) as database, ExitStack() as opened:
        found = [opened.enter_context(PublishedFeed(feed)) for feed in feeds]
        return sync(database, found, lambda _size: None)


def rows(path: Path, query: str, parameters: object = ()) -> list[tuple[Any, ...]]:
    """Return the rows of a query on an export."""
    with closing(sqlite3.connect(path)) as db:
        return db.execute(query, parameters).fetchall()  # type: ignore[arg-type]


def canned(path: Path, name: str, **parameters: str) -> list[tuple[Any, ...]]:
    """Return the rows of a canned query, read from the export itself."""
    [(text,)] = rows(path, "select query_text from canned_queries where query_name = ?", (name,))
    return rows(path, text, parameters)


def dump(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of every table of an export, and its index; times of exports aside."""
    tables = rows(path, "select name from pragma_table_list where schema = 'main'")
    left_out = ("sqlite_", "exported_files", "articles_fts")
    found = {
        name: sorted(rows(path, f"select * from {name}"), key=repr)  # noqa: S608
        for (name,) in tables
        if not name.startswith(left_out)
    }
    found["index"] = index(path)
    return found


def index(path: Path) -> list[tuple[Any, ...]]:
    """Return every word of the full-text index: article, column, place, word."""
    with closing(sqlite3.connect(path)) as db:
        db.execute("create virtual table temp.v using fts5vocab (main, articles_fts, instance)")
        return sorted(db.execute("select doc, col, offset, term from v").fetchall())
