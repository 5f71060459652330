"""A live line at the foot of the terminal; the log scrolls above it."""

from __future__ import annotations

import logging
import sys
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.text import Text

from crawler.printable import printable


class Display:
    """Redraws one line in place, cut at the terminal's width, and leaves nothing behind."""

    def __init__(self, title: str) -> None:
        """Draw on stderr.

        Args:
            title: ends the line, and is the first to be cut.
        """
        self.title = title
        self.live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self.redirected: list[logging.StreamHandler[TextIO]] = []

    def start(self) -> None:
        """Begin to draw; print the log's lines above."""
        self.live.start()
        for handler in logging.root.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
                handler.setStream(sys.stderr)  # rich's own stream by now
                self.redirected.append(handler)

    def show(self, line: str) -> None:
        """Draw ``line``."""
        shown = printable(line)
        text = Text.assemble(shown, "  ", (self.title, "bold"), no_wrap=True, overflow="ellipsis")
        self.live.update(text, refresh=True)

    def stop(self) -> None:
        """Remove the line."""
        self.live.stop()
        for handler in self.redirected:
            handler.setStream(sys.stderr)
