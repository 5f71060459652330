"""A host's slot: when the next request may be sent, and how long the host is parked.

This module neither reads a clock nor sleeps. Callers pass the time in seconds of a monotonic clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# If a host keeps asking for waits that are too short, the wait is at least 1, 2, 4 … s. 2**16 s is
# longer than any run waits.
_MAX_DOUBLINGS = 16
# Seconds: times that runs tell each other are rounded.
_NEGLIGIBLE = 0.001


@dataclass
class ParkBudget:
    """How long one run may wait for busy hosts, in seconds.

    Attributes:
        first: the first wait if the host requests none; it doubles with each consecutive one.
        longest: the longest single wait.
        budget: all waits of the run together.
        spent: waits so far, including those in progress.
    """

    first: float
    longest: float
    budget: float
    spent: float = field(default=0.0, init=False)

    def length(self, requested_wait: float | None, in_a_row: int) -> float:
        """Return the seconds to wait after ``in_a_row`` consecutive parks.

        A ``requested_wait`` of 0, as from a date in the past, counts as none.
        """
        doublings = 2.0 ** min(in_a_row, _MAX_DOUBLINGS)
        if requested_wait:
            return max(requested_wait, doublings)
        return min(self.first * doublings, self.longest)

    def spend(self, seconds: float, *, added: float | None = None) -> bool:
        """Take a wait from the budget; return False and take nothing if it is too long.

        ``added`` is the part of the wait that is not taken yet; all of it by default.
        """
        cost = seconds if added is None else added
        if seconds > self.longest or self.spent + cost > self.budget:
            return False
        self.spent += cost
        return True


@dataclass
class HostSlot:
    """The slot of one host.

    Attributes:
        delay: seconds between two requests.
        parked_until: time before which no request is sent.
        parks: number of parks so far; each request remembers the number when it was sent.
        in_a_row: parks since the last good response.
        good: number of good responses so far.
    """

    delay: float
    parked_until: float = field(default=0.0, init=False)
    parks: int = field(default=0, init=False)
    in_a_row: int = field(default=0, init=False)
    good: int = field(default=0, init=False)
    _next_turn: float = field(default=0.0, init=False)

    def wait(self, now: float) -> float:
        """Return the seconds until a request may be sent; 0 or less if it may be sent now."""
        return max(self._next_turn, self.parked_until) - now

    def record_sent(self, now: float) -> int:
        """Record that a request is sent at ``now``; return the number of parks so far."""
        self._next_turn = now + self.delay
        return self.parks

    def answered(self, parks_when_sent: int) -> None:
        """Record a good response; if its request predates the last park, ``in_a_row`` stays."""
        self.good += 1
        if parks_when_sent == self.parks:
            self.in_a_row = 0

    def join(self, now: float, until: float, waits: ParkBudget) -> bool:
        """Park the host until a later time; return whether the budget covers the wait."""
        added = until - max(self.parked_until, now)
        if added <= _NEGLIGIBLE:
            return True
        self.parked_until = until
        return waits.spend(until - now, added=added)

    def park(
        self, now: float, requested_wait: float | None, parks_when_sent: int, waits: ParkBudget
    ) -> bool:
        """Park the host after a busy response; return whether the budget covers the wait.

        If the request predates the last park, its response only extends the park, and only if it
        requests a later time.

        Args:
            now: the current time.
            requested_wait: seconds that the host asked to wait, if any.
            parks_when_sent: the number of parks when the request was sent.
            waits: the budget of the run.
        """
        if parks_when_sent < self.parks:
            return self.join(now, now + (requested_wait or 0.0), waits)
        seconds = waits.length(requested_wait, self.in_a_row)
        self.parks += 1
        self.in_a_row += 1
        self.parked_until = now + seconds
        return waits.spend(seconds)
