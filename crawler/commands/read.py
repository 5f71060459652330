"""``scrapy read PAGE…``: prints the record of a page, and what was cut from its text.

Exit status:
    0   every page was read
    2   wrong usage
    3   a page yields no record; the reason is printed
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scrapy.commands import ScrapyCommand
from scrapy.exceptions import UsageError

from crawler import terminal
from crawler.exceptions import PageError, WrongUsage
from crawler.printable import MESSAGE, printable

if TYPE_CHECKING:
    import argparse

    from crawler.reading.pages import ReadPage

NO_LINE = 3


class Command(ScrapyCommand):
    """Reads single pages."""

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- as in Scrapy's own commands

    def syntax(self) -> str:
        """Return what follows the command's name."""
        return "[options] PAGE [PAGE...]"

    def short_desc(self) -> str:
        """Return the line for the list of commands."""
        return "Read single pages of a mirror and print their records"

    def long_desc(self) -> str:
        """Return the description for ``-h``."""
        return (
            "Read pages (files, or paths within the directory of --mirror) and print the record of "
            "each: indented on a terminal, else on one line. The section comes from the path, or "
            "from --sections. --explain shows what the page contains and its text does not, and "
            "which rule cut it. Exit status: 0; 2 wrong usage; 3 a page yields no record."
        )

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's own options."""
        super().add_options(parser)
        parser.add_argument("--mirror", help="name of a mirror with a `path`, or a directory")
        parser.add_argument("--sections", metavar="IDS", help="ids, such as ncid278,nf1412576")
        parser.add_argument(
            "--explain", action="store_true", help="print what was cut from the text, by rule"
        )

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Read the pages and print them."""
        terminal.prepare()
        if not args:
            raise UsageError("give a page: scrapy read pages/ncid278/n14079761.md --mirror news")
        # imported here because Scrapy imports every command before it runs one
        from rich.console import Console  # noqa: PLC0415

        from crawler.reading.output import print_cuts, print_line, print_record  # noqa: PLC0415

        assert self.settings is not None  # noqa: S101 - Scrapy sets it before it calls run()
        try:
            reader = _Reader(self.settings["MIRRORS_FILE"], opts.mirror, opts.sections)
        except WrongUsage as error:
            raise UsageError(printable(error, MESSAGE), print_help=False) from error
        console = Console()
        for arg in args:
            try:
                page = reader.read(arg)
            except PageError as error:
                sys.stderr.write(f"{printable(f'{arg}: {error.reason}: {error}', MESSAGE)}\n")
                self.exitcode = NO_LINE
                continue
            if console.is_terminal or opts.explain:
                print_record(page, console)
            else:
                print_line(page)
            if opts.explain:
                print_cuts(page, console)


class _Reader:
    """Reads pages of one mirror, or files anywhere."""

    def __init__(self, mirrors: str | None, mirror: str | None, sections: str | None) -> None:
        from crawler.config.locations import mirrors_file  # noqa: PLC0415
        from crawler.config.mirrors import load_mirrors  # noqa: PLC0415
        from crawler.formats.registry import find_format  # noqa: PLC0415

        self.root: Path | None = None
        self.name, self.format = "page", find_format()
        self.public = ""
        if mirror:
            found = load_mirrors(mirrors_file(mirrors)).find(mirror)
            if "path" not in found.ways:
                raise WrongUsage(
                    f"mirror {found.name!r} has no directory: give its pages as files, or the "
                    "directory of a checked-out mirror"
                )
            self.root, self.public = Path(found.ways["path"]), found.public
            self.name, self.format = found.name, found.format
        self.sections = [one for one in (sections or "").replace(",", " ").split() if one]
        for one in self.sections:
            if not self.format.is_section_id(one):
                raise WrongUsage(f"--sections must be ids like ncid278,nf1412576, not {one[:40]!r}")

    def read(self, arg: str) -> ReadPage:
        """Read a page.

        Args:
            arg: a path, relative to the mirror if one is given.

        Raises:
            PageError: the page yields no record.
        """
        from crawler.reading.pages import bytes_of, read, section_of  # noqa: PLC0415

        path = Path(arg).absolute() if self.root is None else self.root / arg
        url = path.as_uri() if self.root is None else self.public + arg
        section = section_of(str(path), self.format)
        sections = self.sections or ([section] if section else [])
        return read(bytes_of(path), url, self.name, sections, self.format)
