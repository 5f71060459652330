"""The path transport: a checked-out mirror in a directory on this machine."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from crawler.exceptions import (
    MirrorUnusable,
    PageError,
    PageMalformed,
    PageMissing,
    PageTooLarge,
    PageUnreachable,
)
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.reasons import UNREADABLE
from crawler.transports.base import LOCAL_WINDOW, Fetched, settings_without_downloads

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a FIFO does not block; O_NOCTTY: a terminal does not become the controlling one
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class PathTransport:
    """Reads pages from regular files below a directory; follows no symbolic link there.

    The directory itself may be a link. It is opened once, and pages are opened relative to it folder
    by folder, so that concurrent renames and links cannot lead out of it.
    """

    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    commit: ClassVar[str | None] = None
    window: ClassVar[int] = LOCAL_WINDOW
    ordered: ClassVar[bool] = True
    bulk: ClassVar[bool] = True

    def __init__(self, base: str) -> None:
        self.base = Path(base)
        self._root: int | None = None

    def settings(self) -> dict[str, Any]:
        return settings_without_downloads()

    async def open(self, *, update: bool = True) -> None:  # noqa: ARG002 - a directory is as it is
        """Open the directory.

        Raises:
            MirrorUnusable: the directory does not exist, or the operating system denies access.
        """
        self._opened_root()

    def _opened_root(self) -> int:
        if self._root is None:
            try:
                self._root = os.open(self.base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError) as exc:
                raise MirrorUnusable(
                    f"no directory {self.base}: correct 'path' in the mirrors file"
                ) from exc
            except OSError as exc:
                raise MirrorUnusable(
                    f"{self.base}: {exc.strerror}: check the directory's permissions"
                ) from exc
        return self._root

    async def fetch(self, path: str) -> Fetched:
        """Read the page at ``path``.

        Raises:
            PageMissing: there is no such file below the directory.
            PageMalformed: it is a link, a FIFO, a device or a socket.
            PageTooLarge: the file has more than ``MAX_PAGE_BYTES`` bytes.
            PageUnreachable: the operating system denies access or reports an error.
        """
        return Fetched(self._body(path))

    def _body(self, path: str) -> bytes:
        try:
            with open(self._descriptor(path), "rb") as file:
                body = file.read(MAX_PAGE_BYTES + 1)
        except OSError as exc:
            raise self._failure(path, exc) from exc
        if len(body) > MAX_PAGE_BYTES:
            raise PageTooLarge(f"{self.base / path} has more than {MAX_PAGE_BYTES} bytes")
        return body

    def folders(self, path: str) -> list[str]:
        try:
            folder = self._folder(path.split("/") if path else [])
        except (OSError, PageError):
            return []
        try:
            with os.scandir(folder) as entries:
                return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        finally:
            os.close(folder)

    def has(self, path: str) -> bool:
        try:
            os.close(self._descriptor(path))
        except (OSError, PageError):
            return False
        return True

    def _descriptor(self, path: str) -> int:
        """Open a regular file below the directory."""
        *folders, name = path.split("/")
        if not _is_name(name):
            raise PageMissing(f"{path!r} is not the path of a page")
        within = self._folder(folders)
        try:
            descriptor = os.open(name, _FILE, dir_fd=within)
        finally:
            os.close(within)
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISREG(mode):
            return descriptor
        os.close(descriptor)
        if stat.S_ISDIR(mode):
            raise PageMissing(f"{self.base / path} is a directory")
        raise self._irregular(path)

    def _folder(self, names: Sequence[str]) -> int:
        """Open a folder below the directory, one name after the other."""
        if not all(map(_is_name, names)):
            raise PageMissing(f"{'/'.join(names)!r} is not the path of a folder")
        within = os.dup(self._opened_root())
        try:
            for name in names:
                above, within = within, os.open(name, _FOLDER, dir_fd=within)
                os.close(above)
        except BaseException:
            os.close(within)
            raise
        return within

    def _failure(self, path: str, exc: OSError) -> PageError:
        # ELOOP: a link; ENXIO: a socket or a missing device
        if exc.errno in (errno.ELOOP, errno.ENXIO):
            return self._irregular(path)
        if exc.errno in (errno.ENOENT, errno.ENOTDIR):
            return PageMissing(f"no file {self.base / path}, or its directory is a link")
        return PageUnreachable(f"{self.base / path}: {exc.strerror}", reason=UNREADABLE)

    def _irregular(self, path: str) -> PageMalformed:
        return PageMalformed(f"{self.base / path} is not a regular file: links are not followed")

    def close(self) -> None:
        if self._root is not None:
            os.close(self._root)
            self._root = None


def _is_name(name: str) -> bool:
    """Return whether ``name`` names one entry of a folder."""
    return "\0" not in name and name not in {"", ".", ".."}
