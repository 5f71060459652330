"""Runs a reread, from the plan to the new feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crawler.exceptions import TryLater, WrongUsage
from crawler.feedfile import FeedFile
from crawler.reread.beginning import RereadOptions, load_or_make_plan
from crawler.reread.display import TerminalDisplay
from crawler.reread.joining import join, parts_left
from crawler.reread.parts import PartFile, Range, close_reader, part_path
from crawler.reread.plan import Plan
from crawler.reread.pool import OnPart
from crawler.reread.workspace import Workspace, is_free, line_start, split


class Engine(Protocol):
    """Reads parts."""

    def run(self, plan: Plan, parts: Sequence[Range], on_part: OnPart) -> None:
        """Read all parts; call ``on_part`` after each.

        Raises:
            RunError: a part cannot be read.
        """


@dataclass(frozen=True, slots=True)
class Finished:
    """The exit code of a complete reread, and the report to print."""

    exit_code: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reread:
    """A reread of one feed into the new directory ``target``."""

    options: RereadOptions
    target: Path
    display: TerminalDisplay

    def run(self, engine: Engine, part_bytes: int) -> Finished:
        """Read all missing parts, and join them.

        Raises:
            RunError: the reread cannot continue; finished parts are kept.
        """
        if result := self._existing_result():
            return result
        with Workspace(self.target) as work:
            plan = load_or_make_plan(self.options, work)
            work.clear_leftovers(plan)
            gaps = work.missing(plan)
            self.display.begin("Reading", sum(gap.end - gap.start for gap in gaps))
            try:
                if parts := split(Path(plan.feed) / "articles.jsonl", gaps, part_bytes):
                    engine.run(plan, parts, self.display.advance)
            except TryLater as error:
                gaps = work.missing(plan)
                raise TryLater(f"{error}; {parts_left(gaps)}" if gaps else str(error)) from error
            finally:
                close_reader()
            return self._join(work, plan)

    def run_range(self, engine: Engine, start: int, end: int) -> int:
        """Read one part, the lines that begin in bytes ``start`` to ``end``; return their number.

        Raises:
            WrongUsage: the new feed is complete.
            RunError: the reread cannot continue.
        """
        if self._existing_result():
            raise WrongUsage(f"{self.target} is complete: nothing is left to read")
        with Workspace(self.target, shared=True) as work:
            plan = load_or_make_plan(self.options, work)
            articles = Path(plan.feed) / "articles.jsonl"
            part = Range(line_start(articles, start), min(line_start(articles, end), plan.articles))
            if part.start >= part.end:  # no line begins here, or the plan ends before
                return 0
            self.display.begin("Reading", part.end - part.start)
            engine.run(plan, [part], self.display.advance)
            return PartFile(part_path(plan, part)).summary.lines

    def run_join(self) -> Finished:
        """Join the parts that :meth:`run_range` has read.

        Raises:
            TryLater: parts are missing.
            RunError: the reread cannot continue.
        """
        if result := self._existing_result():
            return result
        with Workspace(self.target) as work:
            if work.plan() is None:
                raise WrongUsage(
                    f"{self.target} has nothing to join: read parts with --range first"
                )
            return self._join(work, load_or_make_plan(self.options, work))

    def _join(self, work: Workspace, plan: Plan) -> Finished:
        self.display.begin("Joining", plan.articles)
        join(work, plan, self.target, self.display.advance, self.options.shrunk_share)
        work.remove()
        return _result(self.target, _first_run(self.target))

    def _existing_result(self) -> Finished | None:
        """Return the result if the new feed is complete, after removing what is left of the reread.

        Raises:
            WrongUsage: the target exists and is not this feed's reread.
        """
        if is_free(self.target):
            return None
        run = _first_run(self.target) if self.target.is_dir() else {}
        reread = run.get("reread")
        work = self.target.with_name(f"{self.target.name}.reread")
        if not isinstance(reread, dict) or reread.get("feed") != str(self.options.feed.resolve()):
            raise WrongUsage(f"{self.target} exists: give a new directory with --to")
        if work.is_dir():
            with Workspace(self.target) as left:
                left.remove()
        return _result(self.target, run)


def _first_run(feed: Path) -> dict[str, Any]:
    with FeedFile(feed / "runs.jsonl") as runs:
        return runs.first()


def _result(target: Path, run: dict[str, Any]) -> Finished:
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
    return Finished(int(run["exit_code"]), tuple(lines))
