"""The results of the walk over a body."""

from __future__ import annotations

from dataclasses import dataclass, field

from crawler.formats.epoch.figures import Picture
from crawler.formats.epoch.markup import Leaf, Run


@dataclass(slots=True)
class Anchor:
    """A link of the body; ``runs`` are the parts of its text."""

    url: str
    runs: list[Run] = field(default_factory=list)
    wraps_image: bool = False


@dataclass(slots=True)
class Body:
    """The blocks, images, links and videos that the walk found, in order of appearance."""

    leaves: list[Leaf] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    tags: dict[str, None] = field(default_factory=dict)
    media: list[str] = field(default_factory=list)
    player: bool = False
    unusable_urls: int = 0
