"""Crawls of damaged mirrors: faults are counted, reported and survived."""

from __future__ import annotations

import shutil
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest
from crawling import (
    ROOT,
    Feed,
    asked,
    assert_sound,
    mirrors_file,
    page_of,
    start_crawl,
    story,
)
from mirrorkit import (
    RELATIVE_AD,
    Group,
    Link,
    MirrorBuilder,
    Section,
    break_page,
    cut_page,
    drop_index,
    drop_page,
    empty_index,
    move_away,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from crawling import Crawl
    from misbehaving import MisbehavingServer

ONE, TWO, THREE = "ncid1", "ncid2", "nf3"
DAY = 86400.0


def id_of(number: int) -> str:
    return story(number).id


def small_mirror(directory: Path) -> MirrorBuilder:
    """Write 40 stories: all in the first section, every fourth in the second, some in the third."""
    builder = MirrorBuilder.simple(ONE, TWO, THREE)
    for number in range(1, 41):
        more = ([TWO] if number % 4 == 0 else []) + ([THREE] if number % 8 == 0 else [])
        builder.publish(story(number), ONE, *more)
    builder.write(directory)
    return builder


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a small mirror that a test may break."""
    directory = tmp_path / "mirror"
    small_mirror(directory)
    return directory


def test_bad_pages_affect_no_other_page(crawl: Crawl, mirror: Path) -> None:
    """Each is counted by its reason, listed in log and run, and read after it is repaired."""
    whole = {path: path.read_bytes() for path in (mirror / "pages" / ONE).iterdir()}
    other = (mirror / page_of(ONE, 39)).read_bytes()
    drop_page(mirror, ONE, id_of(1))
    break_page(mirror, ONE, id_of(2))
    break_page(mirror, ONE, id_of(3), other)
    break_page(mirror, ONE, id_of(5), "### 标题\n\n---\n".encode("gb18030"))
    break_page(mirror, ONE, id_of(6), b"x" * ((4 << 20) + 1))
    break_page(mirror, ONE, id_of(7), b"")
    break_page(mirror, ONE, id_of(9), b"<html><body>404 not found</body></html>")
    text = (mirror / page_of(ONE, 10)).read_text(encoding="utf-8")
    break_page(mirror, ONE, id_of(10), text.partition("原文链接")[0].encode())
    break_page(mirror, ONE, id_of(11), text.replace("/gb/23/", "/gb/tag/").encode())
    expected = {
        "missing": [1],
        "malformed": [2, 3, 7, 9, 10, 11],
        "not_utf8": [5],
        "too_large": [6],
    }
    result = crawl(f"mirror={mirror}")
    assert result.exit_code == 3, result.log
    named = {
        reason: {"count": len(numbers), "ids": [id_of(number) for number in numbers]}
        for reason, numbers in expected.items()
    }
    assert result.run["failures"] == named
    assert (result.run["status"], result.run["exit_code"]) == ("partial", 3)
    bad = {id_of(number) for numbers in expected.values() for number in numbers}
    assert set(result.feed.ids) == {id_of(number) for number in range(1, 41)} - bad
    for article in bad:
        assert any(article in line for line in result.warnings), article
    assert any("failed" in line and "6 malformed" in line for line in result.tail)
    assert result.tail[-1] == "status        partial, exit status 3"
    assert_sound(result.feed)
    for path, data in whole.items():
        path.write_bytes(data)
    again = crawl(f"mirror={mirror}")
    assert again.exit_code == 0, again.log
    assert again.run["pages"] == {"home": 1, "index": 3, "article": len(bad)}
    assert set(again.feed.ids) == {id_of(number) for number in range(1, 41)}
    assert_sound(again.feed)


def test_another_copy_is_tried(
    crawl: Crawl,
    tmp_path: Path,
    serve: Callable[[Path], MisbehavingServer],
) -> None:
    """The others are asked for only where the first is missing, malformed or cut short."""
    mirror, builder = tmp_path / "mirror", MirrorBuilder.simple(ONE, TWO, THREE)
    for number in range(1, 9):
        builder.publish(story(number), ONE, TWO, THREE)
    builder.write(mirror)
    drop_page(mirror, ONE, id_of(1))
    break_page(mirror, ONE, id_of(2))
    cut_page(mirror, ONE, id_of(3))
    cut_page(mirror, ONE, id_of(4))
    cut_page(mirror, TWO, id_of(4))
    for section in (ONE, TWO, THREE):
        cut_page(mirror, section, id_of(5))
    drop_page(mirror, ONE, id_of(6))
    cut_page(mirror, TWO, id_of(6))
    drop_page(mirror, THREE, id_of(6))
    cut_page(mirror, ONE, id_of(7))
    break_page(mirror, TWO, id_of(7))
    read_from = {1: TWO, 2: TWO, 3: TWO, 4: THREE, 5: ONE, 6: TWO, 7: THREE, 8: ONE}
    tried = {**dict.fromkeys(range(1, 8), 3), 8: 1}
    server = serve(mirror)
    result = crawl(f"mirror={server.base}", "name=small")
    assert result.exit_code == 0, result.log
    for number, section in read_from.items():
        line = result.feed.article(id_of(number))
        assert line["mirror_url"] == server.base + page_of(section, number)
        assert [one["id"] for one in line["sections"]] == [ONE, TWO, THREE]
        assert line["truncated"] is (number in (5, 6))
    requests = asked(server)
    for number, count in tried.items():
        wanted = {page_of(section, number) for section in (ONE, TWO, THREE)[:count]}
        assert {path[1:] for path in requests if id_of(number) in path} == wanted
    assert set(requests.values()) == {1}
    assert any(page_of(ONE, 1) in text and "missing" in text for text in result.run["warnings"])
    assert any(page_of(ONE, 2) in text and "malformed" in text for text in result.run["warnings"])
    assert_sound(result.feed)


def test_only_the_mirror_is_requested(
    crawl: Crawl, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """No ad, navigation link or pixel, nothing above the base, no other scheme or host."""
    mirror = tmp_path / "root" / "mirror"
    builder = MirrorBuilder(
        (
            Group("海岛", (Section(ONE, "一", ad=RELATIVE_AD), Link("二", "../up/README.md"))),
            Group(
                "别处",
                (
                    Link("绝对", "/indexes/up/README.md"),
                    Link("主机", "//127.0.0.1:1/indexes/up/README.md"),
                    Link("文件", "file:///etc/passwd"),
                    Link("脚本", "javascript:alert(1)"),
                    Link("档案", f"indexes/{ONE}/1.md"),
                    Link("文章", page_of(ONE, 1)),
                    Link("编码", "indexes/%2e%2e/README.md"),
                    Link("上层", f"indexes/{ONE}/../../../up/README.md"),
                    Link("广告", "ok"),
                    Link("原站", "https://www.epochtimes.com/gb/ncid1.htm"),
                ),
            ),
        )
    )
    for number in range(1, 36):
        builder.publish(story(number, pixel=True), ONE)
    builder.write(mirror)
    index = mirror / "indexes" / ONE / "README.md"
    strays = (
        "../../../up/n1.md",
        "../../etc/passwd.md",
        "../../pages/up/n2.md",
        "https://example.org/pages/ncid1/n3.md",
        "/pages/ncid1/n4.md",
    )
    lines = "".join(f"#### [离群]({stray}) \n" for stray in strays)
    text = index.read_text(encoding="utf-8").replace("---\n", f"---\n{lines}", 1)
    index.write_text(text, encoding="utf-8")
    server = serve(tmp_path / "root")
    result = crawl(f"mirror={server.base}mirror/")
    assert result.exit_code == 3, result.log
    key = f"indexes/{ONE}/README.md"
    assert result.run["failures"] == {"stray": {"count": 1, "ids": [key]}}
    assert len(result.feed.ids) == 35
    pages = {f"/mirror/{page_of(ONE, number)}": 1 for number in range(1, 36)}
    lists = ["/mirror/README.md", f"/mirror/indexes/{ONE}/README.md", f"/mirror/indexes/{ONE}/1.md"]
    assert asked(server) == {**dict.fromkeys(lists, 1), **pages}
    warned = [text for text in result.run["warnings"] if "that is not an article" in text]
    assert len(warned) == len(strays)
    assert all(any(stray in text for stray in strays) for text in warned)


def test_an_empty_section_and_a_repeated_label_are_warnings(crawl: Crawl, tmp_path: Path) -> None:
    """Both are logged and have no other effect."""
    mirror = tmp_path / "mirror"
    sections = (Section(ONE, "一"), Section(TWO, "二"), Section(THREE, "三"))
    again = Link("又一", f"indexes/{ONE}/README.md")
    builder = MirrorBuilder((Group("海岛", (*sections, again)),))
    for number in range(1, 4):
        builder.publish(story(number), ONE, TWO)
    builder.write(mirror)
    empty_index(mirror, TWO)
    result = crawl(f"mirror={mirror}")
    assert result.exit_code == 0, result.log
    assert result.run["status"] == "complete"
    assert len(result.feed.ids) == 3
    assert [text.split()[0] for text in result.run["warnings"]] == [
        "the",
        f"indexes/{TWO}/README.md",
        f"indexes/{THREE}/README.md",
    ]
    assert "又一" in result.run["warnings"][0]
    assert "lists no article" in result.run["warnings"][2]
    assert result.feed.articles[0]["sections"] == [{"id": ONE, "name": "一"}]
    assert len(result.warnings) == 3


def test_a_missing_section_index_is_partial(crawl: Crawl, mirror: Path) -> None:
    """The other sections are read."""
    drop_index(mirror, TWO)
    result = crawl(f"mirror={mirror}")
    assert result.exit_code == 3, result.log
    path = f"indexes/{TWO}/README.md"
    assert result.run["failures"] == {"missing": {"count": 1, "ids": [path]}}
    assert any(path in line for line in result.warnings)
    assert len(result.feed.ids) == 40
    assert {section for section, _ in result.feed.pairs} == {ONE, THREE}


# -- unusable ----------------------------------------------------------------------------------


def test_a_moved_mirror_has_its_own_status(crawl: Crawl, mirror: Path) -> None:
    """The message has the new address and what to change; nothing is lost."""
    published = crawl(f"mirror={mirror}").feed.data("articles.jsonl")
    move_away(mirror, "new-owner/mirror")
    result = crawl(f"mirror={mirror}")
    assert result.exit_code == 4, result.log
    assert (result.run["status"], result.run["exit_code"]) == ("moved", 4)
    assert "https://github.com/new-owner/mirror" in result.run["reason"]
    assert "[mirrors.mirror]" in result.run["reason"]
    assert any(result.run["reason"] in line for line in result.tail)
    assert result.tail[-1] == "status        moved, exit status 4"
    assert result.feed.data("articles.jsonl") == published
    assert result.run["pages"] == {}
    assert_sound(result.feed)


@pytest.mark.parametrize("via", ["http", "path"])
def test_follow_move_follows_a_move(
    crawl: Crawl, tmp_path: Path, serve: Callable[[Path], MisbehavingServer], via: str
) -> None:
    """With the same transport, to the new owner's repository of the same name, and only once."""
    old, new = (tmp_path / "host" / owner / "mirror" for owner in ("old-owner", "new-owner"))
    small_mirror(new)
    MirrorBuilder.simple(ONE).write(old)
    move_away(old, "new-owner/mirror")
    server = serve(tmp_path / "host")
    base = {"http": f"{server.base}old-owner/mirror/", "path": str(old)}[via]
    file = mirrors_file(tmp_path, "small", public="https://github.com/old-owner/mirror/blob/master/",
                        **{via: base})  # fmt: skip
    result = crawl("follow_move=true", settings={"MIRRORS_FILE": file})
    assert result.exit_code == 0, result.log
    assert len(result.feed.ids) == 40
    assert {line["mirror"] for line in result.feed.articles} == {"small"}
    public = "https://github.com/new-owner/mirror/blob/master/pages/"
    assert all(line["mirror_url"].startswith(public) for line in result.feed.articles)
    assert any("new-owner/mirror" in line for line in result.warnings)
    if via == "http":
        requests = asked(server)
        assert requests["/old-owner/mirror/README.md"] == 1
        assert sum("old-owner" in path for path in requests) == 1
    assert "old-owner" in file.read_text()


def test_a_move_announced_only_by_sections_is_followed(crawl: Crawl, tmp_path: Path) -> None:
    """Their notices then do not count as failures, in this run and in the next."""
    old, new = (tmp_path / owner / "mirror" for owner in ("old-owner", "new-owner"))
    small_mirror(new)
    small_mirror(old)
    move_away(old, "new-owner/mirror", sections=(ONE, TWO, THREE))
    small_mirror(tmp_path / "intact")
    shutil.copy(tmp_path / "intact" / "README.md", old / "README.md")
    file = mirrors_file(tmp_path, "small", public="https://github.com/old-owner/mirror/blob/master/",
                        path=str(old))  # fmt: skip
    for expected in (40, 0):
        result = crawl("follow_move=true", settings={"MIRRORS_FILE": file})
        assert result.exit_code == 0, result.log
        assert (result.run["articles"], result.run["failures"]) == (expected, {})


def test_a_move_elsewhere_is_not_followed(crawl: Crawl, tmp_path: Path) -> None:
    """Not to another host, even if it has a mirror with this name."""
    old = tmp_path / "old-owner" / "mirror"
    small_mirror(old)
    small_mirror(tmp_path / "new-owner" / "mirror")
    move_away(old, "new-owner/mirror")
    file = mirrors_file(
        tmp_path, "small", public="https://example.org/old-owner/mirror/", path=str(old)
    )
    result = crawl("follow_move=true", settings={"MIRRORS_FILE": file})
    assert (result.exit_code, result.run["status"]) == (4, "unusable"), result.log
    assert result.feed.ids == []
    assert "https://github.com/new-owner/mirror" in result.run["reason"]


def test_an_empty_home_page_is_unusable(crawl: Crawl, mirror: Path) -> None:
    """The feed is kept."""
    published = crawl(f"mirror={mirror}").feed.data("articles.jsonl")
    (mirror / "README.md").write_text("## 青屿新闻\n\n即将开放\n", encoding="utf-8")
    result = crawl(f"mirror={mirror}")
    assert (result.exit_code, result.run["status"]) == (4, "unusable"), result.log
    assert "lists no section" in result.run["reason"]
    assert result.feed.data("articles.jsonl") == published
    assert_sound(result.feed)


def test_an_unreachable_mirror_is_unusable(
    crawl: Crawl, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """The port is closed; the directory is gone."""
    server = serve(tmp_path)
    base = server.base
    server.__exit__(None, None, None)
    server.__enter__()  # the fixture stops this server, which has another port
    refused = crawl(f"mirror={base}", "name=small", settings={"RETRY_TIMES": 0})
    assert (refused.exit_code, refused.run["status"]) == (4, "unusable"), refused.log
    file = mirrors_file(tmp_path, "small", path=str(tmp_path / "gone"))
    gone = crawl(settings={"MIRRORS_FILE": file})
    assert (gone.exit_code, gone.run["status"]) == (4, "unusable"), gone.log
    assert "gone" in gone.run["reason"]


def test_a_shrunk_mirror_is_unusable(crawl: Crawl, tmp_path: Path) -> None:
    """Below nine tenths of the last complete run's entries, or the share that a setting gives."""
    mirror, builder = tmp_path / "mirror", MirrorBuilder.simple(ONE, TWO)
    for number in range(1, 30):
        builder.publish(story(number), ONE if number <= 20 else TWO)
    builder.write(mirror)
    first = crawl(f"mirror={mirror}")
    assert first.exit_code == 0, first.log
    builder.rows[TWO] = builder.rows[TWO][:4]
    builder.publish(story(31), ONE)
    builder.write(mirror)
    shrunk = crawl(f"mirror={mirror}")
    assert (shrunk.exit_code, shrunk.run["status"]) == (4, "unusable"), shrunk.log
    assert "shrunk" in shrunk.run["reason"]
    assert shrunk.run["articles"] == 0
    right = crawl(f"mirror={mirror}", settings={"MIRROR_SHRUNK_SHARE": 0})
    assert (right.exit_code, right.run["articles"]) == (0, 1), right.log
    assert_sound(right.feed)


# -- usage -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["mirror=nowhere"], ["'nowhere'", "sample", "news", "comment", "special"]),
        (["mirror=sample", "sections=ncid900101,ncid5"],
         ["ncid5", "ncid900101 (", "nsc900301 ("]),
    ],
)  # fmt: skip
def test_wrong_usage(crawl: Crawl, arguments: list[str], words: list[str]) -> None:
    """Status 2, and a message with the choices, without a traceback."""
    result = crawl(*arguments)
    assert result.exit_code == 2, result.log
    assert all(word in result.log for word in words)
    assert "Traceback" not in result.log
    assert result.feed.data("articles.jsonl") == b""


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MIRROR_SHRUNK_SHARE", "much"),
        ("PARK_BUDGET", ""),
        ("PACE_DELAY", "slow"),
        ("READERS", "-1"),
    ],
)
def test_a_wrong_setting_is_wrong_usage(
    crawl: Crawl, mirror: Path, serve: Callable[[Path], MisbehavingServer], name: str, value: str
) -> None:
    """The message names it, and the next run does not report a killed run."""
    server = serve(mirror)
    arguments = (f"mirror={server.base}", "name=mirror", "limit=1")
    result = crawl(*arguments, settings={name: value})
    assert result.exit_code == 2, result.log
    assert name in result.log
    assert "Traceback" not in result.log
    assert not server.requests
    again = crawl(*arguments)
    assert again.exit_code == 0, again.log
    assert [run["status"] for run in again.feed.runs if run["status"] == "killed"] == []
    assert_sound(again.feed)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PARK_FIRST_WAIT", "soon"),
        ("PACE_DELAY", "slow"),
        ("BROWSER_CONTEXTS", "-1"),
        ("BROWSER_SCRIPT_HOSTS", "https://cdn.example.org"),
        ("OPERATOR", "运营者"),
        ("CACHE_DIRECTORY", "~nobody-of-that-name/cache"),
    ],
)
def test_a_wrong_setting_is_refused_even_if_the_transport_does_not_use_it(
    crawl: Crawl, name: str, value: str
) -> None:
    """A crontab fails when it is written, not when it is switched to another transport."""
    result = crawl(settings={name: value})
    assert result.exit_code == 2, result.log
    assert name in result.log
    assert "Traceback" not in result.log
    assert not result.feed.directory.exists()


def test_wrong_mirrors_file(crawl: Crawl, tmp_path: Path) -> None:
    result = crawl(settings={"MIRRORS_FILE": tmp_path / "none.toml"})
    assert result.exit_code == 2
    assert "MIRRORS_FILE" in result.log
    assert not result.feed.directory.exists()


def test_mirrors_with_similar_addresses_are_told_apart(crawl: Crawl, tmp_path: Path) -> None:
    """Most raw addresses end in …/master/; a different name makes a different mirror."""
    one, other = (tmp_path / owner / "master" for owner in ("one", "other"))
    small_mirror(one)
    small_mirror(other)
    assert crawl(f"mirror={one}").exit_code == 0
    result = crawl(f"mirror={other}")
    assert result.exit_code == 2, result.log
    assert all(word in result.log for word in (one.as_uri(), other.as_uri(), "-a name="))
    assert crawl(f"mirror={one}").exit_code == 0
    assert crawl(f"mirror={other}", "name=master").exit_code == 0


def test_a_feed_of_another_mirror_or_contract_is_refused(crawl: Crawl, mirror: Path) -> None:
    """With status 2 or 5, and what to do; nothing is written."""
    feed = crawl("mirror=sample").feed
    before = feed.snapshot()
    other = crawl(f"mirror={mirror}")
    assert other.exit_code == 2, other.log
    assert "'sample'" in other.log
    assert "'mirror'" in other.log
    assert feed.snapshot() == before
    path = feed.directory / "runs.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"contract":"1.0"', b'"contract":1'))
    before = feed.snapshot()
    result = crawl("mirror=sample")
    assert result.exit_code == 5, result.log
    assert "contract version 1," in result.log
    assert "feed=DIR" in result.log
    assert feed.snapshot() == before


# -- parts of a mirror -----------------------------------------------------------------------


def test_limit_reads_the_newest_articles_and_no_more_pages_than_needed(
    crawl: Crawl, tmp_path: Path, serve: Callable[[Path], MisbehavingServer]
) -> None:
    """The next run continues after them."""
    mirror, builder = tmp_path / "mirror", MirrorBuilder.simple(ONE, TWO)
    for number in range(1, 131):
        builder.publish(story(number), TWO if number % 10 == 0 else ONE)
    builder.write(mirror)
    server = serve(mirror)
    arguments = (f"mirror={server.base}", "name=small")
    few = crawl(*arguments, "limit=5")
    assert (few.exit_code, few.run["status"]) == (0, "limited"), few.log
    assert sorted(few.feed.ids) == [id_of(number) for number in range(126, 131)]
    lists = {"/README.md", f"/indexes/{ONE}/README.md", f"/indexes/{TWO}/README.md"}
    assert {path for path in asked(server) if "/pages/" not in path} == lists
    more = crawl(*arguments, "limit=50")
    assert (more.exit_code, more.run["articles"]) == (0, 50), more.log
    archives = {path for path in asked(server) if "/pages/" not in path} - lists
    assert archives == {f"/indexes/{ONE}/3.md"}
    rest = crawl(*arguments)
    assert (rest.exit_code, rest.run["status"]) == (0, "complete"), rest.log
    assert sorted(rest.feed.ids) == [id_of(number) for number in range(1, 131)]
    archives = {path for path in asked(server) if "/pages/" not in path} - lists
    assert archives == {f"/indexes/{ONE}/1.md", f"/indexes/{ONE}/2.md"}
    assert_sound(rest.feed)


def test_sections_limits_the_articles_but_not_the_index_pages(crawl: Crawl, mirror: Path) -> None:
    """So each line names all of its sections. A run without the argument fetches the rest."""
    result = crawl(f"mirror={mirror}", f"sections={THREE}")
    assert result.exit_code == 0, result.log
    assert set(result.feed.ids) == {id_of(number) for number in range(8, 41, 8)}
    for line in result.feed.articles:
        assert [section["id"] for section in line["sections"]] == [ONE, TWO, THREE]
    assert len(result.feed.pairs) == 55
    assert len(crawl(f"mirror={mirror}").feed.ids) == 40


# -- permanent failures, changes, unexpected errors -------------------------------


def failed_since(feed: Feed, first: float, last: float) -> None:
    """Move all failures in the state this many days into the past."""
    with sqlite3.connect(feed.directory / "state.sqlite") as state:
        now = time.time()
        state.execute(
            "UPDATE failures SET first = ?, last = ?", (now - first * DAY, now - last * DAY)
        )
    state.close()


def test_a_page_that_fails_for_a_week_is_set_aside(crawl: Crawl, mirror: Path) -> None:
    """It is listed in every run, retried once a week, and no longer affects the status."""
    break_page(mirror, ONE, id_of(1))
    assert crawl(f"mirror={mirror}").exit_code == 3

    def run_after(first: float, last: float) -> dict[str, Any]:
        failed_since(Feed(mirror.parent / "feed"), first, last)
        result = crawl(f"mirror={mirror}")
        return {**result.run, "exit": result.exit_code}

    resting = run_after(7.1, 0.1)
    assert (resting["exit"], resting["failures"]) == (0, {})
    assert resting["set_aside"] == {id_of(1): "malformed"}
    looked_at = run_after(15, 7.1)
    assert looked_at["exit"] == 0
    assert looked_at["failures"]["malformed"]["ids"] == [id_of(1)]
    assert looked_at["set_aside"] == {id_of(1): "malformed"}


def test_recheck_reports_differences_and_changes_nothing(crawl: Crawl, tmp_path: Path) -> None:
    """It reports new sections, changed and vanished pages, and entries that are no longer listed."""
    mirror, builder = tmp_path / "mirror", MirrorBuilder.simple(ONE, TWO)
    for number in range(1, 36):
        builder.publish(story(number), ONE)
    builder.write(mirror)
    first = crawl(f"mirror={mirror}")
    published = first.feed.data("articles.jsonl")
    builder.publish(story(3), TWO)
    builder.publish(story(36), ONE)
    builder.write(mirror)
    drop_page(mirror, ONE, id_of(7))
    changed = mirror / page_of(ONE, 8)
    changed.write_text(
        changed.read_text(encoding="utf-8").replace("名乘客", "位乘客"), encoding="utf-8"
    )
    archive = mirror / "indexes" / ONE / "1.md"
    lines = archive.read_text(encoding="utf-8").splitlines(keepends=True)
    archive.write_text("".join(line for line in lines if id_of(1) not in line), encoding="utf-8")
    result = crawl(f"mirror={mirror}", "recheck=true")
    assert result.exit_code == 0, result.log
    assert result.run["changed"] == {
        "changed": {"count": 1, "ids": [id_of(8)]},
        "listed": {"count": 1, "ids": [f"{TWO}/{id_of(3)}"]},
        "unlisted": {"count": 1, "ids": [f"{ONE}/{id_of(1)}"]},
        "vanished": {"count": 1, "ids": [id_of(7)]},
    }
    assert result.feed.data("articles.jsonl").startswith(published)
    assert result.feed.ids[35:] == [id_of(36)]
    assert_sound(result.feed)


def test_a_run_that_scrapy_ends_early_is_partial(crawl: Crawl, mirror: Path) -> None:
    """Scrapy's own finish reason does not make it complete."""
    result = crawl(f"mirror={mirror}", settings={"CLOSESPIDER_ITEMCOUNT": 3})
    assert (result.exit_code, result.run["status"]) == (3, "partial"), result.log
    assert "closespider_itemcount" in result.run["reason"]
    assert 3 <= len(result.feed.ids) < 40
    assert crawl(f"mirror={mirror}").exit_code == 0
    assert_sound(result.feed)


def test_an_unexpected_error_affects_one_article(
    crawl: Crawl, mirror: Path, tmp_path: Path
) -> None:
    """Status 1; the other articles are written, and the next run continues."""
    (tmp_path / "failing.py").write_text(
        "class FailingPipeline:\n"
        "    def process_item(self, item):\n"
        f"        if item.id == {id_of(9)!r}:\n"
        "            raise ZeroDivisionError('on purpose')\n"
        "        return item\n"
    )
    pipelines = {
        "failing.FailingPipeline": 50,
        "crawler.pipelines.deduplicate.DeduplicatePipeline": 100,
        "crawler.pipelines.write.WritePipeline": 400,
    }
    result = crawl(
        f"mirror={mirror}",
        settings={"ITEM_PIPELINES": str(pipelines).replace("'", '"')},
        env={"PYTHONPATH": str(tmp_path)},
    )
    assert (result.exit_code, result.run["status"]) == (1, "error"), result.log
    assert "on purpose" in result.log
    assert len(result.feed.ids) == 39
    again = crawl(f"mirror={mirror}")
    assert (again.exit_code, again.feed.ids[39:]) == (0, [id_of(9)])


def test_an_unknown_spider_and_no_spider_are_wrong_usage(tmp_path: Path) -> None:
    """As with Scrapy's own command."""
    running = start_crawl(feed=tmp_path / "feed", options=["another"], cwd=ROOT)
    assert running.finish().exit_code == 2
