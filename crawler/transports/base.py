"""What every way to a mirror offers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

from scrapy import Request
from scrapy.http import Response

from crawler.frontier.changes import Changes


class _Way(Protocol):
    @property
    def kind(self) -> str:
        """``local`` or ``remote``."""

    @property
    def unsupported_keys(self) -> frozenset[str]:
        """Keys of a record that the way cannot see."""

    @property
    def commit(self) -> str | None:
        """The git commit that is read, once open; None where there is none."""

    async def open(self) -> None:
        """Make the way ready; raises a RunError where the mirror cannot be reached."""

    def close(self) -> None:
        """Let go of what was opened."""


class LocalTransport(_Way, Protocol):
    """A way that reads in the process."""

    def read(self, path: str) -> bytes:
        """Return a page's bytes; raises a PageError where it cannot be had."""

    def sections(self) -> Iterable[str]:
        """Return the ids of the sections that have an index, linked or not."""

    def expect(self, paths: Sequence[str]) -> None:
        """Take the hint that these pages will be read next."""

    async def repair(self) -> None:
        """Mend what a TransportDamaged told of; raises a RunError where that fails."""


class RemoteTransport(_Way, Protocol):
    """A way that asks by requests."""

    def request(self, path: str, **arguments: Any) -> Request:
        """Return the request for a page."""

    def page(self, response: Response) -> bytes:
        """Return the page's bytes from a response; raises a PageError where it has none."""


@runtime_checkable
class ComparingTransport(Protocol):
    """A way that knows what changed without reading it."""

    def changed_since(self, commit: str | None) -> Changes | None:
        """Return what changed since a commit; None where that is not known."""

    def blob_id(self, path: str) -> str | None:
        """Return the git blob id of a page; None where there is no such page."""
