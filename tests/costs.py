"""Compares the CPU time of reading a text with that of a text of four times the size."""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 5
TIMES = 4
MOST = 6.0
"""A linear reader takes four times as long for four times the text, plus effects of caches."""

NEGLIGIBLE = 0.02
"""Seconds below which the resolution of the clock dominates."""


def assert_linear(read: Callable[[str], object], made: Callable[[int], str], size: int) -> None:
    """Check that ``read`` takes at most ``MOST`` times as long for ``TIMES`` times the size.

    Args:
        read: the function to measure; the best of ``TRIES`` counts.
        made: returns a text of about this many characters.
        size: length of the smaller text in characters.
    """
    small, large = made(size), made(TIMES * size)
    less = more = float("inf")
    gc.collect()
    gc.freeze()  # a large text makes Python visit all objects, those of other tests too
    try:
        for _ in range(TRIES):
            less, more = min(less, _cpu(read, small)), min(more, _cpu(read, large))
            if more <= MOST * max(less, NEGLIGIBLE):
                return
    finally:
        gc.unfreeze()
    message = f"{less:.3f} s for {len(small)} characters, {more:.3f} s for {len(large)}"
    raise AssertionError(message)


def _cpu(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began
