"""Reads the pages that a user names: files, standard input, or pages of a mirror."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from rich.console import Console

from crawler.config.mirrors import Mirror, Mirrors
from crawler.config.program import program
from crawler.exceptions import PageTooLarge, WrongUsage
from crawler.formats.base import Format
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.formats.registry import find_format
from crawler.printable import printable
from crawler.reading.pages import ReadPage, bytes_of, page_path, read, section_of
from crawler.transports.git.transport import GitTransport
from crawler.transports.path import PathTransport

STANDARD_INPUT = "-"
_NO_MIRROR = "page"


class _Source(NamedTuple):
    """A page's content and origin."""

    body: bytes
    url: str
    path: str
    mirror: str
    format: Format


class PageReader:
    """Reads pages of one mirror, files, and pages by their URL."""

    def __init__(
        self, mirrors: Mirrors, cache: Path, *, mirror: str | None, sections: Sequence[str]
    ) -> None:
        """Set up the reader without opening a mirror.

        Args:
            mirrors: the described mirrors.
            cache: directory for clones.
            mirror: name, URL or directory of the mirror that has all pages; None to find it by URL.
            sections: ids of the sections that list the pages; empty to take them from the paths.

        Raises:
            WrongUsage: the mirror is unknown, or an id is not valid in its format.
        """
        self._mirrors, self._cache, self._sections = mirrors, cache, sections
        self._mirror = mirrors.find(mirror) if mirror else None
        self._format = self._mirror.format if self._mirror else find_format()
        self._transports: dict[str, PathTransport | GitTransport] = {}
        self._runner = asyncio.Runner()
        for one in sections:
            if not self._format.is_section_id(one):
                raise WrongUsage(f"--sections must be ids like ncid278,nf1412576, not {one[:40]!r}")

    def read(self, page: str) -> ReadPage:
        """Read a page.

        Args:
            page: a file, ``-`` for standard input, a path within the mirror, or a URL such as the
                ``mirror_url`` of a record.

        Raises:
            PageError: the page yields no record.
            RunError: its mirror is unknown, or cannot be read.
        """
        source = self._source(page)
        section = section_of(source.path, source.format)
        sections = self._sections or ([section] if section else [])
        return read(source.body, source.url, source.mirror, sections, source.format)

    def _source(self, page: str) -> _Source:
        if page == STANDARD_INPUT:
            return _Source(_standard_input(), "file:///dev/stdin", "", _NO_MIRROR, self._format)
        mirror = self._mirror or self._mirror_at(page)
        if mirror is None:
            path = _file(page)
            return _Source(bytes_of(path), path.as_uri(), str(path), _NO_MIRROR, self._format)
        within = page_path(page, mirror.format) or page
        _require_local(mirror, within)
        body = self._runner.run(self._transport(mirror).fetch(within)).body
        return _Source(body, mirror.public + within, within, mirror.name, mirror.format)

    def _mirror_at(self, page: str) -> Mirror | None:
        """Return the mirror that has the URL ``page``; None if it is a file.

        Raises:
            WrongUsage: the URL is not in a described mirror.
        """
        if "://" not in page or page.startswith("file://"):
            return None
        for mirror in self._mirrors.mirrors.values():
            if page.startswith(mirror.bases):
                return mirror
        raise WrongUsage(
            f"{page} is not in a mirror of {self._mirrors.file}: give one with --mirror"
        )

    def _transport(self, mirror: Mirror) -> PathTransport | GitTransport:
        """Return the transport of a mirror, opened on first use."""
        if mirror.name not in self._transports:
            with Console(stderr=True).status(f"opening mirror {mirror.name}") as status:
                transport = _transport(
                    mirror, self._cache, lambda text: status.update(printable(text))
                )
                self._runner.run(transport.open())
            self._transports[mirror.name] = transport
        return self._transports[mirror.name]

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._runner.close()


def _transport(
    mirror: Mirror, cache: Path, on_progress: Callable[[str], None]
) -> PathTransport | GitTransport:
    if "path" in mirror.roots:
        return PathTransport(mirror.roots["path"])
    return GitTransport(
        mirror.roots["git"],
        branch=mirror.branch,
        cache=cache,
        name=mirror.name,
        parts=mirror.format.parts,
        on_progress=on_progress,
    )


def _require_local(mirror: Mirror, page: str) -> None:
    """Raise WrongUsage if a mirror is neither a directory nor a repository."""
    if {"path", "git"}.isdisjoint(mirror.roots):
        url = mirror.roots.get("http", mirror.public) + page
        raise WrongUsage(
            f"mirror {mirror.name!r} is neither a directory nor a repository: use {program()} parse "
            f"--spider epoch_mirror {url}"
        )


def _file(page: str) -> Path:
    if page.startswith("file://"):
        return Path(unquote(urlsplit(page).path))
    return Path(page).expanduser().absolute()


def _standard_input() -> bytes:
    body = sys.stdin.buffer.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"standard input has more than {MAX_PAGE_BYTES} bytes")
    return body
