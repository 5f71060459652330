"""A reread from its plan to the new feed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crawler.exceptions import RunError, TryLater, WrongUsage
from crawler.reread.beginning import Asked, planned
from crawler.reread.joining import exit_status, join, parts_left
from crawler.reread.parts import PartFile, Range, Summary, close_reader, part_path
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart
from crawler.reread.workspace import PART_BYTES, Workspace, line_start, split


class Engine(Protocol):
    """What reads parts."""

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; raise a RunError where one cannot be read."""


class Display(Protocol):
    """What shows how far a reread is."""

    def begin(self, doing: str, total: int) -> None:
        """Begin a step over ``total`` bytes of ``articles.jsonl``."""

    def advance(self, size: int, pages: int) -> None:
        """Note bytes and pages that are done."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A new feed that is there.

    Attributes:
        exit_code: 0, or 3 where pages could not be read.
        lines: what came of it, a line each.
    """

    exit_code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reread:
    """A reread of one feed into one new directory.

    Attributes:
        asked: what the user asked for.
        target: the new feed's directory.
        display: shows how far it is.
    """

    asked: Asked
    target: Path
    display: Display

    def run(self, engine: Engine, part_bytes: int = PART_BYTES) -> Finished:
        """Read all parts that are missing, and join them.

        Raises:
            RunError: it cannot go on; parts that are done stay.
        """
        if done := self._done():
            return done
        work = Workspace(self.target)
        try:
            plan = planned(self.asked, work)
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
        """Read one part: the lines that begin in bytes ``start`` to ``end``; it joins nothing.

        Raises:
            WrongUsage: the new feed is there already.
            RunError: it cannot go on.
        """
        if self._done():
            raise WrongUsage(f"{self.target} is there already: nothing is left to read")
        work = Workspace(self.target, shared=True)
        try:
            plan = planned(self.asked, work)
            articles = Path(plan.feed) / "articles.jsonl"
            part = Range(line_start(articles, start), line_start(articles, end))
            part = Range(part.start, min(part.end, plan.articles))
            if part.start >= part.end:  # within a line that another part has, or behind the plan
                return Summary()
            self.display.begin("Reading", part.end - part.start)
            engine.run(plan, [part], self._on_part)
            return PartFile(part_path(plan, part)).summary
        finally:
            work.close()

    def run_join(self) -> Finished:
        """Join parts that were read by ranges.

        Raises:
            TryLater: some are missing.
            RunError: it cannot go on.
        """
        if done := self._done():
            return done
        work = Workspace(self.target)
        try:
            plan = work.plan()
            if plan is None:
                raise WrongUsage(f"there is nothing to join for {self.target}: read parts first")
            return self._join(work, planned(self.asked, work))
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
        share = self.asked.shrunk_share
        summary = join(work, plan, self.target, self._on_part, share)
        work.remove()
        return _finished(self.target, _first_run(self.target), exit_status(summary))

    def _done(self) -> Finished | None:
        """Return what an earlier call finished; None where there is nothing yet.

        Raises:
            WrongUsage: something else lies at the target.
        """
        if not self.target.exists() or (self.target.is_dir() and not any(self.target.iterdir())):
            return None
        run = _first_run(self.target) if self.target.is_dir() else {}
        reread = run.get("reread")
        work = self.target.with_name(f"{self.target.name}.reread")
        if not isinstance(reread, dict) or reread.get("feed") != str(self.asked.feed.resolve()):
            raise WrongUsage(f"{self.target} is there already: name a new directory with --to")
        if work.is_dir():
            left = Workspace(self.target)
            try:
                left.remove()
            finally:
                left.close()
        return _finished(self.target, run, int(run["exit_code"]))


def _first_run(feed: Path) -> dict[str, Any]:
    try:
        with (feed / "runs.jsonl").open("rb") as file:
            run = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return {}
    return run if isinstance(run, dict) else {}


def _finished(target: Path, run: dict[str, Any], exit_code: int) -> Finished:
    """Say what a new feed holds, from its first run's line."""
    reread = run["reread"]
    counts = f"{run['articles']:,} articles, {reread['changes']:,} changes"
    lines = [f"{target}: {counts}, read at {run['end']}"]
    lines += [
        f"  {tally['count']:,} lines carried over: {reason} ({', '.join(tally['ids'][:5])}"
        f"{', …' if tally['count'] > 5 else ''})"  # noqa: PLR2004 - as many as are named
        for reason, tally in reread["carried"].items()
    ]
    if reread["withdrawn"]:
        lines.append(f"  {reread['withdrawn']:,} articles left out")
    return Finished(exit_code, tuple(lines))


__all__ = ["Asked", "Engine", "Finished", "Reread", "RunError"]
