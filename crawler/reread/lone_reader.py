"""Reads one page at a time in a separate process, which a bad page may kill.

It does what ``crawler.readers.processes.LoneReader`` does, for callers that block. It does not use
``multiprocessing``: Dask's workers are daemonic processes, which cannot have children.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from functools import partial
from typing import IO

from crawler.exceptions import PageError
from crawler.formats.pages import ArticlePage
from crawler.readers.pages import BOUNDS, Reader
from crawler.readers.worker import leave_signals_to_crawler, read_alone, too_costly
from crawler.reasons import ERROR


class BlockingLoneReader:
    """Reads articles in a separate process, which is started on demand and restarted if it dies."""

    def __init__(self, read: Reader) -> None:
        self._reader = read
        self._process: subprocess.Popen[bytes] | None = None

    def read(self, body: bytes) -> ArticlePage:
        """Read a page.

        Raises:
            PageError: it is not an article; the reason is ``too_costly`` if it killed the process.
        """
        process = self._process = self._process or self._started()
        try:
            _send(process.stdin, body)
            result = pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301 - from our own process
        except (OSError, EOFError, pickle.UnpicklingError):
            self.close()
            raise too_costly(BOUNDS) from None
        if isinstance(result, PageError):
            raise result
        page: ArticlePage = result
        return page

    def close(self) -> None:
        """Kill the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def _started(self) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "crawler.reread.lone_reader"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        _send(process.stdin, self._reader)
        return process


def _send(pipe: IO[bytes] | None, value: object) -> None:
    assert pipe is not None  # noqa: S101 - the process has pipes
    pickle.dump(value, pipe)
    pipe.flush()


def main() -> None:
    """Read pages from standard input until its end; write the results to standard output."""
    leave_signals_to_crawler()
    source, target = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # printed text must not mix with the results
    read: Reader = pickle.load(source)  # noqa: S301 - from our own process
    while True:
        try:
            body = pickle.load(source)  # noqa: S301 - from our own process
        except EOFError:
            return
        _send(target, _result(read, body))


def _result(read: Reader, body: bytes) -> object:
    try:
        return read_alone(partial(read, "article", "", body), BOUNDS)
    except PageError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug in the readers fails this page only
        return PageError(f"{type(error).__name__}: {error}", reason=ERROR)


if __name__ == "__main__":
    main()
