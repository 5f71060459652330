"""Earlier runs of a feed: which mirror it belongs to, and which runs were killed."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from crawler.exceptions import FeedUnusable, WrongUsage
from crawler.formats.base import Format
from crawler.items import CONTRACT_VERSION, is_continued
from crawler.store.files import open_regular
from crawler.store.jsonlines import JsonLines, parsed
from crawler.store.recovery import number

logger = logging.getLogger(__name__)


class Sizes(NamedTuple):
    """Sizes in bytes of the files whose offsets are in a run's line."""

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
    """Check that a feed belongs to the mirror, its format and this contract, before any write.

    A mirror that is named only by its ``address`` may have the name of others, such as ``master``.
    The ``note`` that a killed run left in the lock file names the mirror even if no line was written.

    Raises:
        WrongUsage: the feed belongs to another mirror, or has articles of another format.
        FeedUnusable: the feed has another version of the contract.
    """
    for record in (*_first_records(directory), note or {}):
        owner = record.get("mirror", mirror)
        if owner != mirror:
            raise WrongUsage(
                f"the feed {directory} belongs to mirror {owner!r}, not to {mirror!r}: choose "
                "another feed with -a feed=DIR, or set the mirror's name with -a name="
            )
        if address and (record.get("address") or address) != address:
            raise WrongUsage(
                f"the feed {directory} belongs to the mirror at {record['address']}, not to "
                f"{address}: set another name with -a name=, or choose another feed with -a feed=DIR"
            )
        article = record.get("id")
        if isinstance(article, str) and not mirror_format.is_article_id(article):
            raise WrongUsage(
                f"the feed {directory} has article {article[:40]!r}, which is not an id of the mirror's "
                "format: correct 'format' in the mirrors file, or choose another feed with -a feed=DIR"
            )
        version = record.get("contract", CONTRACT_VERSION)
        if not is_continued(version):
            raise FeedUnusable(
                f"the feed {directory} has contract version {version!r}, this program writes "
                f"{CONTRACT_VERSION!r}: choose another directory with -a feed=DIR"
            )


def account_for_killed(
    runs: JsonLines,
    mirror: str,
    note: Mapping[str, Any] | None,
    sizes: Sizes,
) -> None:
    """Write the line of a run that was killed before it could, so that offsets are contiguous.

    ``note`` is what that run left in the lock file, ``sizes`` the current sizes of the files.
    """
    last = _last_record(runs)
    before = Sizes(*(number(last.get(f"{name}_after")) for name in Sizes._fields))
    recorded = note is None or (last.get("end") and note.get("start") == last.get("start"))
    if recorded and before == sizes:
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
        logger.warning("%s: the feed is shorter than after its last run", runs.path.parent)
    else:
        logger.warning(
            "%s: an earlier run was killed before it wrote its line in runs.jsonl", runs.path.parent
        )


def offsets(before: Sizes, after: Sizes) -> dict[str, int]:
    return {
        f"{name}_{when}": getattr(sizes, name)
        for name in Sizes._fields
        for when, sizes in (("before", before), ("after", after))
    }


def common_readers(runs: JsonLines, note: Mapping[str, Any] | None) -> str | None:
    """Return the readers' version of all lines of the feed; None if unknown or not the same.

    ``note`` is what a killed run left in the lock file.
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
    """Return the last valid line; an invalid one was changed by hand."""
    end = file.size
    while line := file.last_line(end):
        if record := _record(line):
            return record
        logger.warning("%s: skipping the damaged line that ends at byte %d", file.path, end)
        end -= len(line)
    return {}


def _record(line: bytes) -> dict[str, Any]:
    return (parsed(line) if line.endswith(b"\n") else None) or {}
