"""Opens, locks and syncs the files of a feed."""

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

    A link could direct a run, or a reader of the feed, to a file elsewhere. A FIFO would block.

    Raises:
        FeedUnusable: the file is not a regular file.
        OSError: the file cannot be opened.
    """
    # O_NONBLOCK has no effect on regular files, but opening a FIFO does not block
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
    """Check a file that another library will open.

    Raises:
        FeedUnusable: the file exists, but is not a regular file or cannot be opened.
    """
    try:
        os.close(open_regular(path))
    except FileNotFoundError:
        return
    except OSError as exc:
        raise unwritable(path, exc) from exc


def has_locks(path: Path) -> bool:
    """Return whether the file system of ``path`` supports the locks that SQLite uses.

    This process must hold no lock on the file, because closing the file releases it.
    """
    try:
        with path.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as exc:
        return exc.errno not in _NO_LOCKS
    return True


def make_directory(path: Path) -> None:
    """Create a directory and its parents, and sync each one's name to disk.

    Raises:
        OSError: a directory cannot be created or synced.
    """
    if path.is_dir():
        return
    make_directory(path.parent)
    path.mkdir(exist_ok=True)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Sync the names in a directory to disk, if the file system supports it.

    Raises:
        OSError: the directory cannot be synced.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except PermissionError:  # a directory may be writable but not readable
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
        f"{path} is not a regular file, but a link, a directory, a FIFO or a device: move it away. "
        "If the feed's file is elsewhere, move it here, or link the feed's directory instead."
    )


def lock(descriptor: int, path: Path) -> None:
    """Lock an open file against other runs; readers need no lock. Close it on failure.

    Raises:
        FeedBusy: another run holds the lock.
        FeedUnusable: the file system does not support locks.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise FeedBusy(f"another run holds the feed {path.parent}: run again later") from None
    except OSError as exc:
        os.close(descriptor)
        if exc.errno in _NO_LOCKS:
            raise FeedUnusable(
                f"{path.parent} is on a file system without locks ({exc.strerror}), so two runs could "
                "write the feed at once. Move it to a local disk, or mount the file system with "
                "locks, and run again."
            ) from exc
        raise unwritable(path, exc) from exc


def unwritable(path: Path, exc: OSError) -> FeedUnusable:
    """Return the error for a file of the feed that cannot be opened, written or synced."""
    return FeedUnusable(
        f"the feed cannot be written: {path}: {exc.strerror or exc}. "
        "Make room or fix the permissions, then run again; nothing is lost."
    )
