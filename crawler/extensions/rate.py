"""The recent rate of a growing count."""

from __future__ import annotations

from collections import deque

WINDOW = 30.0
"""Seconds over which the rate is measured; an average over the run would include the clone."""
_SETTLED = 3.0


class RecentRate:
    """The rate of a growing count over the last half minute."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def add(self, now: float, count: int) -> None:
        """Add a sample; the time while the count is 0 is ignored.

        Args:
            now: time of a monotonic clock, in seconds.
            count: the count, which never decreases.
        """
        samples = self._samples
        if count == 0:
            samples.clear()
        samples.append((now, count))
        while len(samples) > 1 and samples[1][0] <= now - WINDOW:
            samples.popleft()

    @property
    def per_second(self) -> float | None:
        """The rate; None during the first seconds."""
        if not self._samples:
            return None
        (begin, first), (end, last) = self._samples[0], self._samples[-1]
        return (last - first) / (end - begin) if last and end - begin >= _SETTLED else None
