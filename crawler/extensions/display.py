"""A status line at the bottom of the terminal; the log scrolls above it."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from crawler.printable import printable


class Display:
    """Redraws one line in place, truncated to the width of the terminal, and removes it at the end."""

    def __init__(self, title: str) -> None:
        """Draw on stderr; ``title`` is at the end of the line, and truncated first."""
        self.title = title
        self.live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self.redirected: list[logging.StreamHandler[TextIO]] = []

    def start(self) -> None:
        """Show the line, and print the log above it."""
        self.live.start()
        for handler in logging.root.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
                handler.setStream(sys.stderr)  # rich has replaced it
                self.redirected.append(handler)

    def show(self, line: str) -> None:
        shown = printable(line)
        text = Text.assemble(shown, "  ", (self.title, "bold"), no_wrap=True, overflow="ellipsis")
        self.live.update(text, refresh=True)

    def stop(self) -> None:
        self.live.stop()
        for handler in self.redirected:
            handler.setStream(sys.stderr)
