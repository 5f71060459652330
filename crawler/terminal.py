"""Makes the standard streams and the log usable, wherever the program was started."""

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
    """Open missing standard streams, and let only printable text into the log.

    Call it again after the log has new handlers.
    """
    open_streams()
    atexit.unregister(_settle)
    atexit.register(_settle)
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
        SystemExit: the output cannot be written; a message is on standard error.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)  # noqa: T201
    except OSError as error:
        _silence(sys.stdout)
        if not isinstance(error, BrokenPipeError):
            sys.stderr.write(f"standard output cannot be written: {error.strerror}\n")
            raise SystemExit(1) from error


def _settle() -> None:
    """Flush the standard streams and ignore errors, for which Python would exit with 120."""
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
    """A log's file; what it cannot take, as on a full disk, is lost, and stderr says so once."""

    def __init__(self, file: TextIO) -> None:
        """Write to ``file``."""
        self._file = file
        self._told = False

    def write(self, text: str) -> None:
        """Write ``text``."""
        self._attempt(lambda: self._file.write(text))

    def flush(self) -> None:
        """Write what is buffered."""
        self._attempt(self._file.flush)

    def close(self) -> None:
        """Close the file."""
        self._attempt(self._file.close)

    def _attempt(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            if not self._told:
                self._told = True
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
    """Open the standard streams that are closed (``2>&-``), before files take their descriptors.

    This must come before Scrapy sets up the log, which fails without standard error.
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
