"""Validates the spider's arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from os.path import exists, isfile  # Path's own raise where a folder may not be searched
from pathlib import Path
from typing import ClassVar, NamedTuple

from crawler.config.mirrors import Mirror, checked_name, expanded, load_mirrors
from crawler.config.numbers import positive_int
from crawler.config.suggestions import suggestion
from crawler.exceptions import PageError, WrongUsage
from crawler.formats.base import Format

ENVIRONMENT_DEFAULT = "EPOCH_MIRROR"
"""Environment variable that names the mirror to crawl without ``-a mirror=``."""


class Argument(NamedTuple):
    """An argument of the spider, as ``scrapy crawl --help`` shows it."""

    name: str
    example: str
    help: str


ARGUMENTS = (
    Argument(
        "mirror",
        "news",
        "mirror to crawl: a name in mirrors.toml, a URL http(s)://…/, a directory, or a git "
        f"repository (default: ${ENVIRONMENT_DEFAULT}, then `default` in mirrors.toml)",
    ),
    Argument(
        "via",
        "git",
        "how to reach it: path, git, http or browser (default: the first that the mirror has)",
    ),
    Argument(
        "name",
        "my-news",
        "name of a mirror that is given by URL or directory (default: its last part)",
    ),
    Argument("feed", "/data/news", "directory of the feed (default: feeds/ and the mirror's name)"),
    Argument(
        "sections",
        "ncid278,nf1412576",
        "fetch only articles that these sections list (default: all)",
    ),
    Argument("limit", "20", "maximum number of new articles, newest first (default: no limit)"),
    Argument(
        "recheck",
        "true",
        "read everything again and report what differs from the feed (default: false)",
    ),
    Argument(
        "follow_move", "true", "continue at the address that a mirror has moved to (default: false)"
    ),
    Argument(
        "fallback",
        "browser",
        "with via=http: fetch refused pages again in a browser (default: no)",
    ),
)

_LARGEST_HOME = 64 << 10  # a larger page is read only in a run, with limits on its cost
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """The options of a run.

    Attributes:
        mirror: the mirror to crawl.
        via: the transport.
        feed: directory of the feed.
        sections: ids of the sections whose articles are fetched; empty for all.
        limit: maximum number of new lines; None for no limit.
        recheck: whether to read everything again and report what differs from the feed.
        follow_move: whether to continue at the address that a mirror has moved to.
        fallback: transport for pages that fail permanently by ``via``, if any.
        defaulted: whether neither an argument nor the environment named the mirror.
    """

    mirror: Mirror
    via: str
    feed: Path
    sections: frozenset[str] = frozenset()
    limit: int | None = None
    recheck: bool = False
    follow_move: bool = False
    fallback: str | None = None
    defaulted: bool = False

    ARGUMENTS: ClassVar = tuple(argument.name for argument in ARGUMENTS)

    @classmethod
    def from_arguments(
        cls, arguments: Mapping[str, object], *, mirrors_file: Path, feeds: Path
    ) -> CrawlOptions:
        """Validate a spider's arguments: strings from ``-a``, or values from a script.

        Args:
            arguments: values by name. None, an empty string and an empty list count as missing.
                Names that begin with ``_`` belong to other tools (Scrapyd passes ``_job``).
            mirrors_file: the mirrors file.
            feeds: directory of the feed without ``feed=``.

        Raises:
            WrongUsage: an argument is unknown or invalid; the message lists the choices.
        """
        given = {name: _text(value) for name, value in arguments.items()}
        given = {name: value for name, value in given.items() if value and not name.startswith("_")}
        for unknown in given.keys() - set(cls.ARGUMENTS):
            meant, known = suggestion(unknown, cls.ARGUMENTS), ", ".join(cls.ARGUMENTS)
            raise WrongUsage(f"unknown argument -a {unknown}={meant}: known: {known}")
        name = checked_name(given["name"]) if "name" in given else None
        wanted = given.get("mirror") or os.environ.get(ENVIRONMENT_DEFAULT)
        mirrors = load_mirrors(mirrors_file)
        mirror = mirrors.find(wanted, name)
        via = mirror.transport(given.get("via"))
        feed = _feed(given.get("feed"), feeds, mirror)
        if via == "path" and mirrors.mirrors.get(mirror.name) is not mirror:
            _require_home_page(mirror, feed)
        return cls(
            mirror=mirror,
            via=via,
            feed=feed.absolute(),
            sections=frozenset(section_ids(given.get("sections", ""), mirror.format, "sections")),
            limit=positive_int(given, "limit") if "limit" in given else None,
            recheck=_truth("recheck", given.get("recheck", "false")),
            follow_move=_truth("follow_move", given.get("follow_move", "false")),
            fallback=_fallback(mirror, via, given.get("fallback")),
            defaulted=not wanted,
        )


def section_ids(text: str, mirror_format: Format, option: str) -> list[str]:
    """Return the ids of sections in ``text``, the value of ``option``.

    Raises:
        WrongUsage: one of them is not an id.
    """
    ids, sample = text.replace(",", " ").split(), ",".join(mirror_format.sample_sections)
    for one in ids:
        if not mirror_format.is_section_id(one):
            raise WrongUsage(f"{option} must be ids like {sample}, not {one[:40]!r}")
    return ids


def _text(value: object) -> str:
    """Return an argument as a string, as ``-a`` passes it."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(map(str, value))
    return str(value).strip()


def _feed(text: str | None, feeds: Path, mirror: Mirror) -> Path:
    if text is not None:
        return expanded(text, "feed")
    return expanded(str(feeds), "FEEDS_DIRECTORY") / mirror.name


def _require_home_page(mirror: Mirror, feed: Path) -> None:
    """Check that a directory on the command line is a mirror, before a feed is created for it.

    If the feed exists, the run starts anyway and records that the mirror cannot be read.
    """
    folder, home = Path(mirror.roots["path"]), mirror.format.home
    if exists(feed / "runs.jsonl"):
        return
    if not os.access(folder, os.X_OK):
        trouble = f"{folder} cannot be read, repair its permissions"
    elif not isfile(folder / home):
        trouble = f"no {home} in {folder}"
    elif _lists_nothing(folder / home, mirror.format):
        trouble = f"{folder / home} lists no section"
    else:
        return
    advice = (
        "read its repository with -a via=git"
        if "git" in mirror.roots
        else "give the mirror's root directory"
    )
    raise WrongUsage(f"mirror={folder} is not a mirror ({trouble}): {advice}")


def _lists_nothing(page: Path, mirror_format: Format) -> bool:
    """Return whether a home page is readable but lists no section; a run handles other errors."""
    try:
        if page.stat().st_size > _LARGEST_HOME:
            return False
        home = mirror_format.read_home(page.read_bytes())
    except (OSError, PageError):
        return False
    return not home.labels and not home.moved_to


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise WrongUsage(f"{name} must be true or false, not {text[:40]!r}")
    return _TRUTH[text.lower()]


def _fallback(mirror: Mirror, via: str, text: str | None) -> str | None:
    if text is None:
        return None
    if text != "browser" or via != "http":
        raise WrongUsage(f"fallback must be browser, with via=http, not {text[:40]!r}")
    return mirror.transport(text)
