"""Validates Scrapy's own settings: their types, and features that are not supported.

Every function whose name begins with ``require`` raises WrongUsage.
"""

from __future__ import annotations

import codecs
import logging
import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from scrapy.settings import SETTINGS_PRIORITIES, BaseSettings, default_settings
from scrapy.utils.misc import load_object
from scrapy.utils.reactor import is_asyncio_reactor_installed, is_reactor_installed

from crawler.exceptions import WrongUsage
from crawler.store.files import FEED_FILES

REACTOR: Final = "twisted.internet.asyncioreactor.AsyncioSelectorReactor"

_NEEDED: Final = {
    "ITEM_PIPELINES": ("deduplicate.DeduplicatePipeline", "write.WritePipeline"),
    "EXTENSIONS": ("run_report.RunReport", "stop_signal.StopSignal", "feed_exports.FeedExports"),
    "DOWNLOADER_MIDDLEWARES": ("offsite.OffsiteMiddleware", "backoff.BackoffMiddleware"),
}
"""Components without which a run would write nothing, report nothing, or crawl other sites."""

_LEVELS: Final = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")


def require_usable_values(settings: BaseSettings) -> None:
    """Check the command line's settings, and those of the log, before Scrapy reads them."""
    for name, attribute in settings.attributes.items():
        if attribute.priority >= SETTINGS_PRIORITIES["cmdline"]:
            _require_kind(settings, name, getattr(default_settings, name, None))
    _require_log(settings)


def require_working_features(settings: BaseSettings) -> None:
    """Check that no unsupported feature is enabled, and no needed component disabled."""
    if settings["JOBDIR"]:
        raise WrongUsage(
            f"JOBDIR={settings['JOBDIR']} is not supported, because a persistent queue would replay "
            "old requests: run without it; a new run continues where the last one ended"
        )
    foreign = is_reactor_installed() and not is_asyncio_reactor_installed()
    if foreign or settings["TWISTED_REACTOR"] != REACTOR:
        raise WrongUsage(
            f"TWISTED_REACTOR={settings['TWISTED_REACTOR']} is not supported: use {REACTOR}, and "
            "install no other reactor before the run"
        )
    if not settings.getbool("TWISTED_REACTOR_ENABLED"):
        raise WrongUsage("TWISTED_REACTOR_ENABLED=False is not supported: a run needs a reactor")
    for name, needed in _NEEDED.items():
        used = [key for key, order in settings.getdict(name).items() if order is not None]
        for component in needed:
            if not any(str(key).endswith(f".{component}") for key in used):
                raise WrongUsage(
                    f"{name} lacks {component}, which a run needs: leave it there, and crawl with "
                    "the settings of crawler.settings"
                )


def require_exports_apart(settings: BaseSettings, feed: Path) -> None:
    """Check that no export (``-O``, ``FEEDS``) writes to the feed's files or blocks on a FIFO."""
    for uri, options in settings.getdict("FEEDS").items():
        if not isinstance(options, dict):
            raise WrongUsage(f"FEEDS: {uri} must have a JSON object of options, not {options!r}")
        path = _local_path(str(uri))
        if path is None:
            continue
        if _is_in_feed(path, feed):
            raise WrongUsage(
                f"the export {uri} (-O, -o, FEEDS) is a file of the feed itself, which already has "
                "every article: name another file"
            )
        if _is_fifo_without_reader(path):
            raise WrongUsage(
                f"the export {uri} (-O, -o, FEEDS) is a FIFO that nobody reads: start its reader "
                "first, or name a file"
            )


def _require_kind(settings: BaseSettings, name: str, default: object) -> None:
    """Check that a value has the type of its default."""
    readers: Iterable[tuple[type | tuple[type, ...], Callable[[str], Any], str]] = (
        (bool, settings.getbool, "True or False"),
        ((int, float), settings.getfloat, "a number"),
        (dict, settings.getdict, "a JSON object"),
        (str, lambda key: _load(settings[key], default), "the path of a class"),
    )
    for kind, read, wanted in readers:
        if isinstance(default, kind):
            try:
                read(name)
            except (ValueError, TypeError, ImportError, AttributeError, NameError) as error:
                raise WrongUsage(
                    f"{name} must be {wanted}, such as {default!r}, not {settings[name]!r}"
                ) from error
            return


def _load(value: object, default: object) -> None:
    """Load an object if the setting's default is the path of one."""
    if str(default).startswith(("scrapy.", "twisted.")) and value and default != value:
        load_object(str(value))


def _require_log(settings: BaseSettings) -> None:
    level, file, encoding = (settings[f"LOG_{name}"] for name in ("LEVEL", "FILE", "ENCODING"))
    if logging.getLevelName(level) == f"Level {level}" and not isinstance(level, int):
        raise WrongUsage(f"LOG_LEVEL must be one of {', '.join(_LEVELS)}, not {level!r}")
    if not file:
        return
    try:
        codecs.lookup(encoding or "utf-8")
    except LookupError as error:
        raise WrongUsage(
            f"LOG_ENCODING must be an encoding such as utf-8, not {encoding!r}"
        ) from error
    require_other_name(file, f"LOG_FILE={file}")
    require_writable(Path(file), f"LOG_FILE={file}")


def require_other_name(path: str, given: str) -> None:
    """Check that an output file, links followed, does not have the name of a feed's file."""
    if os.path.basename(os.path.realpath(path)) in FEED_FILES:
        raise WrongUsage(f"{given} has the name of a feed's file: name another")


def require_writable(path: Path, given: str) -> None:
    """Check that a file can be written, without changing its content; create it if it is missing.

    A FIFO without a reader cannot. The message begins with ``given``.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        os.close(os.open(path, flags, 0o666))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongUsage(f"{given} cannot be written ({why}): name another file") from error


def _local_path(uri: str) -> Path | None:
    """Return the local file of an export's URI, or None if it has another destination."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(uri) if "://" not in uri and parts.scheme != "stdout" else None


def _is_in_feed(path: Path, feed: Path) -> bool:
    """Return whether a path leads to one of the feed's files, also through links."""
    for name in FEED_FILES:
        own = feed / name
        if os.path.realpath(path) == os.path.realpath(own):
            return True
        if path.exists() and own.exists() and path.samefile(own):
            return True
    return False


def _is_fifo_without_reader(path: Path) -> bool:
    try:
        if stat.S_ISFIFO(path.stat().st_mode):
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return path.exists()
    return False
