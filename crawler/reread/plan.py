"""The plan of a reread: all that decides the bytes of the new feed, fixed when it begins."""

from __future__ import annotations

import importlib
import json
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawler.exceptions import FeedUnusable
from crawler.formats.base import Format


@dataclass(frozen=True, slots=True)
class Plan:
    """What a reread reads, and what it makes of it. Parts are read by this and nothing else.

    Attributes:
        work: the directory of its parts.
        feed: the feed's directory.
        mirror: the name of the feed's mirror.
        address: the mirror's address where it is named by that alone.
        format: the class of the mirror's format, ``module:name``.
        pages: the directory with the mirror's pages, or the git directory of its repository.
        commit: the commit that is read; None: ``pages`` is a directory of pages.
        at: the time of reading of every article, as lines have it.
        articles: bytes of ``articles.jsonl`` that are read; what is appended later is not.
        listings: bytes of ``listings.jsonl`` that are carried over.
        changes: bytes of ``changes.jsonl`` that are carried over.
        withdrawn: digest of the ids that are left out.
        readers: the fingerprint of the readers.
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
        """Return the mirror's format."""
        module, _, name = self.format.partition(":")
        mirror_format: Format = getattr(importlib.import_module(module), name)()
        return mirror_format

    @property
    def read_at(self) -> datetime:
        """The time of reading."""
        return datetime.strptime(self.at, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)

    def as_json(self) -> str:
        """Return the plan as the text of its file."""
        return json.dumps(asdict(self), indent=1) + "\n"


def load_plan(path: Path) -> Plan | None:
    """Return the plan kept at ``path``; None where there is none.

    Raises:
        FeedUnusable: it cannot be read.
    """
    try:
        return Plan(**json.loads(path.read_bytes()))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise FeedUnusable(
            f"{path} is no plan of a reread ({error}): delete {path.parent} to begin again"
        ) from error


def aside_of(path: Path) -> Path:
    """Return a name beside ``path`` that no process of any machine uses."""
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}.new")


def format_name(mirror_format: Format) -> str:
    """Return the name by which a plan finds a format again."""
    kind = type(mirror_format)
    return f"{kind.__module__}:{kind.__qualname__}"
