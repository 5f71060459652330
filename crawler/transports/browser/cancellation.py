"""The cancellation of a fetch, carried to the task that renders its page."""

from __future__ import annotations

import asyncio
from typing import Any


class Cancellation:
    """Links the task that waits for a page with the one that renders it.

    Scrapy downloads in a task of its own, which the cancellation of ``download_async`` does not
    reach.
    """

    def __init__(self) -> None:
        self._task: asyncio.Task[Any] | None = None
        self._cancelled = False

    def bind(self, task: asyncio.Task[Any] | None) -> None:
        """Note the task that renders the page.

        Raises:
            CancelledError: the fetch was cancelled before.
        """
        if self._cancelled:
            raise asyncio.CancelledError
        self._task = task

    def cancel(self) -> None:
        """Cancel the rendering: its tab is closed."""
        self._cancelled = True
        if self._task is not None:
            self._task.cancel()
