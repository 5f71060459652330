"""Articles read in processes of their own, where there are many to read.

A first run reads tens of thousands of pages, and reading is most of what it does: on two
processors it takes little more than half the time. The processes only turn bytes into values;
what becomes of those is decided where it always is. One that dies, or a page that cannot be
read, costs nothing: the crawler reads those pages itself, and says what is wrong.

A reader is ``python -m crawler.transports.readers``: batches of pages come in and go out, pickled, and the
end of its input ends it, so that none outlives the crawler, however that ends.
"""

from __future__ import annotations

import asyncio
import logging
import os
import pickle
import signal
import struct
import sys
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from crawler.formats.base import Format
from crawler.formats.pages import ArticlePage

logger = logging.getLogger(__name__)

Read = list[ArticlePage | None]
"""What came of a batch: a page's value, None for one that the crawler is to read itself."""

_ROOT = Path(__file__).resolve().parents[2]
_LENGTH = struct.Struct("!Q")


class Readers:
    """A few processes that read articles.

    Attributes:
        width: how many there are.
    """

    def __init__(self, width: int, mirror_format: Format) -> None:
        """Set up ``width`` readers of a format's articles; no process runs yet."""
        self.width = width
        self._format = mirror_format
        self._readers: list[_Reader] = []

    async def start(self) -> None:
        """Start the processes; they need half a second to be ready."""
        self._readers = [await _Reader.started(self._format) for _ in range(self.width)]

    def read(self, bodies: Sequence[bytes]) -> asyncio.Future[Read]:
        """Have a batch of pages read by whoever has the least to do."""
        if alive := [reader for reader in self._readers if reader.alive]:
            return min(alive, key=lambda reader: reader.waiting).read(bodies)
        unread: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        unread.set_result([None] * len(bodies))
        return unread

    def close(self) -> None:
        """End the processes, whatever they are doing."""
        for reader in self._readers:
            reader.close()
        self._readers = []


class _Reader:
    """One process, and the batches that it has not answered yet, the oldest first."""

    def __init__(self, process: asyncio.subprocess.Process, mirror_format: Format) -> None:
        self.process = process
        self._format = mirror_format
        self.alive = True
        self._waiting: deque[tuple[int, asyncio.Future[Read]]] = deque()
        self._answers = asyncio.ensure_future(self._take_answers())

    @classmethod
    async def started(cls, mirror_format: Format) -> _Reader:
        paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", __name__),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
            start_new_session=True,  # Ctrl-C is the crawler's to handle
        )
        return cls(process, mirror_format)

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def read(self, bodies: Sequence[bytes]) -> asyncio.Future[Read]:
        assert self.process.stdin is not None  # noqa: S101 (a pipe, as asked for)
        answer: asyncio.Future[Read] = asyncio.get_running_loop().create_future()
        self._waiting.append((len(bodies), answer))
        frame = pickle.dumps((self._format, list(bodies)), pickle.HIGHEST_PROTOCOL)
        self.process.stdin.writelines((_LENGTH.pack(len(frame)), frame))
        return answer

    async def _take_answers(self) -> None:
        assert self.process.stdout is not None  # noqa: S101 (a pipe, as asked for)
        try:
            while True:
                head = await self.process.stdout.readexactly(_LENGTH.size)
                frame = await self.process.stdout.readexactly(_LENGTH.unpack(head)[0])
                read = pickle.loads(frame)  # noqa: S301 (of our own process)
                _, answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result(read)
        except (EOFError, OSError, pickle.UnpicklingError):
            logger.warning("A process that reads articles died; the crawler reads on itself")
        finally:
            self.alive = False
            for count, answer in self._waiting:
                if not answer.done():
                    answer.set_result([None] * count)

    def close(self) -> None:
        self._answers.cancel()
        with suppress(ProcessLookupError):
            self.process.kill()


def main(given: BinaryIO, taken: BinaryIO) -> None:
    """Read batches of pages until there are no more."""
    while head := given.read(_LENGTH.size):
        mirror_format, bodies = pickle.loads(given.read(_LENGTH.unpack(head)[0]))  # noqa: S301 (the crawler's)
        read = [_read(mirror_format, body) for body in bodies]
        frame = pickle.dumps(read, pickle.HIGHEST_PROTOCOL)
        taken.write(_LENGTH.pack(len(frame)) + frame)
        taken.flush()


def _read(mirror_format: Format, body: bytes) -> ArticlePage | None:
    try:
        return mirror_format.read_article(body)
    except Exception:  # noqa: BLE001 (whatever it is, the crawler meets it again and tells)
        return None


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a service's stop: the crawler ends this
    with suppress(BrokenPipeError):  # the crawler is gone
        main(sys.stdin.buffer, sys.stdout.buffer)
    os._exit(0)  # without flushing to nobody
