"""A reader of pages that obeys marks in them, for the processes that run it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from crawler.formats.registry import find_format
from crawler.readers.pages import Kind, read_page

if TYPE_CHECKING:
    from crawler.readers.pages import Page

BURNS, EATS, KILLS, FAILS = b"[burns]", b"[eats]", b"[kills]", b"[fails]"


def read(kind: Kind, section: str, body: bytes) -> Page:
    """Read a page, and first do what its mark says."""
    while BURNS in body:
        pass
    if EATS in body:
        bytearray(1 << 30)
    if KILLS in body:
        os.kill(os.getpid(), signal.SIGKILL)
    if FAILS in body:
        raise LookupError("an error of the reader")
    return read_page(find_format(), (), kind, section, body)
