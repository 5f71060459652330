"""Joins the parts into the new feed, which is renamed to its target when it is complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import IO, Any

from crawler import __version__
from crawler.exceptions import FeedUnusable, MirrorUnusable, TryLater, WrongUsage
from crawler.feedfile import FeedFile
from crawler.items import CONTRACT_VERSION
from crawler.reasons import MISSING
from crawler.reread.origins import Origins
from crawler.reread.parts import PartFile, Range, Summary, Tally, parsed, part_path
from crawler.reread.plan import ORIGINS, Plan
from crawler.reread.pool import OnPart
from crawler.reread.workspace import Workspace, is_free
from crawler.store.feed import FeedStore
from crawler.store.files import sync_directory
from crawler.store.jsonlines import dumps
from crawler.store.withdrawn import WITHDRAWN, read_ids

PARTIAL, COMPLETE = 3, 0
_NAMED_RANGES = 20


def join(work: Workspace, plan: Plan, target: Path, on_part: OnPart, shrunk_share: float) -> None:
    """Join all parts into the new feed at ``target``.

    Raises:
        TryLater: parts are missing.
        MirrorUnusable: the mirror has less than ``shrunk_share`` of the pages.
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
    except OSError as error:
        if not is_free(target):
            raise WrongUsage(
                f"{target} was created during the reread: move it away and run again"
            ) from error
        raise FeedUnusable(
            f"{error.filename or feed}: {error.strerror or error}. Make room, then run again: "
            "finished parts are kept"
        ) from error


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
        self.work = work.directory
        self.withdrawn = read_ids(self.work / WITHDRAWN)

    def write(self, on_part: OnPart) -> Summary:
        """Write all files; return the summary of all parts."""
        plan, summary, sizes = self.plan, Summary(), dict[str, int]()
        with self._file("articles", sizes) as articles, self._file("changes", sizes) as changes:
            self._carry("changes.jsonl", changes, plan.changes)
            for part in self.parts:
                file = PartFile(part_path(plan, part))
                file.copy(articles, changes)
                summary.add(file.summary)
                on_part(part)
        with self._file("listings", sizes) as listings:
            count = self._carry("listings.jsonl", listings, plan.listings)
        if not sizes["changes"]:
            (self.feed / "changes.jsonl").unlink()
        if self.withdrawn:
            shutil.copyfile(self.work / WITHDRAWN, self.feed / WITHDRAWN)
        record = run_record(plan, summary, count)
        for name, size in sizes.items():
            record |= {f"{name}_before": 0, f"{name}_after": size}
        with self._file("runs", sizes) as runs:
            runs.write(dumps(record))
        self._write_state()
        return summary

    @contextmanager
    def _file(self, name: str, sizes: dict[str, int]) -> Iterator[IO[bytes]]:
        """Open a file of the feed; at the end, sync it to disk and note its size."""
        with (self.feed / f"{name}.jsonl").open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            sizes[name] = file.tell()

    def _carry(self, name: str, target: IO[bytes], size: int) -> int:
        """Copy the first ``size`` bytes of an old file without withdrawn articles; return the lines."""
        if not size:
            return 0
        count = at = 0
        with FeedFile(Path(self.plan.feed) / name) as source:
            for line in source.raw_lines():
                if at >= size:
                    break
                where = f"{source.path}: the line at byte {at}"
                at += len(line)
                if self.withdrawn and parsed(line, where).get("id") in self.withdrawn:
                    continue
                target.write(line)
                count += 1
            if at < size:
                raise FeedUnusable(
                    f"{source.path} is shorter than it was: restore it from a backup"
                )
        return count

    def _write_state(self) -> None:
        """Build the state from the files, and add what only the old state contains."""
        plan = self.plan
        about = {"mirror": plan.mirror, "address": plan.address}
        files = [PartFile(part_path(plan, part)) for part in self.parts]
        with closing(Origins(self.work / ORIGINS, Path(plan.feed))) as origins:
            store = FeedStore(self.feed, plan.mirror, about, plan.mirror_format())
            try:
                store.state.note_blobs(chain.from_iterable(file.blobs() for file in files))
                origins.copy_to(store.state)
                store.commit()
            finally:
                store.close(None)


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
        "exit_code": PARTIAL if summary.failures else COMPLETE,
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
