"""Recognizes URLs of videos, and traces of removed players."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

# URLs of a single video, not of a channel, a playlist, a post or a programme.
_VIDEO: Final = re.compile(
    r"""https?://(?:
      (?:www\.|m\.|music\.)?youtube(?:-nocookie)?\.com/
        (?:watch/?\?(?:[^#]*&)?v=[\w-]+ | (?:shorts|live|embed|v)/(?!videoseries|live_stream)[\w-]+)
    | youtu\.be/[\w-]+
    | (?:www\.)?ganjing(?:world)?\.com/(?:[a-z]{2}-[A-Z]{2}/)?(?:video|embed|live|shorts)/[\w-]+
    | (?:www\.|m\.)?youmaker\.com/(?:[a-z]{2}/)?(?:v|video|embed)/[\w-]+
    | (?:[a-z-]+\.)?facebook\.com/(?:
        (?:(?:groups/)?[^/?\#]+/)?videos/(?:[^/?\#]+/)*\d+ | (?:watch/(?:live/)?|watch|video\.php)\?(?:[^#]*&)?v=\d+
      | reel/\d+ | share/[vr]/\w+ | plugins/video\.php\? )
    | fb\.watch/[\w-]+
    | (?:www\.|player\.)?vimeo\.com/(?:video/|channels/[^/?\#]+/|groups/[^/?\#]+/videos/|(?:showcase|album)/\d+/video/)?\d+
    | (?:www\.|m\.)?bilibili\.com/(?:s/)?video/(?:av|bv)\w+
    | player\.bilibili\.com/player\.html\?(?:[^#]*&)?(?:aid|bvid)=\w+
    | b23\.tv/(?:av|bv)\w+
    | (?:www\.|m\.)?tiktok\.com/(?:@[^/?\#]+/video|v|embed(?:/v2)?)/\d+
    | (?:vm|vt)\.tiktok\.com/\w+ | (?:www\.)?tiktok\.com/t/\w+
    | (?:www\.)?instagram\.com/(?:[^/?\#]+/)?(?:reels?|tv)/(?!audio/)[\w-]+
    | (?:www\.|m\.)?weibo\.c(?:om|n)/tv/(?:show|v)/[\w:-]+
    | (?:h5\.)?video\.weibo\.com/show(?:\?(?:[^#]*&)?fid=|/)[\w:-]+
    | (?:www\.)?rumble\.com/(?:(?:embed|shorts)/)?v(?:[0-9a-z]+-[^/?\#]+\.html|(?=[a-z]*\d)[0-9a-z]+(?:[-./?\#]|\Z))
    | [^?\#]+\.(?:mp4|m4v|webm|mov|wmv|flv|avi|mpe?g|m3u8|3gp|ogv|rmvb|rm|ram|asf|asx)(?:[?\#]|\Z)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTAINERS: Final = re.compile(
    r"\b(?:video_fit_container|epoch_player|player-container|wp-video|wp-block-embed"
    r"|video-?(?:container|wrapper)|youtube(?:Box)?|fb-video|jwplayer)\b"
)
_PLAYERS: Final = frozenset({"video", "embed", "object", "iframe"})
_CENTRES: Final = frozenset({"center", "cetner"})
TRACES: Final = _CENTRES | {"div"}
"""Blocks that may be the trace of a player."""

# An embedded post, a table of pictures or a figure after an empty <center> was once inside of it.
# Any other empty <center> contained a player.
_WRAPPED: Final = frozenset({"blockquote", "table", "figure"})
_CLIMB: Final = 3
# Characters of a broken tag that are not text.
_TAG_CHARACTERS: Final = " \t\n\xa0<>\"'/"
_FIRST_PLAYERS: Final = 2008
"""The first year with players. An empty ``<center>`` of 2003 to 2006 contained a banner (16 pages)."""


def is_video(url: str) -> bool:
    """Return whether a canonical URL is that of a single video."""
    return _VIDEO.match(url) is not None


def is_empty_centre(element: etree._Element, known: set[etree._Element]) -> bool:
    """Return whether a ``<center>`` has only breaks and empty ones inside; if so, add it to ``known``.

    Args:
        element: the element. Those inside of it must have been checked before.
        known: the empty ones found so far, so that nested ones are checked once.
    """
    empty = not (element.text and element.text.strip(_TAG_CHARACTERS)) and all(
        (child.tag == "br" or child in known)
        and not (child.tail and child.tail.strip(_TAG_CHARACTERS))
        for child in element
    )
    if empty:
        known.add(element)
    return empty


def leaves_player_trace(element: etree._Element, *, empty: bool, year: int) -> bool:
    """Return whether ``element`` is a trace of a removed video player.

    This is a video container (3,582 news pages), an empty ``<center>`` (8,204) or a player's own
    element (66 special pages).

    Args:
        element: a block of the body, or an element without text.
        empty: the result of :func:`is_empty_centre`.
        year: the year of publication.
    """
    name = element.tag
    if name in _PLAYERS:
        return True
    if name == "div":
        return _CONTAINERS.search(element.get("class", "")) is not None
    return name in _CENTRES and empty and year >= _FIRST_PLAYERS and not _wrapped_something(element)


def _wrapped_something(element: etree._Element) -> bool:
    """Return whether an element that was once in this ``<center>``, such as a post, follows it."""
    node: etree._Element | None = element
    for _ in range(_CLIMB):
        if node is None or (node.tail and node.tail.strip()):
            return False
        follower = node.getnext()
        if follower is not None:
            return follower.tag in _WRAPPED
        node = node.getparent()
    return False
