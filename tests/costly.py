"""A reader that follows instructions in the pages, to misbehave in reader processes."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from crawler.formats.registry import find_format
from crawler.readers.pages import Kind, read_page

if TYPE_CHECKING:
    from crawler.readers.pages import Page

BURNS, EATS, KILLS, FAILS = b"[burns]", b"[eats]", b"[kills]", b"[fails]"


def restore(body: bytes) -> bytes:
    """Follow the instruction in a rendered page, then return it."""
    _follow(body)
    return body


def die_while_answering() -> bytes:
    """Kill this process while it writes its result to the pipe."""
    answering = threading.main_thread().ident

    def kill() -> None:
        while sys._current_frames()[answering or 0].f_code.co_name != "_send":
            pass
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=kill, daemon=True).start()
    return bytes(100 << 20)


def read(kind: Kind, section: str, body: bytes) -> Page:
    """Follow the instruction in a page, then read it."""
    _follow(body)
    return read_page(find_format(), (), kind, section, body)


def _follow(body: bytes) -> None:
    while BURNS in body:
        pass
    if EATS in body:
        bytearray(1 << 30)
    if KILLS in body:
        os.kill(os.getpid(), signal.SIGKILL)
    if FAILS in body:
        raise LookupError("an error of the reader")
