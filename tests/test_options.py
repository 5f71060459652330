"""The spider's arguments are checked, and errors name the choices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from crawling import ROOT

from crawler.config import numbers
from crawler.config.numbers import process_count
from crawler.config.options import CrawlOptions
from crawler.exceptions import WrongUsage

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EPOCH_MIRROR", raising=False)


def options(feeds: Path, **arguments: str) -> CrawlOptions:
    return CrawlOptions.from_arguments(arguments, mirrors_file=ROOT / "mirrors.toml", feeds=feeds)


def test_no_arguments(tmp_path: Path) -> None:
    """The default mirror, into its default feed."""
    chosen = options(tmp_path)
    assert (chosen.mirror.name, chosen.via) == ("sample", "path")
    assert chosen.feed == tmp_path / "sample"
    assert (chosen.sections, chosen.limit) == (frozenset(), None)
    assert (chosen.recheck, chosen.follow_move, chosen.fallback) == (False, False, None)


def test_all_arguments(tmp_path: Path) -> None:
    chosen = options(
        tmp_path,
        mirror="https://example.org/a/epoch-news",
        via="http",
        name="mine",
        feed=str(tmp_path / "elsewhere"),
        sections="ncid278, nf1412576",
        limit="20",
        recheck="true",
        follow_move="Yes",
        fallback="browser",
    )
    assert (chosen.mirror.name, chosen.via, chosen.fallback) == ("mine", "http", "browser")
    assert chosen.feed == tmp_path / "elsewhere"
    assert chosen.sections == {"ncid278", "nf1412576"}
    assert (chosen.limit, chosen.recheck, chosen.follow_move) == (20, True, True)


def test_an_empty_argument_counts_as_not_given(tmp_path: Path) -> None:
    """``-a limit=$LIMIT`` in a script."""
    assert options(tmp_path, limit="", sections=" ", mirror="").limit is None


def test_arguments_of_other_tools_are_ignored(tmp_path: Path) -> None:
    """Scrapyd passes ``_job``."""
    assert options(tmp_path, _job="6487ec79947edab326d6db28a2d86511e8247444") == options(tmp_path)


def test_the_environment_names_the_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPOCH_MIRROR", "comment")
    assert options(tmp_path).mirror.name == "comment"
    assert options(tmp_path, mirror="news").mirror.name == "news"


def test_a_relative_feed_is_relative_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/nobody")
    assert options(tmp_path, feed="here").feed == tmp_path / "here"
    assert str(options(tmp_path, feed="~/feed").feed) == "/home/nobody/feed"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"colour": "red"}, "unknown argument -a colour=: known: mirror, via, name, feed"),
        ({"mirror": "nobody"}, "choose one of comment, news, sample, special"),
        ({"via": "git"}, "via=git is not available for mirror 'sample': choose one of path"),
        ({"via": "carrier-pigeon"}, "via=carrier-pigeon is not available"),
        ({"name": "a/b"}, "a mirror's name may have"),
        ({"name": "other"}, "given by URL or directory"),
        (
            {"sections": "ncid1;ncid2"},
            "sections must be ids like ncid278,nf1412576, not 'ncid1;ncid2'",
        ),
        ({"sections": "../x"}, "not '../x'"),
        ({"limit": "0"}, "limit must be a positive integer, not"),
        ({"limit": "-1"}, "limit must be a positive integer, not"),
        ({"limit": "1.5"}, "limit must be a positive integer, not"),
        ({"limit": "many"}, "limit must be a positive integer, not"),
        ({"limit": "２"}, "limit must be a positive integer, not"),
        ({"recheck": "maybe"}, "recheck must be true or false, not 'maybe'"),
        ({"follow_move": "2"}, "follow_move must be true or false, not '2'"),
        ({"fallback": "git"}, "fallback must be browser"),
        ({"fallback": "browser"}, "must be browser, with via=http"),
    ],
)
def test_wrong_arguments(tmp_path: Path, arguments: dict[str, str], says: str) -> None:
    with pytest.raises(WrongUsage) as raised:
        options(tmp_path, **arguments)
    assert says in str(raised.value)


@pytest.mark.parametrize(("setting", "expected"), [(0, 0), (3, 3), ("2", 2)])
def test_a_number_of_processes(setting: int | str, expected: int) -> None:
    assert process_count({"READERS": setting}, "READERS") == expected


def test_a_number_of_processes_is_cut_to_what_the_machine_can_use(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(numbers, "most_readers", lambda: 12)
    assert process_count({"READERS": "999999"}, "READERS") == 12


@pytest.mark.parametrize("setting", [None, ""])
def test_the_machine_says_how_many_processes(
    monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    monkeypatch.setattr(numbers, "reader_count", lambda: 5)
    assert process_count({"READERS": setting}, "READERS") == 5


@pytest.mark.parametrize("setting", ["many", -1, "1.5", "1" * 10, "²"])
def test_a_wrong_number_of_processes(setting: int | str) -> None:
    with pytest.raises(WrongUsage, match="READERS must be a number of processes, 0 for none, not"):
        process_count({"READERS": setting}, "READERS")
