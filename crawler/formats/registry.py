"""Mirror formats by name.

Another package provides a format by an entry point of the group ``epoch_mirror_crawler.formats``, which
refers to a class with the methods of ``crawler.formats.base.Format``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import entry_points
from typing import Final

from crawler.exceptions import WrongUsage
from crawler.formats.base import Format
from crawler.formats.epoch.format import EpochFormat

DEFAULT_NAME: Final = "epoch"
ENTRY_POINTS: Final = "epoch_mirror_crawler.formats"

_BUILT_IN: dict[str, Callable[[], Format]] = {DEFAULT_NAME: EpochFormat}


@cache
def find_format(name: str = DEFAULT_NAME) -> Format:
    """Return the format called ``name``.

    Raises:
        WrongUsage: there is no such format.
    """
    if name in _BUILT_IN:
        return _BUILT_IN[name]()
    installed = entry_points(group=ENTRY_POINTS)
    for point in installed:
        if point.name == name:
            mirror_format: Format = point.load()()
            return mirror_format
    known = ", ".join(sorted({*_BUILT_IN, *installed.names}))
    raise WrongUsage(f"{name!r} is not a mirror format: choose one of {known}")
