"""Optional dependencies: the extras of ``pyproject.toml``, imported where a run needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from crawler.exceptions import WrongUsage

EXTRAS = {
    "browser": ("scrapy_playwright", "playwright"),
}
"""The packages that each extra installs, by the names under which they are imported."""


@contextmanager
def needs_extra(extra: str, what: str) -> Iterator[None]:
    """Import the packages of an extra inside this context.

    Args:
        extra: one of `EXTRAS`.
        what: what the user asked for that needs it, such as ``via=browser``.

    Raises:
        WrongUsage: a package of the extra is not installed; the message tells how to install it.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        missing = (exc.name or "").partition(".")[0]
        if missing not in EXTRAS[extra]:
            raise
        raise WrongUsage(
            f"{what} needs the package {missing}, which is not installed: "
            f"pip install 'epoch-mirror-crawler[{extra}]'"
        ) from exc
