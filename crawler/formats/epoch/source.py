"""Decodes a page's bytes."""

from __future__ import annotations

from crawler.exceptions import PageNotText, PageTooLarge
from crawler.formats.pages import MAX_PAGE_BYTES

BYTES_PER_ERROR = 1000
"""A page with more than one invalid sequence in so many bytes is refused as not text."""


def decoded(body: bytes) -> str:
    """Decode a page; a few sequences that are not UTF-8 are replaced by U+FFFD.

    Raises:
        PageTooLarge: it is larger than ``MAX_PAGE_BYTES``.
        PageNotText: it has more than one invalid sequence, and more than one in a thousand bytes.
    """
    if len(body) > MAX_PAGE_BYTES:
        raise PageTooLarge(f"{len(body)} bytes; at most {MAX_PAGE_BYTES} are read")
    try:
        return body.decode().removeprefix("\ufeff")  # the codec utf-8-sig is written in Python
    except UnicodeDecodeError as exc:
        errors = replaced(body)
        if errors > max(1, len(body) // BYTES_PER_ERROR):
            raise PageNotText(
                f"not UTF-8 at byte {exc.start} and in {errors} places of {len(body)} bytes; at "
                f"most one in {BYTES_PER_ERROR} is replaced"
            ) from exc
        return body.decode("utf-8-sig", "replace")


def replaced(body: bytes) -> int:
    """Return the number of invalid sequences in ``body``, each of which becomes one U+FFFD."""
    try:
        body.decode()
    except UnicodeDecodeError:
        genuine = "\ufffd".encode()
        return body.decode("utf-8", "replace").count("\ufffd") - body.count(genuine)
    return 0
