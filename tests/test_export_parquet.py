"""``scrapy export --to feed.parquet``."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from crawling import ROOT, clean_environment
from exported import append, article, articles, change

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.export.published import PublishedFeed

if TYPE_CHECKING:
    from pathlib import Path

    from crawling import Feed

parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
from crawler.export import parquet as writer  # noqa: E402 - needs pyarrow
from crawler.export.parquet import write_parquet  # noqa: E402


def written(target: Path, *feeds: Path, html: bool = False) -> list[dict[str, Any]]:
    """Export and read what was written."""
    opened = [PublishedFeed(feed) for feed in feeds]
    try:
        number = write_parquet(target, opened, lambda _size: None, html=html)
    finally:
        for feed in opened:
            feed.__exit__()
    records: list[dict[str, Any]] = parquet.read_table(target).to_pylist()
    assert len(records) == number
    return records


def test_the_sample_is_written_as_it_is(tmp_path: Path, sample_feed: Feed) -> None:
    records = written(tmp_path / "feed.parquet", sample_feed.directory, html=True)
    for record, line in zip(records, sample_feed.articles, strict=True):
        day, moment = record.pop("date_published"), record.pop("crawled_at")
        assert day == dt.date.fromisoformat(line.pop("date_published"))
        assert moment == dt.datetime.fromisoformat(line.pop("crawled_at"))
        assert moment.utcoffset() == dt.timedelta(0)
        assert (record.pop("changed_at"), record.pop("vanished_at")) == (None, None)
        for image in line["images"]:
            image.setdefault("full_url", None)
        assert record == line


def test_null_and_empty_lists_are_kept_apart(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", [article(tags=None, links=[])])
    [record] = written(tmp_path / "feed.parquet", feed)
    assert (record["tags"], record["links"]) == (None, [])
    assert "content_html" not in record


def test_an_article_reads_as_it_does_now(tmp_path: Path) -> None:
    first, gone, back = article(), article(id="n15000002"), article(id="n15000003")
    now = article(title="雁口港点灯", content_text="改过。")
    feed = append(tmp_path / "feed", "articles", [first, gone, back])
    at = "2026-11-02T00:00:00Z"
    lines = [change("changed", article(title="中间"), at), change("changed", now, at)]
    lines += [change("vanished", each, at) for each in (gone, back)]
    append(feed, "changes", [*lines, change("returned", back, "2026-11-03T00:00:00Z")])
    records = written(tmp_path / "feed.parquet", feed)
    moment = dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
    assert [(r["title"], r["changed_at"], r["vanished_at"]) for r in records] == [
        (now["title"], moment, None),
        (gone["title"], None, moment),
        (back["title"], None, None),
    ]


def test_several_feeds_and_row_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "ROW_GROUP_BYTES", 20_000)
    news = append(tmp_path / "news", "articles", articles(60))
    special = append(tmp_path / "special", "articles", articles(5, mirror="special"))
    records = written(tmp_path / "feed.parquet", news, special)
    assert [r["id"] for r in records] == [r["id"] for r in [*articles(60), *articles(5)]]
    file = parquet.ParquetFile(tmp_path / "feed.parquet")
    assert file.num_row_groups > 3
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.num_row_groups)]
    assert max(sizes) < 40


@pytest.mark.parametrize("odd", [article(tags="灯塔"), article(date_published="Oktober"), {}])
def test_a_damaged_feed_leaves_the_old_file(tmp_path: Path, odd: dict[str, Any]) -> None:
    feed = append(tmp_path / "feed", "articles", articles(2))
    written(tmp_path / "feed.parquet", feed)
    before = (tmp_path / "feed.parquet").read_bytes()
    append(feed, "articles", [odd])
    with pytest.raises(FeedUnusable, match=r"articles.jsonl: the line at byte \d+ is damaged"):
        written(tmp_path / "feed.parquet", feed)
    assert (tmp_path / "feed.parquet").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["feed", "feed.parquet"]


def test_a_file_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(1))
    with pytest.raises(WrongUsage, match=r"feed\.parquet cannot be written"):
        written(tmp_path / "none" / "feed.parquet", feed)


def test_without_pyarrow_it_says_what_to_do(tmp_path: Path) -> None:
    """The command is run where pyarrow cannot be imported."""
    feed = append(tmp_path / "feed", "articles", articles(1))
    code = (
        "import sys; sys.modules['pyarrow'] = None; from scrapy.cmdline import execute; "
        f"execute(['scrapy', 'export', {str(feed)!r}, '--to', {str(tmp_path / 'f.parquet')!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "needs the package pyarrow, which is not installed" in done.stdout + done.stderr
    assert "pip install 'epoch-mirror-crawler[parquet]'" in done.stdout + done.stderr
