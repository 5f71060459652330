"""Where the mirror's catalogue of books lies."""

from __future__ import annotations

from os.path import isdir
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from crawler.config.mirrors import expanded, web_base
from crawler.exceptions import WrongUsage

DEFAULT_MIRROR: Final = "https://github.com/gfw-breaker/books"

_PAGE = "README.md"


class Catalogue(NamedTuple):
    """A catalogue's place.

    Attributes:
        base: what the crawl keeps inside of; ends in ``/``.
        shown: the page's address as people see it.
        linked: the address that relative links of the page start from.
    """

    base: str
    shown: str
    linked: str

    @property
    def fetched(self) -> str:
        """The address that the page is fetched from."""
        return self.base + _PAGE


def catalogue_at(mirror: str) -> Catalogue:
    """Return the place of the catalogue in a mirror.

    Args:
        mirror: a repository at GitHub (read at its raw host), another base address of raw files,
            or a directory.

    Raises:
        WrongUsage: ``mirror`` is neither an address nor an existing directory.
    """
    if "://" in mirror:
        base = web_base(mirror, "mirror")
        return _at_github(base) or Catalogue(base, base + _PAGE, base + _PAGE)
    folder: Path = expanded(mirror, "mirror")
    if not isdir(folder):
        raise WrongUsage(f"mirror={mirror} is no directory: give one, or an address http(s)://…/")
    base = folder.resolve().as_uri().rstrip("/") + "/"
    return Catalogue(base, base + _PAGE, base + _PAGE)


def _at_github(base: str) -> Catalogue | None:
    """Return the catalogue of a repository that is named by its page at GitHub."""
    parts = urlsplit(base)
    names = parts.path.strip("/").removesuffix(".git").split("/")
    if parts.hostname != "github.com" or len(names) != 2:  # noqa: PLR2004 - owner, repository
        return None
    repository = "/".join(names)
    page = f"https://github.com/{repository}"
    return Catalogue(
        base=f"https://raw.githubusercontent.com/{repository}/HEAD/",
        shown=f"{page}/blob/HEAD/{_PAGE}",
        linked=f"{page}/raw/HEAD/{_PAGE}",
    )
