"""What a feed's files tell of earlier runs: whose it is, and which of them died."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.formats.base import Format
from crawler.items import CONTRACT_VERSION, is_continued
from crawler.store.files import open_regular
from crawler.store.jsonlines import JsonLines
from crawler.store.recovery import number

logger = logging.getLogger(__name__)


class Sizes(NamedTuple):
    """Sizes in bytes of the files whose offsets a run's line has."""

    articles: int
    listings: int
    changes: int


def check_owner(
    directory: Path,
    mirror: str,
    address: str | None,
    note: Mapping[str, Any] | None,
    mirror_format: Format,
) -> None:
    """Refuse a feed of another mirror, format or contract, before anything is written.

    Args:
        directory: the feed's.
        mirror: name of the mirror that is to be crawled.
        address: its address where that is all that it is named by: many mirrors are called
            ``master``, by the end of their address, and are told apart by it.
        note: what a run that died left in the lock; it tells where no article was written yet.
        mirror_format: the mirror's.

    Raises:
        WrongUsage: the feed belongs to another mirror, or holds articles of another format.
        FeedUnusable: it keeps another version of the contract.
    """
    for record in (*_first_records(directory), note or {}):
        owner = record.get("mirror", mirror)
        if owner != mirror:
            raise WrongUsage(
                f"the feed {directory} belongs to mirror {owner!r}, not to "
                f"{mirror!r}: name another with -a feed=DIR, or the mirror with -a name="
            )
        if address and (record.get("address") or address) != address:
            raise WrongUsage(
                f"the feed {directory} belongs to the mirror at {record['address']}, not "
                f"to {address}: name this one with -a name=, or another feed with -a feed=DIR"
            )
        article = record.get("id")
        if isinstance(article, str) and not mirror_format.is_article_id(article):
            raise WrongUsage(
                f"the feed {directory} holds article {article[:40]!r}, which is no id of the mirror's "
                "format: change 'format' in the mirrors file, or name another feed with -a feed=DIR"
            )
        version = record.get("contract", CONTRACT_VERSION)
        if not is_continued(version):
            raise FeedUnusable(
                f"the feed {directory} keeps contract version {version!r}, this program "
                f"writes {CONTRACT_VERSION!r}: crawl into another directory with -a feed=DIR"
            )


def account_for_the_dead(
    runs: JsonLines,
    mirror: str,
    note: Mapping[str, Any] | None,
    sizes: Sizes,
) -> None:
    """Write the line of a run that died without one, so that offsets always meet.

    Args:
        runs: ``runs.jsonl``, open.
        mirror: the mirror's name.
        note: what a run that died left in the lock.
        sizes: of the feed's files now.
    """
    last = _last_record(runs)
    before = Sizes(*(number(last.get(f"{name}_after")) for name in Sizes._fields))
    told = note is None or (last.get("end") and note.get("start") == last.get("start"))
    if told and before == sizes:
        return
    shrunk = any(then > now for then, now in zip(before, sizes, strict=True))
    record = {
        "start": (note or {}).get("start"),
        "end": None,
        "mirror": mirror,
        "way": (note or {}).get("way"),
        "status": "altered" if shrunk else "killed",
        "exit_code": None,
        "contract": CONTRACT_VERSION,
        "readers": (note or {}).get("readers"),
    }
    runs.append({**record, **offsets(before, sizes)})
    runs.sync()
    if shrunk:
        logger.warning("%s: the feed is shorter than its last run left it", runs.path.parent)
    else:
        logger.warning("%s: an earlier run died without its line in runs.jsonl", runs.path.parent)


def offsets(before: Sizes, after: Sizes) -> dict[str, int]:
    """Return the offsets of a run's line from the sizes of the feed's files."""
    return {
        f"{name}_{when}": getattr(sizes, name)
        for name in Sizes._fields
        for when, sizes in (("before", before), ("after", after))
    }


def only_readers(runs: JsonLines, note: Mapping[str, Any] | None) -> str | None:
    """Return the version of the readers that read all lines of the feed; None where not known.

    Args:
        runs: ``runs.jsonl``, open.
        note: what a run that died left in the lock.
    """
    found = {None if note is None else note.get("readers")} - {None}
    with runs.path.open("rb") as lines:
        for record in map(_record, lines):
            if any(
                record.get(f"{name}_before") != record.get(f"{name}_after")
                for name in ("articles", "changes")
            ):
                found.add(record.get("readers"))
    version = found.pop() if len(found) == 1 else None
    return version if isinstance(version, str) else None


def _first_records(directory: Path) -> Iterator[dict[str, Any]]:
    for path in (directory / "runs.jsonl", directory / "articles.jsonl"):
        try:
            with open(open_regular(path), "rb") as file:
                line = file.readline(1 << 26)
        except FileNotFoundError:
            continue
        except OSError as exc:
            raise FeedUnusable(
                f"{path} cannot be read ({exc.strerror}): repair its permissions or its disk, then "
                "run again"
            ) from exc
        yield _record(line)


def _last_record(file: JsonLines) -> dict[str, Any]:
    """Return the last line that can be read; one that cannot was changed by hand."""
    end = file.size
    while line := file.last_line(end):
        if record := _record(line):
            return record
        logger.warning("%s: the line before byte %d is damaged: skipped", file.path, end)
        end -= len(line)
    return {}


def _record(line: bytes) -> dict[str, Any]:
    try:
        record = json.loads(line) if line.endswith(b"\n") else {}
    except (ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}
