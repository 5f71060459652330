"""The bound of memory: what of Chromium passes it is killed.

Chromium bounds a page's JavaScript heap, and nothing else: a page whose document grows without end
takes the machine's memory.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from crawler.transports.browser.processes import Process, chromium_processes

logger = logging.getLogger(__name__)

#: Seconds between two looks; a page was seen to grow by 0.5 GB a second.
LOOK_SECONDS: Final = 0.25


class MemoryWatch:
    """Looks at Chromium's processes while pages are rendered.

    A renderer that is too large is killed, which its page is told as a crash. Where another
    process is, it is the browser's: all of it is killed.

    Attributes:
        renderers_killed: how many, whose pages have not been told yet.
        browser_killed: whether the browser was, and no page has been told yet.
    """

    def __init__(self, most: int) -> None:
        """Allow each process ``most`` bytes of resident memory."""
        self._most = most
        self._task: asyncio.Task[None] | None = None
        self._pages = 0
        self._killed: set[int] = set()
        self.renderers_killed = 0
        self.browser_killed = False

    def __enter__(self) -> None:
        """Watch while a page is rendered."""
        self._pages += 1
        if self._task is None:
            self._task = asyncio.create_task(self._watch())

    def __exit__(self, *_: object) -> None:
        """Stop after the last page."""
        self._pages -= 1
        if self._pages == 0 and self._task is not None:
            self._task.cancel()
            self._task = None
            self._killed.clear()
            self.renderers_killed, self.browser_killed = 0, False

    def claim_renderer(self) -> bool:
        """Tell whether a crash is the doing of the watch; each kill explains one crash."""
        claimed = self.renderers_killed > 0
        self.renderers_killed -= claimed
        return claimed

    def claim_browser(self) -> bool:
        """Tell whether the browser's end is the doing of the watch."""
        claimed, self.browser_killed = self.browser_killed, False
        return claimed

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look(chromium_processes())

    def look(self, processes: list[Process]) -> None:
        """Kill what is too large."""
        too_large = [
            process
            for process in processes
            if process.resident > self._most and process.pid not in self._killed
        ]
        for process in too_large:
            logger.warning(
                "Chromium's process %d is killed: it has %d MB in memory, %d are allowed",
                process.pid,
                process.resident >> 20,
                self._most >> 20,
            )
        if all(process.renderer for process in too_large):
            self.renderers_killed += len(too_large)
        else:
            self.browser_killed = True
            too_large = processes
        for process in too_large:
            process.kill()
            self._killed.add(process.pid)
