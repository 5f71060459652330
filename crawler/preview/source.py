"""Finds the pages that a user names: files, standard input, or pages of a mirror."""

from __future__ import annotations

import asyncio
import re
import stat
import sys
from pathlib import Path
from typing import IO, NamedTuple
from urllib.parse import unquote, urlsplit

from rich.console import Console

from crawler.config.mirrors import Mirror, Mirrors
from crawler.config.program import program
from crawler.exceptions import PageMissing, PageTooLarge, PageUnreachable, WrongUsage
from crawler.formats.base import Format, find_copy
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.formats.registry import find_format
from crawler.printable import printable
from crawler.reasons import UNREADABLE
from crawler.transports.base import LocalTransport
from crawler.transports.registry import local_transport

STANDARD_INPUT = "-"
_NO_MIRROR = "page"


class Source(NamedTuple):
    """A page and its origin.

    Attributes:
        body: the page's bytes.
        url: its URL, for ``mirror_url``.
        path: its path in a mirror; ``""`` if unknown.
        mirror: the mirror's name.
        format: the mirror's format.
    """

    body: bytes
    url: str
    path: str
    mirror: str
    format: Format


class Sources:
    """Finds files, pages of one mirror, and pages by their URL."""

    def __init__(self, mirrors: Mirrors, cache: Path, mirror: str | None) -> None:
        """Set up without opening a mirror.

        Args:
            mirrors: the described mirrors.
            cache: directory for clones.
            mirror: name, URL or directory of the mirror that has all pages; None to find it by URL.

        Raises:
            WrongUsage: the mirror is unknown.
        """
        self._mirrors, self._cache = mirrors, cache
        self._mirror = mirrors.find(mirror) if mirror else None
        self.format = self._mirror.format if self._mirror else find_format()
        self._transports: dict[str, LocalTransport] = {}
        self._runner = asyncio.Runner()

    def find(self, page: str) -> Source:
        """Return a page.

        Args:
            page: a file, ``-`` for standard input, a path within the mirror, or a URL such as the
                ``mirror_url`` of a record.

        Raises:
            PageError: there is no such page, or it cannot be read.
            RunError: its mirror is unknown, or cannot be read.
        """
        if page == STANDARD_INPUT:
            body = _body(sys.stdin.buffer, "standard input")
            return Source(body, "file:///dev/stdin", "", _NO_MIRROR, self.format)
        mirror = self._mirror or self._mirror_at(page)
        found = find_copy(_without_query(page), mirror.format if mirror else self.format)
        if mirror is None:
            file, path = _file(page), found[0] if found else ""
            return Source(_content(file), file.as_uri(), path, _NO_MIRROR, self.format)
        path = found[0] if found else page
        body = self._runner.run(self._transport(mirror, path).fetch(path)).body
        return Source(body, mirror.public + path, path, mirror.name, mirror.format)

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

    def _transport(self, mirror: Mirror, path: str) -> LocalTransport:
        """Return the transport of a mirror, opened on first use; an existing clone is not updated.

        Raises:
            WrongUsage: the mirror is neither a directory nor a repository; the message says how to
                read ``path``.
            RunError: the mirror cannot be read.
        """
        if mirror.name not in self._transports:
            with Console(stderr=True).status(f"opening mirror {mirror.name}") as status:
                transport = local_transport(
                    mirror, self._cache, lambda text: status.update(printable(text))
                )
                if transport is None:
                    url = mirror.roots.get("http", mirror.public) + path
                    raise WrongUsage(
                        f"mirror {mirror.name!r} is neither a directory nor a repository: use "
                        f"{program()} parse --spider epoch_mirror {url}"
                    )
                self._runner.run(transport.open(update=False))
            self._transports[mirror.name] = transport
            if transport.commit:
                sys.stderr.write(
                    f"mirror {mirror.name}: reading commit {transport.commit}; a crawl updates the clone\n"
                )
        return self._transports[mirror.name]

    def close(self) -> None:
        for transport in self._transports.values():
            transport.close()
        self._runner.close()


def _without_query(page: str) -> str:
    """Return a path or URL without query and fragment; a ``#`` before the last ``/`` stays."""
    folders, slash, name = page.rpartition("/")
    return folders + slash + re.split("[?#]", name)[0]


def _file(page: str) -> Path:
    if page.startswith("file://"):
        return Path(unquote(urlsplit(page).path))
    return Path(page).expanduser().absolute()


def _content(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        PageMissing: there is no such regular file.
        PageTooLarge: it is larger than ``MAX_PAGE_BYTES``.
        PageUnreachable: it cannot be read, for example because of its permissions.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # opening a FIFO would block
            raise PageMissing(f"{path} is not a file")
        with path.open("rb") as file:
            return _body(file, str(path))
    except FileNotFoundError as error:
        raise PageMissing(f"there is no file {path}") from error
    except OSError as error:
        raise PageUnreachable(f"{path}: {error.strerror}", reason=UNREADABLE) from error


def _body(file: IO[bytes], name: str) -> bytes:
    body = file.read(MAX_PAGE_BYTES + 1)
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"{name} has more than {MAX_PAGE_BYTES} bytes")
    return body
