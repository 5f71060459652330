"""A page's record on a terminal, or as lines for other programs."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from crawler.reading.pages import ReadPage
from crawler.text import visible

_SHOWN = 500


def print_line(page: ReadPage) -> None:
    """Print the record as the feed has it, one line."""
    print(json.dumps(page.record, ensure_ascii=False, separators=(",", ":")))  # noqa: T201


def print_record(page: ReadPage, console: Console) -> None:
    """Print the record indented, coloured where the console can."""
    console.print_json(json.dumps(page.record, ensure_ascii=False), indent=2, ensure_ascii=False)


def print_cuts(page: ReadPage, console: Console) -> None:
    """Print what is in the page and not in ``content_text``."""
    table = Table("rule", "text", title="Not in content_text", title_justify="left")
    for cut in page.cuts:
        text = visible(cut.text).strip()
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
        table.add_row(Text(cut.rule), Text(shown))
    console.print(table)
