"""Makes the standard streams and the log usable in any environment."""

from __future__ import annotations

import atexit
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import Final, TextIO

from crawler.printable import printable_lines

_STREAMS: Final = 3
_FORMATTER: Final = logging.Formatter()


def prepare() -> None:
    """Open missing standard streams, and make log records printable.

    It must be called again after handlers are added to the log.
    """
    open_streams()
    atexit.unregister(_flush)
    atexit.register(_flush)
    for handler in logging.root.handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is None:
            handler.setStream(sys.stderr)
        if isinstance(handler, logging.FileHandler) and isinstance(handler.stream, TextIOWrapper):
            handler.setStream(LogFile(handler.stream))  # type: ignore[arg-type]
        if PRINTABLE not in handler.filters:
            handler.addFilter(PRINTABLE)


def emit(text: str) -> None:
    """Print ``text`` and a line break.

    Characters that the output's encoding lacks are escaped. A closed pipe, as with ``head``, is not
    an error.

    Raises:
        SystemExit: the output cannot be written; a message is written to standard error.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)  # noqa: T201
    except OSError as error:
        _silence(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"standard output cannot be written: {error.strerror}\n")
            raise SystemExit(1) from error


def _flush() -> None:
    """Flush the standard streams and ignore errors, which would make Python exit with 120."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            _silence(stream)


def _silence(stream: TextIO) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


class LogFile:
    """A log file that ignores errors, such as a full disk, and reports the first one on stderr."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._reported = False

    def write(self, text: str) -> None:
        self._attempt(lambda: self._file.write(text))

    def flush(self) -> None:
        self._attempt(self._file.flush)

    def close(self) -> None:
        self._attempt(self._file.close)

    def _attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if not self._reported:
                self._reported = True
                with suppress(OSError):
                    sys.stderr.write(f"the log cannot be written: {error.strerror}\n")


class PrintableFilter(logging.Filter):
    """Makes the message and the traceback of every record printable."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change ``record`` in place; return True."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a wrong format string; logging reports it
            return True
        record.msg, record.args = printable_lines(message), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _FORMATTER.formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = printable_lines(record.exc_text)
        if record.stack_info:
            record.stack_info = printable_lines(record.stack_info)
        return True


PRINTABLE: Final = PrintableFilter()


def open_streams() -> None:
    """Open closed standard streams (``2>&-``), before other files get their descriptors.

    It must be called before Scrapy sets up the log, which fails without standard error.
    """
    for number in range(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            nowhere = os.open(os.devnull, os.O_RDWR)
            if nowhere != number:
                os.dup2(nowhere, number)
                os.close(nowhere)
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - open until the process ends
