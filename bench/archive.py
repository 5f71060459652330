"""Reads an archive of a million lines again, with one Dask worker and with two.

    python bench/archive.py                     a million lines; half an hour, 16 GB
    python bench/archive.py --articles 100000   fewer
    python bench/archive.py --place /data/big   the directory to use, by default below /tmp
    python bench/archive.py --workers 2         only with two workers
    python bench/archive.py --keep              keep the directory; another run with the same
                                                --place and --articles reuses the feed

It takes too long for ``make bench``. The archive is the feed of the mirror that ``million.py``
generates. It shows the memory of workers and command, the parts a second, and what the second
worker gains.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# these modules are in the directories added above
from dask_cluster import Cluster  # noqa: E402
from million import ARTICLES, SECTIONS, Repository, crawl  # noqa: E402
from mirrorkit import GrowingMirror  # noqa: E402
from process import Usage, memory_of, run  # noqa: E402
from report import Figure, Report  # noqa: E402
from rich.console import Console  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY_AT_MOST = 200
"""Target for the peak RssAnon of a worker in MiB, for an archive of any size."""

GAIN_AT_LEAST = 1.8
"""Target for the rate of two workers, in rates of one."""

_PART_BYTES = 8 << 20
_LOOK_EVERY = 0.5


@dataclass(slots=True)
class Workers:
    """Samples of the RssAnon of the largest worker, in MiB."""

    cluster: Cluster
    samples: list[float] = field(default_factory=list)

    def look(self, _: int) -> None:
        """Take a sample."""
        sizes = [memory_of(worker.pid)["RssAnon"] for worker in self.cluster.workers()]
        self.samples.append(max(sizes, default=0.0))

    @property
    def halves(self) -> tuple[float, float]:
        """The peak in the first and in the second half of the time."""
        middle = len(self.samples) // 2
        return max(self.samples[:middle]), max(self.samples[middle:])


def archive(place: Path, articles: int) -> Path:
    """Return the feed of a generated mirror of ``articles`` articles; one that exists is kept."""
    feed = place / "feed"
    if not feed.exists():
        repository = Repository(place / "mirror.git")
        with repository:
            GrowingMirror(repository.write, SECTIONS).publish(articles)
        crawl(place, feed)
    return feed


def reread(place: Path, feed: Path, workers: int) -> tuple[Usage, Workers]:
    """Read the feed again with ``workers`` workers, into a new feed that is removed."""
    new = place / "new"
    with Cluster(place, workers) as cluster:
        watched = Workers(cluster)
        usage = run(
            [sys.executable, "-m", "scrapy", "reread", feed, "--to", new,
             "--engine", cluster.engine, "--part-bytes", str(_PART_BYTES)],
            cwd=ROOT, log=place / f"reread-{workers}.log", look=watched.look, every=_LOOK_EVERY,
        )  # fmt: skip
    shutil.rmtree(new)
    return usage, watched


def measure(place: Path, articles: int, counts: Sequence[int], console: Console) -> None:
    """Print what the reread costs with each number of workers."""
    feed = archive(place, articles)
    parts = -(-(feed / "articles.jsonl").stat().st_size // _PART_BYTES)
    walls: dict[int, float] = {}
    for workers in counts:
        usage, watched = reread(place, feed, workers)
        walls[workers] = usage.wall
        first, second = watched.halves
        figures = [
            Figure("wall time", usage.wall, "s"),
            Figure("parts a second", parts / usage.wall, "/s"),
            Figure("lines a second", articles / usage.wall, "/s"),
            Figure("a worker: peak RssAnon, first half", first, "MiB", at_most=MEMORY_AT_MOST),
            Figure("a worker: peak RssAnon, second half", second, "MiB", at_most=MEMORY_AT_MOST),
            Figure("command: peak RssAnon", usage.anon, "MiB", at_most=MEMORY_AT_MOST),
        ]
        if workers > 1 and 1 in walls:
            figures.append(Figure("times one worker", walls[1] / usage.wall, "", GAIN_AT_LEAST))
        title = f"{articles:,} lines in {parts} parts, {workers} Dask worker(s)"
        console.print(Report(title, figures).table())


def main() -> None:
    """Measure in a directory that is removed at the end, unless ``--keep`` is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=ARTICLES, metavar="N")
    parser.add_argument("--place", type=Path, metavar="DIR", help="the directory to use")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2), metavar="N")
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    options = parser.parse_args()
    place = options.place or Path(tempfile.mkdtemp(prefix="epoch-archive-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        measure(place, options.articles, options.workers, Console(width=100))
    finally:
        if not options.keep:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
