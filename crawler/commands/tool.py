"""What the commands that run no crawl have in common: streams, errors and exit status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from scrapy.exceptions import UsageError

from crawler import terminal
from crawler.exceptions import RunError, WrongUsage
from crawler.printable import MESSAGE, printable

if TYPE_CHECKING:
    import argparse

    from scrapy.commands import ScrapyCommand as _Command
else:
    _Command = object

_INTERRUPTED = 130


class Tool(_Command):
    """Mixin for a command that runs no crawl; it implements :meth:`work`.

    Scrapy imports every command before it runs one. So that ``crawl`` starts quickly, a command
    imports in its functions what only it needs.

    Attributes:
        interrupted: what Ctrl-C prints.
    """

    requires_project = True
    requires_crawler_process = False
    default_settings = {"LOG_ENABLED": False}  # noqa: RUF012 -- as in Scrapy's own commands
    interrupted = "stopped"

    def work(self, args: list[str], opts: argparse.Namespace) -> int:
        """Do the command's work and return its exit status.

        Raises:
            RunError: the command ends with its exit status, and prints its message.
        """
        raise NotImplementedError

    def run(self, args: list[str], opts: argparse.Namespace) -> None:
        """Do the command's work, print what went wrong, and set the exit status."""
        terminal.prepare()
        try:
            self.exitcode = self.work(args, opts)
        except WrongUsage as error:
            raise UsageError(printable(error, MESSAGE), print_help=False) from error
        except RunError as error:
            sys.stderr.write(f"{printable(error, MESSAGE)}\n")
            self.exitcode = error.exit_code
        except KeyboardInterrupt:
            sys.stderr.write(f"{self.interrupted}\n")
            self.exitcode = _INTERRUPTED
