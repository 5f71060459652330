"""A page's bytes as text."""

from __future__ import annotations

from crawler.exceptions import PageNotText, PageTooLarge

MAX_PAGE_BYTES = 8 << 20
"""No page is larger; the largest of 132,101 real ones has 555,303 bytes."""


def decoded(body: bytes) -> str:
    """Return the text of a page.

    Raises:
        PageTooLarge: it is larger than ``MAX_PAGE_BYTES``.
        PageNotText: it is not UTF-8.
    """
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"{len(body)} bytes; at most {MAX_PAGE_BYTES} are read")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise PageNotText(f"not UTF-8 at byte {exc.start}") from exc
