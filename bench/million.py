"""Crawls a generated mirror of a million small articles through git.

    python bench/million.py                       a million; ten minutes to an hour, 12 GB
    python bench/million.py --articles 100000     fewer
    python bench/million.py --place /data/big     the directory to use, by default below /tmp
    python bench/million.py --keep                keep the directory; another run with the same
                                                  --place and --articles reuses it

It takes too long for ``make bench``. It shows how time and memory grow with a mirror: a full crawl
from an existing clone, a run that finds nothing new, and an update of sixteen articles. The mirror
is invented news of 1.5 KB an article (``tests/mirrorkit/bulk.py``). It is written directly into a
repository, because a million files are slow to create and to remove.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# these modules are in the directories added above
from mirrorkit import GrowingMirror  # noqa: E402
from process import Usage, memory_of, run  # noqa: E402
from report import Figure, Report  # noqa: E402
from rich.console import Console  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable

ARTICLES = 1_000_000
SECTIONS = 12
UPDATE = 16
QUARTERS = 4
MEMORY_AT_MOST = 200
"""Target for the crawler's peak RssAnon in MiB, for a mirror of any size."""

_GIT = ["git", "-c", "core.compression=1"]
_MEBIBYTE = 1 << 20
_LOOK_EVERY = 0.2
_REF = "refs/heads/master"


class Repository:
    """A bare repository to which a mirror is written file by file; leaving the context commits."""

    def __init__(self, path: Path) -> None:
        """Create the repository at ``path``; if it exists, the first writes are skipped."""
        self.path = path
        self._folders: dict[str, dict[str, bytes]] = {}
        self._commit: str | None = None
        self._known = path.exists()
        if self._known:
            return
        subprocess.run([*_GIT, "init", "--quiet", "--bare", "-b", "master", path], check=True)
        # as at the big hosts, which send existing packs without recompressing them
        self._git("config", "pack.window", "0")

    def __enter__(self) -> Self:
        """Start git fast-import, unless the repository exists."""
        if self._known:
            return self
        self._import = subprocess.Popen(
            [*_GIT, "--git-dir", self.path, "fast-import", "--quiet", "--depth=0"],
            stdin=subprocess.PIPE,
        )
        return self

    def write(self, path: str, data: bytes) -> None:
        """Store a file; writing the same path again replaces it."""
        if not self._known:
            assert self._import.stdin
            self._import.stdin.write(b"blob\ndata %d\n%b\n" % (len(data), data))
        folder, _, name = path.rpartition("/")
        oid = hashlib.sha1(b"blob %d\0%b" % (len(data), data), usedforsecurity=False).digest()
        self._folders.setdefault(folder, {})[name] = oid

    def __exit__(self, *_: object) -> None:
        """Commit the files written so far."""
        if not self._known:
            assert self._import.stdin
            self._import.stdin.close()
            assert self._import.wait() == 0
        self._known = False
        above = ("-p", self._commit) if self._commit else ()
        self._commit = self._git("commit-tree", self._tree(""), *above, "-m", "update")
        self._git("update-ref", _REF, self._commit)

    def _tree(self, folder: str) -> str:
        """Store a folder recursively and return its id."""
        # not by fast-import, which searches a hundred thousand names one by one
        prefix = f"{folder}/" if folder else ""
        below = {
            name.removeprefix(prefix).partition("/")[0]
            for name in self._folders
            if name.startswith(prefix) and name != folder
        }
        entries = [(f"{name}/", b"40000", self._tree(prefix + name)) for name in below]
        files = self._folders.get(folder, {})
        entries += [(name, b"100644", oid.hex()) for name, oid in files.items()]
        raw = b"".join(
            mode + b" " + name.rstrip("/").encode() + b"\0" + bytes.fromhex(oid)
            for name, mode, oid in sorted(entries)
        )
        return self._git("hash-object", "-t", "tree", "-w", "--stdin", stdin=raw)

    def _git(self, *arguments: str, stdin: bytes = b"") -> str:
        who = {f"GIT_{role}_{key}": "bench@localhost" for role in ("AUTHOR", "COMMITTER")
               for key in ("NAME", "EMAIL")}  # fmt: skip
        done = subprocess.run(
            [*_GIT, "--git-dir", self.path, *arguments],
            input=stdin, stdout=subprocess.PIPE, check=True, env={**os.environ, **who},
        )  # fmt: skip
        return done.stdout.decode().strip()


@dataclass(slots=True)
class Watched:
    """Samples of a running crawl, besides its own memory.

    Attributes:
        feed: directory of the feed.
        git: peak RSS and RssAnon of all its git processes together, in MiB.
        sizes: seconds since the start, bytes of ``articles.jsonl``, and RssAnon in MiB.
    """

    feed: Path
    git: dict[str, float] = field(default_factory=lambda: {"VmRSS": 0.0, "RssAnon": 0.0})
    sizes: list[tuple[float, int, float]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def look(self, pid: int) -> None:
        """Take a sample of the crawl with process id ``pid``."""
        children = [memory_of(child) for child in _below(pid) if _is_git(child)]
        for name, most in self.git.items():
            self.git[name] = max(most, sum(child[name] for child in children))
        articles = self.feed / "articles.jsonl"
        size = articles.stat().st_size if articles.exists() else 0
        self.sizes.append((time.monotonic() - self._began, size, memory_of(pid)["RssAnon"]))

    def quarters(self) -> list[tuple[float, float]]:
        """Return the duration in seconds and the final RssAnon of each quarter of the feed."""
        whole, ends, begin = self.sizes[-1][1], [], 0.0
        begin = next(at for at, size, _ in self.sizes if size)
        for quarter in range(1, QUARTERS + 1):
            at, _, anon = next(one for one in self.sizes if one[1] >= whole * quarter / QUARTERS)
            ends.append((at - begin, anon))
            begin = at
        return ends


def _below(pid: int) -> Iterable[int]:
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return
    for child in map(int, text.split()):
        yield child
        yield from _below(child)


def _is_git(pid: int) -> bool:
    try:
        # between fork and exec a child still has the crawler's name
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").startswith("git")
    except OSError:
        return False


def crawl(place: Path, feed: Path, *arguments: str) -> tuple[Usage, Watched]:
    """Crawl the mirror at ``place`` into ``feed``; ``arguments`` are further spider arguments."""
    options = [f"mirror={place / 'mirror.git'}", "via=git", "name=million", f"feed={feed}"]
    given = [part for option in (*options, *arguments) for part in ("-a", option)]
    watched = Watched(feed)
    usage = run(
        [sys.executable, "-m", "scrapy", "crawl", "epoch_mirror", *given,
         "-s", f"CACHE_DIRECTORY={place / 'cache'}"],
        cwd=ROOT, log=place / f"log-{time.monotonic():.0f}", look=watched.look, every=_LOOK_EVERY,
    )  # fmt: skip
    return usage, watched


def measured(name: str, usage: Usage, watched: Watched, articles: int) -> Report:
    """Return the figures of one crawl that read ``articles`` articles."""
    return Report(
        name,
        [
            Figure("wall time", usage.wall, "s"),
            Figure("CPU time", usage.cpu, "s"),
            Figure("articles a second", articles / usage.wall, "/s"),
            Figure("peak RssAnon", usage.anon, "MiB", at_most=MEMORY_AT_MOST),
            Figure("peak memory (RSS)", usage.rss, "MiB"),
            Figure("git: peak RssAnon", watched.git["RssAnon"], "MiB"),
            Figure("git: peak memory (RSS)", watched.git["VmRSS"], "MiB"),
        ],
    )


def measure(place: Path, articles: int, console: Console) -> None:
    """Generate the mirror, crawl it, and print the cost."""
    repository = Repository(place / "mirror.git")
    mirror = GrowingMirror(repository.write, SECTIONS)
    began = time.monotonic()
    with repository:
        made = mirror.publish(articles)
    console.print(f"generated {made} in {time.monotonic() - began:.0f} s")
    for left in ("feed", "first-feed"):
        shutil.rmtree(place / left, ignore_errors=True)
    feed = place / "feed"

    usage, watched = crawl(place, place / "first-feed", "limit=1")
    console.print(
        measured("Cloning (unless the clone exists), and one article", usage, watched, 1).table()
    )

    usage, watched = crawl(place, feed)
    whole = measured(f"Everything, {articles:,} articles", usage, watched, articles)
    for number, (seconds, anon) in enumerate(watched.quarters(), 1):
        whole.figures.append(Figure(f"quarter {number} of the feed", seconds, "s"))
        whole.figures.append(Figure(f"RssAnon at its end ({number})", anon, "MiB"))
    for name in ("articles.jsonl", "listings.jsonl", "state.sqlite"):
        size = (feed / name).stat().st_size / _MEBIBYTE
        whole.figures.append(Figure(f"size of {name}", size, "MiB"))
    clone = sum(path.stat().st_size for path in (place / "cache").rglob("*") if path.is_file())
    whole.figures.append(Figure("size of the clone", clone / _MEBIBYTE, "MiB"))
    console.print(whole.table())
    assert _lines(feed) == articles

    usage, watched = crawl(place, feed)
    console.print(measured("Nothing new", usage, watched, 0).table())

    with repository:
        mirror.publish(UPDATE)
    usage, watched = crawl(place, feed)
    console.print(measured(f"An update of {UPDATE} articles", usage, watched, UPDATE).table())
    assert _lines(feed) == articles + UPDATE


def _lines(feed: Path) -> int:
    with (feed / "articles.jsonl").open("rb") as file:
        return sum(1 for _ in file)


def main() -> None:
    """Measure in a directory that is removed at the end, unless ``--keep`` is given."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--articles", type=int, default=ARTICLES, metavar="N")
    parser.add_argument("--place", type=Path, metavar="DIR", help="the directory to use")
    parser.add_argument("--keep", action="store_true", help="keep the directory")
    options = parser.parse_args()
    place = options.place or Path(tempfile.mkdtemp(prefix="epoch-million-"))
    place.mkdir(parents=True, exist_ok=True)
    try:
        measure(place, options.articles, Console(width=100))
    finally:
        if not options.keep:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
