"""``scrapy crawl`` with a truthful exit status, help on arguments, and suggestions for typos."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator

from scrapy.commands import ScrapyHelpFormatter
from scrapy.commands.crawl import Command as CrawlCommand
from scrapy.exceptions import UsageError

from crawler.commands.status import TruthfulStatus
from crawler.config.options import ARGUMENTS
from crawler.config.program import program
from crawler.config.suggestions import suggestion

_HELP_COLUMN = 24
_HELP_COLUMNS = 78


class Command(TruthfulStatus, CrawlCommand):
    """Runs a spider and exits with the status of its run (``crawler.run.endings``)."""

    def syntax(self) -> str:
        """Return the arguments for the usage line."""
        return "SPIDER [-a NAME=VALUE ...] [options]"

    def long_desc(self) -> str:
        """Return the description for ``-h``."""
        return (
            "Run a spider of the project. Exit status: 0 complete, 1 error of the program, 2 wrong "
            "usage, 3 partial, 4 mirror unusable, 5 feed unusable, 75 try again later, 130 and 143 "
            "stopped by a signal."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the options, and list the spiders' arguments below them."""
        super().add_options(parser)
        parser.formatter_class = _HelpFormatter
        parser.epilog = "\n".join(_spider_help())

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Run the spider that ``args`` names."""
        self.begin()
        assert self.crawler_process is not None  # noqa: S101 - Scrapy sets it before it calls run()
        self._check_spider(args)
        crawler = self._create_crawler(args[0])
        self.watch(crawler)
        self.crawler_process.crawl(crawler, **opts.spargs)
        self.crawler_process.start()
        self.end(crawler)

    def _check_spider(self, args: list[str]) -> None:
        """Raise UsageError if ``args`` is not the name of one spider."""
        assert self.crawler_process is not None  # noqa: S101 - Scrapy sets it before it calls run()
        spiders = sorted(self.crawler_process.spider_loader.list())
        if not args:
            raise UsageError(f"give a spider: {program()} crawl epoch_mirror", print_help=False)
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


class _HelpFormatter(ScrapyHelpFormatter):
    """Keeps the line breaks of the epilog."""

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
