"""Two transports yield the same lines for the same state of a real mirror, except for times."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from crawling import mirrors_file, start_crawl

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from corpus import Corpus
    from crawling import Result
    from misbehaving import MisbehavingServer

PARTS = {
    # all index pages of the small mirrors are read, and those of the large one as needed
    "news": ["sections=ncid279", "limit=120"],
    "comment": ["sections=nsc422"],
    "special": ["sections=nf5793"],
}
"""A section of each mirror."""

ARTICLES = {"news": 19580, "comment": 1420, "special": 1141}


@dataclass(frozen=True)
class BothTransports:
    """The last live state of a real mirror, over HTTP and through git."""

    place: Path
    corpus: Corpus
    http: str

    @property
    def remote(self) -> Path:
        """The repository, with its branch at that state."""
        return self.place / "remote.git"

    def crawl(self, via: str, *arguments: str) -> Result:
        """Crawl with one of the transports."""
        if not self.remote.exists():
            git(self.corpus.git, "clone", "--quiet", "--bare", ".", str(self.remote))
            git(self.remote, "update-ref", "HEAD", self.corpus.commit())
        file = mirrors_file(self.place, self.corpus.name, http=self.http, git=str(self.remote))
        settings = {"MIRRORS_FILE": file, "CACHE_DIRECTORY": self.place / "cache"}
        feed = self.place / via
        result = start_crawl(f"via={via}", *arguments, feed=feed, settings=settings).finish(900)
        assert result.exit_code == 0, result.log
        assert result.run["way"] == via
        assert result.run["commit"] == (self.corpus.commit() if via == "git" else None)
        return result


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repository), *arguments], check=True)


def assert_the_same(http: Result, git: Result) -> None:
    """Assert that both feeds have the same lines, and that the same pages were read for them."""
    for name in ("articles.jsonl", "listings.jsonl"):
        theirs, mine = http.feed.timeless(name), git.feed.timeless(name)
        assert len(mine) == len(theirs) > 0
        differing = [pair for pair in zip(theirs, mine, strict=True) if pair[0] != pair[1]]
        assert not differing, (len(differing), differing[0])
    for key in ("pages", "entries", "articles", "listings", "duplicates", "warnings"):
        assert http.run[key] == git.run[key], key


@pytest.mark.parametrize(
    "name", ["special", *(pytest.param(one, marks=pytest.mark.soak) for one in ("news", "comment"))]
)
def test_a_section_yields_the_same_lines_with_both_transports(
    corpus: Callable[[str], Corpus],
    serve: Callable[[Path], MisbehavingServer],
    tmp_path: Path,
    name: str,
) -> None:
    """HTTP serves all index pages, and only the articles that git yielded."""
    served = tmp_path / "served"
    served.mkdir()
    both = BothTransports(tmp_path, corpus(name), serve(served).base)
    through_git = both.crawl("git", *PARTS[name])
    articles = [f"pages/*/{article}.md" for article in through_git.feed.ids]
    checkout = ["checkout", "--quiet", both.corpus.commit(), "--", "README.md", "indexes"]
    git(both.remote, "--work-tree", str(served), *checkout, *articles)
    assert_the_same(both.crawl("http", *PARTS[name]), through_git)


@pytest.mark.soak
@pytest.mark.parametrize("name", ARTICLES)
def test_a_mirror_yields_the_same_lines_with_both_transports(
    corpus: Callable[[str], Corpus],
    serve: Callable[[Path], MisbehavingServer],
    tmp_path: Path,
    name: str,
) -> None:
    both = BothTransports(tmp_path, corpus(name), serve(corpus(name).tree()).base)
    over_http, through_git = both.crawl("http"), both.crawl("git")
    assert_the_same(over_http, through_git)
    assert len(through_git.feed.ids) == ARTICLES[name]
    pages = over_http.run["pages"]
    print(f"{name}: {pages}; http {over_http.seconds:.0f} s, git {through_git.seconds:.0f} s")
