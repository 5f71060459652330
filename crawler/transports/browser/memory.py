"""Limits the memory of Chromium's processes by killing those that exceed the limit.

Chromium itself limits only a page's JavaScript heap. A page whose document grows without end could
use up the machine's memory.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from crawler.transports.browser.processes import Process, chromium_processes

logger = logging.getLogger(__name__)

CHECK_SECONDS: Final = 0.25
"""Seconds between two checks. The fastest page observed grew by 0.5 GB a second."""


class MemoryWatch:
    """Checks Chromium's processes while pages are rendered.

    If a renderer is too large, it is killed, and its page reports a crash. If any other process is
    too large, the whole browser is killed.

    Attributes:
        renderers_killed: kills of renderers that no page has claimed yet.
        browser_killed: whether the browser was killed and no page has claimed it yet.
    """

    def __init__(self, most: int) -> None:
        """Set the limit to ``most`` bytes of resident memory for each process."""
        self._most = most
        self._task: asyncio.Task[None] | None = None
        self._pages = 0
        self._killed: set[int] = set()
        self.renderers_killed = 0
        self.browser_killed = False

    def __enter__(self) -> None:
        self._pages += 1
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def __exit__(self, *_: object) -> None:
        self._pages -= 1
        if self._pages == 0 and self._task is not None:
            self._task.cancel()
            self._task = None
            self._killed.clear()
            self.renderers_killed, self.browser_killed = 0, False

    def claim_renderer(self) -> bool:
        """Return whether the watch caused a crash; each kill accounts for one crash."""
        claimed = self.renderers_killed > 0
        self.renderers_killed -= claimed
        return claimed

    def claim_browser(self) -> bool:
        """Return whether the watch killed the browser; one page claims it."""
        claimed, self.browser_killed = self.browser_killed, False
        return claimed

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.check(chromium_processes())

    def check(self, processes: list[Process]) -> None:
        """Kill the processes that exceed the limit, or the whole browser."""
        too_large = [
            process
            for process in processes
            if process.resident > self._most and process.pid not in self._killed
        ]
        for process in too_large:
            logger.warning(
                "Killing process %d of Chromium: it uses %d MB of memory, the limit is %d MB",
                process.pid, process.resident >> 20, self._most >> 20,
            )  # fmt: skip
        if all(process.renderer for process in too_large):
            self.renderers_killed += len(too_large)
        else:
            self.browser_killed = True
            too_large = processes
        for process in too_large:
            process.kill()
            self._killed.add(process.pid)
