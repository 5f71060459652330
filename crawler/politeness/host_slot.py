"""The door to one host: when the next request may go, and for how long the host is parked.

No clock and no waiting in here: the time comes in as seconds of a clock that never runs back.
"""

from __future__ import annotations

from dataclasses import dataclass, field

# A host that names too short a wait again and again is given 1, 2, 4 … s at least; 2**16 s is
# longer than any run waits.
_MOST_DOUBLINGS = 16


@dataclass
class ParkBudget:
    """How long one run waits for hosts that ask to come back later.

    Attributes:
        first: seconds of the first wait where the host names none; doubled each time in a row.
        longest: the longest single wait that the run accepts, in seconds.
        budget: seconds that all waits of the run may take.
        spent: seconds of waiting so far, those under way included.
    """

    first: float
    longest: float
    budget: float
    spent: float = field(default=0.0, init=False)

    def length(self, named: float | None, in_a_row: int) -> float:
        """Give the seconds to wait after ``in_a_row`` waits that did not help.

        A wait of 0 (also a date in the past) names none.
        """
        doublings = 2.0 ** min(in_a_row, _MOST_DOUBLINGS)
        if named:
            return max(named, doublings)
        return min(self.first * doublings, self.longest)

    def spend(self, seconds: float, *, added: float | None = None) -> bool:
        """Take a wait from the budget; ``False``, and nothing taken, where it is too long.

        Args:
            seconds: the wait, as counted from now.
            added: how much of it is not in the budget yet; all of it by default.
        """
        cost = seconds if added is None else added
        if seconds > self.longest or self.spent + cost > self.budget:
            return False
        self.spent += cost
        return True


@dataclass
class HostSlot:
    """The door to one host.

    Attributes:
        delay: seconds between two requests.
        parked_until: nothing goes before this time.
        parks: how often the host was parked; a request remembers under which number it went.
        in_a_row: parks since the last good answer.
        good: good answers so far.
    """

    delay: float
    parked_until: float = field(default=0.0, init=False)
    parks: int = field(default=0, init=False)
    in_a_row: int = field(default=0, init=False)
    good: int = field(default=0, init=False)
    _next_turn: float = field(default=0.0, init=False)

    def wait(self, now: float) -> float:
        """Give the seconds until a request may go; 0 or less: it may go now."""
        return max(self._next_turn, self.parked_until) - now

    def pass_(self, now: float) -> int:
        """Let one request go at ``now``; give the number of parks under which it went."""
        self._next_turn = now + self.delay
        return self.parks

    def answered(self, went_under: int) -> None:
        """Note a good answer; one to a request from before the last park does not end the row."""
        self.good += 1
        if went_under == self.parks:
            self.in_a_row = 0

    def park(self, now: float, named: float | None, went_under: int, waits: ParkBudget) -> bool:
        """Keep the door shut because the host answered that it is busy.

        An answer to a request from before the last park is no news: it lengthens the park only
        where it names a later time.

        Returns:
            Whether the run has that much time.
        """
        if went_under < self.parks:
            added = now + (named or 0.0) - max(self.parked_until, now)
            seconds = named or 0.0
            if added <= 0:
                return True
            enough = waits.spend(seconds, added=added)
        else:
            added = seconds = waits.length(named, self.in_a_row)
            enough = waits.spend(seconds)
            self.parks += 1
            self.in_a_row += 1
        self.parked_until = now + seconds
        return enough
