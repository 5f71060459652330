"""Accepts the current output of the sample's crawl as the expected one: ``python tests/accept.py``.

Prints how many lines changed. Review ``git diff`` before you commit.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from crawling import ROOT, start_crawl

EXPECTED = ROOT / "tests" / "expected" / "sample.jsonl"
"""The articles of the sample, one a line, without times."""


def main() -> None:
    """Crawl the sample and write its lines as the expected ones."""
    with tempfile.TemporaryDirectory() as folder:
        result = start_crawl("mirror=sample", feed=Path(folder) / "feed").finish()
        if result.exit_code:
            sys.exit(f"the crawl of the sample is not complete:\n{result.log}")
        lines = result.feed.timeless()
    before = EXPECTED.read_text(encoding="utf-8").splitlines() if EXPECTED.exists() else []
    EXPECTED.parent.mkdir(exist_ok=True)
    EXPECTED.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    changed = len(set(lines) - set(before))
    sys.stdout.write(f"{EXPECTED}: {len(lines)} lines, {changed} of them new or changed\n")


if __name__ == "__main__":
    main()
