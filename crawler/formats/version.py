"""Which readers read a line: a version that follows from their source."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from crawler.formats.base import Format

_CRAWLER = Path(__file__).resolve().parent.parent
# What every format's lines are made with, beside its own readers.
_SHARED = ("items.py", "loaders.py", "text.py", "urls.py", "formats/pages.py")
_DIGITS = 12


@cache
def readers_version(mirror_format: Format) -> str:
    """Return the version of the readers of a format, as hexadecimal digits.

    It is a digest of the source that turns a page into a line: the package that the format is
    defined in (the module, where that is in no package), with its data files, and the modules that
    all formats share. Two runs with the same version read the same page to the same line. It
    changes with every edit of that source, also with one that changes no line.
    """
    paths = {*_own(mirror_format), *(_CRAWLER / name for name in _SHARED)}
    sources = sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in paths)
    return hashlib.sha256(repr(sources).encode()).hexdigest()[:_DIGITS]


def _own(mirror_format: Format) -> Iterator[Path]:
    module = sys.modules[type(mirror_format).__module__]
    source = Path(str(module.__file__)).resolve()
    if not module.__package__:
        yield source
        return
    for path in source.parent.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts and not path.name.startswith("."):
            yield path
