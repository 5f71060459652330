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
    """Draws one line anew and anew, and leaves nothing behind."""

    def __init__(self, title: str) -> None:
        """Take what the line begins with."""
        self.title = title
        self.live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
        self.redirected: list[logging.StreamHandler[TextIO]] = []

    def start(self) -> None:
        """Begin to draw; let the log's lines through above."""
        self.live.start()
        for handler in logging.root.handlers:
            if isinstance(handler, logging.StreamHandler) and handler.stream is sys.__stderr__:
                handler.setStream(sys.stderr)  # where rich has put its own stream
                self.redirected.append(handler)

    def show(self, line: str) -> None:
        """Draw ``line``."""
        shown = printable(line)
        text = Text.assemble((self.title, "bold"), "  ", shown, no_wrap=True, overflow="ellipsis")
        self.live.update(text, refresh=True)

    def stop(self) -> None:
        """Take the line away."""
        self.live.stop()
        for handler in self.redirected:
            handler.setStream(sys.stderr)
