"""Locations of the mirrors file, the sample, feeds and caches, in a checkout or a package."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from os.path import isfile  # Path's own raises where a folder may not be searched
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import Any

import platformdirs

from crawler.config.mirrors import expanded
from crawler.config.program import shown
from crawler.config.suggestions import suggestion
from crawler.exceptions import WrongUsage

APPLICATION = "epoch-mirror-crawler"
"""The name of the user's data and cache directories."""

_PACKAGE = "crawler"
_DATA = "data"  # setup.py copies files from outside of the package to it


def checkout() -> Path | None:
    """Return the checkout that this code runs from; None if the package is installed."""
    package = files(_PACKAGE)
    if isinstance(package, Path) and (package.parent / "scrapy.cfg").is_file():
        return package.parent
    return None


def feeds_directory() -> Path:
    """Return the default directory of feeds, in the checkout or the user's data directory."""
    return (checkout() or platformdirs.user_data_path(APPLICATION)) / "feeds"


def feed_at(given: str, settings: Mapping[str, Any] | None) -> Path:
    """Return the path of a feed: its directory, or its ``articles.jsonl``, as the user typed it.

    Raises:
        WrongUsage: there is no such feed; the message names those in ``FEEDS_DIRECTORY``.
    """
    path = expanded(given, "feed")
    if isfile(path) or isfile(path / "articles.jsonl"):
        return path
    with suppress(OSError):
        try:
            (path / "articles.jsonl").stat()
        except PermissionError as exc:
            raise WrongUsage(
                f"{given!r} cannot be read: make the directory readable, or use another account"
            ) from exc
    feeds = Path(settings["FEEDS_DIRECTORY"]) if settings else feeds_directory()
    known = sorted(file.parent.name for file in feeds.glob("*/articles.jsonl"))
    there = f"{shown(feeds)} has {', '.join(known) or 'none'}{suggestion(path.name, known)}"
    if path.name in known:
        there = f"did you mean {shown(feeds / path.name)}?"
    raise WrongUsage(f"{given!r} is not a feed: give a directory with articles.jsonl; {there}")


def mirrors_file(setting: str | None) -> Path:
    """Return the mirrors file: the setting ``MIRRORS_FILE``, or the default one."""
    if setting:
        return Path(setting)
    return (checkout() or _packaged_data()) / "mirrors.toml"


def cache_directory(setting: str | None) -> Path:
    """Return the directory for clones and turns: the setting ``CACHE_DIRECTORY``, or the user's.

    Raises:
        WrongUsage: the directory is below ``~``, and the user has no home directory.
    """
    given = setting or platformdirs.user_cache_path(APPLICATION)
    return expanded(str(given), "CACHE_DIRECTORY")


def require_temporary_directory(what: str) -> None:
    """Check that there is a directory for temporary files.

    Raises:
        WrongUsage: no usable directory exists; the message says that ``what`` requires one.
    """
    try:
        gettempdir()
    except OSError as error:
        raise WrongUsage(
            f"{what} needs a directory for temporary files, but none of the usual ones is writable: "
            "create one and set the environment variable TMPDIR to it"
        ) from error


@cache
def _packaged_data() -> Path:
    """Return the package's data as a directory on disk.

    Data in an egg is unpacked to a temporary directory. ``importlib.resources.as_file`` supports
    directories only from Python 3.12 on.
    """
    data = files(_PACKAGE).joinpath(_DATA)
    if isinstance(data, Path):
        return data
    require_temporary_directory("a package in an archive")
    folder = TemporaryDirectory(prefix=f"{APPLICATION}-")
    atexit.register(folder.cleanup)
    copy = Path(folder.name) / _DATA
    _copy(data, copy)
    return copy


def _copy(source: Traversable, target: Path) -> None:
    if source.is_dir():
        target.mkdir()
        for entry in source.iterdir():
            _copy(entry, target / entry.name)
    else:
        target.write_bytes(source.read_bytes())
