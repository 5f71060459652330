"""Every command that reads a feed copes with values of wrong types: it refuses them, or leaves them out."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from exported import article, change, export, listing

from crawler.audit.audit import audit
from crawler.audit.verify import verify
from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.export.published import PublishedFeed
from crawler.items import CONTRACT_VERSION
from crawler.report.facts import gather
from crawler.report.page import render

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ODD: tuple[Any, ...] = (
    None, True, 7, 10**400, "\ud800", "x", [None], [[]], [7], [{"name": 7}], {"a": 7}, {"name": {}},
    "9999-99-99",
)  # fmt: skip
NESTED = "[" * 100_000 + "]" * 100_000


def whole() -> dict[str, list[dict[str, Any]]]:
    """Return the records of a small feed, by file."""
    kept = article(
        images=[{"url": "https://i.example/a.jpg", "full_url": None, "caption": "灯", "credit": None}],
        links=[{"url": "https://example.org/", "text": "灯"}],
        videos=["https://www.youtube.com/watch?v=SmplLens001"],
        has_video=True, image="https://i.example/b.jpg", image_caption="灯", image_credit="江离",
        translators=[{"name": "江离"}], dateline="大纪元2022年10月02日讯", byline="江离",
    )  # fmt: skip
    run = {"start": None, "end": "2026-11-01T06:00:00Z", "mirror": "news", "way": "path",
           "status": "partial", "exit_code": 3, "reason": None, "contract": CONTRACT_VERSION,
           "failures": {"malformed": {"count": 1, "ids": ["n1"]}}, "set_aside": {"n1": "malformed"},
           "articles": 1, "listings": 1}  # fmt: skip
    return {
        "articles": [kept],
        "changes": [change("changed", kept, "2026-11-02T00:00:00Z")],
        "listings": [listing(kept, "ncid900101")],
        "runs": [run],
    }


def odd_feeds(name: str, directory: Path, *, every: bool) -> Iterator[str]:
    """Write the feed once for each key of a file and an odd value of it; yield what is odd.

    A key has every odd value, or every fourth one, each key others.
    """
    for number, key in enumerate(whole()[name][0]):
        for value in ODD if every else ODD[number % 4 :: 4]:
            records = whole()
            records[name][0][key] = value
            for file, lines in records.items():
                text = "".join(json.dumps(line) + "\n" for line in lines)
                (directory / f"{file}.jsonl").write_text(text)
            yield f"{key}: {value!r:.40}"


EVERY = [False, pytest.param(True, marks=pytest.mark.soak)]


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("name", ["articles", "changes", "listings", "runs"])
def test_an_odd_value_ends_no_command_with_a_traceback(
    name: str, tmp_path: Path, *, every: bool
) -> None:
    for odd in odd_feeds(name, tmp_path, every=every):
        (tmp_path / "feed.db").unlink(missing_ok=True)
        for command in (
            lambda: verify(tmp_path),
            lambda: audit(tmp_path).report(),
            lambda: render(gather(tmp_path), datetime.now(UTC)).encode(),
            lambda: export(tmp_path / "feed.db", tmp_path),
        ):
            try:
                with suppress(FeedUnusable, WrongUsage):
                    command()
            except Exception as error:
                raise AssertionError(odd) from error


@pytest.mark.parametrize("every", EVERY)
@pytest.mark.parametrize("name", ["articles", "changes"])
def test_an_odd_value_ends_no_parquet_with_a_traceback(
    name: str, tmp_path: Path, *, every: bool
) -> None:
    parquet = pytest.importorskip("crawler.export.parquet", reason="pip install pyarrow")
    for odd in odd_feeds(name, tmp_path, every=every):
        try:
            with suppress(FeedUnusable, WrongUsage), PublishedFeed(tmp_path) as feed:
                parquet.write_parquet(tmp_path / "feed.parquet", [feed], lambda _: None, html=True)
        except Exception as error:
            raise AssertionError(odd) from error


def test_a_line_that_is_nested_deeply_is_damage(tmp_path: Path) -> None:
    (tmp_path / "articles.jsonl").write_text(f'{json.dumps(article())}\n{{"id": {NESTED}}}\n')
    assert audit(tmp_path).report()["damaged"]["lines"] == [2]
    assert verify(tmp_path).count
    with pytest.raises(FeedUnusable, match="damaged"):
        gather(tmp_path)
    with pytest.raises(FeedUnusable, match="damaged"):
        export(tmp_path / "feed.db", tmp_path)
