"""A page's bytes as text."""

from __future__ import annotations

from crawler.exceptions import PageNotText, PageTooLarge
from crawler.formats.pages import MAX_PAGE_BYTES

BYTES_PER_SLIP = 1000
"""One sequence that is not UTF-8 is replaced in so many bytes; a page with more is no text."""


def decoded(body: bytes) -> str:
    """Return the text of a page; the few bytes that are not UTF-8 become U+FFFD.

    Raises:
        PageTooLarge: it is larger than ``MAX_PAGE_BYTES``.
        PageNotText: more than one byte in a thousand, and more than one, is not UTF-8.
    """
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"{len(body)} bytes; at most {MAX_PAGE_BYTES} are read")
    try:
        return body.decode().removeprefix("\ufeff")  # the codec utf-8-sig is written in Python
    except UnicodeDecodeError as exc:
        slips = replaced(body)
        if slips > max(1, len(body) // BYTES_PER_SLIP):
            raise PageNotText(
                f"not UTF-8 at byte {exc.start} and in {slips} places of {len(body)} bytes; at "
                f"most one in {BYTES_PER_SLIP} is replaced"
            ) from exc
        return body.decode("utf-8-sig", "replace")


def replaced(body: bytes) -> int:
    """Return how many sequences of ``body`` are not UTF-8, each of which becomes one U+FFFD."""
    try:
        body.decode()
    except UnicodeDecodeError:
        genuine = "\ufffd".encode()
        return body.decode("utf-8", "replace").count("\ufffd") - body.count(genuine)
    return 0
