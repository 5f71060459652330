"""A page's bytes as text."""

from __future__ import annotations

from crawler.exceptions import PageNotText, PageTooLarge
from crawler.formats.pages import MAX_PAGE_BYTES


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
