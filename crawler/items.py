"""The feed contract: every key of a line, its type, its rule.

``crawler.schema`` builds the JSON Schema from these classes, with the patterns of ids and
addresses that the mirror's format has. The check pipeline validates against it, and
``docs/data-format.md`` is tested to name every key.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypedDict

CONTRACT_VERSION = "1.0"
"""Version of the feed contract. A minor version adds keys at the end of a line."""

MAX_LINE_BYTES = 4 << 20
"""No line is longer; the longest of 132,101 real pages has about 1.2 million bytes."""

_VERSION = re.compile(r"\d{1,4}\.\d{1,4}", re.ASCII)


class Person(TypedDict):
    """Someone who wrote, reported or translated."""

    name: str


class Section(TypedDict):
    """A section whose index lists the article; ``name`` is the index's own heading."""

    id: str
    name: str


class Link(TypedDict):
    """A link of the body: its canonical address and the text that carries it."""

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
    """What an item carries beside its line, on its way through the pipelines."""

    __slots__ = ("blob_id",)

    blob_id: str | None

    def __post_init__(self) -> None:
        self.blob_id = None

    def came_from(self, blob_id: str) -> None:
        """Note git's id of the bytes of the page that the item was read from."""
        self.blob_id = blob_id


@dataclass(slots=True, kw_only=True)
class Article(_FromPage):
    """One article, one line of ``articles.jsonl``; keys in the order of the line.

    ``None`` says that the page (or the transport it was read by) does not tell.

    Attributes:
        blob_id: git's id of the bytes of the page that the article was read from; not a key of
            the line, so neither exports nor the schema know it.
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
    """An article as its finished line: an item that nothing but the project's pipelines sees.

    Attributes:
        id: the article's.
        content_sha256: of its text.
        mirror_url: where the copy lies that it was read from.
        unusable_urls: how many addresses in it cannot be made absolute.
        replaced_bytes: how many sequences of its page are not UTF-8.
        line: its line of ``articles.jsonl``, newline included.
        blob_id: git's id of the bytes of its page.
    """

    id: str
    content_sha256: str | None
    mirror_url: str
    unusable_urls: int
    replaced_bytes: int
    line: bytes


@dataclass(slots=True, kw_only=True)
class Listing:
    """One (section, article) pair that an index page lists, one line of ``listings.jsonl``."""

    id: str = _key("", type="string")
    section: str = _key("", **_TEXT)
    title: str = _key("", type="string")
    first_seen_at: str = _key("", type="string", format="date-time")


def is_continued(version: object) -> bool:
    """Tell whether lines of this program may follow those of a feed of contract ``version``.

    They may where it is of the same major and no newer minor version. The first edition, which
    called itself 1, a number, has other keys.
    """
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        return False
    (major, minor), (own_major, own_minor) = (
        map(int, text.split(".")) for text in (version, CONTRACT_VERSION)
    )
    return major == own_major and minor <= own_minor


def timestamp(moment: datetime) -> str:
    """Return ``moment`` as lines have it: RFC 3339 in UTC, to the second, ``2026-11-01T06:00:00Z``."""
    # not strftime, which takes four times as long
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def as_record(item: Article | ArticleLine | Listing) -> dict[str, Any]:
    """Return an item as the object of its line, keys in the contract's order.

    ``__slots__`` are those of the class itself: what it carries beside its line is left out.

    Not ``ItemAdapter.asdict``, which copies every nested value (0.18 ms an article).
    """
    return {key: getattr(item, key) for key in item.__slots__}
