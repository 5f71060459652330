"""Limits the number of attributes in a start tag before libxml2 parses it.

libxml2 compares each attribute of an element with all others: one tag with a megabyte of attributes
takes half a minute. No element of a real page has more than 20.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

_MAX_ATTRIBUTES: Final = 64
_LONG_PAGE: Final = 16_384
_LONG_TAG: Final = 1024
"""Characters. Shorter pages and tags are parsed fast enough with any number of attributes."""

_VALUE: Final = r"""(?:"[^"]*+"|'[^']*+'|[^\s>]*+)"""
_ATTRIBUTE: Final = rf"(?:[^\s/>=][^\s/>=]*+(?:\s*+=\s*+{_VALUE})?+)"
_TAG: Final = re.compile(rf"(<[A-Za-z][^\s/>]*+)((?:[\s/=]++|{_ATTRIBUTE})*+)")
_ATTRIBUTES: Final = re.compile(_ATTRIBUTE)


def bounded_attributes(markup: str) -> str:
    """Return ``markup`` with only the first 64 attributes of each tag."""
    if len(markup) < _LONG_PAGE:
        return markup
    return _TAG.sub(_bounded, markup)


def _bounded(tag: re.Match[str]) -> str:
    name, attributes = tag.groups()
    if len(attributes) < _LONG_TAG:
        return tag[0]
    kept = islice(_ATTRIBUTES.finditer(attributes), _MAX_ATTRIBUTES)
    return " ".join([name, *(attribute[0] for attribute in kept)])
