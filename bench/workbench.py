"""What every measurement gets: a directory to write to, a mirror, and whether to be quick."""

from __future__ import annotations

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import LIVE, Corpus, bundle
from mirrorkit import large_mirror
from part import lay_out_part
from process import Usage, run

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent

_PART, _PART_QUICKLY = 2000, 600

_GENERATED = 6000
_GENERATED_QUICKLY = 1500


@dataclass(frozen=True, slots=True)
class Bench:
    """One run of the bench.

    Attributes:
        place: directory for all output; removed at the end.
        mirror: directory of the mirror to measure with.
        described: description of the mirror.
        quick: whether to take one minute in all instead of five.
        rounds: number of rounds of each measurement; None for its own number.
        articles: number of articles in a part of the mirror; if given, nothing reads the whole.
    """

    place: Path
    mirror: Path
    described: str
    quick: bool
    rounds: int | None = None
    articles: int | None = None

    @property
    def small(self) -> bool:
        """Whether no measurement reads the whole mirror."""
        return self.quick or self.articles is not None

    def choose_rounds(self, usual: int, quickly: int) -> int:
        """Return the number of rounds of a measurement."""
        return self.rounds or (quickly if self.quick else usual)

    def scrapy(
        self, *arguments: str | Path, cwd: Path = ROOT, path: Path = ROOT, expect: int | None = 0
    ) -> Usage:
        """Run ``scrapy`` with ``arguments`` in a process of its own and return its cost."""
        command: Sequence[str | Path] = [sys.executable, "-m", "scrapy", *arguments]
        return run(
            command,
            cwd=cwd,
            log=self.place / "log",
            # let Python keep its bytecode, as on a user's machine
            environment={
                "PYTHONPATH": str(path),
                "no_proxy": "127.0.0.1",
                "PYTHONDONTWRITEBYTECODE": "",
            },
            expect=expect,
        )

    def crawl(
        self,
        mirror: str | Path,
        feed: Path,
        *arguments: str,
        settings: Sequence[str] = (),
        expect: int | None = 0,
    ) -> Usage:
        """Crawl ``mirror``, a URL or a directory, into ``feed``."""
        options = [f"mirror={mirror}", "name=bench", f"feed={feed}", *arguments]
        given = [part for option in options for part in ("-a", option)]
        given += [part for setting in settings for part in ("-s", setting)]
        return self.scrapy("crawl", "epoch_mirror", *given, expect=expect)

    def part(self, articles: int | None = None) -> Path:
        """Return a mirror of ``articles`` articles; by default 2,000, or 600 with ``--quick``."""
        articles = articles or self.articles or (_PART_QUICKLY if self.quick else _PART)
        return lay_out_part(self.mirror, self.place / f"part-{articles}", articles)

    def fresh(self, name: str) -> Path:
        """Return a path that does not exist."""
        path = self.place / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def log(self) -> str:
        """Return the output of the last child process."""
        return (self.place / "log").read_text(encoding="utf-8", errors="replace")


def prepared(
    place: Path,
    *,
    quick: bool = False,
    generated: bool = False,
    rounds: int | None = None,
    articles: int | None = None,
) -> Bench:
    """Prepare the mirror: a real one if its bundle is available, otherwise invented news.

    Args:
        place: directory for all output.
        quick: generate a smaller mirror.
        generated: use invented news even if a bundle is available.
        rounds: number of rounds of each measurement.
        articles: number of articles to read at most.
    """
    source = None if generated else bundle("news")
    if source is None:
        made = large_mirror(place / "mirror", 8, _GENERATED_QUICKLY if quick else _GENERATED)
        words = f"invented news, {made.articles:,} articles in {made.listings:,} files"
        return Bench(place, place / "mirror", words, quick, rounds, articles)
    git = place / "news.git"
    run(["git", "clone", "--quiet", "--bare", source, git], cwd=place, log=place / "log")
    tree = Corpus("news", git, LIVE["news"]).tree()
    files = sum(1 for _ in tree.glob("pages/*/*.md"))
    words = f"a real mirror, {files:,} article files ({source.name})"
    return Bench(place, tree, words, quick, rounds, articles)
