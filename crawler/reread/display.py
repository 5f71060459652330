"""Displays the progress of a reread on a terminal."""

from __future__ import annotations

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class TerminalDisplay:
    """A progress bar on standard error, shown only if that is a terminal."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description}"), TimeRemainingColumn(), BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f} %  {task.fields[left]:.1f} MB left"),
            TextColumn("{task.fields[rate]:.0f} pages/s"),
            console=console, disable=not console.is_terminal, transient=True,
        )  # fmt: skip
        self._task: TaskID | None = None
        self._pages = 0

    def begin(self, doing: str, total: int) -> None:
        """Start a new bar for ``total`` bytes."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._pages = 0
        self._task = self._progress.add_task(doing, total=total, left=total / 1e6, rate=0.0)

    def advance(self, size: int, pages: int) -> None:
        """Add bytes and pages that were read."""
        if self._task is None:
            return
        self._pages += pages
        self._progress.advance(self._task, size)
        task = self._progress.tasks[-1]
        rate = self._pages / task.elapsed if task.elapsed else 0.0
        self._progress.update(self._task, left=(task.remaining or 0) / 1e6, rate=rate)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()
