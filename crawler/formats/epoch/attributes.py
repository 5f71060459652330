"""Start tags with very many attributes, cut short before a parser meets them.

libxml2 compares each attribute of an element with all others: a megabyte of them in one tag takes half
a minute. No element of a real page has more than 20.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

_MOST: Final = 64
_LONG_PAGE: Final = 16_384
_LONG_TAG: Final = 1024
"""Characters: shorter pages and tags cost nothing that matters."""

_VALUE: Final = r"""(?:"[^"]*+"|'[^']*+'|[^\s>]*+)"""
_ATTRIBUTE: Final = rf"(?:[^\s/>=][^\s/>=]*+(?:\s*+=\s*+{_VALUE})?+)"
_TAG: Final = re.compile(rf"(<[A-Za-z][^\s/>]*+)((?:[\s/=]++|{_ATTRIBUTE})*+)")
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE)


def bounded_attributes(markup: str) -> str:
    """Return ``markup`` with at most 64 attributes in a tag; the first ones stay."""
    if len(markup) < _LONG_PAGE:
        return markup
    return _TAG.sub(_bounded, markup)


def _bounded(tag: re.Match[str]) -> str:
    name, attributes = tag.groups()
    if len(attributes) < _LONG_TAG:
        return tag[0]
    kept = islice(_ATTRIBUTES.finditer(attributes), _MOST)
    return " ".join([name, *(attribute[0] for attribute in kept)])
