"""Withdrawn articles: ids in ``withdrawn.txt``, which a feed neither lists nor fetches.

``scrapy reread --without`` writes the file. One id a line; ``#`` begins a comment.
"""

from __future__ import annotations

from pathlib import Path

from crawler.exceptions import FeedUnusable

WITHDRAWN = "withdrawn.txt"


def withdrawn_ids(feed: Path) -> frozenset[str]:
    """Return the withdrawn ids of the feed in the directory ``feed``.

    Raises:
        FeedUnusable: the file cannot be read.
    """
    try:
        return read_ids(feed / WITHDRAWN)
    except FileNotFoundError:
        return frozenset()
    except (OSError, UnicodeDecodeError) as error:
        raise FeedUnusable(
            f"{feed / WITHDRAWN} cannot be read ({error}): repair it, because without it the "
            "withdrawn articles would be fetched again"
        ) from error


def read_ids(path: Path) -> frozenset[str]:
    """Return the ids in a file.

    Raises:
        OSError, UnicodeDecodeError: the file cannot be read.
    """
    lines = path.read_text(encoding="utf-8").splitlines()
    return frozenset(filter(None, (line.partition("#")[0].strip() for line in lines)))
