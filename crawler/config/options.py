"""The spider's arguments, checked and typed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crawler.config.mirrors import Mirror, checked_name, expanded, load_mirrors
from crawler.config.numbers import positive_int
from crawler.exceptions import WrongUsage
from crawler.formats.base import Format

ENVIRONMENT_DEFAULT = "EPOCH_MIRROR"
"""Environment variable that names the mirror to crawl where ``-a mirror=`` does not."""

_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


@dataclass(frozen=True, slots=True)
class CrawlOptions:
    """The checked arguments of a run.

    Attributes:
        mirror: the mirror to crawl.
        via: the transport, one of the mirror's ways.
        feed: directory of the mirror's feed.
        sections: only articles that these lists name are fetched; empty: all.
        limit: stop after so many new lines; None: no limit.
        recheck: read everything again and report what differs from the feed.
        follow_move: continue at the address that a mirror says it has moved to.
        fallback: transport for pages that fail for good by ``via``; None: none.
    """

    mirror: Mirror
    via: str
    feed: Path
    sections: frozenset[str] = frozenset()
    limit: int | None = None
    recheck: bool = False
    follow_move: bool = False
    fallback: str | None = None

    ARGUMENTS = (
        "mirror", "via", "name", "feed", "sections", "limit", "recheck", "follow_move", "fallback"
    )  # fmt: skip

    @classmethod
    def from_arguments(
        cls, arguments: Mapping[str, object], *, mirrors_file: Path, feeds: Path
    ) -> CrawlOptions:
        """Check a spider's arguments: strings as ``-a`` passes them, or values from a script.

        Args:
            arguments: by name; None, an empty string and an empty list count as not given, and a
                name that begins with ``_`` is another tool's (scrapyd passes ``_job``).
            mirrors_file: the mirrors file in force.
            feeds: directory for feeds that ``feed=`` does not name.

        Raises:
            WrongUsage: one is unknown or invalid; the message names the choices.
        """
        given = {name: _text(value) for name, value in arguments.items()}
        given = {name: value for name, value in given.items() if value and not name.startswith("_")}
        for unknown in given.keys() - set(cls.ARGUMENTS):
            known = ", ".join(cls.ARGUMENTS)
            raise WrongUsage(f"unknown argument -a {unknown}=: known: {known}")
        name = checked_name(given["name"]) if "name" in given else None
        wanted = given.get("mirror") or os.environ.get(ENVIRONMENT_DEFAULT)
        mirror = load_mirrors(mirrors_file).find(wanted, name)
        return cls(
            mirror=mirror,
            via=mirror.way(given.get("via")),
            feed=_feed(given.get("feed"), feeds, mirror).absolute(),
            sections=_ids(given.get("sections", ""), mirror.format),
            limit=positive_int(given, "limit") if "limit" in given else None,
            recheck=_truth("recheck", given.get("recheck", "false")),
            follow_move=_truth("follow_move", given.get("follow_move", "false")),
            fallback=_fallback(mirror, mirror.way(given.get("via")), given.get("fallback")),
        )


def _text(value: object) -> str:
    """Return an argument as ``-a`` would pass it."""
    if value is None:
        return ""
    if isinstance(value, (list, tuple, set, frozenset)):
        return ",".join(map(str, value))
    return str(value).strip()


def _feed(text: str | None, feeds: Path, mirror: Mirror) -> Path:
    if text is not None:
        return expanded(text, "feed")
    return expanded(str(feeds), "FEEDS_DIRECTORY") / mirror.name


def _ids(text: str, mirror_format: Format) -> frozenset[str]:
    ids = [part for part in text.replace(",", " ").split() if part]
    for one in ids:
        if not mirror_format.is_section_id(one):
            raise WrongUsage(f"sections must be ids like ncid278,nf1412576, not {one[:40]!r}")
    return frozenset(ids)


def _truth(name: str, text: str) -> bool:
    if text.lower() not in _TRUTH:
        raise WrongUsage(f"{name} must be true or false, not {text[:40]!r}")
    return _TRUTH[text.lower()]


def _fallback(mirror: Mirror, via: str, text: str | None) -> str | None:
    if text is None:
        return None
    if text != "browser" or via != "http":
        raise WrongUsage(f"fallback must be browser, for a run via=http, not {text[:40]!r}")
    return mirror.way(text)
