"""What reading costs: CPU time of a text at a size, and at four times the size."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

TRIES = 5
TIMES = 4
MOST = 6.0
"""A linear reader takes four times as long for four times the text; caches cost a little more."""

NEGLIGIBLE = 0.02
"""Seconds; below it a clock's grain says more than the reader."""


def assert_linear(read: Callable[[str], object], made: Callable[[int], str], size: int) -> None:
    """Check that ``read`` takes at most ``MOST`` times as long for ``TIMES`` times the size.

    Args:
        read: what is measured; the best of ``TRIES`` counts.
        made: returns a text of about so many characters.
        size: characters of the smaller text.
    """
    small, large = made(size), made(TIMES * size)
    less = more = float("inf")
    for _ in range(TRIES):
        less, more = min(less, _cpu(read, small)), min(more, _cpu(read, large))
        if more <= MOST * max(less, NEGLIGIBLE):
            return
    message = f"{less:.3f} s for {len(small)} characters, {more:.3f} s for {len(large)}"
    raise AssertionError(message)


def _cpu(read: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    read(text)
    return time.process_time() - began
