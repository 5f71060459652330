"""Carries the cancellation of a fetch to the task that renders its page."""

from __future__ import annotations

import asyncio
from typing import Any


class Cancellation:
    """Links the task that waits for a page to the task that renders it.

    Scrapy downloads in a separate task; cancelling ``download_async`` does not cancel that task.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False

    def bind(self, task: asyncio.Task[Any] | None) -> None:
        """Set the task that renders the page.

        Raises:
            CancelledError: the fetch is already cancelled.
        """
        if self._cancelled:
            raise asyncio.CancelledError
        self._task = task

    def cancel(self) -> None:
        """Cancel the rendering task, which then closes its tab."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()
