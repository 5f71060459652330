"""Writes a file beside its target and renames it, so that no reader sees half of it."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from crawler.exceptions import TryLater, WrongUsage

if TYPE_CHECKING:
    from collections.abc import Iterator

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def output_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a file that replaces ``path`` when the block ends; if the block raises, ``path`` stays.

    A link stays one, and so does a device or a FIFO: it is written directly.

    Raises:
        TryLater: another program is writing it, or the disk is full.
        WrongUsage: it cannot be written.
    """
    try:
        if path.exists() and not path.is_file() and not path.is_dir():
            with path.open("wb") as file:
                yield file
        else:
            with _replacing(Path(os.path.realpath(path))) as file:
                yield file
    except OSError as exc:
        if exc.errno in _NO_ROOM:
            raise TryLater(
                f"{path} cannot be written: {exc.strerror}: make room, then try again"
            ) from exc
        raise WrongUsage(f"{path} cannot be written: {exc.strerror}: give another file") from exc


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    temporary = path.with_name(f".{path.name}.new")
    with temporary.open("ab") as file:
        if not _is_locked(file, temporary):
            raise TryLater(f"{path} is being written by another program: try again when it ends")
        try:
            file.truncate(0)  # a killed program may have left it
            file.seek(0)
            yield file
            file.flush()
            os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def _is_locked(file: BinaryIO, path: Path) -> bool:
    """Lock an open file; return False if another program has locked it, or has just renamed it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except (BlockingIOError, FileNotFoundError):
        return False
