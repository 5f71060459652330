"""Measures speed and memory, as ratios against baselines of the same run.

    python bench/run.py                 all measurements, about five minutes
    python bench/run.py --quick         about a minute, less precise
    python bench/run.py --only http     one measurement
    python bench/run.py --rounds 1 --articles 2000    for a busy machine
    python bench/run.py --json FILE     also write the figures as JSON

The mirror is a real one if its bundle is found (``EPOCH_CORPUS``, see tests/corpus.py), otherwise
invented news. Other programs on the machine affect wall times more than ratios and CPU times.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

# these modules are in the directories added above
import extraction  # noqa: E402
import over_browser  # noqa: E402
import over_git  # noqa: E402
import over_http  # noqa: E402
import peers  # noqa: E402
import startup  # noqa: E402
from process import ChildFailed  # noqa: E402
from report import as_json  # noqa: E402
from rich.console import Console  # noqa: E402
from web import NoServer  # noqa: E402
from workbench import prepared  # noqa: E402

MEASURES = {
    "extraction": extraction.measure,
    "startup": startup.measure,
    "http": over_http.measure,
    "git": over_git.measure,
    "peers": peers.measure,
    "browser": over_browser.measure,
}
"""All measurements by name, in the order in which they run."""


def main() -> int:
    """Measure and print; return the exit status, 1 if a measurement failed."""
    options = _options()
    console = Console()
    began = time.monotonic()
    reports = []
    with tempfile.TemporaryDirectory(prefix="epoch-bench-") as folder:
        bench = prepared(
            Path(folder),
            quick=options.quick,
            generated=options.generated,
            rounds=options.rounds,
            articles=options.articles,
        )
        console.print(f"on {bench.described}; {_machine()}")
        for name in options.only or MEASURES:
            try:
                found = MEASURES[name](bench)
            except (ChildFailed, NoServer) as error:
                console.print(f"{name}: {error}", style="bold red", markup=False)
                return 1
            for report in found:
                console.print(report.table())
            reports += found
        about = {"mirror": bench.described, "machine": _machine(), "quick": options.quick}
    console.print(f"{time.monotonic() - began:.0f} s in all")
    if options.json:
        text = json.dumps(as_json(reports, about), ensure_ascii=False, indent=1)
        options.json.write_text(text + "\n", encoding="utf-8")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="take about a minute")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="only these measurements")
    parser.add_argument("--rounds", type=int, help="number of rounds of each measurement")
    parser.add_argument("--articles", type=int, help="read at most this many articles")
    parser.add_argument("--generated", action="store_true", help="use invented news")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    return parser.parse_args()


def _machine() -> str:
    return (
        f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, "
        f"Python {platform.python_version()}"
    )


if __name__ == "__main__":
    sys.exit(main())
