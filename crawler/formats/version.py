"""The version of the readers: a digest of all code and data that determine a line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from crawler.formats.base import Format

_PARTS = (
    "formats", "items.py", "loaders.py", "text.py", "radicals.py", "urls.py", "canonical.py",
    "frontier/copies.py",
)  # fmt: skip
_NOT_READERS = "audit_rules.py"
"""A module beside the readers of a format that no line depends on."""
_LIBRARIES = ("lxml", "nh3")
_DIGITS = 12


@cache
def readers_version(mirror_format: Format) -> str:
    """Return 12 hexadecimal digits; equal versions make the same line from the same page.

    They cover code and data of readers and loaders, including a format in another package, and the
    versions of the libraries that parse and sanitize HTML. Every edit of that code changes them.
    """
    digest = hashlib.sha256()
    package = files("crawler")
    roots = [package.joinpath(name) for name in _PARTS]
    own = type(mirror_format).__module__
    if not own.startswith("crawler."):
        roots.append(_code_of(own))
    for root in roots:
        for name, content in _sources(root):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    for library in _LIBRARIES:
        digest.update(f"{library} {version(library)}\0".encode())
    return digest.hexdigest()[:_DIGITS]


def _code_of(module: str) -> Traversable:
    """Return the package of a module, or the file of a module without one."""
    package, _, name = module.rpartition(".")
    if package:
        return files(package)
    import importlib.util  # noqa: PLC0415 - formats of other packages only
    from pathlib import Path  # noqa: PLC0415

    spec = importlib.util.find_spec(name)
    return Path(spec.origin if spec and spec.origin else name)


def _sources(root: Traversable) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of the files at or below ``root``, sorted by name."""
    if root.is_file():
        if root.name != _NOT_READERS and not root.name.endswith((".pyc", ".pyo")):
            yield root.name, root.read_bytes()
    elif root.is_dir() and root.name != "__pycache__":
        for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
            yield from _sources(entry)
