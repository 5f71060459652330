"""Finds a feed named on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from os.path import isfile
from pathlib import Path
from typing import Any

from crawler.config.locations import feeds_directory
from crawler.config.mirrors import expanded
from crawler.config.program import shown
from crawler.config.suggestions import suggestion
from crawler.exceptions import WrongUsage

_ARTICLES = "articles.jsonl"


def feed_at(given: str, settings: Mapping[str, Any] | None) -> Path:
    """Return the path of a feed.

    Args:
        given: the feed's directory or its ``articles.jsonl``, as the user typed it.
        settings: settings with ``FEEDS_DIRECTORY``, for suggestions; None for the default.

    Raises:
        WrongUsage: there is no such feed.
    """
    path = expanded(given, "feed")
    if isfile(path) or isfile(path / _ARTICLES):
        return path
    with suppress(OSError):
        try:
            (path / _ARTICLES).stat()
        except PermissionError as exc:
            raise WrongUsage(
                f"{given!r} cannot be read: make the directory readable, or use another account"
            ) from exc
    feeds = Path(settings["FEEDS_DIRECTORY"]) if settings else feeds_directory()
    known = sorted(file.parent.name for file in feeds.glob(f"*/{_ARTICLES}"))
    there = f"{shown(feeds)} has {', '.join(known) or 'none'}{suggestion(path.name, known)}"
    if path.name in known:
        there = f"did you mean {shown(feeds / path.name)}?"
    raise WrongUsage(f"{given!r} is not a feed: give a directory with {_ARTICLES}; {there}")
