"""The page cases in tests/pages: each directory has a page and its expected record.

python tests/page_cases.py            print which records differ from the expected ones
python tests/page_cases.py --accept   write the current records as the expected ones
"""

from __future__ import annotations

import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from crawler.formats.epoch.article import read_article
from crawler.formats.registry import find_format
from crawler.items import as_record
from crawler.loaders import ArticleContext, load_article

PAGES = Path(__file__).parent / "pages"
_READ_AT = datetime(2026, 11, 1, 6, tzinfo=UTC)
_SECTION = re.compile(r"^section: (\S+)$", re.MULTILINE)


def cases() -> list[Path]:
    """Return the directories of all cases."""
    return sorted(path.parent for path in PAGES.glob("*/page.md"))


def record_of(case: Path) -> dict[str, Any]:
    """Return the current record of the case's page."""
    text = (case / "page.md").read_text(encoding="utf-8")
    named = _SECTION.search((case / "why.md").read_text(encoding="utf-8"))
    section = named[1] if named else "ncid900101"
    page = read_article(text)
    reading = ArticleContext(
        mirror="cases",
        mirror_url=f"https://example.org/cases/blob/master/pages/{section}/{page.original.id}.md",
        sections=[{"id": section, "name": "海岛经济"}],
        at=_READ_AT,
    )
    return as_record(load_article(page, reading, find_format()))


def expected_of(case: Path) -> dict[str, Any] | None:
    """Return the expected record of the case's page; None if it has none yet."""
    file = case / "expected.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else None


def main(arguments: list[str]) -> int:
    """Compare all cases; write the records with ``--accept``."""
    differing = [case for case in cases() if record_of(case) != expected_of(case)]
    for case in differing:
        before, now = expected_of(case) or {}, record_of(case)
        sys.stdout.write(f"{case.name}\n")
        for key in now:
            if before.get(key) != now[key]:
                sys.stdout.write(f"  {key}: {before.get(key)!r}\n   now {now[key]!r}\n")
        if arguments == ["--accept"]:
            text = json.dumps(now, ensure_ascii=False, indent=1)
            (case / "expected.json").write_text(text + "\n", encoding="utf-8")
    return 1 if differing and arguments != ["--accept"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
