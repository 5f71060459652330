"""The pages that a reread reads: in a directory, or in one commit of a repository."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from crawler.exceptions import PageError, PageMalformed
from crawler.formats.base import Format, find_copy
from crawler.formats.pages import MAX_PAGE_BYTES
from crawler.reread.plan import GIT_CONFIGURATION, Plan
from crawler.snapshot import blob_id_of
from crawler.transports.git.limits import GitLimits
from crawler.transports.git.objects import Objects
from crawler.transports.git.program import environment
from crawler.transports.git.trees import Files
from crawler.transports.path import PathTransport


class DirectoryPages:
    """Pages below a directory."""

    def __init__(self, base: str) -> None:
        self._transport = PathTransport(base)

    def fetch(self, path: str) -> tuple[bytes, str]:
        """Return the bytes of the page at ``path`` and their git blob id.

        Raises:
            PageError: there is no such page, or it cannot be read.
        """
        coroutine = self._transport.fetch(path)
        try:
            coroutine.send(None)  # reading a file does not await
        except StopIteration as done:
            body: bytes = done.value.body
            return body, blob_id_of(body)
        raise RuntimeError(f"reading {path} from a directory awaited something")

    def prefetch(self, paths: Iterable[str]) -> None:
        """Do nothing: the system caches files."""

    def close(self) -> None:
        """Do nothing: no file is left open."""


class CommitPages:
    """Pages of one commit, read from the repository itself: nothing is cloned or written."""

    def __init__(self, git_dir: str, commit: str, configuration: Path) -> None:
        self._objects = Objects(Path(git_dir), environment(configuration), GitLimits())
        self._files = Files(self._objects, commit, Path(tempfile.gettempdir()))

    def fetch(self, path: str) -> tuple[bytes, str]:
        """Return the bytes of the page at ``path`` and their git blob id.

        Raises:
            PageError: there is no such page, or it cannot be read.
            TransportDamaged: the repository cannot be read.
        """
        oid = self._files.page(path).oid
        return self._objects.read(oid, MAX_PAGE_BYTES)[1], oid

    def prefetch(self, paths: Iterable[str]) -> None:
        """Prefetch ``paths``, which will probably be fetched in this order."""
        oids = []
        for path in paths:
            with suppress(PageError):
                oids.append(self._files.page(path).oid)
        self._objects.prefetch(oids)

    def close(self) -> None:
        self._objects.close()


Pages = DirectoryPages | CommitPages


def pages_of(plan: Plan) -> Pages:
    """Return the pages to read for ``plan``."""
    if plan.commit is None:
        return DirectoryPages(plan.pages)
    return CommitPages(plan.pages, plan.commit, Path(plan.work) / GIT_CONFIGURATION)


def path_of(record: dict[str, Any], mirror_format: Format) -> str:
    """Return the path of the page that a line was made from, from its ``mirror_url``.

    Raises:
        PageMalformed: the URL does not end in the path of the article's page.
    """
    found = find_copy(str(record.get("mirror_url")), mirror_format)
    if found is None or found[1].id != record.get("id"):
        raise PageMalformed(f"{record.get('mirror_url')!r} is not the URL of the article's page")
    return found[0]
