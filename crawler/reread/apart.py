"""One page at a time, read in a process that the page may cost.

Not by ``multiprocessing``: the processes of Dask's workers may start none of that kind.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import subprocess
import sys
from functools import partial
from typing import IO

from crawler.exceptions import PageError
from crawler.formats.pages import ArticlePage
from crawler.readers.pages import Bounds, Reader
from crawler.readers.worker import read_alone, too_costly

BOUNDS = Bounds()


class ApartReader:
    """Reads articles in another process, started when it is needed and again after it died."""

    def __init__(self, read: Reader) -> None:
        """Read with ``read``."""
        self._reader = read
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, body: bytes) -> ArticlePage:
        """Read a page.

        Raises:
            PageError: it is no article; with the reason ``too_costly``, it killed its process.
        """
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - PIPE says so
        assert process.stdout is not None  # noqa: S101 - PIPE says so
        try:
            _send(process.stdin, body)
            result = pickle.load(process.stdout)  # noqa: S301 - of our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            self.close()
            raise too_costly(BOUNDS) from None
        if isinstance(result, PageError):
            raise result
        page: ArticlePage = result
        return page

    def close(self) -> None:
        """End the process, whatever it is doing."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "crawler.reread.apart"],
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
            assert self._process.stdin is not None  # noqa: S101 - PIPE says so
            _send(self._process.stdin, self._reader)
        return self._process


def _send(pipe: IO[bytes], value: object) -> None:
    pickle.dump(value, pipe)
    pipe.flush()


def main() -> None:
    """Read the pages that come through standard input, until it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # the process that started this one ends it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that is printed gets between the answers
    read: Reader = pickle.load(source)  # noqa: S301 - of our own process
    while True:
        try:
            body = pickle.load(source)  # noqa: S301 - of our own process
        except EOFError:
            return
        _send(target, _result(read, body))


def _result(read: Reader, body: bytes) -> object:
    try:
        return read_alone(partial(read, "article", "", body), BOUNDS)
    except PageError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a fault of the readers costs this page alone
        return PageError(f"{type(error).__name__}: {error}", reason="error")


if __name__ == "__main__":
    main()
