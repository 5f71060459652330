"""The feed contract: every key of a line with its type and rule.

``crawler.schema`` builds the JSON Schema from these classes and adds the patterns of ids and URLs
of the mirror's format. The check pipeline validates every line against the schema, and a test
checks that ``docs/data-format.md`` documents every key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict

CONTRACT_VERSION = "1.0"
"""Version of the feed contract. A minor version adds keys at the end of a line."""

MAX_LINE_BYTES = 4 << 20
"""Maximum length of a line; the longest of 132,101 real pages has about 1.2 million bytes."""

_VERSION = re.compile(r"\d{1,4}\.\d{1,4}", re.ASCII)


class Person(TypedDict):
    """Someone who wrote, reported or translated."""

    name: str


class Section(TypedDict):
    """A section whose index pages list the article; ``name`` is the heading of the index page."""

    id: str
    name: str


class Link(TypedDict):
    """A link of the body: its canonical URL and its text."""

    url: str
    text: str


class Image(TypedDict):
    """An image of the body; ``caption`` is without the credit.

    ``full_url`` is the picture that the image links to.
    """

    url: str
    full_url: str | None
    caption: str | None
    credit: str | None


def _key(default: Any = None, **schema: Any) -> Any:
    """Return a dataclass field whose metadata is its JSON Schema."""
    if isinstance(default, list):
        return field(default_factory=list, metadata={"schema": schema})
    return field(default=default, metadata={"schema": schema})


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_TEXT = {"type": "string", "minLength": 1}
_OPTIONAL_TEXT = {"type": ["string", "null"], "minLength": 1}
_HTTP = {"type": "string", "pattern": r"^https?://[^\s]+$"}
_OPTIONAL_HTTP = {"type": ["string", "null"], "pattern": _HTTP["pattern"]}
_PEOPLE = {"type": "array", "items": _object(name=_TEXT)}


class _FromPage:
    """Data that accompanies an item through the pipelines and is not part of its line.

    Attributes:
        blob_id: git blob id of the page that the item was read from, if its bytes were seen.
        has_line: whether the feed has a line of the article, which was read again to compare it.
        before: the page of its last edition as read by the current readers, if available.
    """

    __slots__ = ("before", "blob_id", "has_line")

    blob_id: str | None
    has_line: bool
    before: Any  # an Article

    def __post_init__(self) -> None:
        self.blob_id = None
        self.has_line = False
        self.before = None

    def came_from(self, blob_id: str) -> None:
        self.blob_id = blob_id

    def read_again(self, before: Article | None) -> None:
        self.has_line, self.before = True, before


@dataclass(slots=True, kw_only=True)
class Article(_FromPage):
    """One article, one line of ``articles.jsonl``; the keys have the order of the line.

    ``None`` means that the page does not state the value, or that the transport cannot supply it.
    """

    id: str | None = _key(type="string")
    url: str | None = _key(type="string")
    title: str | None = _key(**_TEXT)
    column: str | None = _key(**_OPTIONAL_TEXT)
    language: str | None = _key(enum=["zh-Hans", "zh-Hant"])
    date_published: str | None = _key(type="string", pattern=r"^\d{4}-\d{2}-\d{2}$", format="date")
    date_source: str | None = _key(enum=["dateline", "url"])
    dateline: str | None = _key(**_OPTIONAL_TEXT)
    byline: str | None = _key(**_OPTIONAL_TEXT)
    authors: list[Person] = _key([], **_PEOPLE)
    translators: list[Person] = _key([], **_PEOPLE)
    editors: list[str] = _key([], type="array", items=_TEXT)
    sections: list[Section] = _key(
        [], type="array", minItems=1, items=_object(id=_TEXT, name=_TEXT)
    )
    tags: list[str] | None = _key([], type=["array", "null"], items=_TEXT, uniqueItems=True)
    image: str | None = _key(**_OPTIONAL_HTTP)
    image_caption: str | None = _key(**_OPTIONAL_TEXT)
    image_credit: str | None = _key(**_OPTIONAL_TEXT)
    images: list[Image] = _key(
        [],
        type="array",
        items=_object(
            url=_HTTP, full_url=_OPTIONAL_HTTP, caption=_OPTIONAL_TEXT, credit=_OPTIONAL_TEXT
        ),
    )
    videos: list[str] | None = _key([], type=["array", "null"], items=_HTTP, uniqueItems=True)
    has_video: bool | None = _key(type=["boolean", "null"])
    links: list[Link] | None = _key(
        [],
        type=["array", "null"],
        items=_object(
            url={"type": "string", "pattern": r"^(https?://|mailto:)[^\s]+$"},
            text={"type": "string"},
        ),
    )
    content_text: str | None = _key(type="string")
    content_html: str | None = _key(type=["string", "null"])
    truncated: bool | None = _key(type=["boolean", "null"])
    content_sha256: str | None = _key(type="string", pattern=r"^[0-9a-f]{64}$")
    mirror: str | None = _key(**_TEXT)
    mirror_url: str | None = _key(type="string", pattern=r"^(https?|file)://[^\s]+\.md$")
    crawled_at: str | None = _key(
        type="string", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", format="date-time"
    )


@dataclass(slots=True, kw_only=True)
class ArticleLine(_FromPage):
    """An article as its finished line. Only the project's own pipelines see such items.

    Attributes:
        id: the article's id.
        content_sha256: the key of the same name.
        date_published: the key of the same name.
        mirror_url: the key of the same name.
        digest: digest of the keys that make an edition (``store.edition``).
        thin: whether another section's copy may be better (``store.edition``).
        line: the line of ``articles.jsonl``, with its newline.
        unusable_urls: number of URLs on the page that cannot be made absolute.
        replaced_bytes: number of byte sequences on the page that are not UTF-8.
    """

    id: str
    content_sha256: str | None
    date_published: str | None
    mirror_url: str | None
    digest: str
    thin: bool
    line: bytes
    unusable_urls: int = 0
    replaced_bytes: int = 0


@dataclass(slots=True, kw_only=True)
class Listing:
    """One (article, section) pair found on an index page, one line of ``listings.jsonl``."""

    id: str = _key("", type="string")
    section: str = _key("", **_TEXT)
    title: str = _key("", type="string")
    first_seen_at: str = _key("", type="string", format="date-time")


def is_continued(version: object) -> bool:
    """Return whether this program may append lines to a feed of contract ``version``.

    The major version must be equal, and the minor version not newer. Version ``1`` (a number), of
    the first edition, has other keys.
    """
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return False
    (major, minor), (own_major, own_minor) = (
        map(int, text.split(".")) for text in (version, CONTRACT_VERSION)
    )
    return major == own_major and minor <= own_minor


def timestamp(moment: datetime) -> str:
    """Return ``moment`` as RFC 3339 in UTC with seconds, such as ``2026-11-01T06:00:00Z``."""
    # strftime takes eight times as long
    return f"{moment.astimezone(UTC).isoformat()[:19]}Z"


def as_record(item: Article | Listing) -> dict[str, Any]:
    """Return an item as the JSON object of its line, with keys in the contract's order.

    ``__slots__`` holds the keys of the class itself, so inherited attributes are left out.
    ``ItemAdapter.asdict`` is slower because it copies every nested value (0.18 ms an article).
    """
    return {key: getattr(item, key) for key in item.__slots__}
