"""A feed that is exported: its files, its mirror, and its contract version."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from crawler.exceptions import FeedUnusable
from crawler.feedfile import feed_directory, open_feed
from crawler.items import CONTRACT_VERSION

if TYPE_CHECKING:
    from pathlib import Path


class PublishedFeed:
    """The files of one feed, opened together.

    Attributes:
        files: by name.
        mirror: name of the mirror that the feed belongs to; None if nothing is published yet.
    """

    def __init__(self, path: Path) -> None:
        """Open the feed at ``path``: its directory or its ``articles.jsonl``.

        Raises:
            WrongUsage: it is not a feed.
            FeedUnusable: it cannot be read, or has another version of the contract.
        """
        self.directory = feed_directory(path)
        with ExitStack() as opened:
            self.files = opened.enter_context(open_feed(self.directory))
            self._check_contract(self.files["runs.jsonl"].first().get("contract", CONTRACT_VERSION))
            self.mirror = self._owner()
            self._open_files = opened.pop_all()

    def _owner(self) -> str | None:
        """Return the mirror in the first run or, if there is none, in the first article."""
        for name in ("runs.jsonl", "articles.jsonl"):
            owner = self.files[name].first().get("mirror")
            if isinstance(owner, str):
                return owner
        if self.files["articles.jsonl"].end:
            raise self.files["articles.jsonl"].damaged(0, "it has no mirror")
        return None

    def _check_contract(self, version: object) -> None:
        """Refuse another major version; a newer minor version only adds keys, which are kept.

        The version in the pre-1.0 format is the number 1.
        """
        if not isinstance(version, str) or _major(version) != _major(CONTRACT_VERSION):
            raise FeedUnusable(
                f"the feed {self.directory} follows contract version {version!r}, but this program reads "
                f"{CONTRACT_VERSION!r}: export it with a program of that version, or crawl the "
                "mirror into another directory with -a feed=DIR"
            )

    def __enter__(self) -> Self:
        """Return the feed; the end of the block closes its files."""
        return self

    def __exit__(self, *_: object) -> None:
        self._open_files.close()


def _major(version: str) -> str:
    return version.partition(".")[0]
