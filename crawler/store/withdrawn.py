"""Withdrawn articles: ids that a feed neither lists nor fetches, kept in ``withdrawn.txt``.

``scrapy reread --without`` writes the file. One id a line; ``#`` begins a comment.
"""

from __future__ import annotations

from pathlib import Path

from crawler.exceptions import FeedUnusable

WITHDRAWN = "withdrawn.txt"


def withdrawn_ids(feed: Path) -> frozenset[str]:
    """Return the ids that the feed in the directory ``feed`` must not have.

    Raises:
        FeedUnusable: the file cannot be read; without it, they would be fetched again.
    """
    try:
        return read_ids(feed / WITHDRAWN)
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise FeedUnusable(
            f"{feed / WITHDRAWN} cannot be read ({error}): repair it, or the articles that it "
            "withdraws would be fetched again"
        ) from error


def read_ids(path: Path) -> frozenset[str]:
    """Return the ids that a file names.

    Raises:
        OSError, UnicodeDecodeError: it cannot be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(filter(None, (line.partition("#")[0].strip() for line in lines)))
