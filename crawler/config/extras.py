"""Optional dependencies: the extras of ``pyproject.toml``."""

from __future__ import annotations

from importlib.util import find_spec

from crawler.exceptions import WrongUsage

EXTRAS = {
    "browser": ("scrapy_playwright", "playwright"),
    "cluster": ("distributed",),
    "parquet": ("pyarrow",),
}
"""Import names of the packages of each extra."""


def require_extra(extra: str, what: str) -> None:
    """Raise WrongUsage if a package of an extra, needed for ``what``, is not installed."""
    for package in EXTRAS[extra]:
        if find_spec(package) is None:
            raise WrongUsage(
                f"{what} needs the package {package}, which is not installed: "
                f"pip install 'epoch-mirror-crawler[{extra}]'"
            )
