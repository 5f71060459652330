"""``scrapy read PAGE…``: prints the record of a page, and the text that was cut."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand

from crawler.commands.tool import Tool
from crawler.config.options import section_ids
from crawler.config.program import program
from crawler.exceptions import PageError, WrongUsage
from crawler.printable import MESSAGE, printable

if TYPE_CHECKING:
    from crawler.preview.source import Sources

NO_RECORD = 3


class Command(Tool, ScrapyCommand):
    """Reads single pages."""

    usage = "[options] PAGE [PAGE...]"
    summary = "Read single pages of a mirror and print their records"
    description = (
        "Read pages and print their records: indented on a terminal, otherwise one per line. A "
        "page is a file, - for standard input, a path within --mirror, or a URL in a mirror of "
        "mirrors.toml, such as a record's mirror_url. The section comes from the path, or from "
        "--sections. --explain also prints the text that was cut from the page, with the rule "
        "that cut it. Exit status: 0; 2 wrong usage; 3 a page yields no record; 4 mirror "
        "unusable; 75 try again later."
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

        from crawler.preview.output import print_cuts, print_line, print_record  # noqa: PLC0415
        from crawler.preview.preview import preview  # noqa: PLC0415

        console, exit_code = Console(), 0
        with closing(self._sources(opts)) as sources:
            sections = section_ids(opts.sections or "", sources.format, "--sections")
            for page in args:
                try:
                    found = preview(sources.find(page), sections)
                except PageError as error:
                    message = f"{page}: {error.reason}: {error}"
                    sys.stderr.write(f"{printable(message, MESSAGE)}\n")
                    exit_code = NO_RECORD
                    continue
                if console.is_terminal or opts.explain:
                    print_record(found, console)
                else:
                    print_line(found)
                if opts.explain:
                    print_cuts(found, console)
        return exit_code

    def _sources(self, opts: argparse.Namespace) -> Sources:
        from crawler.config.locations import cache_directory, mirrors_file  # noqa: PLC0415
        from crawler.config.mirrors import load_mirrors  # noqa: PLC0415
        from crawler.preview.source import Sources  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - Scrapy sets it before it calls run()
        mirrors = load_mirrors(mirrors_file(self.settings["MIRRORS_FILE"]))
        return Sources(mirrors, cache_directory(self.settings["CACHE_DIRECTORY"]), opts.mirror)


def _spider_argument(text: str) -> str:
    """Return VALUE of ``mirror=VALUE``, the form of ``scrapy crawl``'s arguments."""
    name, _, value = text.partition("=")
    if name != "mirror":
        raise argparse.ArgumentTypeError(f"must be mirror=NAME, not {text!r}")
    return value
