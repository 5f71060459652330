"""The exit status of a command that crawls: the status of its run (``crawler.run.endings``)."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured, UsageError
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from crawler import terminal
from crawler.exceptions import RunError, WrongUsage
from crawler.printable import MESSAGE, printable
from crawler.run.console import Line, say
from crawler.run.endings import STOPPING, Ending
from crawler.run.run import Run
from crawler.run.scrapy_settings import require_usable_values, require_writable
from crawler.run.summary import log_summary

if TYPE_CHECKING:
    import argparse

    from scrapy.commands import ScrapyCommand as _Command
else:
    _Command = object

logger = logging.getLogger(__name__)

_CHATTY = ("scrapy.addons", "scrapy.crawler", "scrapy.middleware", "scrapy.utils.log")


class TruthfulStatus(_Command):
    """Mixin for a command that crawls: prepares the terminal and sets the exit status."""

    def process_options(self, args: list[str], opts: argparse.Namespace) -> None:
        """Check and apply the options, before Scrapy begins to log.

        Raises:
            UsageError: an option cannot be used.
        """
        try:
            for name in ("pidfile", "profile"):
                if file := getattr(opts, name):
                    require_writable(Path(file), f"--{name}={file}")
            super().process_options(args, opts)
            if self.settings:
                require_usable_values(self.settings)
        except WrongUsage as error:
            raise UsageError(printable(error, MESSAGE), print_help=False) from error
        self._quieten()

    def begin(self) -> None:
        """Prepare the terminal, and watch for the error of a crawl that cannot begin."""
        terminal.prepare()
        self.failure: BaseException | None = None
        self.spider_error: BaseException | None = None
        process = self.crawler_process
        assert process is not None  # noqa: S101 - Scrapy sets it before it calls run()
        crawl = process.crawl

        def watched(*args: Any, **arguments: Any) -> Deferred[Any] | Awaitable[None]:
            crawling = crawl(*args, **arguments)
            self._watch(crawling)
            return crawling

        process.crawl = watched  # type: ignore[method-assign]

    def watch(self, crawler: Crawler) -> None:
        """Keep the first error of a callback: the exit status of a spider without a run."""
        crawler.signals.connect(self._spider_failed, signal=signals.spider_error)

    def end(self, crawler: Crawler) -> None:
        """Set the exit status."""
        terminal.prepare()
        for number in STOPPING:
            signal.signal(number, signal.SIG_IGN)  # the run has ended, and its status is written
        self.exitcode = self._status(crawler)

    def _quieten(self) -> None:
        """Log Scrapy's versions and component lists only at level DEBUG, because cron mails the log.

        With filters, because Scrapy resets the levels of its loggers when it configures the log.
        """
        if self.settings and self.settings["LOG_LEVEL"] != "DEBUG":
            for name in _CHATTY:
                logging.getLogger(name).addFilter(_is_warning)

    def _watch(self, crawl: Deferred[Any] | Awaitable[None]) -> None:
        """Keep the error of a crawl that could not begin; ``crawl`` depends on Scrapy's version."""
        if isinstance(crawl, Deferred):
            crawl.addErrback(lambda failure: self._failed(failure.value))
        else:
            asyncio.ensure_future(crawl).add_done_callback(
                lambda task: self._failed(task.exception())
            )

    def _failed(self, failure: BaseException | Failure | None) -> None:
        self.failure = failure if isinstance(failure, BaseException) else None

    def _spider_failed(self, failure: Failure) -> None:
        self.spider_error = self.spider_error or failure.value

    def _status(self, crawler: Crawler) -> int:
        if isinstance(self.failure, RunError):
            _report(self.failure)
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


def _is_warning(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.WARNING


def _report(error: RunError) -> None:
    """Log an error; print wrong usage to stderr too if the log goes elsewhere."""
    say(logger, logging.ERROR, Line(str(error)))
    if isinstance(error, WrongUsage) and not any(map(_is_terminal_log, logging.root.handlers)):
        sys.stderr.write(f"{printable(error, MESSAGE)}\n")


def _is_terminal_log(handler: logging.Handler) -> bool:
    """Return whether a handler of the log writes to stderr."""
    return isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr
