"""Text that is safe inside HTML, whatever a mirror wrote."""

from __future__ import annotations

import html

from crawler.printable import printable
from crawler.text import one_line, visible

_LONGEST_ADDRESS = 2000


def escape(text: str) -> str:
    """Return ``text`` for HTML: without control and bidi characters, in one line, shortened."""
    return html.escape(printable(one_line(visible(text))))


def link(url: str, text: str) -> str:
    """Return a link to a plain http(s) address; the text alone for any other address."""
    plain = url.isprintable() and len(url) <= _LONGEST_ADDRESS
    if not (plain and url.startswith(("https://", "http://"))):
        return escape(text)
    return f'<a href="{html.escape(url)}" rel="noreferrer">{escape(text)}</a>'
