"""A feed's files as the system sees them: opened, locked, on the disk with their names."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from pathlib import Path

from crawler.exceptions import FeedBusy, FeedUnusable

STATE_FILES = ("state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "state.sqlite-journal")
"""What SQLite opens."""

FEED_FILES = (
    *("articles.jsonl", "listings.jsonl", "changes.jsonl", "runs.jsonl", "lock"),
    *STATE_FILES,
)
"""What only a run writes."""

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP})
_CANNOT_SYNC = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})


def open_regular(path: Path, flags: int = os.O_RDONLY) -> int:
    """Open a file of a feed; return its descriptor.

    A link would lead a run, or whoever reads the feed, to a file elsewhere; a FIFO would make
    it wait for ever.

    Raises:
        FeedUnusable: it is not a regular file.
        OSError: the system refuses.
    """
    # O_NONBLOCK: a FIFO opens at once; it changes nothing for regular files
    flags |= os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError as exc:
        if exc.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR):
            raise _irregular(path) from exc
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _irregular(path)
    return descriptor


def require_regular(path: Path) -> None:
    """Check a file that another library opens.

    Raises:
        FeedUnusable: it exists and is not a regular file.
    """
    try:
        os.close(open_regular(path))
    except FileNotFoundError:
        return
    except OSError as exc:
        raise unwritable(path, exc) from exc


def has_locks(path: Path) -> bool:
    """Return whether the file system of ``path`` has the locks that SQLite uses.

    The file must be one that this process holds no lock on: closing it here would end that.
    """
    try:
        with path.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        return exc.errno not in _NO_LOCKS
    return True


def make_directory(path: Path) -> None:
    """Make a directory and those above it, each one safely on the disk with its name.

    Raises:
        OSError: the system refuses.
    """
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Force the names in a directory to the disk, where its file system can do that.

    Raises:
        OSError: the disk refused.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # names may be made here, and not be read
        return
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def _irregular(path: Path) -> FeedUnusable:
    return FeedUnusable(
        f"{path} is a link, a directory, a FIFO or a device, not a regular file: move it away, and "
        "put the feed's own file there if it lies elsewhere (link the feed's directory instead)"
    )


def lock(descriptor: int, path: Path) -> None:
    """Lock an open file against other runs; readers ask for no lock.

    Raises:
        FeedBusy: another run has it.
        FeedUnusable: the file system has no locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FeedBusy(f"another run holds the feed {path.parent}; this one leaves it") from None
    except OSError as exc:
        os.close(descriptor)
        if exc.errno in _NO_LOCKS:
            raise FeedUnusable(
                f"{path.parent} is on a file system without locks ({exc.strerror}): two runs could "
                "write the feed at once. Put it on a local disk, or mount it with locks, "
                "and run again."
            ) from exc
        raise unwritable(path, exc) from exc


def unwritable(path: Path, exc: OSError) -> FeedUnusable:
    """Return the error that says that the system refuses a feed's file."""
    return FeedUnusable(
        f"the feed cannot be written: {path}: {exc.strerror or exc}. "
        "Make room or repair the permissions, then run again: nothing is lost."
    )
