"""Runs a reread, from the plan to the new feed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crawler.exceptions import TryLater, WrongUsage
from crawler.reread.beginning import RereadOptions, load_or_make_plan
from crawler.reread.joining import exit_status, join, parts_left
from crawler.reread.parts import PartFile, Range, Summary, close_reader, part_path
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart
from crawler.reread.workspace import PART_BYTES, Workspace, line_start, split


class Engine(Protocol):
    """Reads parts."""

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            RunError: a part cannot be read.
        """


class Display(Protocol):
    """Displays the progress of a reread."""

    def begin(self, doing: str, total: int) -> None:
        """Begin a step over ``total`` bytes of ``articles.jsonl``."""

    def advance(self, size: int, pages: int) -> None:
        """Add bytes and pages that were read."""


@dataclass(frozen=True, slots=True)
class Finished:
    """The result of a complete reread.

    Attributes:
        exit_code: 0, or 3 if pages could not be read.
        lines: the report to print.
    """

    exit_code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reread:
    """A reread of one feed into one new directory.

    Attributes:
        options: what to read, and from where.
        target: the new feed's directory.
        display: shows the progress.
    """

    options: RereadOptions
    target: Path
    display: Display

    def run(self, engine: Engine, part_bytes: int = PART_BYTES) -> Finished:
        """Read all missing parts, and join them.

        Raises:
            RunError: the reread cannot continue; finished parts are kept.
        """
        if result := self._existing_result():
            return result
        work = Workspace(self.target)
        try:
            plan = load_or_make_plan(self.options, work)
            work.clear_leftovers(plan)
            try:
                self._read(engine, plan, work, part_bytes)
            except TryLater as error:
                gaps = work.missing(plan)
                raise TryLater(f"{error}; {parts_left(gaps)}" if gaps else str(error)) from error
            return self._join(work, plan)
        finally:
            work.close()

    def run_range(self, engine: Engine, start: int, end: int) -> Summary:
        """Read one part: the lines that begin in bytes ``start`` to ``end``.

        Raises:
            WrongUsage: the new feed is complete.
            RunError: the reread cannot continue.
        """
        if self._existing_result():
            raise WrongUsage(f"{self.target} is complete: nothing is left to read")
        work = Workspace(self.target, shared=True)
        try:
            plan = load_or_make_plan(self.options, work)
            articles = Path(plan.feed) / "articles.jsonl"
            part = Range(line_start(articles, start), line_start(articles, end))
            part = Range(part.start, min(part.end, plan.articles))
            if part.start >= part.end:  # no line begins here, or the plan ends before
                return Summary()
            self.display.begin("Reading", part.end - part.start)
            engine.run(plan, [part], self._on_part)
            return PartFile(part_path(plan, part)).summary
        finally:
            work.close()

    def run_join(self) -> Finished:
        """Join the parts that :meth:`run_range` has read.

        Raises:
            TryLater: parts are missing.
            RunError: the reread cannot continue.
        """
        if result := self._existing_result():
            return result
        work = Workspace(self.target)
        try:
            plan = work.plan()
            if plan is None:
                raise WrongUsage(
                    f"{self.target} has nothing to join: read parts with --range first"
                )
            return self._join(work, load_or_make_plan(self.options, work))
        finally:
            work.close()

    def _read(self, engine: Engine, plan: Plan, work: Workspace, part_bytes: int) -> None:
        gaps = work.missing(plan)
        self.display.begin("Reading", sum(gap.end - gap.start for gap in gaps))
        parts = split(Path(plan.feed) / "articles.jsonl", gaps, part_bytes)
        if parts:
            engine.run(plan, parts, self._on_part)
        close_reader()

    def _on_part(self, part: Range, summary: Summary) -> None:
        self.display.advance(part.end - part.start, summary.lines)

    def _join(self, work: Workspace, plan: Plan) -> Finished:
        self.display.begin("Joining", plan.articles)
        share = self.options.shrunk_share
        summary = join(work, plan, self.target, self._on_part, share)
        work.remove()
        return _result(self.target, _first_run(self.target), exit_status(summary))

    def _existing_result(self) -> Finished | None:
        """Return the result if the new feed is complete, after removing what is left of the reread.

        Raises:
            WrongUsage: the target exists and is not this feed's reread.
        """
        if not self.target.exists() or (self.target.is_dir() and not any(self.target.iterdir())):
            return None
        run = _first_run(self.target) if self.target.is_dir() else {}
        reread = run.get("reread")
        work = self.target.with_name(f"{self.target.name}.reread")
        if not isinstance(reread, dict) or reread.get("feed") != str(self.options.feed.resolve()):
            raise WrongUsage(f"{self.target} exists: give a new directory with --to")
        if work.is_dir():
            left = Workspace(self.target)
            try:
                left.remove()
            finally:
                left.close()
        return _result(self.target, run, int(run["exit_code"]))


def _first_run(feed: Path) -> dict[str, Any]:
    try:
        with (feed / "runs.jsonl").open("rb") as file:
            run = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return {}
    return run if isinstance(run, dict) else {}


def _result(target: Path, run: dict[str, Any], exit_code: int) -> Finished:
    """Return the result of a reread, described from the new feed's first run."""
    reread = run["reread"]
    counts = f"{run['articles']:,} articles, {reread['changes']:,} changes"
    lines = [f"{target}: {counts}, read at {run['end']}"]
    lines += [
        f"  {tally['count']:,} lines carried over: {reason} ({', '.join(tally['ids'][:5])}"
        f"{', …' if tally['count'] > 5 else ''})"  # noqa: PLR2004 - the number of named ids
        for reason, tally in reread["carried"].items()
    ]
    if reread["withdrawn"]:
        lines.append(f"  {reread['withdrawn']:,} articles left out")
    return Finished(exit_code, tuple(lines))
