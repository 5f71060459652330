"""The way through a directory: a checked-out mirror on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from crawler.exceptions import MirrorUnusable, PageMissing, PageTooLarge, PageUnreachable
from crawler.formats.epoch.source import MAX_PAGE_BYTES
from crawler.urls import index_path, is_section_id


class PathTransport:
    """Gives pages from files below a directory; never one that a link puts elsewhere.

    Attributes:
        kind: ``local``: pages are read in the process, not by requests.
        unsupported_keys: keys of a record that this way cannot see: none.
        commit: None: a directory has no commit.
    """

    kind: ClassVar[str] = "local"
    unsupported_keys: ClassVar[frozenset[str]] = frozenset()
    commit: ClassVar[str | None] = None

    def __init__(self, base: str) -> None:
        """Say which directory."""
        self.base = Path(base)
        self._root = os.path.realpath(base)

    async def open(self) -> None:
        """Look whether the directory is there.

        Raises:
            MirrorUnusable: it is not.
        """
        if not self.base.is_dir():
            raise MirrorUnusable(f"no directory {self.base}: look at 'path' in the mirrors file")

    def read(self, path: str) -> bytes:
        """Return a page's bytes.

        Raises:
            PageMissing: there is no such file below the directory.
            PageTooLarge: it is larger than any page.
            PageUnreachable: the system refuses.
        """
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

    def sections(self) -> Iterable[str]:
        """Return the ids of the sections that have an index, linked or not."""
        try:
            with os.scandir(os.path.join(self._root, "indexes")) as folders:
                names = [folder.name for folder in folders if folder.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        return [
            name
            for name in names
            if is_section_id(name) and os.path.isfile(os.path.join(self._root, index_path(name)))
        ]

    def expect(self, paths: Sequence[str]) -> None:
        """Do nothing: the system reads ahead by itself."""

    async def repair(self) -> None:
        """Do nothing: the directory is its owner's."""

    def close(self) -> None:
        """Do nothing: nothing is held."""
