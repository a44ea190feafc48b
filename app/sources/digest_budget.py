"""How often a look may be taken whose cost grows with the lake.

Looks are paid for by waiting: after one of so many seconds none is taken until they are a
small share of the time. So a watch costs the same share of a database, whatever its size,
and a larger lake is only looked at less often.
"""

from collections.abc import Callable

SHARE = 0.1


class DigestBudget:
    """Says when the next look may be taken. `clock` counts seconds and never goes back."""

    def __init__(self, clock: Callable[[], float], share: float = SHARE) -> None:
        self._clock = clock
        self._share = share
        self._next = clock()

    def allows(self) -> bool:
        """May a look be taken now?"""
        return self._clock() >= self._next

    def spent(self, seconds: float) -> None:
        """A look took so long, and has just ended."""
        self._next = self._clock() + seconds * (1 / self._share - 1)
