"""Videos: which addresses are one, and what a removed player leaves behind."""

from __future__ import annotations

import re

from lxml import etree

# One video each; a channel, a playlist or a programme's page is none.
_VIDEO = re.compile(
    r"""https?://(?:
      (?:www\.|m\.|music\.)?youtube(?:-nocookie)?\.com/
        (?:watch/?\?(?:[^#]*&)?v=[\w-]+ | (?:shorts|live|embed|v)/[\w-]+)
    | youtu\.be/[\w-]+
    | (?:www\.)?ganjing(?:world)?\.com/(?:[a-z]{2}-[A-Z]{2}/)?(?:video|embed|live|shorts)/[\w-]+
    | (?:www\.|m\.)?youmaker\.com/(?:[a-z]{2}/)?(?:v|video|embed)/[\w-]+
    | [^?\#]+\.(?:mp4|m4v|webm|mov|wmv|flv|avi|mpe?g|m3u8|3gp|ogv|rmvb|rm|ram|asf|asx)(?:[?\#]|\Z)
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_CONTAINERS = re.compile(
    r"\b(?:video_fit_container|epoch_player|player-container|wp-video|wp-block-embed"
    r"|video-?(?:container|wrapper)|youtube(?:Box)?|fb-video|jwplayer)\b"
)
# What is left of a tag that was torn when the player was cut out of it.
_TORN = " \t\n\xa0<>\"'/"
_PLAYERS = frozenset({"video", "embed", "object", "iframe"})
# What stands behind the empty <center> that once wrapped it: an embedded post, a
# table of pictures, a figure. Anything else, and the centre held a player.
TRACES = _PLAYERS | {"div", "center", "cetner"}
"""Elements that may be such a trace."""

_WRAPPED = frozenset({"blockquote", "table", "figure"})


def is_video(url: str) -> bool:
    """Tell whether a canonical address is that of a single video."""
    return _VIDEO.match(url) is not None


def leaves_player_trace(element: etree._Element) -> bool:
    """Tell whether ``element`` is what the removal of a video player left.

    A video container (3,582 news pages), an empty ``<center>`` (8,204), a player's
    own element (66 special pages).
    """
    name = element.tag
    if name in _PLAYERS:
        return True
    if name == "div":
        return _CONTAINERS.search(element.get("class", "")) is not None
    if name not in ("center", "cetner") or (element.text and element.text.strip(_TORN)):
        return False
    return _is_empty(element) and not _wrapped_something(element)


def _is_empty(element: etree._Element) -> bool:
    return all(
        child.tag in ("br", "center") and not (child.tail and child.tail.strip())
        for child in element.iterdescendants()
    ) and not "".join(map(str, element.itertext())).strip(_TORN)


def _wrapped_something(element: etree._Element) -> bool:
    follower = element.getnext()
    if element.tail and element.tail.strip():
        return False
    return follower is not None and follower.tag in _WRAPPED
