"""Finds differences of two texts, in linear time if they differ in few places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_WINDOWS = (24, 8, 3)


def parted(expected: str, found: str) -> Iterator[tuple[str, str]]:
    """Yield (missing, extra) texts, in order, up to the ends of both texts."""
    i = j = 0
    while i < len(expected) or j < len(found):
        same = _common_prefix(expected, i, found, j)
        i, j = i + same, j + same
        if i == len(expected) and j == len(found):
            return
        k, m = _next_meeting(expected[i:], found[j:])
        yield expected[i : i + k], found[j : j + m]
        i, j = i + k, j + m


def _common_prefix(a: str, i: int, b: str, j: int) -> int:
    """Return the length of the common prefix, by binary search: most pages differ in one place."""
    low, high = 0, min(len(a) - i, len(b) - j)
    while low < high:
        middle = (low + high + 1) // 2
        if a[i : i + middle] == b[j : j + middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _next_meeting(a: str, b: str) -> tuple[int, int]:
    """Return the nearest (k, m) from which ``a[k:]`` and ``b[m:]`` agree again."""
    for window in _WINDOWS:
        best = (len(a), len(b))
        for k in range(len(a) - window + 1):
            if k >= sum(best):
                break
            m = b.find(a[k : k + window], 0, sum(best) - k + window)
            if m >= 0 and k + m < sum(best):
                best = (k, m)
        if best != (len(a), len(b)):
            return best
    return len(a), len(b)
