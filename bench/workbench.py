"""What every measurement gets: a directory to write to, a mirror, and whether to be quick."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corpus import LIVE, Corpus, bundle
from mirrorkit import large_mirror
from process import Usage, run

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
HERE = Path(__file__).resolve().parent

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
    """

    place: Path
    mirror: Path
    described: str
    quick: bool

    def scrapy(
        self, *arguments: str | Path, cwd: Path = ROOT, path: Path = ROOT, expect: int = 0
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

    def crawl(self, mirror: str | Path, feed: Path, *arguments: str) -> Usage:
        """Crawl ``mirror``, a URL or a directory, into ``feed``."""
        options = [f"mirror={mirror}", "name=bench", f"feed={feed}", *arguments]
        given = [part for option in options for part in ("-a", option)]
        return self.scrapy("crawl", "epoch_mirror", *given)

    def log(self) -> str:
        """Return the output of the last child process."""
        return (self.place / "log").read_text(encoding="utf-8", errors="replace")


def prepared(place: Path, *, quick: bool, generated: bool = False) -> Bench:
    """Prepare the mirror: a real one if its bundle is available, otherwise invented news.

    Args:
        place: directory for all output.
        quick: generate a smaller mirror.
        generated: use invented news even if a bundle is available.
    """
    source = None if generated else bundle("news")
    if source is None:
        articles = _GENERATED_QUICKLY if quick else _GENERATED
        made = large_mirror(place / "mirror", 8, articles)
        words = f"invented news, {made.articles:,} articles in {made.listings:,} files"
        return Bench(place, place / "mirror", words, quick)
    git = place / "news.git"
    run(["git", "clone", "--quiet", "--bare", source, git], cwd=place, log=place / "log")
    tree = Corpus("news", git, LIVE["news"]).tree()
    files = sum(1 for _ in tree.glob("pages/*/*.md"))
    return Bench(place, tree, f"a real mirror, {files:,} article files ({source.name})", quick)
