"""Escapes text and URLs of a mirror for HTML."""

from __future__ import annotations

import html

from crawler.printable import printable
from crawler.text import one_line, visible

_MAX_URL_LENGTH = 2000


def escape(text: str) -> str:
    """Return ``text`` escaped for HTML, on one line, shortened, without control and bidi characters."""
    return html.escape(printable(one_line(visible(text))))


def link(url: str, text: str) -> str:
    """Return a link, or only the text if the URL is not a plain http(s) URL."""
    plain = url.isprintable() and len(url) <= _MAX_URL_LENGTH
    if not (plain and url.startswith(("https://", "http://"))):
        return escape(text)
    return f'<a href="{html.escape(url)}" rel="noreferrer">{escape(text)}</a>'
