"""What the commands that read a feed find at its place: odd files, and a crawl that writes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from exported import append, article, articles, change, export, listing, run

from crawler.audit.audit import audit
from crawler.audit.verify import FeedVerifier, verify
from crawler.config.locations import feed_at
from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.export.published import PublishedFeed
from crawler.feedfile import FILES, FeedFile, open_feed
from crawler.formats.registry import DEFAULT_NAME, find_format
from crawler.report.facts import gather

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["fifo", "directory", "device"])
@pytest.mark.parametrize("name", FILES)
def test_an_irregular_file_is_refused(tmp_path: Path, name: str, kind: str) -> None:
    """In particular, nothing waits for the writer of a FIFO."""
    feed = append(tmp_path / "feed", "articles", articles(1))
    (feed / name).unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(feed / name)
    elif kind == "directory":
        (feed / name).mkdir()
    else:
        (feed / name).symlink_to("/dev/zero")
    for command in (
        lambda: export(tmp_path / "feed.db", feed),
        lambda: gather(feed),
        lambda: verify(feed),
        lambda: audit(feed / name) if kind != "directory" else gather(feed),
    ):
        with pytest.raises(FeedUnusable, match=f"{name} cannot be read: .* a readable file"):
            command()


def test_a_file_that_is_cut_off_while_it_is_read(tmp_path: Path) -> None:
    feed = append(tmp_path / "feed", "articles", articles(2_000))
    with FeedFile(feed / "articles.jsonl") as file:
        lines = file.raw_lines()
        next(lines)
        os.truncate(file.path, 20_000)
        with pytest.raises(FeedUnusable, match="was cut off while it was read"):
            list(lines)


def test_a_line_is_read_from_the_open_file(tmp_path: Path) -> None:
    """Also between two lines of an iteration, and after another feed took the place of this one."""
    feed = append(tmp_path / "feed", "articles", articles(3))
    with FeedFile(feed / "articles.jsonl") as file:
        lines = file.lines()
        first = next(lines)
        feed.rename(tmp_path / "old")
        append(feed, "articles", [article(id="n1")])
        assert file.record(first.end)["id"] == "n15000001"
        assert [line.record["id"] for line in lines] == ["n15000001", "n15000002"]


def test_a_feed_can_be_read_while_a_crawl_writes(tmp_path: Path) -> None:
    """A crawl writes a whole run after any of the files was opened."""
    for opened in range(len(FILES) + 1):
        feed = tmp_path / str(opened)
        before, after = articles(2)
        append(append(feed, "listings", [listing(before, "ncid900101")]), "articles", [before])

        class Opening(FeedFile):
            number = 0

            def __init__(self, path: Path) -> None:
                super().__init__(path)
                Opening.number += 1
                if Opening.number == opened:  # noqa: B023 - called in this round
                    append(feed, "listings", [listing(after, "ncid900101")])  # noqa: B023
                    append(feed, "articles", [after])  # noqa: B023
                    seen = change("changed", after, "2026-11-02T00:00:00Z")  # noqa: B023
                    append(feed, "changes", [seen])  # noqa: B023
                    append(feed, "runs", [run()])  # noqa: B023

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("crawler.feedfile.FeedFile", Opening)
            with open_feed(feed) as files:
                found = FeedVerifier(files, find_format(DEFAULT_NAME)).verify()
                assert not [one for one in found.problems if "no line of" in one]
            with PublishedFeed(feed) as published:
                assert published.files["articles.jsonl"].first()
        export(tmp_path / f"{opened}.db", feed)


def test_an_unreadable_directory_is_not_reported_as_missing(tmp_path: Path) -> None:
    """Such as that of a service, whose user alone may read it."""
    feed = append(tmp_path / "feed", "articles", articles(1))
    feed.chmod(0)
    user = os.geteuid()
    os.seteuid(user or 65534)  # root can read everything
    try:
        with pytest.raises(WrongUsage, match="cannot be read: make the directory readable"):
            feed_at(str(feed), None)
    finally:
        os.seteuid(user)
        feed.chmod(0o700)
