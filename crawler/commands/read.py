"""``scrapy read PAGE…``: prints the record of a page, and the text that was cut.

Exit status:
    0   every page was read
    2   wrong usage
    3   a page yields no record; the reason is printed
    4   the mirror cannot be read
    75  the mirror cannot be read now: a run uses its clone, or the host is busy
"""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.program import program
from crawler.exceptions import PageError, WrongUsage
from crawler.printable import MESSAGE, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from crawler.reading.pages import ReadPage
    from crawler.reading.reader import PageReader

NO_RECORD = 3


class Command(Tool, ScrapyCommand):
    """Reads single pages."""

    def syntax(self) -> str:
        """Return the arguments for the usage line."""
        return "[options] PAGE [PAGE...]"

    def short_desc(self) -> str:
        """Return the description for the list of commands."""
        return "Read single pages of a mirror and print their records"

    def long_desc(self) -> str:
        """Return the description for ``-h``."""
        return (
            "Read pages and print their records: indented on a terminal, otherwise one per line. A "
            "page is a file, - for standard input, a path within --mirror, or a URL in a mirror "
            "of mirrors.toml, such as a record's mirror_url. The section comes from the path, or "
            "from --sections. --explain also prints the text that was cut from the page, with the "
            "rule that cut it. Exit status: 0; 2 wrong usage; 3 a page yields no record; "
            "4 mirror unusable; 75 try again later."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's options."""
        super().add_options(parser)
        parser.add_argument(
            "--mirror", help="a name in mirrors.toml, a directory, or a git repository"
        )
        parser.add_argument(
            "-a",
            dest="mirror",
            metavar="mirror=NAME",
            type=_spider_argument,
            help="the same as --mirror",
        )
        parser.add_argument("--sections", metavar="IDS", help="ids, such as ncid278,nf1412576")
        parser.add_argument(
            "--explain", action="store_true", help="print what was cut from the text, by rule"
        )

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Read the pages and print them."""
        if not args:
            usage = f"{program()} read pages/ncid278/n14079761.md --mirror news"
            raise WrongUsage(f"give a page: {usage}")
        # rich takes 50 ms to load
        from rich.console import Console  # noqa: PLC0415

        from crawler.reading.output import print_cuts, print_line, print_record  # noqa: PLC0415

        console = Console()
        read = 0
        with closing(self._reader(opts)) as reader:
            for page in _readable(reader, args):
                read += 1
                if console.is_terminal or opts.explain:
                    print_record(page, console)
                else:
                    print_line(page)
                if opts.explain:
                    print_cuts(page, console)
        return 0 if read == len(args) else NO_RECORD

    def _reader(self, opts: argparse.Namespace) -> PageReader:
        from crawler.config.locations import cache_directory, mirrors_file  # noqa: PLC0415
        from crawler.config.mirrors import load_mirrors  # noqa: PLC0415
        from crawler.reading.reader import PageReader  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - Scrapy sets it before it calls run()
        return PageReader(
            load_mirrors(mirrors_file(self.settings["MIRRORS_FILE"])),
            cache_directory(self.settings["CACHE_DIRECTORY"]),
            mirror=opts.mirror,
            sections=(opts.sections or "").replace(",", " ").split(),
        )


def _readable(reader: PageReader, pages: list[str]) -> Iterator[ReadPage]:
    """Yield the pages that can be read; print to stderr why the others cannot."""
    for page in pages:
        try:
            yield reader.read(page)
        except PageError as error:
            sys.stderr.write(f"{printable(f'{page}: {error.reason}: {error}', MESSAGE)}\n")


def _spider_argument(text: str) -> str:
    """Return VALUE of ``mirror=VALUE``, the form of ``scrapy crawl``'s arguments."""
    name, _, value = text.partition("=")
    if name != "mirror":
        raise argparse.ArgumentTypeError(f"must be mirror=NAME, not {text!r}")
    return value
