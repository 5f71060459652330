"""Compares the crawl with other programs on the same pages: speed and correctness.

Speed is measured with a part of the mirror, correctness with the bundled sample, whose expected lines
people compared with its pages. The project's tests hold the crawl to these lines, so its own figure
says only that the tests pass.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections import Counter
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING, Any

from process import run
from report import Figure, Report
from web import NoServer, served
from workbench import HERE, ROOT, Bench

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from process import Usage

KEYS = (
    "title", "url", "date_published", "authors", "editors", "tags", "image", "images", "links",
    "content_text",
)  # fmt: skip
SAME_TEXT = 0.95
"""Least share of equal characters for a correct text, without white space."""

_MODULES = {"plain": "bs4", "trafilatura": "trafilatura"}
_NAMES = {"plain": "BeautifulSoup with lxml", "trafilatura": "trafilatura"}
_SAMPLE = ROOT / "sample"
_EXPECTED = ROOT / "tests" / "expected" / "sample.jsonl"


@dataclass(frozen=True, slots=True)
class Speed:
    """The speed of a program.

    Attributes:
        name: description of the program.
        records: number of records that it wrote.
        usage: the cost.
    """

    name: str
    records: int
    usage: Usage

    def figures(self) -> Iterable[Figure]:
        """Yield its figures; CPU time is that of all its processes."""
        yield Figure(f"{self.name}: records a second", self.records / self.usage.wall, "/s")
        yield Figure(f"{self.name}: records a CPU second", self.records / self.usage.cpu, "/s")
        yield Figure(f"{self.name}: peak memory (RSS)", self.usage.rss, "MiB")


def measure(bench: Bench) -> list[Report]:
    """Run each program on the part of the mirror, then on the sample."""
    part = bench.part()
    absent = [name for name, module in _MODULES.items() if importlib.util.find_spec(module) is None]
    notes = [
        f"{_NAMES[name]} is not installed (requirements-bench.txt): skipped" for name in absent
    ]
    peers = [name for name in _MODULES if name not in absent]
    runs: list[Callable[[], Speed]] = [
        *(lambda name=name: _peer(bench, name, part) for name in peers),
        lambda: _crawl(bench, part, readers=0),
        lambda: _crawl(bench, part, readers=2),
        lambda: _empty(bench, part),
    ]
    speeds = []
    for one in runs:
        try:
            speeds.append(one())
        except NoServer as missing:
            notes.append(str(missing))
    speed = Report(
        f"Beside its peers, {speeds[0].records:,} pages",
        [figure for one in speeds for figure in one.figures()],
        ["start included; the empty spider fetches over HTTP and extracts nothing", *notes],
    )
    return [speed, _right(bench, peers)]


def _peer(bench: Bench, name: str, directory: Path) -> Speed:
    out = bench.place / f"{name}.jsonl"
    usage = run(
        [sys.executable, HERE / "peer.py", name, directory, out],
        cwd=bench.place, log=bench.place / "log",
    )  # fmt: skip
    return Speed(_NAMES[name], len(out.read_bytes().splitlines()), usage)


def _crawl(bench: Bench, directory: Path, *, readers: int) -> Speed:
    feed = bench.fresh("peers-feed")
    usage = bench.crawl(directory, feed, settings=[f"READERS={readers}"])
    words = "crawl with two readers" if readers else "crawl, one process"
    return Speed(words, len((feed / "articles.jsonl").read_bytes().splitlines()), usage)


def _empty(bench: Bench, directory: Path) -> Speed:
    addresses = bench.place / "peers-addresses.txt"
    with served(directory, bench.place / "web-peers") as server:
        pages = [path.relative_to(directory) for path in directory.glob("pages/*/*.md")]
        addresses.write_text("\n".join(f"{server.address}{path}" for path in pages), "utf-8")
        usage = bench.scrapy(
            "runspider", HERE / "empty.py", "-a", f"addresses={addresses}", cwd=bench.place
        )
    return Speed("empty spider", len(pages), usage)


# -- what is right ---------------------------------------------------------------------------------


def _right(bench: Bench, peers: list[str]) -> Report:
    """Compare ten keys of each program's records of the sample with the expected lines."""
    expected = {line["id"]: _ten(line) for line in _lines(_EXPECTED)}
    feed = bench.fresh("sample-feed")
    # the sample has a page that no program can read
    bench.crawl(_SAMPLE, feed, expect=None)
    found = {"crawl": {line["id"]: _ten(line) for line in _lines(feed / "articles.jsonl")}}
    for name in peers:
        _peer(bench, name, _SAMPLE)
        found[_NAMES[name]] = {line["id"]: line for line in _lines(bench.place / f"{name}.jsonl")}
    figures = []
    for name, records in found.items():
        right = Counter(
            key
            for article, line in expected.items()
            for key in KEYS
            if _same(key, records.get(article, {}).get(key), line[key])
        )
        figures += [Figure(f"{name}: {key}", 100 * right[key] / len(expected), "%") for key in KEYS]
        mean = 100 * right.total() / len(expected) / len(KEYS)
        figures.append(Figure(f"{name}: all ten", mean, "%"))
    return Report(
        f"Right on {len(expected)} pages of the sample",
        figures,
        [f"text: from {SAME_TEXT:.0%} equal characters on; all else: equal"],
    )


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_bytes().splitlines()]


def _ten(line: dict[str, Any]) -> dict[str, Any]:
    """Return the ten keys of a line in the simpler form of the other programs: names and URLs."""
    return {
        **{key: line[key] for key in KEYS},
        "authors": [person["name"] for person in line["authors"]],
        "images": [image["url"] for image in line["images"]],
        "links": [link["url"] for link in line["links"]],
    }


def _same(key: str, found: Any, wanted: Any) -> bool:
    if key != "content_text" or not found:
        return bool((found or None) == (wanted or None))
    a, b = "".join(found.split()), "".join(wanted.split())
    return SequenceMatcher(None, a, b, autojunk=False).ratio() >= SAME_TEXT
