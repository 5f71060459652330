"""Text that is safe inside HTML, whatever a mirror wrote."""

from __future__ import annotations

import html

from crawler.text import one_line, visible

_LONGEST = 300


def escape(text: str) -> str:
    """Return ``text`` for HTML: without control and bidi characters, in one line, shortened."""
    shown = one_line(visible(text))
    return html.escape(shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…")


def link(url: str, text: str) -> str:
    """Return a link to a http(s) address; the text alone for any other address."""
    if not url.startswith(("https://", "http://")):
        return escape(text)
    return f'<a href="{html.escape(url)}" rel="noreferrer">{escape(text)}</a>'
