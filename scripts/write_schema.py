"""Writes the feed contract's JSON Schemas into ``docs/schema/``: ``python scripts/write_schema.py``.

They are built from the items; a test fails if they are out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

# these modules are in the directory added above
from crawler.formats.registry import find_format  # noqa: E402
from crawler.schema import (  # noqa: E402
    article_schema,
    change_schema,
    listing_schema,
    run_schema,
)

FOLDER = ROOT / "docs" / "schema"


def schemas() -> dict[str, dict[str, Any]]:
    """Return the schemas by file name."""
    epoch = find_format("epoch")
    return {
        "article.schema.json": article_schema(epoch),
        "listing.schema.json": listing_schema(epoch),
        "run.schema.json": run_schema(),
        "change.schema.json": change_schema(epoch),
    }


def text_of(schema: dict[str, Any]) -> str:
    """Return the text of a schema's file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def main() -> None:
    """Write all schemas."""
    FOLDER.mkdir(exist_ok=True)
    for name, schema in schemas().items():
        (FOLDER / name).write_text(text_of(schema), encoding="utf-8")
        sys.stdout.write(f"{FOLDER / name}\n")


if __name__ == "__main__":
    main()
