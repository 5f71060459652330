"""Base of the commands that do not crawl: streams, errors and exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler import terminal
from crawler.config.suggestions import suggestion
from crawler.exceptions import RunError, WrongUsage
from crawler.printable import MESSAGE, printable

if TYPE_CHECKING:
    import argparse

    from scrapy.commands import ScrapyCommand as _Command
else:
    _Command = object

_INTERRUPTED = 130


class Tool(_Command):
    """Mixin for a command that does not crawl; the command implements :meth:`work`.

    Scrapy imports all commands before it runs one. Commands therefore import expensive modules in
    their functions, so that ``crawl`` starts quickly.

    Attributes:
        usage: the arguments, for the usage line.
        summary: the description in the list of commands.
        description: the description for ``-h``.
        interrupted: the message after Ctrl-C.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 - as in Scrapy's commands
    usage = summary = description = ""
    interrupted = "stopped"

    def syntax(self) -> str:
        return self.usage

    def short_desc(self) -> str:
        return self.summary

    def long_desc(self) -> str:
        return self.description

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Do the command's work and return its exit status.

        Raises:
            RunError: the command prints the message and exits with the error's status.
        """
        raise NotImplementedError

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Do the command's work, print errors, and set the exit status."""
        terminal.prepare()
        try:
            _check_options(args, opts)
            self.exitcode = self.work(args, opts)
        except WrongUsage as error:
            raise UsageError(printable(error, MESSAGE), print_help=False) from error
        except RunError as error:
            sys.stderr.write(f"{printable(error, MESSAGE)}\n")
            self.exitcode = error.exit_code
        except KeyboardInterrupt:
            sys.stderr.write(f"{self.interrupted}\n")
            self.exitcode = _INTERRUPTED


def _check_options(args: list[str], opts: argparse.Namespace) -> None:
    """Refuse an unknown option, which Scrapy leaves among the arguments."""
    for arg in args:
        if arg.startswith("-") and arg != "-":  # that is standard input
            known = [f"--{name.replace('_', '-')}" for name in vars(opts)]
            given = arg.partition("=")[0]
            raise WrongUsage(f"{arg!r} is not an option{suggestion(given, known)}: see --help")
