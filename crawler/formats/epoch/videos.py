"""Videos: which addresses are one, and what a removed player leaves behind."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

# One video each; a channel, a playlist, a post or a programme's page is none.
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
"""Blocks that may be such a trace."""

# What stands behind the empty <center> that once wrapped it: an embedded post, a table of pictures, a
# figure. Anything else, and the centre held a player.
_WRAPPED: Final = frozenset({"blockquote", "table", "figure"})
_CLIMB: Final = 3
# What is no text where a torn tag was left: quotes and brackets.
_TORN: Final = " \t\n\xa0<>\"'/"
_FIRST_PLAYERS: Final = 2008
"""The first year with players: an empty centre of 2003 to 2006 held a banner (16 pages)."""


def is_video(url: str) -> bool:
    """Tell whether a canonical address is that of a single video."""
    return _VIDEO.match(url) is not None


def is_empty_centre(element: etree._Element, known: set[etree._Element]) -> bool:
    """Tell whether a centre holds nothing but breaks and other empty centres, and add it to ``known``.

    Args:
        element: a centre whose inner centres were asked about before.
        known: the empty ones so far: none is looked into twice, however deep they nest.
    """
    empty = not (element.text and element.text.strip(_TORN)) and all(
        (child.tag == "br" or child in known) and not (child.tail and child.tail.strip(_TORN))
        for child in element
    )
    if empty:
        known.add(element)
    return empty


def leaves_player_trace(element: etree._Element, *, empty: bool, year: int) -> bool:
    """Tell whether ``element`` is what the removal of a video player left.

    A video container (3,582 news pages), an empty ``<center>`` (8,204), a player's own element (66
    special pages).

    Args:
        element: a block of the body, or an element that shows no text.
        empty: whether it holds nothing but breaks and other empty centres.
        year: when the article was published.
    """
    name = element.tag
    if name in _PLAYERS:
        return True
    if name == "div":
        return _CONTAINERS.search(element.get("class", "")) is not None
    return name in _CENTRES and empty and year >= _FIRST_PLAYERS and not _wrapped_something(element)


def _wrapped_something(element: etree._Element) -> bool:
    """Tell whether what the centre wrapped, an embedded post, stands right behind it."""
    node: etree._Element | None = element
    for _ in range(_CLIMB):
        if node is None or (node.tail and node.tail.strip()):
            return False
        follower = node.getnext()
        if follower is not None:
            return follower.tag in _WRAPPED
        node = node.getparent()
    return False
