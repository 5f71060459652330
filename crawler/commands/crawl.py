"""``scrapy crawl`` with a truthful exit status, help on arguments, and suggestions for typing errors."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
import textwrap
from collections.abc import Awaitable, Iterator
from typing import Any

from scrapy import signals
from scrapy.commands import ScrapyHelpFormatter
from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured, UsageError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from crawler.config.options import ARGUMENTS
from crawler.config.program import program
from crawler.config.suggestions import suggestion
from crawler.exceptions import RunError, WrongUsage
from crawler.run.endings import STOPPING, Ending
from crawler.run.run import Run
from crawler.run.summary import log_summary
from crawler.run.terminal import Line, say

logger = logging.getLogger(__name__)

_CHATTY = ("scrapy.addons", "scrapy.crawler", "scrapy.middleware", "scrapy.utils.log")
_HELP_COLUMN = 24
_HELP_COLUMNS = 78


class Command(CrawlCommand):
    """Runs a spider; ends with the status of its run (``crawler.run.endings``)."""

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "SPIDER [-a NAME=VALUE ...] [options]"

    def long_desc(self) -> str:
        """Return the description for ``-h``."""
        return (
            "Run a spider of the project. Exit status: 0 complete, 1 error of the program, 2 wrong "
            "usage, 3 partial, 4 mirror unusable, 5 feed unusable, 75 try again later, 130 and 143 "
            "stopped by a signal."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options; list the spiders' arguments below them."""
        super().add_options(parser)
        parser.formatter_class = _HelpFormatter
        parser.epilog = "\n".join(_spider_help())

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Take the options in, before Scrapy begins to log."""
        super().process_options(args, opts)
        self._quieten()

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider that ``args`` names."""
        assert self.crawler_process is not None  # noqa: S101 - a promise of Scrapy's
        self._check_spider(args)
        crawler = self._create_crawler(args[0])
        self.failure: BaseException | None = None
        self.spider_error: BaseException | None = None
        crawler.signals.connect(self._spider_failed, signal=signals.spider_error)
        self._watch(self.crawler_process.crawl(crawler, **opts.spargs))
        self.crawler_process.start()
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # the run is done, and its line says so
        self.exitcode = self._status(crawler)

    def _check_spider(self, args: list[str]) -> None:
        """Check that ``args`` is the name of one spider.

        Raises:
            UsageError: it is not.
        """
        assert self.crawler_process is not None  # noqa: S101 - a promise of Scrapy's
        spiders = sorted(self.crawler_process.spider_loader.list())
        if not args:
            raise UsageError(f"name a spider: {program()} crawl epoch_mirror", print_help=False)
        if args[0] not in spiders:
            raise UsageError(
                f"no spider {args[0]!r}{suggestion(args[0], spiders)}: the spiders are "
                f"{', '.join(spiders)}",
                print_help=False,
            )
        if len(args) > 1:
            given = args[1].lstrip("-")
            hint = f"give it as -a {given}" if "=" in given else f"see {program()} crawl --help"
            raise UsageError(f"{args[1]!r} is not an option: {hint}", print_help=False)

    def _quieten(self) -> None:
        """Leave Scrapy's versions and component lists to those who debug: cron mails the log.

        By filters: Scrapy resets the levels of its loggers when it configures the log.
        """
        if self.settings and self.settings["LOG_LEVEL"] != "DEBUG":
            for name in _CHATTY:
                logging.getLogger(name).addFilter(_is_warning)

    def _watch(self, crawl: Deferred[Any] | Awaitable[None]) -> None:
        """Keep the error of a crawl that could not begin, whichever kind of future it is."""
        if isinstance(crawl, Deferred):
            crawl.addErrback(lambda failure: self._failed(failure.value))
        else:
            asyncio.ensure_future(crawl).add_done_callback(
                lambda task: self._failed(task.exception())
            )

    def _failed(self, failure: BaseException | Failure | None) -> None:
        self.failure = failure if isinstance(failure, BaseException) else None

    def _spider_failed(self, failure: Failure) -> None:
        """Keep the error of a callback, for a spider without a run."""
        self.spider_error = self.spider_error or failure.value

    def _status(self, crawler: Crawler) -> int:
        if isinstance(self.failure, RunError):
            _tell(self.failure)
        elif self.failure is not None:
            logger.critical("the crawl could not begin", exc_info=self.failure)
        try:
            run = Run.of(crawler)
        except NotConfigured:  # another spider, or wrong usage
            return self._status_without_run()
        if not run.closed:  # the spider never opened
            run.abandon(self.failure)
            log_summary(logger, run)
        return run.outcome.exit_code

    def _status_without_run(self) -> int:
        error = self.failure or self.spider_error
        if error is None:
            return int(bool(self.crawler_process and self.crawler_process.bootstrap_failed))
        return Ending.of_error(error).exit_code if isinstance(error, RunError) else 1


class _HelpFormatter(ScrapyHelpFormatter):
    """Keeps the lines of the epilog, and wraps the description as usual."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if "\n" in text else super()._fill_text(text, width, indent)


def _spider_help() -> Iterator[str]:
    yield "Arguments of epoch_mirror, each as -a NAME=VALUE"
    yield "================================================"
    for argument in ARGUMENTS:
        yield from _help_row(f"{argument.name}={argument.example}", argument.help)
    yield "\nArguments of epoch_books"
    yield "========================"
    place = "repository of the catalogue: its address at GitHub, a base address, or a directory"
    yield from _help_row("mirror=/data/books", place)
    yield "\nExamples\n========"
    crawl = f"  {program()} crawl"
    yield f"{crawl} epoch_mirror -a mirror=news"
    yield f"{crawl} epoch_mirror -a mirror=news -a via=http -a limit=20"
    yield f"{crawl} epoch_books -O books.jsonl"


def _help_row(example: str, text: str) -> list[str]:
    """Return the lines of one argument, in argparse's two columns."""
    rows = textwrap.wrap(text, _HELP_COLUMNS - _HELP_COLUMN, break_on_hyphens=False)
    first = f"  {example}"
    if len(first) > _HELP_COLUMN - 2:
        rows.insert(0, "")
    lines = [f"{' ' * _HELP_COLUMN}{row}" for row in rows]
    lines[0] = f"{first:<{_HELP_COLUMN}}{rows[0]}".rstrip()
    return lines


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _tell(error: RunError) -> None:
    """Log an error; on stderr too where it is wrong usage and the log goes elsewhere."""
    say(logger, logging.ERROR, Line(str(error)))
    if isinstance(error, WrongUsage) and not any(map(_is_terminal_log, logging.root.handlers)):
        sys.stderr.write(f"{error}\n")


def _is_terminal_log(handler: logging.Handler) -> bool:
    """Return whether a handler of the log writes to stderr."""
    return isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
