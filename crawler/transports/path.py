"""The path transport: a checked-out mirror in a directory on this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from crawler.exceptions import MirrorUnusable, PageMissing, PageTooLarge, PageUnreachable
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.transports.base import LOCAL_WINDOW, Fetched


class PathTransport:
    """Reads pages from files below a directory; a link that leads out of it is no page."""

    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    commit: ClassVar[str | None] = None
    window: ClassVar[int] = LOCAL_WINDOW
    ordered: ClassVar[bool] = True

    def __init__(self, base: str) -> None:
        """Read below the directory ``base``."""
        self.base = Path(base)
        self._root = os.path.realpath(base)

    async def open(self) -> None:
        """Check the directory.

        Raises:
            MirrorUnusable: it does not exist.
        """
        if not self.base.is_dir():
            raise MirrorUnusable(f"no directory {self.base}: look at 'path' in the mirrors file")

    async def fetch(self, path: str) -> Fetched:
        """Read the page at ``path``.

        Raises:
            PageMissing: there is no such file below the directory.
            PageTooLarge: it is larger than any page.
            PageUnreachable: the system refuses.
        """
        return Fetched(self._body(path))

    def _body(self, path: str) -> bytes:
        name = os.path.realpath(os.path.join(self._root, path))
        if os.path.commonpath((name, self._root)) != self._root:
            raise PageMissing(f"{path} is a link out of {self._root}")
        try:
            with open(name, "rb") as file:
                body = file.read(MAX_PAGE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as exc:
            raise PageMissing(f"no file {name}") from exc
        except OSError as exc:
            raise PageUnreachable(f"{name}: {exc.strerror}", reason="unreadable") from exc
        if len(body) > MAX_PAGE_BYTES:
            raise PageTooLarge(f"{name} has more than {MAX_PAGE_BYTES} bytes")
        return body

    def folders(self, path: str) -> list[str]:
        """Return the names of the folders in the folder at ``path``; none where it is not there."""
        try:
            with os.scandir(os.path.join(self._root, path)) as entries:
                return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
        except OSError:
            return []

    def has(self, path: str) -> bool:
        """Tell whether there is a page at ``path``."""
        return os.path.isfile(os.path.join(self._root, path))

    def close(self) -> None:
        """Do nothing: no file stays open."""
