"""Logs lines that a person reads: plain and wrapped on a terminal, as log records elsewhere."""

from __future__ import annotations

import logging
import os
import sys
from typing import NamedTuple

from crawler.printable import MESSAGE, printable
from crawler.terminal import PRINTABLE

_COLUMNS = 80


class Line(NamedTuple):
    """A line for a person.

    Attributes:
        text: its text.
        indent: number of columns by which wrapped lines are indented.
        whole: whether it is never wrapped, because it has a command to paste.
    """

    text: str
    indent: int = 0
    whole: bool = False


def say(logger: logging.Logger, level: int, line: Line) -> None:
    """Log a line; a terminal shows it without time and logger."""
    line = line._replace(text=printable(line.text, MESSAGE))
    if sys.stderr.isatty():
        _show_plainly()
    logger.log(level, "%s", line.text, extra={"line": line})


def _show_plainly() -> None:
    """Set a formatter for lines on the terminal's handler.

    This is repeated for every line, because Scrapy replaces the handler when it builds a crawler.
    If the log goes to a file, a handler is added that shows only lines on the terminal.
    """
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            if not isinstance(handler.formatter, _PlainLines):
                handler.setFormatter(_PlainLines(handler.formatter))
            return
    if any(isinstance(handler, logging.FileHandler) for handler in logging.root.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(_PlainLines(None))
        handler.addFilter(PRINTABLE)
        handler.addFilter(lambda record: hasattr(record, "line"))
        logging.root.addHandler(handler)


class _PlainLines(logging.Formatter):
    """Formats a :class:`Line` for a terminal, and other records with another formatter."""

    def __init__(self, others: logging.Formatter | None) -> None:
        super().__init__()
        self.others = others or logging.Formatter()

    def format(self, record: logging.LogRecord) -> str:
        line = getattr(record, "line", None)
        return wrapped(line, _columns()) if isinstance(line, Line) else self.others.format(record)


def wrapped(line: Line, columns: int) -> str:
    """Return a line wrapped at ``columns``; a Han character takes two."""
    # imported here because scheduled runs have no terminal, and importing rich takes time
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    if line.whole:
        return line.text
    head, rest = line.text[: line.indent], Text(line.text[line.indent :])
    rows = rest.wrap(Console(), max(columns - line.indent, 1))
    return head + f"\n{' ' * line.indent}".join(row.plain.rstrip() for row in rows)


def _columns() -> int:
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or _COLUMNS
    except OSError:
        return _COLUMNS
