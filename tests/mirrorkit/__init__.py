"""A builder of mirrors in the exact form of real ones, for tests and benches.

    pretty      HTML the way the mirror's pretty-printer lays it out
    pages       one article and the file it becomes
    indexes     home page, section indexes, archive pages, lists
    builder     a mirror that grows: publish, write, publish, write
    damage      faults of real mirrors, caused on purpose
    bulk        thousands to a million small articles, quickly

Everything uses the standard library only, is deterministic, and reads no clock.
"""

from __future__ import annotations

from mirrorkit.builder import MirrorBuilder
from mirrorkit.bulk import BulkMirror, GrowingMirror, large_mirror
from mirrorkit.damage import (
    break_page,
    cut_page,
    drop_index,
    drop_page,
    empty_index,
    move_away,
)
from mirrorkit.indexes import ABSOLUTE_AD, RELATIVE_AD, Group, Link, Section
from mirrorkit.pages import ArticleSpec, Picture, article_page, figure, tag_link

__all__ = [
    "ABSOLUTE_AD",
    "RELATIVE_AD",
    "ArticleSpec",
    "BulkMirror",
    "Group",
    "GrowingMirror",
    "Link",
    "MirrorBuilder",
    "Picture",
    "Section",
    "article_page",
    "break_page",
    "cut_page",
    "drop_index",
    "drop_page",
    "empty_index",
    "figure",
    "large_mirror",
    "move_away",
    "tag_link",
]
