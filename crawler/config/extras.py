"""Optional dependencies: the extras of ``pyproject.toml``, imported only where a run needs them."""

from __future__ import annotations

from importlib.util import find_spec

from crawler.exceptions import WrongUsage

EXTRAS = {
    "browser": ("scrapy_playwright", "playwright"),
    "cluster": ("distributed",),
    "parquet": ("pyarrow",),
}
"""The packages of each extra, by the names under which they are imported."""


def require_extra(extra: str, what: str) -> None:
    """Check that the packages of an extra are installed, before a module that needs them is imported.

    Args:
        extra: one of `EXTRAS`.
        what: what the user asked for that needs it, such as ``via=browser``.

    Raises:
        WrongUsage: one is not installed; the message tells how to install it.
    """
    for package in EXTRAS[extra]:
        if find_spec(package) is None:
            raise WrongUsage(
                f"{what} needs the package {package}, which is not installed: "
                f"pip install 'epoch-mirror-crawler[{extra}]'"
            )
