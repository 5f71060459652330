"""Joins the parts into the new feed, which is renamed to its target when it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from crawler import __version__
from crawler.exceptions import FeedUnusable, MirrorUnusable, TryLater, WrongUsage
from crawler.items import CONTRACT_VERSION
from crawler.reread.origins import Origins, parsed
from crawler.reread.parts import (
    PartFile,
    Range,
    Summary,
    Tally,
    copy_bytes,
    part_path,
    sync_directory,
)
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart
from crawler.reread.reading import MISSING, ORIGINS
from crawler.reread.workspace import Workspace
from crawler.store.feed import FeedStore
from crawler.store.jsonlines import dumps
from crawler.store.withdrawn import WITHDRAWN, read_ids

PARTIAL, COMPLETE = 3, 0
_NAMED_RANGES = 20


def join(
    work: Workspace, plan: Plan, target: Path, on_part: OnPart, shrunk_share: float
) -> Summary:
    """Join all parts into the new feed at ``target``.

    Args:
        work: the reread's directory, locked.
        plan: its plan.
        target: the new feed's directory, missing or empty.
        on_part: called after each part.
        shrunk_share: fail if the mirror has less than this share of the pages.

    Raises:
        TryLater: parts are missing.
        MirrorUnusable: the mirror lacks too many pages.
        WrongUsage: ``target`` exists and is not empty.
        FeedUnusable: a part or the old feed is damaged, or the disk is full.
    """
    if gaps := work.missing(plan):
        raise TryLater(parts_left(gaps))
    feed = work.directory / "feed"
    shutil.rmtree(feed, ignore_errors=True)
    feed.mkdir()
    try:
        summary = _NewFeed(work, plan, feed).write(on_part)
        _check_missing(summary, plan, shrunk_share)
        sync_directory(feed)
        os.rename(feed, target)
        sync_directory(target.parent)
    except FileExistsError as error:
        raise _occupied(target) from error
    except OSError as error:
        if target.is_dir() and any(target.iterdir()):
            raise _occupied(target) from error
        raise FeedUnusable(
            f"{error.filename or feed}: {error.strerror or error}. Make room, then run again: "
            "finished parts are kept"
        ) from error
    return summary


def _occupied(target: Path) -> WrongUsage:
    return WrongUsage(f"{target} was created during the reread: move it away and run again")


def _check_missing(summary: Summary, plan: Plan, shrunk_share: float) -> None:
    missing = summary.carried.get(MISSING, Tally()).count
    if summary.lines - missing < shrunk_share * summary.lines:
        raise MirrorUnusable(
            f"{plan.pages} lacks {missing:,} of {summary.lines:,} pages: is it this feed's mirror? "
            f"To read another one, delete {plan.work} and run again with --mirror; if the pages were "
            "removed on purpose, run again with -s MIRROR_SHRUNK_SHARE=0"
        )


def parts_left(gaps: list[Range]) -> str:
    """Return a message that names the bytes left to read."""
    named = " ".join(map(str, gaps[:_NAMED_RANGES]))
    more = f" and {len(gaps) - _NAMED_RANGES} more" if len(gaps) > _NAMED_RANGES else ""
    return (
        f"these bytes of articles.jsonl are left: {named}{more}. Run again: finished parts are kept"
    )


class _NewFeed:
    """Writes the files of the new feed."""

    def __init__(self, work: Workspace, plan: Plan, feed: Path) -> None:
        self.plan = plan
        self.parts = work.finished(plan)
        self.feed = feed
        self.old = Path(plan.feed)
        self.work = work.directory
        self.withdrawn = read_ids(self.work / WITHDRAWN)

    def write(self, on_part: OnPart) -> Summary:
        """Write all files; return the summary of all parts."""
        summary = Summary()
        with (
            (self.feed / "articles.jsonl").open("wb") as articles,
            (self.feed / "changes.jsonl").open("wb") as changes,
            (self.work / "blobs").open("w", encoding="utf-8") as blobs,
        ):
            self._carry("changes.jsonl", changes, self.plan.changes)
            for part in self.parts:
                file = PartFile(part_path(self.plan, part))
                blobs.writelines(f"{one}\t{blob}\n" for one, blob in file.copy(articles, changes))
                summary.add(file.summary)
                on_part(part, file.summary)
            _sync(articles, changes)
            sizes = {"articles": articles.tell(), "changes": changes.tell()}
        with (self.feed / "listings.jsonl").open("wb") as listings:
            count = self._carry("listings.jsonl", listings, self.plan.listings)
            _sync(listings)
            sizes["listings"] = listings.tell()
        if not sizes["changes"]:
            (self.feed / "changes.jsonl").unlink()
        if self.withdrawn:
            shutil.copyfile(self.work / WITHDRAWN, self.feed / WITHDRAWN)
        self._write_run(summary, sizes, count)
        self._write_state()
        return summary

    def _carry(self, name: str, target: IO[bytes], size: int) -> int:
        """Copy the first ``size`` bytes of an old file without withdrawn articles; return the lines."""
        if not size:
            return 0
        with (self.old / name).open("rb") as source:
            if self.withdrawn:
                return self._carry_others(source, target, size)
            copy_bytes(source, target, size)
        target.flush()
        with open(target.name, "rb") as file:
            return sum(piece.count(b"\n") for piece in iter(lambda: file.read(1 << 20), b""))

    def _carry_others(self, source: IO[bytes], target: IO[bytes], size: int) -> int:
        count = at = 0
        while at < size:
            line = source.readline()
            if (
                parsed(line, f"{source.name}: the line at byte {at}").get("id")
                not in self.withdrawn
            ):
                target.write(line)
                count += 1
            at += len(line)
        return count

    def _write_run(self, summary: Summary, sizes: dict[str, int], listings: int) -> None:
        record = run_record(self.plan, summary, listings)
        for name, size in sizes.items():
            record |= {f"{name}_before": 0, f"{name}_after": size}
        with (self.feed / "runs.jsonl").open("wb") as runs:
            runs.write(dumps(record))
            _sync(runs)

    def _write_state(self) -> None:
        """Build the state from the files, and add what only the old state contains."""
        plan, origins = self.plan, Origins(self.work / ORIGINS, self.old)
        about = {"mirror": plan.mirror, "address": plan.address}
        store = FeedStore(self.feed, plan.mirror, about, plan.mirror_format())
        try:
            store.state.note_blobs(self._blobs())
            for section, name in origins.section_names():
                store.state.name_section(section, name)
            for section, page in origins.archives():
                store.state.mark_archive_read(section, page)
            for key, value in origins.kept():
                store.state.put(key, value)
            store.commit()
        finally:
            origins.close()
            store.close(None)

    def _blobs(self) -> Iterator[tuple[str, str]]:
        with (self.work / "blobs").open(encoding="utf-8") as blobs:
            for line in blobs:
                article, _, blob = line.rstrip("\n").partition("\t")
                yield article, blob


def run_record(plan: Plan, summary: Summary, listings: int) -> dict[str, Any]:
    """Return the line of ``runs.jsonl``, without offsets; both its times are the plan's."""
    return {
        "start": plan.at,
        "mirror": plan.mirror,
        "way": "path" if plan.commit is None else "git",
        "crawler": __version__,
        "contract": CONTRACT_VERSION,
        "address": plan.address,
        "end": plan.at,
        "commit": plan.commit,
        "status": "partial" if summary.failures else "complete",
        "exit_code": exit_status(summary),
        "reason": None,
        "pages": {"article": summary.lines},
        "articles": summary.lines,
        "listings": listings,
        "failures": {why: asdict(one) for why, one in sorted(summary.failures.items())},
        "set_aside": {},
        "warnings": [],
        "readers": plan.readers,
        "reread": {
            "feed": plan.feed,
            "articles": plan.articles,
            "withdrawn": summary.withdrawn,
            "changes": summary.changed,
            "carried": {why: asdict(one) for why, one in sorted(summary.carried.items())},
        },
    }


def exit_status(summary: Summary) -> int:
    """Return the exit status of a complete reread."""
    return PARTIAL if summary.failures else COMPLETE


def _sync(*files: IO[bytes]) -> None:
    for file in files:
        file.flush()
        os.fsync(file.fileno())
