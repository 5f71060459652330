"""The directory of an unfinished reread: ``<feed>.reread``, beside the new feed.

``lock``            held by the command; shared by commands with ``--range``
``plan.json``       the plan; written once
``withdrawn.txt``   ids of the articles to leave out
``origins.sqlite``  blob ids and last changes of the old feed
``gitconfig``       the only configuration that git reads
``parts/``          one file for each finished part
``feed/``           the new feed while the parts are joined
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Self

from crawler.exceptions import FeedBusy, FeedUnusable
from crawler.reread.parts import Range
from crawler.reread.plan import GIT_CONFIGURATION, ORIGINS, Plan, load_plan, temporary_path
from crawler.store.withdrawn import WITHDRAWN

PLAN = "plan.json"


class Workspace:
    """The locked directory of a reread.

    Attributes:
        directory: its path.
    """

    def __init__(self, target: Path, *, shared: bool = False) -> None:
        """Lock the directory for the new feed ``target``; create it if it does not exist.

        Raises:
            FeedBusy: another command uses it.
            FeedUnusable: it cannot be created or locked.
        """
        self.directory = target.with_name(f"{target.name}.reread")
        try:
            (self.directory / "parts").mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        except OSError as error:
            raise FeedUnusable(f"{self.directory}: {error.strerror}") from error
        try:
            fcntl.flock(self._lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._lock)
            if isinstance(error, BlockingIOError):
                raise FeedBusy(
                    f"another reread uses {self.directory}: run again when it has ended"
                ) from None
            raise FeedUnusable(f"{self.directory} cannot be locked: {error.strerror}") from error

    def plan(self) -> Plan | None:
        """Return the plan; None if there is none yet.

        Raises:
            FeedUnusable: it is damaged.
        """
        return load_plan(self.directory / PLAN)

    def keep(self, plan: Plan) -> Plan:
        """Write the plan unless another command already has; return the plan in force."""
        temporary = self._temporary(PLAN, plan.as_json())
        with suppress(FileExistsError):
            os.link(temporary, self.directory / PLAN)
        temporary.unlink()
        return self.plan() or plan

    def write(self, name: str, text: str) -> None:
        """Replace a file atomically, because other commands may read it."""
        self._temporary(name, text).replace(self.directory / name)

    def _temporary(self, name: str, text: str) -> Path:
        temporary = temporary_path(self.directory / name)
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return temporary

    def clear_leftovers(self, plan: Plan) -> None:
        """Remove temporary files of killed commands, and parts of other readers."""
        for path in (self.directory / "parts").iterdir():
            if not path.name.endswith(f".{plan.readers}.part"):
                path.unlink(missing_ok=True)
        for path in self.directory.glob("*.new*"):
            path.unlink(missing_ok=True)

    def finished(self, plan: Plan) -> list[Range]:
        """Return finished parts that do not overlap, sorted; of several, the longest."""
        chosen: list[Range] = []
        for part in sorted(self._parts(plan), key=lambda part: (part.start, -part.end)):
            if not chosen or part.start >= chosen[-1].end:
                chosen.append(part)
        return chosen

    def missing(self, plan: Plan) -> list[Range]:
        """Return the ranges between the finished parts, sorted."""
        ends = [Range(0, 0), *self.finished(plan), Range(plan.articles, plan.articles)]
        return [Range(a.end, b.start) for a, b in pairwise(ends) if a.end < b.start]

    def _parts(self, plan: Plan) -> Iterator[Range]:
        for name in os.listdir(self.directory / "parts"):
            if found := re.fullmatch(rf"(\d+)-(\d+)\.{plan.readers}\.part", name):
                part = Range(int(found[1]), int(found[2]))
                if part.start < part.end <= plan.articles:
                    yield part

    def remove(self) -> None:
        """Remove the directory; the plan last, so that an interrupted removal is recognized."""
        for name in ("parts", "feed"):
            shutil.rmtree(self.directory / name, ignore_errors=True)
        for name in (ORIGINS, WITHDRAWN, GIT_CONFIGURATION, PLAN):
            (self.directory / name).unlink(missing_ok=True)
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Unlock the directory; remove it if it has no plan and no other command uses it."""
        try:
            if not (self.directory / PLAN).exists() and self.directory.exists():
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                self.remove()
        except BlockingIOError:
            pass
        finally:
            os.close(self._lock)


def is_free(target: Path) -> bool:
    """Return whether a new feed can be made at ``target``: it does not exist, or is empty."""
    return not target.exists() or (target.is_dir() and not any(target.iterdir()))


def split(articles: Path, gaps: list[Range], part_bytes: int) -> list[Range]:
    """Return parts of about ``part_bytes`` that fill ``gaps`` and end at newlines."""
    parts = []
    for gap in gaps:
        start = gap.start
        while start < gap.end:
            end = line_start(articles, min(start + part_bytes, gap.end))
            parts.append(Range(start, min(end, gap.end)))
            start = end
    return parts


def line_start(articles: Path, offset: int) -> int:
    """Return the first offset >= ``offset`` at which a line begins, or the end of the file."""
    if offset <= 0:
        return 0
    with articles.open("rb") as file:
        file.seek(offset - 1)
        file.readline()
        return file.tell()
