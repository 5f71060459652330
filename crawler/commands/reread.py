"""``scrapy reread FEED --to DIRECTORY``: reads a feed's pages again with the current readers."""

from __future__ import annotations

import logging
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.extras import require_extra
from crawler.config.locations import cache_directory, feed_at, mirrors_file
from crawler.config.numbers import positive_int
from crawler.config.own_settings import setting
from crawler.config.program import program
from crawler.exceptions import WrongUsage
from crawler.feedfile import feed_directory
from crawler.printable import MESSAGE, printable
from crawler.run.endings import STOPPING
from crawler.terminal import emit

if TYPE_CHECKING:
    import argparse
    from types import FrameType

    from crawler.reread.reread import Engine

_RANGE = re.compile(r"(\d{1,18}):(\d{1,18})")


class Command(Tool, ScrapyCommand):
    """Reads the pages of a feed again, into a new feed."""

    usage = "FEED --to DIRECTORY"
    summary = "Read a feed's pages again with the current readers, into a new feed"
    description = (
        "Read the pages of a feed's lines again, as the mirror (a directory or a git repository) "
        "has them now, and write a new feed; the old one does not change. If the command is "
        "stopped or killed, repeat it to continue. Exit status: 0; 2 wrong usage; 3 some pages "
        "could not be read; 4 mirror unusable; 5 feed unusable; 75 try again later; 130 and 143 "
        "stopped by a signal."
    )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""
        super().add_options(parser)
        add = parser.add_argument
        add("--to", metavar="DIRECTORY", help="the new feed; appears when it is complete")
        add(
            "--mirror",
            help="name or directory of the mirror, if not the one the feed was made from",
        )
        add("--without", metavar="FILE", help="file of ids to leave out and never fetch again")
        add(
            "--range",
            metavar="START:END",
            help="read only lines that begin in these bytes of articles.jsonl",
        )
        add("--join", action="store_true", help="join the parts that --range has read")
        add("--engine", metavar="dask://HOST:PORT", help="read on the workers of a Dask scheduler")
        add(
            "--part-bytes",
            default="8388608",  # about 800 articles, which one process reads in 0.5 to 1 s
            help="bytes of articles.jsonl in a part (%(default)s)",
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Reread the feed and print the result."""
        if len(args) != 1 or not opts.to:
            usage = f"{program()} reread feeds/news --to feeds/news-2"
            raise WrongUsage(f"give one feed and a new directory: {usage}")
        try:
            with _stopping(), _quiet_recovery():
                return self._reread(feed_at(args[0], self.settings), opts)
        except _Stopped as stopped:
            sys.stderr.write("stopped: repeat the command to continue\n")
            return 128 + stopped.number

    def _reread(self, feed: Path, opts: argparse.Namespace) -> int:
        from crawler.reread.beginning import RereadOptions  # noqa: PLC0415
        from crawler.reread.display import TerminalDisplay  # noqa: PLC0415
        from crawler.reread.reread import Reread  # noqa: PLC0415

        if opts.join and (opts.range or opts.engine):
            raise WrongUsage("--join reads nothing: give it without --range and --engine")
        bounds = _bounds(opts.range) if opts.range else None
        part_bytes = positive_int(vars(opts), "part_bytes")
        engine = self._engine(opts)
        assert self.settings is not None  # noqa: S101 - set before a command runs
        options = RereadOptions(
            feed=feed_directory(feed),
            mirror=opts.mirror,
            without=Path(opts.without) if opts.without else None,
            mirrors_file=mirrors_file(self.settings["MIRRORS_FILE"]),
            cache=cache_directory(self.settings["CACHE_DIRECTORY"]),
            many_machines=bool(opts.engine),
            shrunk_share=setting(self.settings, "MIRROR_SHRUNK_SHARE"),
        )
        with TerminalDisplay() as display:
            reread = Reread(options, Path(opts.to).absolute(), display)
            if bounds is not None:
                lines = reread.run_range(engine, *bounds)
                emit(f"bytes {bounds[0]}:{bounds[1]}: {lines:,} lines read")
                return 0
            done = reread.run_join() if opts.join else reread.run(engine, part_bytes)
        for line in done.lines:
            emit(printable(line, MESSAGE))
        return done.exit_code

    def _engine(self, opts: argparse.Namespace) -> Engine:
        if opts.engine:
            require_extra("cluster", "--engine")
            from crawler.reread.dask import DaskEngine  # noqa: PLC0415

            return DaskEngine(opts.engine)
        from crawler.reread.pool import PoolEngine  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - set before a command runs
        width = setting(self.settings, "READERS")
        return PoolEngine(min(width, 1) if opts.range else width)


def _bounds(text: str) -> tuple[int, int]:
    found = _RANGE.fullmatch(text)
    if not found or int(found[1]) >= int(found[2]):
        raise WrongUsage(f"--range must be START:END, in bytes of articles.jsonl, not {text!r}")
    return int(found[1]), int(found[2])


class _Stopped(BaseException):
    """Raised when a signal stops the command."""

    def __init__(self, number: int) -> None:
        self.number = number


@contextmanager
def _stopping() -> Iterator[None]:
    """Raise _Stopped at the first stop signal; ignore later ones."""

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        for other in STOPPING:
            signal.signal(other, signal.SIG_IGN)
        raise _Stopped(number)

    for number in STOPPING:
        signal.signal(number, stop)
    yield


@contextmanager
def _quiet_recovery() -> Iterator[None]:
    """Silence the warning that a feed has no state, which is normal for a new feed."""
    log = logging.getLogger("crawler.store.recovery")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
