"""Prints previews, for a terminal or as one line for programs."""

from __future__ import annotations

import json

from rich.console import Console
from rich.highlighter import JSONHighlighter
from rich.table import Table
from rich.text import Text

from crawler.preview.preview import Preview
from crawler.printable import printable_json
from crawler.terminal import emit
from crawler.text import visible

_SHOWN = 500


def print_line(preview: Preview) -> None:
    """Print the record on one line, with invisible characters escaped."""
    emit(printable_json(json.dumps(preview.record, ensure_ascii=False, separators=(",", ":"))))


def print_record(preview: Preview, console: Console) -> None:
    """Print the record indented and highlighted, with invisible characters escaped."""
    # print_json() would decode the escapes
    record = printable_json(json.dumps(preview.record, ensure_ascii=False, indent=2))
    console.print(JSONHighlighter()(record), soft_wrap=True)


def print_cuts(preview: Preview, console: Console) -> None:
    """Print the text of the page that is not in ``content_text``, with the rule that cut it."""
    table = Table("rule", "text", title="Not in content_text", title_justify="left")
    for cut in preview.cuts:
        text = visible(cut.text).strip()
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text)} characters)"
        table.add_row(Text(cut.rule), Text(shown))
    console.print(table)
