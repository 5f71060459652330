"""The plan of a reread, fixed at its beginning: everything that determines the new feed."""

from __future__ import annotations

import importlib
import json
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from crawler.exceptions import FeedUnusable
from crawler.formats.base import Format

ORIGINS, GIT_CONFIGURATION = "origins.sqlite", "gitconfig"
"""Files in the reread's directory."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reread reads, and how. Every process gets this and nothing else.

    Attributes:
        work: the reread's directory.
        feed: the old feed's directory.
        mirror: name of the feed's mirror.
        address: the mirror's address if it is not in the mirrors file.
        format: class of the mirror's format, as ``module:name``.
        pages: the directory with the mirror's pages, or the git directory of its repository.
        commit: the commit to read; None if ``pages`` is a directory of pages.
        at: ``crawled_at`` of every article that is read.
        articles: bytes of ``articles.jsonl`` to read; later lines are ignored.
        listings: bytes of ``listings.jsonl`` to carry over.
        changes: bytes of ``changes.jsonl`` to carry over.
        withdrawn: digest of the ids to leave out.
        readers: version of the readers.
    """

    work: str
    feed: str
    mirror: str
    address: str | None
    format: str
    pages: str
    commit: str | None
    at: str
    articles: int
    listings: int
    changes: int
    withdrawn: str
    readers: str

    def mirror_format(self) -> Format:
        module, _, name = self.format.partition(":")
        mirror_format: Format = getattr(importlib.import_module(module), name)()
        return mirror_format

    def as_json(self) -> str:
        """Return the content of the plan's file."""
        return json.dumps(asdict(self), indent=1) + "\n"


def load_plan(path: Path) -> Plan | None:
    """Return the plan in ``path``; None if the file does not exist.

    Raises:
        FeedUnusable: it cannot be read.
    """
    try:
        return Plan(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise FeedUnusable(
            f"{path} is not a plan of a reread ({error}): delete {path.parent} to begin again"
        ) from error


def temporary_path(path: Path) -> Path:
    """Return a unique temporary path beside ``path``, even if other machines share the directory."""
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")
