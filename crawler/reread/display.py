"""Displays the progress of a reread on a terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from crawler.reread.parts import Range


class TerminalDisplay:
    """A progress bar on standard error, shown only if that is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), TimeRemainingColumn(), BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %"), DownloadColumn(),
            console=console, disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        self._task = self._progress.add_task("", visible=False)

    def begin(self, doing: str, total: int) -> None:
        """Begin a step over ``total`` bytes of ``articles.jsonl``."""
        self._progress.reset(self._task, description=doing, total=total, visible=True)

    def advance(self, part: Range) -> None:
        """Add a part that is finished."""
        self._progress.advance(self._task, part.end - part.start)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
